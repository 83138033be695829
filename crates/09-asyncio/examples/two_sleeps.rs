//! Two sleeps in a row are their sum, async or not. Two remedies.
use std::time::{Duration, Instant};

use stage_09_asyncio as asyncio;

async fn say_after(seconds: u64, what: &str) {
    asyncio::sleep(Duration::from_secs(seconds)).await;
    println!("{what}");
}

async fn in_a_row() {
    say_after(1, "hello").await;
    say_after(2, "world").await;
}

async fn two_tasks() {
    let hello = asyncio::create_task(say_after(1, "hello"));
    let world = asyncio::create_task(say_after(2, "world"));
    hello.await;
    world.await;
}

async fn gathered() {
    asyncio::gather([say_after(1, "hello"), say_after(2, "world")]).await;
}

fn timed(name: &str, main: impl Future) -> Result<(), asyncio::Error> {
    let start = Instant::now();
    asyncio::run(main)?;
    println!("{name}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn main() -> Result<(), asyncio::Error> {
    timed("in_a_row", in_a_row())?;
    timed("two_tasks", two_tasks())?;
    timed("gathered", gathered())
}

// Prints:
// hello
// world
// in_a_row: 3 s
// hello
// world
// two_tasks: 2 s
// hello
// world
// gathered: 2 s
