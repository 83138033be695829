//! A loop runs for ever in a thread of its own; this thread goes on.
//!
//! Often copied without the two last steps: stop the loop, and join.
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use asyncio::{new_event_loop, run_coroutine_threadsafe};
use stage_09_asyncio as asyncio;

fn call(number: i32) {
    println!("called: {number}");
}

async fn work(seconds: u64) -> String {
    asyncio::sleep(Duration::from_secs(seconds)).await;
    format!("worked {seconds} s")
}

fn main() -> Result<(), asyncio::Error> {
    // A loop stays in its thread; its handle may go to others.
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || {
        let event_loop = new_event_loop()?;
        sender.send(event_loop.handle()).expect("main waits for it");
        event_loop.run_forever()
    });
    let event_loop = receiver.recv().expect("the loop has a handle");

    let start = Instant::now();
    let one = run_coroutine_threadsafe(|| work(1), &event_loop);
    let two = run_coroutine_threadsafe(|| work(2), &event_loop);
    println!("not blocked: {:.0} s", start.elapsed().as_secs_f64());
    println!("{}", one.result(None)?);
    println!("{}", two.result(None)?);
    let elapsed = start.elapsed().as_secs_f64();
    println!("both at the same time: {elapsed:.0} s");

    // Three calls. The first keeps the loop busy: the second is taken
    // back.
    let sleeps = || thread::sleep(Duration::from_millis(500));
    event_loop.call_soon_threadsafe(sleeps);
    let gone = event_loop.call_soon_threadsafe(|| call(2));
    event_loop.call_soon_threadsafe(|| call(3));
    gone.cancel();

    event_loop.stop();
    thread.join().expect("the loop does not panic")?;
    println!("stopped, and joined");
    Ok(())
}

// Prints:
// not blocked: 0 s
// worked 1 s
// worked 2 s
// both at the same time: 2 s
// called: 3
// stopped, and joined
