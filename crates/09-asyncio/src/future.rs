use std::fmt;
use std::mem;
use std::rc::{Rc, Weak};
use std::task::Waker;

use crate::awaiting::{Await, Cancellable};
use crate::done_callbacks::DoneCallback;
use crate::event_loop::Shared;
use crate::header::Runnable;
use crate::outcome::{Outcome, State};
use crate::ready::Ready;
use crate::running::running;
use crate::{AnyTask, Error, EventLoop};

/// A place for a result that will arrive later, and the callbacks to run
/// then. A clone is the same future.
///
/// The name is Python's. What Rust calls a future, Python calls a
/// coroutine, or an awaitable; it is written `std::future::Future` where
/// both are in scope.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// asyncio::run(async {
///     let future = asyncio::Future::new();
///     let later = future.clone();
///     let event_loop = asyncio::get_running_loop()?;
///     event_loop.call_soon(move || drop(later.set_result(42)));
///     assert_eq!(future.await, 42);
///     Ok::<(), asyncio::Error>(())
/// })??;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// Invariant: a result is set once. Each callback is scheduled once, in
/// the order in which they were added, and runs in a later turn than the
/// one that set the result.
pub struct Future<T>(pub(crate) Rc<dyn Promise<T>>);

/// What keeps the result: a task, or nothing but a place for it.
pub(crate) trait Promise<T>: Cancellable {
    fn outcome(&self) -> &Outcome<T>;
    fn event_loop(&self) -> &Weak<Shared>;

    /// The task that it is: then its coroutine, and nobody else, says what
    /// it comes to.
    fn task(&self) -> Option<&dyn Runnable>;
    fn into_task(self: Rc<Self>) -> Option<Rc<dyn Runnable>>;

    /// As it is printed while it is pending.
    fn printed(&self) -> String;
}

struct Place<T> {
    event_loop: Weak<Shared>,
    outcome: Outcome<T>,
}

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        self.outcome.report_unseen(&self.event_loop, "Future");
    }
}

impl<T: 'static> Promise<T> for Place<T> {
    fn outcome(&self) -> &Outcome<T> {
        &self.outcome
    }

    fn event_loop(&self) -> &Weak<Shared> {
        &self.event_loop
    }

    fn task(&self) -> Option<&dyn Runnable> {
        None
    }

    fn into_task(self: Rc<Self>) -> Option<Rc<dyn Runnable>> {
        None
    }

    fn printed(&self) -> String {
        format!("<Future {}>", self.outcome.word())
    }
}

impl<T: 'static> Cancellable for Place<T> {
    fn begin_to_cancel(self: Rc<Self>, _tasks: &mut Vec<AnyTask>) -> bool {
        Future(self).finish(State::Cancelled).is_ok()
    }
}

impl EventLoop {
    /// A future of this loop, without a result.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let event_loop = asyncio::new_event_loop()?;
    /// let future = event_loop.create_future::<i32>();
    /// assert_eq!(format!("{future:?}"), "<Future pending>");
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub fn create_future<T: 'static>(&self) -> Future<T> {
        Future::on(self.downgrade())
    }
}

