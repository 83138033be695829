//! Results in the order of a list, and in the order of finishing.
use std::time::Duration;

use asyncio::{create_task, wait};
use stage_09_asyncio as asyncio;

async fn work(seconds: u64) -> u64 {
    asyncio::sleep(Duration::from_millis(100 * seconds)).await;
    seconds
}

async fn by_list() {
    let tasks = [3, 1, 2].map(|n| create_task(work(n)));
    if let Err(error) = tasks[0].result() {
        let error = error.to_string();
        println!("too early: {}", error.split(": ").nth(1).unwrap());
    }
    wait(tasks.clone()).await;
    println!("{:?}", tasks.map(|task| task.result().unwrap()));
}

async fn by_callback() {
    let tasks = [3, 1, 2].map(|n| create_task(work(n)));
    for task in &tasks {
        task.add_done_callback(|task| {
            println!("{}", task.result().unwrap());
        });
    }
    wait(tasks).await;
}

fn main() -> Result<(), asyncio::Error> {
    asyncio::run(by_list())?;
    asyncio::run(by_callback())
}

// Prints:
// too early: Result is not set.
// [3, 1, 2]
// 1
// 2
// 3
