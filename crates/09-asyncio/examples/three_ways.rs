//! Three ways to run several at the same time.
use std::time::{Duration, Instant};

use asyncio::create_task;
use stage_09_asyncio as asyncio;

async fn work(name: &str, seconds: u64) -> String {
    asyncio::sleep(Duration::from_secs(seconds)).await;
    format!("{name} took {seconds} s")
}

async fn tasks() {
    let one = create_task(work("one", 1));
    let two = create_task(work("two", 2));
    println!("{}", one.await);
    println!("{}", two.await);
}

async fn gather() {
    let both = asyncio::gather([work("one", 1), work("two", 2)]).await;
    println!("{}", both.join("\n"));
}

async fn wait() {
    let works = [work("one", 1), work("two", 2)];
    let mut pending = works.map(create_task).to_vec();
    while !pending.is_empty() {
        let first = asyncio::wait(pending).first_completed();
        let done;
        (done, pending) = first.await;
        for task in done {
            println!("{}", task.result().unwrap());
        }
    }
}

fn timed(name: &str, way: impl Future) -> Result<(), asyncio::Error> {
    let start = Instant::now();
    asyncio::run(way)?;
    let elapsed = start.elapsed().as_secs_f64();
    println!("{name}: {elapsed:.0} s in all");
    Ok(())
}

fn main() -> Result<(), asyncio::Error> {
    timed("tasks", tasks())?;
    timed("gather", gather())?;
    timed("wait", wait())
}

// Prints:
// one took 1 s
// two took 2 s
// tasks: 2 s in all
// one took 1 s
// two took 2 s
// gather: 2 s in all
// one took 1 s
// two took 2 s
// wait: 2 s in all