impl<T: 'static> Future<T> {
    /// A future of the loop that runs. Without a loop it is a place for a
    /// result all the same; only done callbacks are never called.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let future = asyncio::Future::<i32>::new();
    /// assert!(!future.done() && !future.cancelled());
    /// ```
    #[expect(clippy::new_without_default, reason = "as Python writes it")]
    pub fn new() -> Future<T> {
        let event_loop = running().map(|it| it.downgrade());
        Future::on(event_loop.unwrap_or_default())
    }

    pub(crate) fn on(event_loop: Weak<Shared>) -> Future<T> {
        Future(Rc::new(Place { event_loop, outcome: Outcome::new() }))
    }

    /// Sets the result, and schedules the callbacks.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let future = asyncio::Future::new();
    /// assert!(future.set_result(1).is_ok());
    /// assert!(future.set_result(2).is_err());
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidState`]: it is done already.
    /// [`Error::TaskHasCoroutine`]: it is a task.
    pub fn set_result(&self, result: T) -> Result<(), Error> {
        self.set(result, "set_result")
    }

    fn set(&self, result: T, operation: &'static str) -> Result<(), Error> {
        match self.0.task() {
            Some(_) => Err(Error::TaskHasCoroutine(operation)),
            None => self.finish(State::Done(result)),
        }
    }

    /// Marks it as cancelled, and schedules the callbacks; a task is
    /// asked to end. `false`: it is done already.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let future = asyncio::Future::<()>::new();
    /// assert!(future.cancel());
    /// assert!(!future.cancel());
    /// ```
    pub fn cancel(&self) -> bool {
        Rc::clone(&self.0).cancel()
    }

    pub(crate) fn finish(&self, ending: State<T>) -> Result<(), Error> {
        let finished = self.0.outcome().look(|state| match state {
            State::Pending(callbacks) => {
                let callbacks = mem::take(callbacks);
                *state = ending;
                Ok(callbacks)
            }
            _ => Err(ending),
        });
        let callbacks = finished.map_err(|_| Error::InvalidState)?;
        callbacks.for_each(|callback| self.schedule(callback));
        Ok(())
    }

    fn schedule(&self, callback: DoneCallback<T>) {
        // A loop that is gone calls nothing any more: then the one here.
        let own = || self.0.event_loop().upgrade().map(EventLoop);
        let event_loop = || own().or_else(running);
        match callback {
            DoneCallback::Wake(waker) => waker.wake(),
            DoneCallback::Child(gathering, index) => {
                if let Some(event_loop) = event_loop() {
                    event_loop.push(Ready::Child(gathering, index));
                }
            }
            DoneCallback::Call(function) => {
                if let Some(event_loop) = event_loop() {
                    let future = self.clone();
                    event_loop.call_soon(move || function.call(&future));
                }
            }
        }
    }

    /// Has a function called when it is done: in the turn after that; if
    /// it is done already, in the next turn. The number is for
    /// [`remove_done_callback`](Future::remove_done_callback); no other
    /// callback gets it, and it is 0 if the callback is scheduled already.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// # asyncio::run(async {
    /// let task = asyncio::create_task(async { 42 });
    /// task.add_done_callback(|task| {
    ///     assert_eq!(task.result().unwrap(), 42);
    /// });
    /// task.await;
    /// # })?;
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub fn add_done_callback(
        &self,
        function: impl FnOnce(&Future<T>) + 'static,
    ) -> u64 {
        let (number, call) = DoneCallback::call(function);
        match self.add(call) {
            Ok(()) => number,
            Err(callback) => {
                self.schedule(callback);
                0
            }
        }
    }

    /// The callback comes back if it is done already.
    pub(crate) fn add(
        &self,
        callback: DoneCallback<T>,
    ) -> Result<(), DoneCallback<T>> {
        self.0.outcome().look(|state| match state {
            State::Pending(callbacks) => {
                callbacks.push(callback);
                Ok(())
            }
            _ => Err(callback),
        })
    }

    /// Takes a callback back. `false`: it is scheduled already, or there
    /// is none with this number.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let future = asyncio::Future::<()>::new();
    /// let number = future.add_done_callback(|_| ());
    /// assert!(future.remove_done_callback(number));
    /// assert!(!future.remove_done_callback(number));
    /// ```
    pub fn remove_done_callback(&self, number: u64) -> bool {
        let removed = self.0.outcome().look(|state| {
            let State::Pending(callbacks) = state else { return None };
            callbacks.remove(number)
        });
        removed.is_some()
    }

    /// Whether it has a result, has failed or is cancelled.
    pub fn done(&self) -> bool {
        self.0.outcome().is_done()
    }

    /// Whether it is cancelled.
    pub fn cancelled(&self) -> bool {
        self.0.outcome().is_cancelled()
    }

    /// A clone of the result. It never waits.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let future = asyncio::Future::<i32>::new();
    /// let error = future.result().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "InvalidStateError: Result is not set."
    /// );
    /// ```
    ///
    /// # Errors
    /// [`Error::NotDone`], [`Error::Cancelled`]; [`Error::Exception`]:
    /// the task panicked; [`Error::Taken`]: an `await` by value has taken
    /// the result.
    pub fn result(&self) -> Result<T, Error>
    where
        T: Clone,
    {
        self.0.outcome().result()
    }

    /// The words of the panic that ended it; `None` if it has a result.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let future = asyncio::Future::new();
    /// future.set_result(42)?;
    /// assert_eq!(future.exception()?, None);
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoException`], [`Error::Cancelled`].
    pub fn exception(&self) -> Result<Option<String>, Error> {
        let outcome = self.0.outcome();
        match (outcome.is_done(), outcome.is_cancelled()) {
            (false, _) => Err(Error::NoException),
            (true, true) => Err(Error::Cancelled),
            (true, false) => Ok(outcome.see()),
        }
    }

    pub(crate) fn is_same(&self, other: &Future<T>) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Whether there is a result, and it is so.
    pub(crate) fn is(&self, what: impl Fn(&T) -> bool) -> bool {
        let outcome = self.0.outcome();
        outcome.look(|it| matches!(it, State::Done(it) if what(it)))
    }

    pub(crate) fn take(&self) -> State<T> {
        self.0.outcome().take()
    }

    pub(crate) fn copy(&self) -> State<T>
    where
        T: Clone,
    {
        match self.result() {
            Ok(result) => State::Done(result),
            Err(_) => self.take(),
        }
    }

    /// Keeps a waker until it is done. `false`: it is done already. Who
    /// has come before is looked for among all, who may be many.
    pub(crate) fn keep_waker(&self, waker: &Waker, is_first: bool) -> bool {
        self.0.outcome().look(|state| {
            let State::Pending(callbacks) = state else { return false };
            if is_first || !callbacks.will_wake(waker) {
                callbacks.push(DoneCallback::Wake(waker.clone()));
            }
            true
        })
    }
}

impl<T: 'static, E: 'static> Future<Result<T, E>> {
    /// Ends it with an error: the same as `set_result(Err(error))`.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let future = asyncio::Future::<Result<(), &str>>::new();
    /// future.set_exception("why")?;
    /// assert_eq!(future.result()?, Err("why"));
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`set_result`](Future::set_result).
    pub fn set_exception(&self, error: E) -> Result<(), Error> {
        self.set(Err(error), "set_exception")
    }
}

impl<T> Clone for Future<T> {
    fn clone(&self) -> Future<T> {
        Future(Rc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = self.0.outcome();
        write!(f, "<Future {}{}>", outcome.word(), outcome.ending())
    }
}

impl<T: Clone + 'static> IntoFuture for Future<T> {
    type Output = T;
    type IntoFuture = Await<T>;

    fn into_future(self) -> Await<T> {
        Await::new(self.clone(), self.0, Future::copy)
    }
}

impl<T: Clone + 'static> IntoFuture for &Future<T> {
    type Output = T;
    type IntoFuture = Await<T>;

    fn into_future(self) -> Await<T> {
        self.clone().into_future()
    }
}
