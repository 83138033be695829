use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::crossing::{Arrival, Once, Place};
use crate::outcome::{State, words};
use crate::running::running;
use crate::waker::{Door, Message};
use crate::waker::{ThreadsafeCall, ThreadsafeFunction};
use crate::{Error, EventLoop};

impl EventLoop {
    /// What other threads may use of this loop.
    ///
    /// ```
    /// use std::thread;
    /// use stage_09_asyncio as asyncio;
    ///
    /// let event_loop = asyncio::new_event_loop()?;
    /// let handle = event_loop.handle();
    /// let thread = thread::spawn(move || handle.stop());
    /// event_loop.run_forever()?;
    /// thread.join().unwrap();
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub fn handle(&self) -> LoopHandle {
        LoopHandle(Arc::clone(&self.0.door))
    }

    pub(crate) fn call_threadsafe(&self, call: ThreadsafeCall) {
        self.call_soon(move || call.make());
    }
}

/// An event loop, seen from another thread. What is sent to a loop that
/// is gone does nothing.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// let event_loop = asyncio::new_event_loop()?;
/// let handle = event_loop.handle();
/// let thread = std::thread::spawn(move || {
///     handle.call_soon_threadsafe(|| println!("on the loop's thread"));
///     handle.stop();
/// });
/// event_loop.run_forever()?;
/// # thread.join().unwrap();
/// # Ok::<(), asyncio::Error>(())
/// ```
#[derive(Clone)]
pub struct LoopHandle(Arc<Door>);

impl LoopHandle {
    /// Has a function called on the loop's thread, and wakes the loop if
    /// it sleeps: Python's `loop.call_soon_threadsafe`.
    ///
    /// If the loop runs on this thread, the call goes straight into the
    /// loop's queue, as with [`call_soon`](EventLoop::call_soon).
    /// Otherwise the loop puts it there at the start of its next turn.
    ///
    /// ```
    /// use stage_09_asyncio as asyncio;
    ///
    /// let event_loop = asyncio::new_event_loop()?;
    /// let handle = event_loop.handle();
    /// let gone = handle.call_soon_threadsafe(|| panic!("not called"));
    /// gone.cancel();
    /// handle.call_soon_threadsafe(|| println!("called"));
    /// handle.stop();
    /// event_loop.run_forever()?;
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub fn call_soon_threadsafe(
        &self,
        function: impl FnOnce() + Send + 'static,
    ) -> ThreadsafeHandle {
        let function: ThreadsafeFunction = Box::new(function);
        let function = Arc::new(Once::new(function));
        let call = ThreadsafeCall(Arc::clone(&function));
        let here = running().filter(|it| Arc::ptr_eq(&it.0.door, &self.0));
        match here {
            Some(event_loop) => event_loop.call_threadsafe(call),
            None => self.0.send(Message::Call(call)),
        }
        ThreadsafeHandle(function)
    }

    /// Ends the loop's run: Python's
    /// `loop.call_soon_threadsafe(loop.stop)`.
    pub fn stop(&self) {
        self.0.send(Message::Stop);
    }
}

/// A call that a loop of another thread will make, and that can be taken
/// back from any thread.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// let event_loop = asyncio::new_event_loop()?;
/// let handle = event_loop.handle();
/// let call = handle.call_soon_threadsafe(|| println!("not called"));
/// assert!(call.cancel());
/// assert!(!call.cancel());
/// # Ok::<(), asyncio::Error>(())
/// ```
#[derive(Clone)]
pub struct ThreadsafeHandle(Arc<Once<ThreadsafeFunction>>);

impl ThreadsafeHandle {
    /// Takes the call back. `false`: it is too late, or was done before.
    ///
    /// (Python's returns nothing, so there one cannot know.)
    pub fn cancel(&self) -> bool {
        self.0.take().is_some()
    }
}

