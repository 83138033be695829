//! The wake queue, in every order in which threads can meet in it.
//!
//! Run it with `RUSTFLAGS="--cfg model_check" cargo test -p
//! stage-08-async-await --test wake_queue --release`.
#![cfg(model_check)]

use std::sync::Arc;

use loom::sync::{Condvar, Mutex};
use loom::thread;
use stage_08_async_await::WakeQueue;

/// Stands for the selector: something to sleep in, and to be called from
/// another thread.
struct Bed {
    called: Mutex<bool>,
    bell: Condvar,
}

impl Bed {
    fn new() -> Arc<Bed> {
        Arc::new(Bed { called: Mutex::new(false), bell: Condvar::new() })
    }

    /// Like `Notifier::notify`: ends the sleep, or else the next one.
    fn call(&self) {
        *self.called.lock().unwrap() = true;
        self.bell.notify_one();
    }

    fn sleep(&self) {
        let mut called = self.called.lock().unwrap();
        while !*called {
            called = self.bell.wait(called).unwrap();
        }
        *called = false;
    }
}

fn wake(queue: &WakeQueue, bed: &Bed, number: usize) {
    if queue.wake(number) {
        bed.call();
    }
}

/// What the executor does until something is in the queue. If a wake-up
/// could be lost, loom would find the order in which this sleeps for ever.
fn wait_and_take(queue: &WakeQueue, bed: &Bed) -> usize {
    loop {
        if queue.fall_asleep() {
            bed.sleep();
        }
        queue.wake_up();
        if let Some(number) = queue.next() {
            return number;
        }
    }
}

#[test]
fn no_wake_up_is_lost() {
    loom::model(|| {
        let (queue, bed) = (Arc::new(WakeQueue::new()), Bed::new());
        let waker = {
            let (queue, bed) = (Arc::clone(&queue), Arc::clone(&bed));
            thread::spawn(move || wake(&queue, &bed, 0))
        };
        assert_eq!(wait_and_take(&queue, &bed), 0);
        waker.join().unwrap();
        assert_eq!(queue.next(), None);
    });
}

#[test]
fn two_wakers_of_two_tasks() {
    loom::model(|| {
        let (queue, bed) = (Arc::new(WakeQueue::new()), Bed::new());
        let wakers: Vec<_> = (0..2)
            .map(|number| {
                let (queue, bed) = (Arc::clone(&queue), Arc::clone(&bed));
                thread::spawn(move || wake(&queue, &bed, number))
            })
            .collect();
        let mut woken =
            [wait_and_take(&queue, &bed), wait_and_take(&queue, &bed)];
        woken.sort_unstable();
        assert_eq!(woken, [0, 1]);
        wakers.into_iter().for_each(|waker| waker.join().unwrap());
        assert_eq!(queue.next(), None);
    });
}

#[test]
fn a_double_wake_is_one_poll_or_two_and_leaves_nothing_behind() {
    loom::model(|| {
        let (queue, bed) = (Arc::new(WakeQueue::new()), Bed::new());
        let wakers: Vec<_> = (0..2)
            .map(|_| {
                let (queue, bed) = (Arc::clone(&queue), Arc::clone(&bed));
                thread::spawn(move || wake(&queue, &bed, 7))
            })
            .collect();
        assert_eq!(wait_and_take(&queue, &bed), 7);
        wakers.into_iter().for_each(|waker| waker.join().unwrap());
        let again = queue.next();
        assert!(again.is_none() || again == Some(7));
        assert_eq!(queue.next(), None);
    });
}

#[test]
fn a_wake_while_the_task_is_polled_leads_to_another_poll() {
    loom::model(|| {
        let (queue, bed) = (Arc::new(WakeQueue::new()), Bed::new());
        wake(&queue, &bed, 0);
        let polled = queue.next().unwrap();
        // From here on the task runs, on this thread. What it looks at
        // changes now, on another one:
        let event = Arc::new(Mutex::new(false));
        let waker = {
            let (queue, bed, event) =
                (Arc::clone(&queue), Arc::clone(&bed), Arc::clone(&event));
            thread::spawn(move || {
                *event.lock().unwrap() = true;
                wake(&queue, &bed, polled);
            })
        };
        while !*event.lock().unwrap() {
            // It was not there yet: the task returns `Pending`, and must be
            // polled again.
            assert_eq!(wait_and_take(&queue, &bed), polled);
        }
        waker.join().unwrap();
    });
}

#[test]
fn a_wake_after_the_executor_is_gone_does_nothing() {
    loom::model(|| {
        let (queue, bed) = (Arc::new(WakeQueue::new()), Bed::new());
        let waker = {
            let (queue, bed) = (Arc::clone(&queue), Arc::clone(&bed));
            thread::spawn(move || wake(&queue, &bed, 3))
        };
        drop(queue); // the waker's own reference keeps it
        waker.join().unwrap();
        assert!(!*bed.called.lock().unwrap(), "nobody was asleep");
    });
}
