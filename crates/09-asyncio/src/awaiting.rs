use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::cancellation::{raise, set_waiter, take_raised};
use crate::header::current;
use crate::outcome::State;
use crate::running::drops_main;
use crate::tasks::is_other;
use crate::{AnyTask, Future};

/// What can be cancelled while a task awaits it: a future, a task, or all
/// the children of a `gather`.
pub(crate) trait Cancellable {
    /// Cancels it, and what it awaits. `false`: it is done already.
    fn cancel(self: Rc<Self>) -> bool {
        let mut tasks = Vec::new();
        let is_cancelled = self.begin_to_cancel(&mut tasks);
        for task in tasks {
            task.cancel();
        }
        is_cancelled
    }

    /// The same, but the tasks that have to be asked for this are not
    /// asked yet: they come into the list.
    fn begin_to_cancel(self: Rc<Self>, tasks: &mut Vec<AnyTask>) -> bool;

    /// Whether it is the task that runs now.
    fn is_current(&self) -> bool {
        false
    }
}

/// Awaiting a [`Future`] or a [`Task`](crate::Task).
///
/// Whoever gives up the awaiting cancels what is awaited. (A loop that is
/// stopped does not: what its main coroutine awaited goes on in the next
/// run.) The cases:
///
/// - A result is the value of the `await`.
/// - A task that was *cancelled* cancels whoever awaits it, up to the
///   next [`catch_cancelled`](crate::catch_cancelled).
/// - The panic of a task goes on in whoever awaits it.
/// - Awaiting what belongs to another loop panics: this loop would wait
///   for ever for a turn of the other one.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// asyncio::run(async {
///     let task = asyncio::create_task(async { "result" });
///     // Lent: the result is cloned, and the task keeps it.
///     assert_eq!((&task).await, "result");
///     // Given away: the result is taken.
///     assert_eq!(task.await, "result");
/// })
/// # .unwrap();
/// ```
pub struct Await<T: 'static> {
    future: Future<T>,
    /// What is cancelled when the task that awaits is.
    waiter: Rc<dyn Cancellable>,
    get: fn(&Future<T>) -> State<T>,
    is_waiting: bool,
    has_raised: bool,
}

impl<T: 'static> Await<T> {
    /// `get` is how the result gets out: by `take` or by `copy`.
    pub(crate) fn new(
        future: Future<T>,
        waiter: Rc<dyn Cancellable>,
        get: fn(&Future<T>) -> State<T>,
    ) -> Await<T> {
        Await { future, waiter, get, is_waiting: false, has_raised: false }
    }

    /// Whoever awaits what belongs to another loop would wait for a turn
    /// of that loop.
    fn expect_loop(&self) {
        let Some(task) = current() else { return };
        let (here, there) =
            (&task.header().event_loop, self.future.0.event_loop());
        if is_other(here, there) && !self.future.done() {
            let (task, future) = (task.describe(), self.future.0.printed());
            panic!(
                "RuntimeError: Task {task} got Future {future} attached \
                 to a different loop"
            );
        }
    }
}

impl<T: 'static> std::future::Future for Await<T> {
    type Output = T;

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<T> {
        let is_first = !self.is_waiting;
        if is_first {
            self.expect_loop();
        }
        self.is_waiting = self.future.keep_waker(context.waker(), is_first);
        if self.is_waiting {
            if self.waiter.is_current() {
                self.is_waiting = false;
                panic!("RuntimeError: Task cannot await on itself");
            }
            set_waiter(&self.waiter);
            return Poll::Pending;
        }
        match (self.get)(&self.future) {
            State::Done(result) => Poll::Ready(result),
            State::Cancelled => {
                self.has_raised = true;
                raise()
            }
            State::Panicked(panic) => resume_unwind(panic),
            _ => panic!("the result was taken by another await"),
        }
    }
}

impl<T: 'static> Drop for Await<T> {
    fn drop(&mut self) {
        if self.has_raised {
            take_raised(); // if nobody has: it was given up in a select
        }
        if self.is_waiting && !self.future.done() && !drops_main() {
            Rc::clone(&self.waiter).cancel();
        }
    }
}
