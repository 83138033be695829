//! Calls and coroutines of other threads that nobody wants any more. The
//! names are those in `behaviors.md`.
#![cfg(not(model_check))]

mod thread_loop;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use asyncio::*;
use stage_09_asyncio as asyncio;
use thread_loop::loop_in_a_thread;

const LONG: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(5);

/// Keeps the only thread of a pool busy until the other end is dropped.
fn keep_busy(pool: &ThreadPoolExecutor, until: Receiver<()>) {
    let (begins, begun) = channel();
    drop(pool.submit(move || {
        begins.send(()).unwrap();
        until.recv().unwrap_err();
    }));
    begun.recv().unwrap();
}

/// What was awaited and given up before it began is not called. What was
/// never awaited is.
#[test]
fn a_call_that_is_given_up_before_it_begins_is_not_made() {
    run(async {
        let pool = ThreadPoolExecutor::new(1);
        let (free, busy) = channel();
        keep_busy(&pool, busy);
        let (calls, called) = channel();
        let call = |number| {
            let calls = calls.clone();
            pool.submit(move || calls.send(number).unwrap())
        };
        assert!(timeout(MOMENT, call(1)).await.is_err());
        drop(call(2));
        let kept = call(3);
        drop(free);
        kept.await;
        assert_eq!(called.try_iter().collect::<Vec<_>>(), [2, 3]);
    })
    .unwrap();
}

/// Whoever is stopped has given up nothing.
#[test]
fn a_stopped_loop_takes_no_call_back() {
    let pool = ThreadPoolExecutor::new(1);
    let (free, busy) = channel();
    keep_busy(&pool, busy);
    let (calls, called) = channel();
    let event_loop = new_event_loop().unwrap();
    let stops = event_loop.clone();
    event_loop.call_later(MOMENT, move || stops.stop());
    let call = pool.submit(move || calls.send(()).unwrap());
    let stopped = event_loop.run_until_complete(call);
    assert!(matches!(stopped, Err(Error::Stopped)));
    drop(free);
    called.recv_timeout(SOON).expect("it is called");
}

/// It cannot be taken back, and nobody gets its result.
#[test]
fn a_call_that_has_begun_goes_on() {
    run(async {
        let pool = ThreadPoolExecutor::new(1);
        let (free, busy) = channel::<()>();
        let (begins, begun) = channel();
        let (ends, end) = channel();
        let call = pool.submit(move || {
            begins.send(()).unwrap();
            busy.recv().unwrap_err();
            ends.send(()).unwrap();
        });
        begun.recv_timeout(SOON).expect("it begins");
        assert!(timeout(MOMENT, call).await.is_err());
        drop(free);
        end.recv_timeout(SOON).expect("it goes on");
    })
    .unwrap();
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("this panic is a part of the test");
    }
}

#[test]
fn a_result_that_panics_when_dropped_ends_no_thread() {
    let pool = ThreadPoolExecutor::new(1);
    let (free, busy) = channel::<()>();
    drop(pool.submit(move || {
        busy.recv().unwrap_err();
        PanicsWhenDropped
    }));
    drop(free);
    let (calls, called) = channel();
    drop(pool.submit(move || calls.send(42).unwrap()));
    assert_eq!(called.recv_timeout(SOON), Ok(42));
}

/// The last owner of a pool may be a call of its own. The thread of that
/// call cannot wait for itself.
#[test]
fn a_pool_may_be_dropped_by_its_last_call() {
    let pool = Arc::new(ThreadPoolExecutor::new(2));
    let (free, busy) = channel::<()>();
    let owner = pool.clone();
    let call = pool.submit(move || {
        busy.recv().unwrap_err();
        drop(owner);
    });
    drop(pool);
    drop(free);
    run(call).unwrap();
}

/// The future is cancelled at once, whatever the task does about it.
#[test]
fn a_concurrent_future_is_cancelled_at_once() {
    let (event_loop, thread) = loop_in_a_thread();
    let (tells, told) = channel();
    let catches = || async move {
        tells.send("begun").unwrap();
        assert!(catch_cancelled(sleep(LONG)).await.is_err());
        sleep(MOMENT).await;
        tells.send("caught").unwrap();
        5
    };
    let future = run_coroutine_threadsafe(catches, &event_loop);
    assert_eq!(told.recv_timeout(SOON), Ok("begun"));
    future.cancel();
    assert!(future.done());
    assert!(matches!(future.result(None), Err(Error::Cancelled)));
    assert_eq!(told.recv_timeout(SOON), Ok("caught"));
    let next = run_coroutine_threadsafe(|| async { 42 }, &event_loop);
    assert_eq!(next.result(None).unwrap(), 42);
    assert!(matches!(future.result(None), Err(Error::Cancelled)));
    event_loop.stop();
    thread.join().unwrap();
}

/// The task may clean up, however often it is cancelled from outside.
#[test]
fn a_concurrent_future_is_cancelled_once() {
    run(async {
        let event_loop = get_running_loop().unwrap().handle();
        let (tells, told) = channel();
        let cleans_up = || async move {
            assert!(catch_cancelled(sleep(LONG)).await.is_err());
            sleep(MOMENT).await;
            tells.send("cleaned up").unwrap();
        };
        let future = run_coroutine_threadsafe(cleans_up, &event_loop);
        for _ in 0..3 {
            sleep(MOMENT / 5).await;
            future.cancel();
        }
        sleep(2 * MOMENT).await;
        assert_eq!(told.try_recv(), Ok("cleaned up"));
    })
    .unwrap();
}

/// A result that is there already stays.
#[test]
fn a_concurrent_future_that_is_done_is_not_cancelled() {
    let (event_loop, thread) = loop_in_a_thread();
    let future = run_coroutine_threadsafe(|| async { 42 }, &event_loop);
    while !future.done() {
        thread::sleep(MOMENT);
    }
    future.cancel();
    assert_eq!(future.result(None).unwrap(), 42);
    event_loop.stop();
    thread.join().unwrap();
}
