//! Numbers that are smaller or larger than expected. The names are those
//! in `behaviors.md`.
#![cfg(not(model_check))]

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::*;
use stage_09_asyncio as asyncio;

/// The past is now, also before there was a loop: the earliest is first.
#[test]
fn timers_before_the_loop_come_by_time() {
    let event_loop = new_event_loop().unwrap();
    let called = Rc::new(RefCell::new(Vec::new()));
    let now = event_loop.time();
    let timers =
        [("c", 20), ("a", 50), ("d", 0), ("b", 30), ("a again", 50)];
    for (name, milliseconds) in timers {
        let calls = called.clone();
        let when = now - Duration::from_millis(milliseconds);
        event_loop.call_at(when, move || calls.borrow_mut().push(name));
    }
    let after = Duration::from_millis(1);
    event_loop.run_until_complete(sleep(after)).unwrap();
    assert_eq!(*called.borrow(), ["a", "a again", "b", "c", "d"]);
}

/// There are never more permits than can be counted.
#[test]
fn a_semaphore_that_is_full() {
    run(async {
        let semaphore = Semaphore::new(usize::MAX);
        semaphore.release();
        let permit = semaphore.acquire().await;
        semaphore.release();
        drop(permit);
        assert!(!semaphore.locked());
    })
    .unwrap();
}
