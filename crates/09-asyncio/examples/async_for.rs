//! `async for` is not concurrent: one value after the other.
//!
//! It lets others run while it waits; that is all. For values at the
//! same time, make tasks of what makes them.
use std::time::{Duration, Instant};

use asyncio::{AsyncGenerator, async_generator, gather, sleep};
use stage_09_asyncio as asyncio;

fn pages() -> AsyncGenerator<u32> {
    async_generator(async |out| {
        for number in 0..3 {
            sleep(Duration::from_secs(1)).await;
            out.yield_(number).await;
        }
    })
}

async fn page(number: u32) -> u32 {
    sleep(Duration::from_secs(1)).await;
    number
}

async fn main_coroutine() {
    let start = Instant::now();
    let mut numbers = pages();
    while let Some(number) = numbers.next().await {
        println!("page {number}");
    }
    println!("async for: {:.0} s", start.elapsed().as_secs_f64());

    let start = Instant::now();
    println!("pages {:?}", gather([0, 1, 2].map(page)).await);
    println!("gather: {:.0} s", start.elapsed().as_secs_f64());
}

fn main() -> Result<(), asyncio::Error> {
    asyncio::run(main_coroutine())
}

// Prints:
// page 0
// page 1
// page 2
// async for: 3 s
// pages [0, 1, 2]
// gather: 1 s
