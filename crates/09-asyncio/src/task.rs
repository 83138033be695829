use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::Waker;

use crate::awaiting::{Await, Cancellable};
use crate::cancellation::Step;
use crate::debug::report_unseen;
use crate::done_callbacks::DoneCallback;
use crate::event_loop::Shared;
use crate::future::Promise;
use crate::gather::Gathering;
use crate::header::{Header, Runnable};
use crate::outcome::{Outcome, Panic, State};
use crate::running::running;
use crate::{AnyTask, Error, EventLoop, Future, TaskState};

/// A coroutine that the loop runs, and the future of its result. A clone
/// is the same task.
///
/// A task is polled once when its turn comes first. After that it is
/// polled only if it was woken since the last poll.
///
/// The loop keeps a task until it ends, whether anybody else does or not.
/// (Python's loop does not: a task that nobody keeps may vanish there.)
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// async fn work() -> i32 {
///     3
/// }
///
/// asyncio::run(async {
///     let task = asyncio::create_task(work()).named("worker");
///     let printed = format!("{task:?}");
///     assert!(printed.starts_with(
///         "<Task pending name='worker' coro=<work()> made at "
///     ));
///     (&task).await;
///     assert!(format!("{task:?}").ends_with(" result=3>"));
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
pub struct Task<T>(Future<T>);

struct TaskInner<T> {
    header: Header,
    outcome: Outcome<T>,
    /// Missing while it runs, and after its end.
    coroutine: Cell<Option<Coroutine<T>>>,
}

type Coroutine<T> = Pin<Box<dyn std::future::Future<Output = T>>>;

/// Runs a coroutine on the loop that runs on this thread. Its first step
/// is in the next turn.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// asyncio::run(async {
///     let task = asyncio::create_task(async { 1 + 1 });
///     assert!(!task.done());
///     assert_eq!(task.await, 2);
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// Where no loop runs, Python raises an error. Here the coroutine is
/// dropped, and the task has failed with that error:
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// let task = asyncio::create_task(async { 1 + 1 });
/// let error = task.result().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "RuntimeError: no running event loop"
/// );
/// ```
#[track_caller]
pub fn create_task<F>(coroutine: F) -> Task<F::Output>
where
    F: std::future::Future + 'static,
{
    match running() {
        Some(event_loop) => event_loop.create_task(coroutine),
        None => {
            let error = Box::new(Error::NoRunningLoop.to_string());
            Task::ended::<F>(Location::caller(), State::Panicked(error))
        }
    }
}

impl EventLoop {
    /// Makes a task of a coroutine. Its first step is in the next turn.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let event_loop = asyncio::new_event_loop()?;
    /// let task = event_loop.create_task(async { 42 });
    /// assert_eq!(event_loop.run_until_complete(task)?, 42);
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    #[track_caller]
    pub fn create_task<F>(&self, coroutine: F) -> Task<F::Output>
    where
        F: std::future::Future + 'static,
    {
        let header = Header::new::<F>(Some(self), Location::caller());
        Task::start(self, header, coroutine)
    }
}

impl<T: 'static> Task<T> {
    pub(crate) fn start(
        event_loop: &EventLoop,
        header: Header,
        coroutine: impl std::future::Future<Output = T> + 'static,
    ) -> Task<T> {
        let task = Task::new(header, Some(Box::pin(coroutine)));
        let id = event_loop.0.tasks.borrow_mut().add(task.any().0);
        task.header().id.set(id);
        event_loop.0.schedule(id);
        task
    }

    /// A task that never runs.
    pub(crate) fn ended<F>(
        made_at: &'static Location<'static>,
        ending: State<T>,
    ) -> Task<T> {
        let task = Task::new(Header::new::<F>(None, made_at), None);
        let _ = task.finish(ending);
        task
    }

    /// Without a coroutine it is for its maker to step and to end.
    pub(crate) fn new(
        header: Header,
        coroutine: Option<Coroutine<T>>,
    ) -> Task<T> {
        let (outcome, coroutine) = (Outcome::new(), Cell::new(coroutine));
        let task = Rc::new(TaskInner { header, outcome, coroutine });
        Task(Future(task))
    }

    pub(crate) fn end(&self, ending: State<T>) {
        self.header().end();
        let _ = self.finish(ending);
    }

    /// How many requests to cancel it have come that no
    /// [`uncancel`](Task::uncancel) has taken back.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use stage_09_asyncio as asyncio;
    /// # asyncio::run(async {
    /// let task = asyncio::create_task(async {}).named("worker");
    /// task.cancel();
    /// task.cancel();
    /// assert_eq!(task.cancelling(), 2);
    /// assert_eq!(task.name(), "worker");
    /// # })?;
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub fn cancelling(&self) -> u32 {
        self.header().cancellation.requests()
    }

    /// Takes one request back, and returns how many are left. If none is
    /// left, a cancellation that was not thrown yet is called off.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// # asyncio::run(async {
    /// let task = asyncio::create_task(async { "not cancelled" });
    /// task.cancel();
    /// assert_eq!(task.uncancel(), 0);
    /// assert_eq!(task.await, "not cancelled");
    /// # })?;
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub fn uncancel(&self) -> u32 {
        self.header().cancellation.uncancel()
    }

    /// Its name: `Task-1`, unless it was given another.
    pub fn name(&self) -> String {
        self.header().name()
    }

    /// Gives it a name, once: Python's `create_task(…, name=…)`.
    #[must_use]
    pub fn named(self, name: &str) -> Task<T> {
        self.header().set_name(name);
        self
    }

    /// What it is doing.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// # use asyncio::TaskState;
    /// # asyncio::run(async {
    /// let task = asyncio::create_task(async {});
    /// assert_eq!(task.state(), TaskState::Pending);
    /// (&task).await;
    /// assert_eq!(task.state(), TaskState::Done);
    /// # })?;
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub fn state(&self) -> TaskState {
        self.any().state()
    }

    /// The task, whatever its result: to compare it with others.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// # asyncio::run(async {
    /// let one = asyncio::create_task(async {});
    /// let other = asyncio::create_task(async {});
    /// assert!(one.any() == one.clone().any());
    /// assert!(one.any() != other.any());
    /// # }).unwrap();
    /// ```
    pub fn any(&self) -> AnyTask {
        let task = Rc::clone(&self.0.0).into_task();
        AnyTask(task.expect("it is a task"))
    }
}

