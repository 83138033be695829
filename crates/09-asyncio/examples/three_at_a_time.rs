//! A semaphore limits how many requests run at the same time.
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use asyncio::Semaphore;
use stage_09_asyncio as asyncio;

#[derive(Default)]
struct Count {
    running: Cell<u32>,
    most: Cell<u32>,
}

async fn request(semaphore: Semaphore, count: Rc<Count>) {
    let _permit = semaphore.acquire().await; // dropped at the end
    count.running.set(count.running.get() + 1);
    count.most.set(count.most.get().max(count.running.get()));
    asyncio::sleep(Duration::from_secs(1)).await;
    count.running.set(count.running.get() - 1);
}

async fn main_coroutine() {
    let semaphore = Semaphore::new(3);
    let count = Rc::new(Count::default());
    let start = Instant::now();
    let requests =
        [(); 9].map(|()| request(semaphore.clone(), count.clone()));
    asyncio::gather(requests).await;
    let (most, elapsed) = (count.most.get(), start.elapsed());
    let elapsed = elapsed.as_secs_f64();
    println!("9 requests of 1 s, {most} at a time: {elapsed:.0} s");
}

fn main() -> Result<(), asyncio::Error> {
    asyncio::run(main_coroutine())
}

// Prints:
// 9 requests of 1 s, 3 at a time: 3 s
