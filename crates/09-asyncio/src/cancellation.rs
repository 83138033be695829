//! Cancelling, as in Python: it is *thrown into* a task at the place
//! where the task waits, and travels outward from there.
//!
//! In Rust nothing can be thrown into a future, but a future can be
//! dropped. So it is dropped: up to the innermost [`Scope`] around the
//! place, and as a whole where there is none.

use std::cell::Cell;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use crate::awaiting::Cancellable;
use crate::header::with_current;
use crate::wait::OnDrop;
use crate::{AnyTask, CancelledError};

/// The part of a task that is about cancelling.
///
/// Invariant: a cancellation that was asked for is in one place only:
/// with what the task awaits, which will end as cancelled; or due at the
/// next step; or thrown to the innermost scope; or raised, on its way
/// from one scope to the next one around it.
#[derive(Default)]
pub(crate) struct Cancellation {
    requests: Cell<u32>,
    is_due: Cell<bool>,
    /// Whether what is due can be called off by `uncancel`.
    is_firm: Cell<bool>,
    is_thrown: Cell<bool>,
    is_raised: Cell<bool>,
    /// What the task awaits, if it can be cancelled in turn.
    waiter: Cell<Option<Rc<dyn Cancellable>>>,
    scopes: Cell<Scopes>,
}

/// How far a task came.
pub(crate) enum Step<T> {
    Pending,
    Done(T),
    Cancelled,
}

impl Cancellation {
    /// Somebody asks. `true`: the task has to be stepped for it. `next`
    /// are the tasks that are asked after this one.
    ///
    /// Python cancels at once the future that a task waits for, be it
    /// that of a sleep. Only for a task that waits for nothing but its
    /// turn does it make a note, which `uncancel` can take back.
    pub(crate) fn request(
        &self,
        waits_for_its_turn: bool,
        next: &mut Vec<AnyTask>,
    ) -> bool {
        self.requests.set(self.requests.get() + 1);
        let is_cancelled = self.cancel_waiter(next);
        if is_cancelled != Some(true) {
            let waits_for_leaf =
                is_cancelled.is_none() && !waits_for_its_turn;
            let was_firm = self.is_due.replace(true) && self.is_firm.get();
            self.is_firm.set(was_firm || waits_for_leaf);
        }
        // What is done already will wake the task by itself: a step for
        // the request alone would come a turn early.
        is_cancelled.is_none()
    }

    pub(crate) fn requests(&self) -> u32 {
        self.requests.get()
    }

    pub(crate) fn uncancel(&self) -> u32 {
        let left = self.requests.get().saturating_sub(1);
        self.requests.set(left);
        if left == 0 && !self.is_firm.get() {
            self.is_due.set(false);
        }
        left
    }

    /// Takes a request back, and what was thrown for it, if nobody has
    /// taken that yet. `false`: there are more requests than before it.
    pub(crate) fn take_back(&self, requests_before: u32) -> bool {
        let is_ours = self.uncancel() <= requests_before;
        self.is_thrown.set(self.is_thrown.get() && !is_ours);
        is_ours
    }

    /// One step of a task: polls its coroutine, unless a cancellation is
    /// due and no scope is there to take it.
    pub(crate) fn step<F>(
        &self,
        mut coroutine: Pin<&mut F>,
        context: &mut Context<'_>,
    ) -> Step<F::Output>
    where
        F: Future + ?Sized,
    {
        drop(self.waiter.take());
        self.is_raised.set(false); // a raise lasts for one step
        self.is_thrown.set(self.is_due.take());
        loop {
            let innermost = self.scopes.get().innermost;
            if innermost == 0 && self.is_thrown.take() {
                return Step::Cancelled; // no scope takes it
            }
            match coroutine.as_mut().poll(context) {
                // It has cancelled itself, and not waited any more.
                Poll::Ready(_) if self.is_due.take() => {
                    return Step::Cancelled;
                }
                Poll::Ready(output) => return Step::Done(output),
                Poll::Pending if self.is_raised.take() => {
                    return Step::Cancelled;
                }
                Poll::Pending if !self.is_thrown.get() => {
                    return Step::Pending;
                }
                // The scope that it was for has left in the meantime.
                Poll::Pending => self.leave_out(innermost),
            }
        }
    }

    /// Nobody has taken what was thrown to this scope: if it still counts
    /// as the innermost one, it stood beside another, and left first.
    fn leave_out(&self, number: u32) {
        let mut scopes = self.scopes.get();
        if scopes.innermost == number {
            scopes.innermost -= 1;
        }
        self.scopes.set(scopes);
    }

    pub(crate) fn is_due(&self) -> bool {
        self.is_due.get()
    }

    /// A cancellation came during the step: it goes to what the task now
    /// awaits, or stays due at the next step.
    pub(crate) fn pass_on(&self, waker: &Waker, next: &mut Vec<AnyTask>) {
        self.is_firm.set(false);
        match self.cancel_waiter(next) {
            Some(is_cancelled) => self.is_due.set(!is_cancelled),
            None => waker.wake_by_ref(),
        }
    }

    /// `None`: the task awaits nothing that can be cancelled. Of a circle
    /// of tasks, one has to end by itself: the one that closes it.
    fn cancel_waiter(&self, next: &mut Vec<AnyTask>) -> Option<bool> {
        let waiter = self.waiter.take();
        self.waiter.set(waiter.clone());
        let is_cancelled = waiter?.begin_to_cancel(next);
        if next.iter().any(|task| task.0.header().is_asking()) {
            next.clear();
            return None;
        }
        Some(is_cancelled)
    }