/// Has a coroutine run by a loop of another thread.
///
/// A function makes the coroutine there, so the coroutine need not be
/// `Send`.
///
/// ```
/// use std::{sync::mpsc, thread};
/// use stage_09_asyncio as asyncio;
///
/// let (sender, receiver) = mpsc::channel();
/// let thread = thread::spawn(move || {
///     let event_loop = asyncio::new_event_loop().unwrap();
///     sender.send(event_loop.handle()).unwrap();
///     event_loop.run_forever().unwrap();
/// });
/// let event_loop = receiver.recv().unwrap();
///
/// let coroutine = || async { 42 };
/// let future =
///     asyncio::run_coroutine_threadsafe(coroutine, &event_loop);
/// assert_eq!(future.result(None)?, 42);
///
/// event_loop.stop();
/// thread.join().unwrap();
/// # Ok::<(), asyncio::Error>(())
/// ```
pub fn run_coroutine_threadsafe<F>(
    coroutine: impl FnOnce() -> F + Send + 'static,
    event_loop: &LoopHandle,
) -> ConcurrentFuture<F::Output>
where
    F: Future + 'static,
    F::Output: Send,
{
    let (sender, result) = Place::new();
    let task = Arc::new(OnceLock::new());
    let task_there = Arc::clone(&task);
    let call = event_loop.call_soon_threadsafe(move || {
        let Some(event_loop) = running() else { return };
        let coroutine = match catch_unwind(AssertUnwindSafe(coroutine)) {
            Ok(coroutine) => coroutine,
            Err(panic) => {
                // Whoever waits hears of it, and so does the loop.
                sender.set(Err(Error::Exception(words(&panic))));
                resume_unwind(panic)
            }
        };
        let task = event_loop.create_task(coroutine);
        let header = task.header();
        let _ = task_there.set((header.id.get(), header.serial));
        task.add_done_callback(move |task| {
            if sender.is_cancelled() {
                return; // A panic of the task is for the loop to report.
            }
            sender.set(match task.take() {
                State::Done(value) => Ok(value),
                State::Cancelled => Err(Error::Cancelled),
                State::Panicked(panic) => {
                    Err(Error::Exception(words(&panic)))
                }
                _ => Err(Error::Taken),
            });
        });
    });
    let event_loop = event_loop.clone();
    ConcurrentFuture { result, call, task, event_loop }
}

/// A result that another thread will have: Python's
/// `concurrent.futures.Future`.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// use asyncio::{Error, run_coroutine_threadsafe};
///
/// let event_loop = asyncio::new_event_loop()?;
/// let coroutine = || async { 42 };
/// let future = run_coroutine_threadsafe(coroutine, &event_loop.handle());
/// assert!(!future.done());
/// let early = future.result(Some(Duration::ZERO)).unwrap_err();
/// assert!(matches!(early, Error::Timeout));
/// future.cancel();
/// # Ok::<(), asyncio::Error>(())
/// ```
pub struct ConcurrentFuture<T> {
    result: Arc<Place<Result<T, Error>>>,
    call: ThreadsafeHandle,
    /// The id and the serial number of the task, when there is one.
    task: Arc<OnceLock<(u32, u32)>>,
    event_loop: LoopHandle,
}

impl<T> ConcurrentFuture<T> {
    /// Takes the result. It puts the calling thread to sleep until the
    /// result is there, or for so long at most.
    ///
    /// On the loop's own thread it would sleep for ever: await there.
    ///
    /// # Errors
    /// [`Error::Timeout`]: the time is over. [`Error::Cancelled`];
    /// [`Error::Exception`]: the coroutine panicked, or the function that
    /// was to make it. [`Error::Stopped`]: the loop is gone.
    /// [`Error::Taken`]: this took the result before.
    pub fn result(&self, timeout: Option<Duration>) -> Result<T, Error> {
        match self.result.wait(timeout) {
            Arrival::Here(result) => result,
            Arrival::Missing => Err(Error::Timeout),
            Arrival::Taken => Err(Error::Taken),
            Arrival::Cancelled => Err(Error::Cancelled),
            Arrival::Never => Err(Error::Stopped),
        }
    }

    /// Whether the result is there, or it is known that none will come.
    pub fn done(&self) -> bool {
        self.result.is_done()
    }

    /// Cancels it, if it is not done: now, whatever the task does with its
    /// own cancellation. The task is cancelled over there, once; or the
    /// call that was to make it, if it was not made yet.
    pub fn cancel(&self) {
        if self.result.cancel() && !self.call.cancel() {
            self.cancel_task();
        }
    }

    fn cancel_task(&self) {
        let task = Arc::clone(&self.task);
        self.event_loop.call_soon_threadsafe(move || {
            let Some(&(id, serial)) = task.get() else { return };
            let Some(event_loop) = running() else { return };
            let task = event_loop.0.tasks.borrow().get(id);
            // By now the id may belong to another task.
            if let Some(task) = task
                && task.header().serial == serial
            {
                task.header().cancel();
            }
        });
    }
}
