use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{Location, resume_unwind};
use std::rc::{Rc, Weak};

use crate::cancelled::catch_cancelled;
use crate::current_task;
use crate::debug::report_unseen;
use crate::header::{Header, Runnable};
use crate::outcome::{Panic, State, words};
use crate::panics::catch_panic;
use crate::running::{drops_main, running, running_or_panic};
use crate::wait::OnDrop;
use crate::{AnyTask, CancelledError, EventLoop, Future, Task};

/// Runs a body that makes tasks in a group, and returns when all of them
/// have ended: Python's `async with asyncio.TaskGroup() as group:`.
///
/// The first task that fails cancels the others and the body. All errors
/// come out together.
///
/// ```
/// use stage_09_asyncio as asyncio;
/// use asyncio::task_group;
///
/// async fn half(number: i32) -> Result<i32, String> {
///     match number % 2 {
///         0 => Ok(number / 2),
///         _ => Err(format!("{number} is odd")),
///     }
/// }
///
/// asyncio::run(async {
///     let both = task_group(async |group| {
///         let one = group.create_task(half(2));
///         let two = group.create_task(half(4));
///         Ok(one.await + two.await)
///     });
///     assert_eq!(both.await.unwrap(), 3);
///
///     let failing = task_group(async |group| {
///         group.create_task(half(3));
///         Ok(())
///     });
///     assert_eq!(failing.await.unwrap_err().0, ["3 is odd"]);
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// # Errors
/// Everything that has failed, the body included.
///
/// # Panics
/// If the body or a task of the group does, when all have ended. Awaiting
/// it panics outside of a task, as Python raises an error there.
pub async fn task_group<T, E: 'static>(
    body: impl AsyncFnOnce(TaskGroup<E>) -> Result<T, E>,
) -> Result<T, ExceptionGroup<E>> {
    let group = TaskGroup::<E>::new();
    // If this is dropped in the middle, nobody is left to work for. (But
    // a loop that is stopped cancels nothing.)
    let _abort = OnDrop(|| {
        group.0.is_gone.set(true);
        group.0.report_unseen();
        if !drops_main() {
            group.abort();
        }
    });

    let body = catch_panic(body(group.clone()));
    let mut body = catch_cancelled(body).await;
    group.0.is_exiting.set(true);
    if !matches!(body, Ok(Ok(Ok(_)))) {
        group.abort();
    }
    if let Ok(Err(panic)) = body {
        group.0.panic.set(Some(panic));
        body = Err(CancelledError::new());
    }

    // What a `Drop` cannot do: wait for the children.
    let mut is_cancelled = body.is_err();
    is_cancelled |= group.children_have_ended().await;

    if let Some(panic) = group.0.panic.take() {
        resume_unwind(panic); // before all errors
    }
    // Was it only the group that has cancelled its parent?
    if group.0.has_cancelled_parent.get() && group.uncancel_parent() == 0 {
        is_cancelled = false;
    }
    let mut errors = group.0.errors.take();
    if is_cancelled && errors.is_empty() {
        return CancelledError::new().raise().await;
    }
    match body {
        Ok(Ok(Ok(value))) if errors.is_empty() => return Ok(value),
        Ok(Ok(Err(error))) => errors.push(error),
        _ => {}
    }
    if let Some(parent) = group.0.parent.upgrade().map(AnyTask)
        && parent.cancelling() > 0
    {
        // The errors go out now; the cancellation comes at the next await.
        parent.uncancel();
        parent.cancel();
    }
    Err(ExceptionGroup(errors))
}

/// The group, for the body that makes tasks in it. A clone is the same
/// group.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// async fn fine(number: i32) -> Result<i32, String> {
///     Ok(number)
/// }
///
/// let sum = asyncio::task_group(async |group| {
///     let tasks = [1, 2, 3].map(|it| group.create_task(fine(it)));
///     Ok(asyncio::gather(tasks).await.iter().sum::<i32>())
/// });
/// assert_eq!(sum.await.unwrap(), 6);
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
pub struct TaskGroup<E>(Rc<Group<E>>);

struct Group<E> {
    /// The task that has entered the group. A generator that is in the
    /// group may have been handed to another since.
    ///
    /// A task that owned itself would never be dropped.
    parent: Weak<dyn Runnable>,
    /// By number, in the order of making.
    running: RefCell<BTreeMap<u64, AnyTask>>,
    made: Cell<u64>,
    errors: RefCell<Vec<E>>,
    /// The first panic.
    panic: Cell<Option<Panic>>,
    is_exiting: Cell<bool>,
    /// Nobody awaits it any more.
    is_gone: Cell<bool>,
    is_aborting: Cell<bool>,
    has_cancelled_parent: Cell<bool>,
    all_ended: RefCell<Option<Future<()>>>,
}

impl<E> Group<E> {
    /// Nobody gets the panic.
    fn report_unseen(&self) {
        if let Some(panic) = self.panic.take() {
            let words = format!("{:?}", words(&panic));
            report_unseen(running(), "TaskGroup", &words);
        }
    }
}

