//! Work that blocks stops the whole loop, unless a thread does it.
use std::thread;
use std::time::{Duration, Instant};

use asyncio::{create_task, get_running_loop, sleep};
use stage_09_asyncio as asyncio;

fn blocking() {
    thread::sleep(Duration::from_secs(1));
}

/// How often it gets its turn, every 0.1 s.
async fn ticks(seconds: f64) -> u32 {
    let mut count = 0;
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    while Instant::now() < end {
        sleep(Duration::from_millis(100)).await;
        count += 1;
    }
    count
}

async fn on_the_loop() {
    blocking();
}

async fn in_a_thread() {
    asyncio::to_thread(blocking).await;
}

async fn compare(name: &str, way: impl Future) {
    let ticking = create_task(ticks(0.95));
    sleep(Duration::ZERO).await; // it starts
    way.await;
    let many = ticking.await > 5;
    println!("{name}: {}", if many { "many ticks" } else { "few ticks" });
}

async fn main_coroutine() -> Result<(), asyncio::Error> {
    compare("on_the_loop", on_the_loop()).await;
    compare("in_a_thread", in_a_thread()).await;

    let event_loop = get_running_loop()?;
    let start = Instant::now();
    let calls =
        [(); 3].map(|()| event_loop.run_in_executor(None, blocking));
    asyncio::gather(calls).await;
    let elapsed = start.elapsed().as_secs_f64();
    println!("three calls of 1 s: {elapsed:.0} s");
    Ok(())
}

fn main() -> Result<(), asyncio::Error> {
    asyncio::run(main_coroutine())?
}

// Prints:
// on_the_loop: few ticks
// in_a_thread: many ticks
// three calls of 1 s: 1 s
