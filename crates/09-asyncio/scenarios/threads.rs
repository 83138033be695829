use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use asyncio::run_coroutine_threadsafe;
use asyncio::{LoopHandle, gather, sleep, to_thread};
use stage_09_asyncio as asyncio;

use crate::tracing::python;

// Real time, for once: virtual time knows nothing of other threads.
const UNIT: Duration = Duration::from_millis(100);

fn trace(what: impl std::fmt::Display) {
    println!(" - {what}");
}

async fn more_work(number: u32) -> u32 {
    sleep(number * UNIT).await;
    trace(format_args!("more work {number}"));
    number * 2
}

fn blocking(number: u32, main: ThreadId) -> bool {
    thread::sleep(number * UNIT);
    thread::current().id() != main
}

async fn main() {
    let id = thread::current().id();
    let is_other = to_thread(move || blocking(1, id)).await;
    trace(format_args!("in a thread: {}", python(is_other)));
    let event_loop = asyncio::get_running_loop().unwrap();
    let all_three = Arc::new(Barrier::new(3)); // nobody passes it alone
    let calls = [(); 3].map(|()| {
        let all_three = all_three.clone();
        event_loop.run_in_executor(None, move || _ = all_three.wait())
    });
    gather(calls).await;
    trace("three at the same time");
}

fn loop_in_a_thread() -> (LoopHandle, JoinHandle<()>) {
    let (sender, receiver) = channel();
    let thread = thread::spawn(move || {
        let event_loop = asyncio::new_event_loop().unwrap();
        sender.send(event_loop.handle()).unwrap();
        event_loop.run_forever().unwrap();
    });
    (receiver.recv().unwrap(), thread)
}

/// The second is taken back, from here, while the first runs there.
fn three_calls(event_loop: &LoopHandle) {
    let (begins, begun) = channel();
    let (may_go_on, go_on) = channel();
    let (ends, over) = channel();

    let first = move || {
        trace("call 1");
        begins.send(()).unwrap();
        go_on.recv().unwrap();
    };

    event_loop.call_soon_threadsafe(first);
    let handle = event_loop.call_soon_threadsafe(|| trace("call 2"));
    event_loop.call_soon_threadsafe(|| trace("call 3"));
    begun.recv().unwrap();
    trace("not blocked");
    handle.cancel();
    may_go_on.send(()).unwrap();
    event_loop.call_soon_threadsafe(move || ends.send(()).unwrap());
    over.recv().unwrap();
}

fn coroutines(event_loop: &LoopHandle) {
    let future = run_coroutine_threadsafe(|| more_work(4), event_loop);
    let other = run_coroutine_threadsafe(|| more_work(2), event_loop);
    trace(format_args!("other {}", other.result(None).unwrap()));
    trace(format_args!("future {}", future.result(None).unwrap()));
    let late = run_coroutine_threadsafe(|| more_work(90), event_loop);
    if late.result(Some(UNIT)).is_err() {
        trace("too late");
    }
    late.cancel();
}

pub(crate) fn scenario() {
    asyncio::run(main()).unwrap();
    let (event_loop, thread) = loop_in_a_thread();
    three_calls(&event_loop);
    coroutines(&event_loop);
    event_loop.stop();
    thread.join().unwrap();
    trace("the thread has ended");
}
