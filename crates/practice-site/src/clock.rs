//! Delays more exact than a millisecond.
//!
//! An async runtime counts time in milliseconds, and its epoll does too: so a timer of 450 ms can
//! be two milliseconds late, which is as much as the whole difference between two stages. A thread
//! that sleeps on a condition variable is exact to about 0.1 ms, and the runtime does nothing for
//! it until an alarm is due.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// The clock sleeps at least this long, so that ten thousand alarms in a row do not become ten
/// thousand switches from thread to thread.
const GRAIN: Duration = Duration::from_micros(100);

/// Wakes each task at its time or a little later, never earlier.
pub(crate) struct Clock {
    inner: Arc<Inner>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Clock {
    pub(crate) fn start() -> io::Result<Clock> {
        let inner = Arc::new(Inner::default());
        let thread = thread::Builder::new().name("practice-clock".into()).spawn({
            let inner = Arc::clone(&inner);
            move || inner.run()
        })?;
        Ok(Clock { inner, thread: Some(thread) })
    }

    pub(crate) fn sleep(&self, duration: Duration) -> Sleep<'_> {
        self.sleep_until(Instant::now() + duration)
    }

    pub(crate) fn sleep_until(&self, at: Instant) -> Sleep<'_> {
        Sleep { clock: self, at, asked: false }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.inner.lock().stopped = true;
        self.inner.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Ready at its time. Only the task that polls it first is woken, so it must not move to another
/// task.
pub(crate) struct Sleep<'a> {
    clock: &'a Clock,
    at: Instant,
    asked: bool,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.at {
            return Poll::Ready(());
        }
        if !self.asked {
            self.asked = true;
            let waker = context.waker().clone();
            let at = self.at;
            self.clock.inner.add(Alarm { at, waker });
        }
        Poll::Pending
    }
}

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The earliest alarm is on top.
    alarms: BinaryHeap<Alarm>,
    stopped: bool,
}

impl Inner {
    fn add(&self, alarm: Alarm) {
        let mut state = self.lock();
        let earliest = state.alarms.peek().is_none_or(|first| alarm.at < first.at);
        state.alarms.push(alarm);
        if earliest {
            self.changed.notify_one();
        }
    }

    fn run(&self) {
        let mut due = Vec::new();
        while self.wait(&mut due) {
            for waker in due.drain(..) {
                waker.wake();
            }
        }
    }

    /// Sleeps until alarms are due and collects them; false when the clock has been stopped.
    fn wait(&self, due: &mut Vec<Waker>) -> bool {
        let mut state = self.lock();
        while !state.stopped {
            let now = Instant::now();
            while state.alarms.peek().is_some_and(|first| first.at <= now) {
                due.extend(state.alarms.pop().map(|alarm| alarm.waker));
            }
            if !due.is_empty() {
                return true;
            }
            state = match state.alarms.peek().map(|first| first.at - now) {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let waited = self.changed.wait_timeout(state, left.max(GRAIN));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        false
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Alarm {
    at: Instant,
    waker: Waker,
}

impl Ord for Alarm {
    /// Reversed: the heap keeps its greatest item on top, and the earliest alarm must be there.
    fn cmp(&self, other: &Alarm) -> Ordering {
        other.at.cmp(&self.at)
    }
}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Alarm) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Alarm) -> bool {
        self.at == other.at
    }
}

impl Eq for Alarm {}