/// Everything that failed in a group.
///
/// ```
/// use stage_09_asyncio::ExceptionGroup;
///
/// let failed = ExceptionGroup(vec!["this", "that"]);
/// assert_eq!(
///     failed.to_string(),
///     "unhandled errors in a TaskGroup (2): this; that"
/// );
/// ```
#[derive(Debug)]
pub struct ExceptionGroup<E>(pub Vec<E>);

impl<E: 'static> TaskGroup<E> {
    fn new() -> TaskGroup<E> {
        let parent = current_task();
        let parent =
            parent.expect("RuntimeError: a TaskGroup needs a parent task");
        TaskGroup(Rc::new(Group {
            parent: Rc::downgrade(&parent.0),
            running: RefCell::default(),
            made: Cell::new(0),
            errors: RefCell::default(),
            panic: Cell::new(None),
            is_exiting: Cell::new(false),
            is_gone: Cell::new(false),
            is_aborting: Cell::new(false),
            has_cancelled_parent: Cell::new(false),
            all_ended: RefCell::default(),
        }))
    }

    /// Makes a task that belongs to the group. If it returns an `Err`,
    /// the error goes to the group; the task itself then counts as
    /// cancelled.
    ///
    /// A group that is over, or that is about to end because of a
    /// failure, drops the coroutine, and the task is cancelled from the
    /// start. (Python raises a `RuntimeError`, which here would be a
    /// panic in a task that cannot know of the failure.)
    #[track_caller]
    pub fn create_task<T, F>(&self, coroutine: F) -> Task<T>
    where
        T: 'static,
        F: std::future::Future<Output = Result<T, E>> + 'static,
    {
        let made_at = Location::caller();
        let group = &*self.0;
        let is_over =
            group.is_exiting.get() && group.running.borrow().is_empty();
        if is_over || group.is_aborting.get() {
            drop(coroutine);
            return Task::ended::<F>(made_at, State::Cancelled);
        }
        let error = Rc::new(Cell::new(None));
        let failed = Rc::clone(&error);
        let member = async move {
            match coroutine.await {
                Ok(value) => value,
                Err(error) => {
                    failed.set(Some(error));
                    CancelledError::new().raise().await
                }
            }
        };
        // That of the group, also if it does not run now.
        let parent = group.parent.upgrade();
        let own = parent.and_then(|it| it.header().event_loop.upgrade());
        let event_loop = own.map_or_else(running_or_panic, EventLoop);
        let header = Header::new::<F>(Some(&event_loop), made_at);
        let task = Task::start(&event_loop, header, member);
        let number = group.made.get();
        group.made.set(number + 1);
        group.running.borrow_mut().insert(number, task.any());
        let group = self.clone();
        task.any().on_done(move || {
            group.child_has_ended(number, error.take());
        });
        task
    }

    fn child_has_ended(&self, number: u64, error: Option<E>) {
        let group = &*self.0;
        let child = group.running.borrow_mut().remove(&number);
        if group.running.borrow().is_empty()
            && let Some(all_ended) = group.all_ended.take()
        {
            let _ = all_ended.set_result(());
        }
        let panic = child.and_then(|child| child.0.take_panic());
        if panic.is_none() && error.is_none() {
            return;
        }
        group.errors.borrow_mut().extend(error);
        if let Some(panic) = panic {
            let first = group.panic.take();
            group.panic.set(Some(first.unwrap_or(panic)));
        }
        if group.is_gone.get() {
            group.report_unseen();
        }
        if !group.is_aborting.get() {
            self.abort();
            if let Some(parent) = group.parent.upgrade() {
                group.has_cancelled_parent.set(true);
                parent.header().cancel();
            }
        }
    }

    /// Waits for the children, whatever happens meanwhile. `true`: the
    /// group was cancelled, and not by itself.
    async fn children_have_ended(&self) -> bool {
        let mut is_cancelled = false;
        while !self.0.running.borrow().is_empty() {
            let all_ended = Future::new();
            self.0.all_ended.replace(Some(all_ended.clone()));
            if catch_cancelled(all_ended).await.is_err()
                && !self.0.is_aborting.get()
            {
                is_cancelled = true;
                self.abort();
            }
        }
        is_cancelled
    }

    /// How many requests to cancel the parent are left, when the group
    /// has taken back its own.
    fn uncancel_parent(&self) -> u32 {
        let parent = self.0.parent.upgrade().map(AnyTask);
        parent.map_or(0, |parent| parent.uncancel())
    }

    fn abort(&self) {
        if !self.0.is_aborting.replace(true) {
            let running = self.0.running.borrow().clone();
            for task in running.into_values() {
                task.cancel();
            }
        }
    }
}

impl<E> Clone for TaskGroup<E> {
    fn clone(&self) -> TaskGroup<E> {
        TaskGroup(Rc::clone(&self.0))
    }
}

impl<E: fmt::Display> fmt::Display for ExceptionGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: Vec<_> = self.0.iter().map(E::to_string).collect();
        let (count, errors) = (errors.len(), errors.join("; "));
        write!(f, "unhandled errors in a TaskGroup ({count}): {errors}")
    }
}

impl<E> std::error::Error for ExceptionGroup<E> where
    E: fmt::Display + fmt::Debug
{
}
