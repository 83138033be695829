//! What crosses threads: what one of them hands to another, behind locks.
//!
//! Two more files of this crate share something between threads, which
//! says to nobody when to go on: `executor` has a lock around the list of
//! its threads, and `threadsafe` a number that is set once.
//!
//! This file uses nothing of the rest, so that `tests/model.rs` can check
//! it with loom: in every order in which threads can meet here.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

#[cfg(model_check)]
use loom::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(model_check))]
use std::sync::{Condvar, Mutex, MutexGuard};

/// What other threads send to a loop, and whether the loop is asleep.
///
/// Invariant: whenever the loop is asleep with something in here,
/// somebody is about to notify it. Once it is closed, nothing is in here.
pub(crate) struct Inbox<M>(Mutex<Messages<M>>);

struct Messages<M> {
    waiting: Vec<M>,
    is_asleep: bool,
    is_closed: bool,
}

impl<M> Inbox<M> {
    pub(crate) fn new() -> Inbox<M> {
        Inbox(Mutex::new(Messages {
            waiting: Vec::new(),
            is_asleep: false,
            is_closed: false,
        }))
    }

    /// `Ok(true)`: the loop is asleep, and it is for the sender, and
    /// nobody else, to notify it. `Err`: the loop is gone.
    pub(crate) fn send(&self, message: M) -> Result<bool, M> {
        let mut inbox = lock(&self.0);
        if inbox.is_closed {
            return Err(message);
        }
        inbox.waiting.push(message);
        Ok(mem::take(&mut inbox.is_asleep))
    }

    /// The loop is gone. What is here comes back.
    pub(crate) fn close(&self) -> Vec<M> {
        let mut inbox = lock(&self.0);
        inbox.is_closed = true;
        mem::take(&mut inbox.waiting)
    }

    pub(crate) fn take(&self) -> Vec<M> {
        mem::take(&mut lock(&self.0).waiting)
    }

    /// The loop is about to sleep. `true`: from now on senders notify it.
    /// `false`: it must not sleep, because something is here.
    #[must_use]
    pub(crate) fn fall_asleep(&self) -> bool {
        let mut inbox = lock(&self.0);
        inbox.is_asleep = inbox.waiting.is_empty();
        inbox.is_asleep
    }

    /// The loop is awake: nobody has to notify it.
    pub(crate) fn wake_up(&self) {
        lock(&self.0).is_asleep = false;
    }
}

/// Something that one of several threads gets: a call that is either made
/// or cancelled.
pub(crate) struct Once<T>(Mutex<Option<T>>);

impl<T> Once<T> {
    pub(crate) fn new(value: T) -> Once<T> {
        Once(Mutex::new(Some(value)))
    }

    /// The value, for the first who asks.
    pub(crate) fn take(&self) -> Option<T> {
        lock(&self.0).take()
    }
}

/// A place for a result of another thread.
///
/// Invariant: who waits while the result is missing is woken when it is
/// set or cancelled, or when it is known that it never will be set.
pub(crate) struct Place<T> {
    state: Mutex<PlaceState<T>>,
    changed: Condvar,
}

struct PlaceState<T> {
    result: Arrival<T>,
    waker: Option<Waker>,
}

/// What a [`Place`] says to who looks into it.
pub(crate) enum Arrival<T> {
    Missing,
    Here(T),
    /// It has been taken out.
    Taken,
    /// Nobody wants it any more.
    Cancelled,
    /// Who was to set it is gone.
    Never,
}

/// Who sets the result. Dropping it unused says that nothing will come.
pub(crate) struct Sender<T>(Arc<Place<T>>);

impl<T> Place<T> {
    pub(crate) fn new() -> (Sender<T>, Arc<Place<T>>) {
        let (result, waker) = (Arrival::Missing, None);
        let state = Mutex::new(PlaceState { result, waker });
        let place = Arc::new(Place { state, changed: Condvar::new() });
        (Sender(Arc::clone(&place)), place)
    }

