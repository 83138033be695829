//! What crosses threads, in every order in which threads can meet there.
//!
//!     RUSTFLAGS="--cfg model_check" \
//!         cargo test -p stage-09-asyncio --test model --release
#![cfg(model_check)]

#[path = "../src/crossing.rs"]
#[allow(dead_code, reason = "what needs a clock is not modeled")]
mod crossing;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use crossing::{Arrival, Inbox, Jobs, Once, Place};
use loom::sync::{Condvar, Mutex};
use loom::thread;

/// Stands for the selector and its notifier: something to sleep in, and
/// to be called from another thread.
struct Bed {
    is_called: Mutex<bool>,
    called: Condvar,
}

impl Bed {
    fn new() -> Arc<Bed> {
        let (is_called, called) = (Mutex::new(false), Condvar::new());
        Arc::new(Bed { is_called, called })
    }

    /// Ends the sleep, or else the next one.
    fn call(&self) {
        *self.is_called.lock().unwrap() = true;
        self.called.notify_one();
    }

    fn sleep(&self) {
        let mut is_called = self.is_called.lock().unwrap();
        while !*is_called {
            is_called = self.called.wait(is_called).unwrap();
        }
        *is_called = false;
    }
}

fn send(inbox: &Inbox<u32>, bed: &Bed, message: u32) {
    if inbox.send(message) == Ok(true) {
        bed.call();
    }
}

/// Turns of the loop, until so many messages have come. If one could be
/// lost, loom would find the order in which this sleeps for ever.
fn receive(inbox: &Inbox<u32>, bed: &Bed, messages: usize) -> Vec<u32> {
    let mut all = Vec::new();
    while all.len() < messages {
        if inbox.fall_asleep() {
            bed.sleep();
        }
        inbox.wake_up();
        all.extend(inbox.take());
    }
    all
}

#[test]
fn no_message_is_lost() {
    loom::model(|| {
        let (inbox, bed) = (Arc::new(Inbox::new()), Bed::new());
        let senders = [1, 2].map(|message| {
            let (inbox, bed) = (inbox.clone(), bed.clone());
            thread::spawn(move || send(&inbox, &bed, message))
        });
        let mut all = receive(&inbox, &bed, 2);
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        assert!(inbox.take().is_empty());
    });
}

#[test]
fn messages_of_one_thread_keep_their_order() {
    loom::model(|| {
        let (inbox, bed) = (Arc::new(Inbox::new()), Bed::new());
        let sender = {
            let (inbox, bed) = (inbox.clone(), bed.clone());
            thread::spawn(move || {
                send(&inbox, &bed, 1);
                send(&inbox, &bed, 2);
            })
        };
        assert_eq!(receive(&inbox, &bed, 2), [1, 2]);
        sender.join().unwrap();
    });
}

/// A message to a loop that ends comes back to one of the two sides.
#[test]
fn a_closed_inbox_keeps_nothing() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::new());
        let sender = {
            let inbox = inbox.clone();
            thread::spawn(move || inbox.send(1).is_err())
        };
        let left = inbox.close().len();
        let came_back = usize::from(sender.join().unwrap());
        assert_eq!(left + came_back, 1);
        assert!(inbox.take().is_empty());
    });
}

#[test]
fn a_call_is_made_or_cancelled() {
    loom::model(|| {
        let call = Arc::new(Once::new(()));
        let again = call.clone();
        let cancels = thread::spawn(move || again.take().is_some());
        let is_made = call.take().is_some();
        assert!(is_made ^ cancels.join().unwrap());
    });
}

/// Counts how often it is woken.
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn who_awaits_a_result_sees_it_or_is_woken() {
    loom::model(|| {
        let (sender, place) = Place::new();
        let sets = thread::spawn(move || sender.set(7));
        let counter = Arc::new(Counter(AtomicUsize::new(0)));
        let waker = Waker::from(counter.clone());
        let context = &mut Context::from_waker(&waker);
        let first = place.poll(context);
        sets.join().unwrap();
        match first {
            Poll::Ready(Arrival::Here(7)) => {}
            Poll::Ready(_) => panic!("it was not taken before"),
            Poll::Pending => {
                assert_eq!(counter.0.load(SeqCst), 1);
                let again = place.poll(context);
                assert!(matches!(again, Poll::Ready(Arrival::Here(7))));
            }
        }
    });
}

#[test]
fn a_thread_that_waits_hears_that_nothing_will_come() {
    loom::model(|| {
        let (sender, place) = Place::<()>::new();
        let drops = thread::spawn(move || drop(sender));
        assert!(matches!(place.wait(None), Arrival::Never));
        drops.join().unwrap();
    });
}

/// A result is here or cancelled, and whoever waits is told which.
#[test]
fn a_result_is_set_or_cancelled() {
    loom::model(|| {
        let (sender, place) = Place::new();
        let sets = thread::spawn(move || {
            let is_cancelled = sender.is_cancelled();
            sender.set(7);
            is_cancelled
        });
        let cancels = {
            let place = place.clone();
            thread::spawn(move || place.cancel())
        };
        let is_here = match place.wait(None) {
            Arrival::Here(7) => true,
            Arrival::Cancelled => false,
            _ => panic!("it was neither set nor cancelled"),
        };
        assert_eq!(cancels.join().unwrap(), !is_here);
        let was_cancelled = sets.join().unwrap();
        assert!(!(is_here && was_cancelled));
    });
}

#[test]
fn a_result_is_cancelled_once() {
    loom::model(|| {
        let (_sender, place) = Place::<()>::new();
        let again = place.clone();
        let cancels = thread::spawn(move || again.cancel());
        let is_first = place.cancel();
        assert!(is_first ^ cancels.join().unwrap());
    });
}

#[test]
fn each_job_is_done_once_and_threads_end() {
    loom::model(|| {
        let jobs = Arc::new(Jobs::new());
        let done = Arc::new(AtomicUsize::new(0));
        let mut threads = Vec::new();
        for _ in 0..2 {
            if jobs.add((), 2) {
                let (jobs, done) = (jobs.clone(), done.clone());
                threads.push(thread::spawn(move || {
                    while jobs.next().is_some() {
                        done.fetch_add(1, SeqCst);
                    }
                }));
            }
        }
        jobs.close();
        threads.into_iter().for_each(|it| it.join().unwrap());
        assert_eq!(done.load(SeqCst), 2);
    });
}
