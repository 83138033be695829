//! `call_soon_threadsafe` on the thread of the loop itself. The names are
//! those in `behaviors.md`.
#![cfg(not(model_check))]

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asyncio::*;
use stage_09_asyncio as asyncio;

/// What was called, in this order.
#[derive(Clone, Default)]
struct Called(Arc<Mutex<String>>);

impl Called {
    fn call(&self, name: char) -> impl FnOnce() + Send + use<> {
        let called = self.0.clone();
        move || called.lock().unwrap().push(name)
    }

    fn so_far(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

async fn turn() {
    sleep(Duration::ZERO).await;
}

#[test]
fn call_soon_threadsafe_same_thread() {
    run(async {
        let called = Called::default();
        let event_loop = get_running_loop().unwrap();
        let handle = event_loop.handle();
        handle.call_soon_threadsafe(called.call('a'));
        event_loop.call_soon(called.call('b'));
        handle.call_soon_threadsafe(called.call('c'));
        event_loop.call_soon(called.call('d'));
        turn().await;
        assert_eq!(called.so_far(), "abcd");
    })
    .unwrap();
}

#[test]
fn call_soon_threadsafe_same_thread_cancelled() {
    run(async {
        let called = Called::default();
        let event_loop = get_running_loop().unwrap().handle();
        let call = event_loop.call_soon_threadsafe(called.call('a'));
        assert!(call.cancel());
        assert!(!call.cancel());
        let call = event_loop.call_soon_threadsafe(called.call('b'));
        turn().await;
        assert!(!call.cancel(), "it is made");
        assert_eq!(called.so_far(), "b");
    })
    .unwrap();
}

/// What runs on this thread is another loop.
#[test]
fn call_soon_threadsafe_of_another_loop() {
    let called = Called::default();
    let other = new_event_loop().unwrap();
    let handle = other.handle();
    let call = called.call('a');
    run(async move { handle.call_soon_threadsafe(call) }).unwrap();
    assert_eq!(called.so_far(), "");
    other.run_until_complete(turn()).unwrap();
    assert_eq!(called.so_far(), "a");
}

/// Nothing says that a loop is this thread's before it runs.
#[test]
fn call_soon_threadsafe_before_the_run() {
    let called = Called::default();
    let event_loop = new_event_loop().unwrap();
    event_loop.handle().call_soon_threadsafe(called.call('2'));
    event_loop.call_soon(called.call('1'));
    event_loop.stop();
    event_loop.run_forever().unwrap();
    assert_eq!(called.so_far(), "12");
}

/// The loop is dropped with the call in its queue. Whoever waits for the
/// result hears that it will not come.
#[test]
fn a_call_in_the_queue_of_a_loop_that_is_dropped() {
    let event_loop = new_event_loop().unwrap();
    let handle = event_loop.handle();
    let (sender, receiver) = channel();
    event_loop.call_soon(move || {
        let never = || async { unreachable!("the loop is gone") };
        let lost = run_coroutine_threadsafe(never, &handle);
        let lost: ConcurrentFuture<()> = lost;
        sender.send(lost).unwrap();
    });
    event_loop.stop();
    event_loop.run_forever().unwrap();
    drop(event_loop);
    let lost = receiver.recv().unwrap();
    let result = lost.result(Some(Duration::from_secs(10)));
    assert!(matches!(result, Err(Error::Stopped)), "{result:?}");
}
