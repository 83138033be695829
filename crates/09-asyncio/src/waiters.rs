use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::Future;

/// The line of those who wait for a lock, an event or an item: who came
/// first is in front.
///
/// Invariant: each is in the line until it goes on or gives up. Who gives
/// up after it was called hands the call on, because that call may have
/// been the only one.
#[derive(Default)]
pub(crate) struct Waiters(RefCell<VecDeque<Future<()>>>);

impl Waiters {
    /// Waits in line until called. If the waiter is cancelled before it
    /// goes on, `give_up` runs, and hears whether it had been called.
    pub(crate) async fn wait(&self, give_up: impl Fn(bool)) {
        let waiter = Future::new();
        self.0.borrow_mut().push_back(waiter.clone());
        let place = Place {
            line: self,
            waiter: &waiter,
            give_up,
            went_on: Cell::new(false),
        };
        (&waiter).await;
        place.went_on.set(true);
    }

    /// Calls the first in line who was not called yet. `false`: nobody.
    pub(crate) fn call_one(&self) -> bool {
        let line = self.0.borrow();
        let first = line.iter().find(|waiter| !waiter.done());
        first.is_some_and(|waiter| waiter.set_result(()).is_ok())
    }

    /// Calls the first in line, if it is neither called nor cancelled.
    pub(crate) fn call_first(&self) {
        if let Some(waiter) = self.0.borrow().front() {
            let _ = waiter.set_result(());
        }
    }

    pub(crate) fn call(&self, most: usize) {
        for _ in 0..most {
            if !self.call_one() {
                return;
            }
        }
    }

    /// Whether nobody waits who has not given up.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().iter().all(Future::cancelled)
    }
}

struct Place<'a, F: Fn(bool)> {
    line: &'a Waiters,
    waiter: &'a Future<()>,
    give_up: F,
    went_on: Cell<bool>,
}

impl<F: Fn(bool)> Drop for Place<'_, F> {
    fn drop(&mut self) {
        let mut line = self.line.0.borrow_mut();
        // Mostly it is in front, where it is found and taken out at once.
        let place = line.iter().position(|it| it.is_same(self.waiter));
        place.map(|place| line.remove(place));
        drop(line);
        if !self.went_on.get() {
            (self.give_up)(self.waiter.result().is_ok());
        }
    }
}
