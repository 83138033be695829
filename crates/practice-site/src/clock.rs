//! Delays more exact than a millisecond.
//!
//! An async runtime counts time in milliseconds, and its epoll does too: together a timer of 450
//! ms can be two milliseconds late. That is as much as the whole difference between two stages. A
//! thread that sleeps on a condition variable is exact to about 0.1 ms and costs the runtime
//! nothing until an alarm is due.

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

/// Wakes tasks when their time has come, never before.
pub(crate) struct Clock {
    face: Arc<Face>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Clock {
    pub(crate) fn start() -> io::Result<Clock> {
        let face = Arc::new(Face::default());
        let thread = thread::Builder::new().name("practice-clock".into()).spawn({
            let face = Arc::clone(&face);
            move || face.run()
        })?;
        Ok(Clock { face, thread: Some(thread) })
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
        self.face.lock().stopped = true;
        self.face.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Done at its time. It belongs to the task that polls it first, as a task never changes its waker.
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
            self.clock.face.add(Alarm { at, waker });
        }
        Poll::Pending
    }
}

#[derive(Default)]
struct Face {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The earliest on top.
    alarms: BinaryHeap<Alarm>,
    stopped: bool,
}

impl Face {
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

    /// Sleeps until alarms are due and collects them; false once the clock is stopped.
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
    /// The other way round: the heap keeps its greatest on top, and we want the earliest there.
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