    /// For a task: takes the result, or leaves a waker.
    pub(crate) fn poll(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<Arrival<T>> {
        let mut state = lock(&self.state);
        match state.take() {
            Arrival::Missing => {
                let waker = context.waker().clone();
                let before = state.waker.replace(waker);
                drop(state); // a waker may run code of its own
                drop(before);
                Poll::Pending
            }
            arrival => Poll::Ready(arrival),
        }
    }

    /// For a thread: sleeps until the result is here or the time is over.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> Arrival<T> {
        let end = timeout.and_then(|it| Instant::now().checked_add(it));
        let mut state = lock(&self.state);
        loop {
            match state.take() {
                Arrival::Missing => {}
                arrival => return arrival,
            }
            state = match end {
                None => self.changed.wait(state).expect(NO_PANIC),
                Some(end) => {
                    let left =
                        end.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Arrival::Missing;
                    }
                    let woken = self.changed.wait_timeout(state, left);
                    woken.expect(NO_PANIC).0
                }
            };
        }
    }

    /// Nobody wants the result any more, unless it is here already. A
    /// thread that waits hears of it; a task that waits is not woken,
    /// because the task itself gives up. `false`: it is here, or was
    /// cancelled before.
    pub(crate) fn cancel(&self) -> bool {
        self.settle(Arrival::Cancelled).0
    }

    /// Whether it was missing until now. The waker comes back: it may run
    /// code of its own.
    fn settle(&self, result: Arrival<T>) -> (bool, Option<Waker>) {
        let mut state = lock(&self.state);
        let was_missing = matches!(state.result, Arrival::Missing);
        if was_missing {
            state.result = result;
        }
        let waker = state.waker.take();
        drop(state); // before `result`, if that is dropped here
        self.changed.notify_all();
        (was_missing, waker)
    }

    /// Whether there is nothing to wait for.
    pub(crate) fn is_done(&self) -> bool {
        !matches!(lock(&self.state).result, Arrival::Missing)
    }
}

impl<T> PlaceState<T> {
    fn take(&mut self) -> Arrival<T> {
        match self.result {
            Arrival::Missing => Arrival::Missing,
            Arrival::Never => Arrival::Never,
            Arrival::Cancelled => Arrival::Cancelled,
            _ => mem::replace(&mut self.result, Arrival::Taken),
        }
    }
}

impl<T> Sender<T> {
    pub(crate) fn set(self, result: T) {
        self.settle(Arrival::Here(result));
    }

    fn settle(&self, result: Arrival<T>) {
        if let (_, Some(waker)) = self.0.settle(result) {
            waker.wake();
        }
    }

    /// Whether nobody wants the result any more.
    pub(crate) fn is_cancelled(&self) -> bool {
        matches!(lock(&self.0.state).result, Arrival::Cancelled)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.settle(Arrival::Never);
    }
}

/// Jobs for the threads of a pool.
///
/// Invariant: a job that is here has a thread that is awake, or is about
/// to be woken, or is about to be started.
pub(crate) struct Jobs<J> {
    state: Mutex<JobsState<J>>,
    changed: Condvar,
}

struct JobsState<J> {
    waiting: VecDeque<J>,
    idle: usize,
    threads: usize,
    is_closed: bool,
}

impl<J> Jobs<J> {
    pub(crate) fn new() -> Jobs<J> {
        let state = JobsState {
            waiting: VecDeque::new(),
            idle: 0,
            threads: 0,
            is_closed: false,
        };
        Jobs { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Adds a job. `true`: all threads are busy and fewer than `most`, so
    /// whoever adds it must start one more; it is counted already.
    #[must_use]
    pub(crate) fn add(&self, job: J, most: usize) -> bool {
        let mut state = lock(&self.state);
        state.waiting.push_back(job);
        let is_short = state.waiting.len() > state.idle;
        let starts = is_short && state.threads < most;
        state.threads += usize::from(starts);
        drop(state);
        self.changed.notify_one();
        starts
    }

    /// The thread that was to be started could not be. If it would have
    /// been the only one, the jobs come back: nobody will do them.
    pub(crate) fn not_started(&self) -> VecDeque<J> {
        let mut state = lock(&self.state);
        state.threads -= 1;
        match state.threads {
            0 => mem::take(&mut state.waiting),
            _ => VecDeque::new(),
        }
    }

    /// The next job; sleeps until there is one. `None`: no more will come.
    pub(crate) fn next(&self) -> Option<J> {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.waiting.pop_front() {
                return Some(job);
            }
            if state.is_closed {
                return None;
            }
            state.idle += 1;
            state = self.changed.wait(state).expect(NO_PANIC);
            state.idle -= 1;
        }
    }

    /// No job will be added any more.
    pub(crate) fn close(&self) {
        lock(&self.state).is_closed = true;
        self.changed.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect(NO_PANIC)
}

const NO_PANIC: &str = "nothing here panics while it holds a lock";