impl<T> Task<T> {
    pub(crate) fn header(&self) -> &Header {
        self.0.0.task().expect("it is a task").header()
    }
}

/// A task is a future with a coroutine: what a future has, it has too.
impl<T> Deref for Task<T> {
    type Target = Future<T>;

    fn deref(&self) -> &Future<T> {
        &self.0
    }
}

impl<T> Clone for Task<T> {
    fn clone(&self) -> Task<T> {
        Task(self.0.clone())
    }
}

/// Takes the result, so it need not be `Clone`.
impl<T: 'static> IntoFuture for Task<T> {
    type Output = T;
    type IntoFuture = Await<T>;

    fn into_future(self) -> Await<T> {
        Await::new(self.0.clone(), self.0.0, Future::take)
    }
}

/// Clones the result, so the task can be awaited again.
impl<T: Clone + 'static> IntoFuture for &Task<T> {
    type Output = T;
    type IntoFuture = Await<T>;

    fn into_future(self) -> Await<T> {
        self.0.clone().into_future()
    }
}

impl<T: fmt::Debug> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = self.0.0.outcome();
        let task = self.header().describe(outcome.word());
        write!(f, "<Task {task}{}>", outcome.ending())
    }
}

impl<T: 'static> Promise<T> for TaskInner<T> {
    fn outcome(&self) -> &Outcome<T> {
        &self.outcome
    }

    fn event_loop(&self) -> &Weak<Shared> {
        &self.header.event_loop
    }

    fn task(&self) -> Option<&dyn Runnable> {
        Some(self)
    }

    fn into_task(self: Rc<Self>) -> Option<Rc<dyn Runnable>> {
        Some(self)
    }

    fn printed(&self) -> String {
        self.describe()
    }
}

impl<T: 'static> Cancellable for TaskInner<T> {
    fn begin_to_cancel(self: Rc<Self>, tasks: &mut Vec<AnyTask>) -> bool {
        AnyTask(self).begin_to_cancel(tasks)
    }

    fn is_current(&self) -> bool {
        self.header.is_current()
    }
}

impl<T: 'static> Runnable for TaskInner<T> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn step(self: Rc<Self>, waker: &Waker) {
        let Some(mut coroutine) = self.coroutine.take() else { return };
        let step = || self.header.step(coroutine.as_mut(), waker);
        let ending = match catch_unwind(AssertUnwindSafe(step)) {
            Ok(Step::Pending) => {
                return self.coroutine.set(Some(coroutine));
            }
            Ok(Step::Done(output)) => State::Done(output),
            Ok(Step::Cancelled) => State::Cancelled,
            Err(panic) => State::Panicked(panic),
        };
        // First what Python calls `finally`, while this task is the
        // current one; then those who wait for its end.
        let finally = AssertUnwindSafe(|| drop(coroutine));
        let ending = match catch_unwind(finally) {
            Ok(()) => ending,
            Err(panic) => State::Panicked(panic),
        };
        Task(Future(self)).end(ending);
    }

    fn describe(&self) -> String {
        format!("<Task {}>", self.header.describe(self.outcome.word()))
    }

    fn on_done(self: Rc<Self>, function: Box<dyn FnOnce()>) {
        Future(self).add_done_callback(|_| function());
    }

    fn add_parent(self: Rc<Self>, gathering: Rc<Gathering>, index: u32) {
        let parent = DoneCallback::Child(gathering, index);
        let _ = Future(self).add(parent);
    }

    fn is_cancelled(&self) -> bool {
        self.outcome.is_cancelled()
    }

    fn take_panic(&self) -> Option<Panic> {
        self.outcome.see()?;
        match self.outcome.take() {
            State::Panicked(panic) => Some(panic),
            _ => None,
        }
    }

    fn see_panic(&self) {
        self.outcome.see();
    }

    fn abandon(&self) {
        drop(self.coroutine.take());
        drop(self.outcome.take_callbacks());
    }
}

impl<T> Drop for TaskInner<T> {
    fn drop(&mut self) {
        let Some(words) = self.outcome.unseen() else { return };
        let task = self.header.describe(self.outcome.word());
        let event_loop = self.header.event_loop.upgrade().map(EventLoop);
        let what = format!("<Task {task}> {words:?}");
        report_unseen(event_loop, "Task", &what);
    }
}
