use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::Weak;

use crate::Future;
use crate::event_loop::Shared;
use crate::running::{running_or_panic, runs_here};

/// The line of those who wait for a lock, an event or an item: who came
/// first is in front.
///
/// Invariant: each is in the line until it is called or gives up, and then
/// counts as called until it goes on. Who gives up after it was called
/// hands the call on, because that call may have been the only one.
#[derive(Default)]
pub(crate) struct Waiters {
    line: RefCell<VecDeque<Future<()>>>,
    /// So many were called and have not gone on yet.
    called: Cell<usize>,
    /// The loop of the first one who had to wait: the others run there,
    /// too, because a loop does not see what another one does.
    event_loop: OnceCell<Weak<Shared>>,
}

impl Waiters {
    /// Waits in line until called. If the waiter is cancelled before it
    /// goes on, `give_up` runs, and hears whether it had been called.
    pub(crate) async fn wait(&self, give_up: impl Fn(bool)) {
        self.expect_loop();
        let waiter = Future::new();
        self.line.borrow_mut().push_back(waiter.clone());
        let place = Place {
            waiters: self,
            waiter: &waiter,
            give_up,
            went_on: Cell::new(false),
        };
        (&waiter).await;
        place.went_on.set(true);
    }

    #[track_caller]
    fn expect_loop(&self) {
        let here = || running_or_panic().downgrade();
        if !runs_here(self.event_loop.get_or_init(here)) {
            panic!("RuntimeError: it is bound to a different event loop");
        }
    }

    /// Calls the first in line. `false`: nobody is there, or all have been
    /// cancelled and will give up.
    pub(crate) fn call_one(&self) -> bool {
        let mut line = self.line.borrow_mut();
        let first = line.iter().position(|waiter| !waiter.done());
        let first = first.and_then(|place| line.remove(place));
        drop(line);
        let Some(first) = first else { return false };
        self.called.set(self.called.get() + 1);
        first.set_result(()).is_ok()
    }

    /// Calls the first in line, unless one was called already, or the
    /// first is cancelled and will give up.
    pub(crate) fn call_first(&self) {
        let first = self.line.borrow().front().cloned();
        if self.called.get() == 0 && first.is_some_and(|it| !it.done()) {
            self.call_one();
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
        let line = self.line.borrow();
        self.called.get() == 0 && line.iter().all(Future::cancelled)
    }
}

struct Place<'a, F: Fn(bool)> {
    waiters: &'a Waiters,
    waiter: &'a Future<()>,
    give_up: F,
    went_on: Cell<bool>,
}

impl<F: Fn(bool)> Drop for Place<'_, F> {
    fn drop(&mut self) {
        let was_called = self.waiter.is(|()| true);
        if was_called {
            let called = &self.waiters.called;
            called.set(called.get() - 1);
        } else {
            let mut line = self.waiters.line.borrow_mut();
            // Mostly it is in front, where it is found at once.
            let place = line.iter().position(|it| it.is_same(self.waiter));
            place.map(|place| line.remove(place));
        }
        if !self.went_on.get() {
            (self.give_up)(was_called);
        }
    }
}