    /// The loop is gone, and what the task awaits is dropped, too. If the
    /// task is cancelled now, it need not pass this on: in a long chain
    /// of tasks, each would pass it on to all behind it.
    pub(crate) fn forget_waiter(&self) {
        drop(self.waiter.take());
    }
}

/// Raises a cancellation in the task that runs. Another executor than the
/// loop would wait for ever.
pub(crate) fn raise<T>() -> Poll<T> {
    let raise = |task: &Cancellation| task.is_raised.set(true);
    with_current(raise).expect("CancelledError, outside of a task");
    Poll::Pending
}

pub(crate) fn take_raised() -> bool {
    with_current(|task| task.is_raised.take()).unwrap_or(false)
}

pub(crate) fn set_waiter(waiter: &Rc<dyn Cancellable>) {
    let waiter = Some(Rc::clone(waiter));
    drop(with_current(|task| task.waiter.replace(waiter)));
}

/// The scopes that a coroutine is in: each has a higher number than those
/// around it.
#[derive(Clone, Copy, Default)]
struct Scopes {
    /// The number of the innermost one; 0 where there is none.
    innermost: u32,
    /// When the last one leaves, the numbers begin again, also if some
    /// have left out of order.
    count: u32,
}

/// The place of a scope among those of its coroutine.
#[derive(Default)]
struct Place {
    /// 0 outside of it.
    number: u32,
    around: u32,
}

impl Place {
    /// Outside of a task there is nothing to catch.
    fn enter(&mut self) {
        if self.number != 0 {
            return;
        }
        with_current(|task| {
            let Scopes { innermost, count } = task.scopes.get();
            *self = Place { number: innermost + 1, around: innermost };
            let (innermost, count) = (self.number, count + 1);
            task.scopes.set(Scopes { innermost, count });
        });
    }

    fn leave(&mut self) {
        let number = mem::take(&mut self.number);
        if number == 0 {
            return;
        }
        with_current(|task| {
            let mut scopes = task.scopes.get();
            scopes.count = scopes.count.saturating_sub(1);
            if scopes.count == 0 {
                scopes.innermost = 0;
            } else if scopes.innermost == number {
                scopes.innermost = self.around;
            }
            task.scopes.set(scopes);
        });
    }

    fn is_innermost(&self, task: &Cancellation) -> bool {
        self.number != 0 && task.scopes.get().innermost == self.number
    }
}

pin_project! {
    /// A future in which a cancellation ends. The future is dropped, and
    /// whoever has the scope decides whether the cancellation goes on.
    ///
    /// Invariant: scopes are nested, like the calls that they stand for.
    /// A combinator that polls several futures within one task breaks
    /// this: of scopes in different branches, the one that was entered
    /// last hears of a cancellation, or if it has left, the one before.
    /// (Python has no such combinators; `gather` makes tasks.)
    pub(crate) struct Scope<F> {
        #[pin]
        future: Option<F>,
        place: Place,
    }

    impl<F> PinnedDrop for Scope<F> {
        fn drop(this: Pin<&mut Self>) {
            this.leave();
        }
    }
}

impl<F> Scope<F> {
    pub(crate) fn new(future: F) -> Scope<F> {
        Scope { future: Some(future), place: Place::default() }
    }

    pub(crate) fn leave(self: Pin<&mut Self>) {
        let mut scope = self.project();
        scope.future.set(None); // it may have scopes of its own
        scope.place.leave();
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = Result<F::Output, CancelledError>;

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<F::Output, CancelledError>> {
        let scope = self.as_mut().project();
        // It is over: whoever polls it once more does not go on.
        let Some(future) = scope.future.as_pin_mut() else {
            return raise();
        };
        scope.place.enter();
        let takes_thrown = |task: &Cancellation| {
            scope.place.is_innermost(task) && task.is_thrown.take()
        };
        let result = if with_current(takes_thrown).unwrap_or(false) {
            Err(CancelledError::new())
        } else {
            match future.poll(context) {
                Poll::Ready(output) => Ok(output),
                Poll::Pending if take_raised() => {
                    Err(CancelledError::new())
                }
                Poll::Pending => return Poll::Pending,
            }
        };
        self.leave();
        Poll::Ready(result)
    }
}

/// The scopes of the body of an async generator. It may stand at a
/// `yield` in the middle of them, while the task goes on and enters and
/// leaves others: so they are kept apart from those of the task.
///
/// Invariant: the body is in its scopes while it is polled or dropped.
/// For the task it is a scope itself, if somebody awaits its next value
/// and it is in a scope; else the task does not know of it.
#[derive(Default)]
pub(crate) struct ScopesApart {
    scopes: Cell<Scopes>,
    place: Place,
}

impl ScopesApart {
    /// Polls or drops the body.
    pub(crate) fn within<R>(&self, run: impl FnOnce() -> R) -> R {
        let enter = |task: &Cancellation| {
            let is_for_others =
                !self.place.is_innermost(task) && task.is_thrown.take();
            task.scopes.swap(&self.scopes);
            is_for_others
        };
        let is_for_others = with_current(enter).unwrap_or(false);
        let _leave = OnDrop(|| {
            with_current(|task| {
                task.scopes.swap(&self.scopes);
                task.is_thrown.set(is_for_others || task.is_thrown.get());
            });
        });
        run()
    }

    /// From now on somebody awaits the next value, or nobody does.
    pub(crate) fn set_awaited(&mut self, is_awaited: bool) {
        if is_awaited && self.scopes.get().innermost != 0 {
            self.place.enter();
        } else {
            self.place.leave();
        }
    }
}
