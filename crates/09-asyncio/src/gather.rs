use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::awaitable::result;
use crate::awaiting::{Await, Cancellable};
use crate::outcome::State;
use crate::{AnyTask, Awaitable, Future, Several, Task};

/// Runs several awaitables at the same time, and results in all their
/// results, in the order in which the awaitables were given.
///
/// ```
/// use stage_09_asyncio as asyncio;
/// use asyncio::gather;
///
/// async fn double(number: i32) -> i32 {
///     2 * number
/// }
///
/// asyncio::run(async {
///     assert_eq!(gather([double(1), double(2)]).await, [2, 4]);
///     let (a, b) = gather((double(3), async { "text" })).await;
///     assert_eq!((a, b), (6, "text"));
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// A task that panics or is cancelled ends the gathering at once; the
/// others go on. Cancelling the gathering cancels them all.
///
/// An `Err` is a result like any other. Python's default, where the first
/// exception ends the gathering, is [`try_gather`].
///
/// # Panics
/// Awaiting it panics if one of the tasks does, or if the result of one
/// was taken by another `await`.
#[track_caller]
pub fn gather<S: Several>(several: S) -> Gather<S> {
    Gather::of(several.into_tasks(), false)
}

/// What [`gather`] returns. The tasks run already.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// let both = asyncio::gather((async { 1 }, async { 2 }));
/// assert_eq!(both.await, (1, 2));
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[must_use = "the results are there when it is awaited"]
pub struct Gather<S: Several> {
    all_done: Await<()>,
    tasks: S::Tasks,
}

impl<S: Several> Gather<S> {
    fn of(tasks: S::Tasks, bears_failures: bool) -> Gather<S> {
        let children = S::any(&tasks);
        let (all_done, _) =
            wait_for_all(children, |_| false, bears_failures);
        Gather { all_done, tasks }
    }

    /// Waits for all, whatever happens to some of them: Python's
    /// `gather(…, return_exceptions=True)`.
    ///
    /// ```
    /// use stage_09_asyncio as asyncio;
    /// use asyncio::{Error, create_task, gather};
    ///
    /// asyncio::run(async {
    ///     let one = create_task(async { 1 });
    ///     let two = create_task(async { 2 });
    ///     two.cancel();
    ///     let both = gather([one, two]).return_exceptions().await;
    ///     assert!(matches!(both, [Ok(1), Err(Error::Cancelled)]));
    /// })?
    /// # ; Ok::<(), asyncio::Error>(())
    /// ```
    pub fn return_exceptions(self) -> GatherOutcomes<S> {
        GatherOutcomes(Gather::of(self.tasks, true))
    }
}

impl<S: Several> Unpin for Gather<S> {}

impl<S: Several> std::future::Future for Gather<S> {
    type Output = S::Output;

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<S::Output> {
        let all_done = Pin::new(&mut self.all_done).poll(context);
        all_done.map(|()| S::results(&self.tasks))
    }
}

/// What [`return_exceptions`](Gather::return_exceptions) returns: for
/// each task its result, or an error that says what became of it.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// let both = asyncio::gather((async { 1 }, async { 2 }));
/// let (one, two) = both.return_exceptions().await;
/// assert_eq!((one?, two?), (1, 2));
/// # Ok::<(), asyncio::Error>(())
/// # })??;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[must_use = "the results are there when it is awaited"]
pub struct GatherOutcomes<S: Several>(Gather<S>);

impl<S: Several> std::future::Future for GatherOutcomes<S> {
    type Output = S::Outcomes;

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<S::Outcomes> {
        let all_done = Pin::new(&mut self.0.all_done).poll(context);
        all_done.map(|()| S::outcomes(&self.0.tasks))
    }
}

impl<S: Several> Unpin for GatherOutcomes<S> {}

/// Runs several awaitables at the same time. The first `Err` is the
/// result of all, at once, and the others go on: Python's `gather`, where
/// an exception is an `Err`.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// async fn half(number: i32) -> Result<i32, String> {
///     match number % 2 {
///         0 => Ok(number / 2),
///         _ => Err(format!("{number} is odd")),
///     }
/// }
///
/// asyncio::run(async {
///     let all = vec![half(2), half(3), half(4)];
///     let error = asyncio::try_gather(all).await.unwrap_err();
///     assert_eq!(error, "3 is odd");
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// # Errors
/// The first `Err`.
///
/// # Panics
/// See [`gather`].
#[track_caller]
pub fn try_gather<A, T, E>(several: Vec<A>) -> TryGather<A>
where
    A: Awaitable<Output = Result<T, E>>,
    T: 'static,
    E: 'static,
{
    let tasks = Rc::new(several.into_tasks());
    let children = Vec::<A>::any(&tasks);
    let again = Rc::clone(&tasks);
    let is_err = move |index: usize| again[index].is(Result::is_err);
    let (all_done, gathering) = wait_for_all(children, is_err, false);
    TryGather { all_done, gathering, tasks }
}

/// What [`try_gather`] returns. The tasks run already.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// async fn fine(number: i32) -> Result<i32, String> {
///     Ok(number)
/// }
///
/// let both = asyncio::try_gather(vec![fine(1), fine(2)]);
/// assert_eq!(both.await, Ok(vec![1, 2]));
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[must_use = "the results are there when it is awaited"]
pub struct TryGather<A: Awaitable> {
    all_done: Await<()>,
    gathering: Rc<Gathering>,
    tasks: Rc<Vec<Task<A::Output>>>,
}

impl<A, T, E> std::future::Future for TryGather<A>
where
    A: Awaitable<Output = Result<T, E>>,
    T: 'static,
    E: 'static,
{
    type Output = Result<Vec<T>, E>;

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Vec<T>, E>> {
        let all_done = Pin::new(&mut self.all_done).poll(context);
        all_done.map(|()| match self.gathering.failed.get() {
            Some(index) => {
                result::<A>(&self.tasks[index]).map(|_| Vec::new())
            }
            None => self.tasks.iter().map(result::<A>).collect(),
        })
    }
}

impl<A: Awaitable> Unpin for TryGather<A> {}

/// Waits until all children are done, or one has failed. It hears of a
/// child by a done callback, and answers by setting a future: whoever
/// awaits goes on two turns after the last step of the child.
fn wait_for_all(
    children: Vec<AnyTask>,
    is_failure: impl Fn(usize) -> bool + 'static,
    bears_failures: bool,
) -> (Await<()>, Rc<Gathering>) {
    let gathering = Rc::new(Gathering {
        left: Cell::new(children.len()),
        children,
        all_done: Future::new(),
        is_cancelling: Cell::new(false),
        failed: Cell::new(None),
        is_failure: Box::new(is_failure),
        bears_failures,
    });
    let children = gathering.children.iter();
    let (done, pending) = children
        .enumerate()
        .partition::<Vec<_>, _>(|(_, child)| child.done());
    for (index, child) in pending {
        let gathering = Rc::clone(&gathering);
        let on_done = move || gathering.child_is_done(index);
        child.clone().0.on_done(Box::new(on_done));
    }
    for (index, _) in done {
        gathering.child_is_done(index);
    }
    if gathering.children.is_empty() {
        let _ = gathering.all_done.set_result(());
    }
    let all_done = gathering.all_done.clone();
    (Await::taking(all_done, gathering.clone()), gathering)
}

/// Invariant: it ends once: with the first failure, unless it bears
/// failures, or with the last child.
struct Gathering {
    children: Vec<AnyTask>,
    left: Cell<usize>,
    all_done: Future<()>,
    is_cancelling: Cell<bool>,
    /// The first child that failed.
    failed: Cell<Option<usize>>,
    is_failure: Box<dyn Fn(usize) -> bool>,
    bears_failures: bool,
}

impl Gathering {
    fn child_is_done(&self, index: usize) {
        let child = &self.children[index];
        self.left.set(self.left.get() - 1);
        if self.all_done.done() {
            return child.0.see_panic();
        }
        if let Some(failure) = self.failure(index) {
            let _ = self.all_done.finish(failure);
        } else if self.left.get() == 0 {
            let _ = self.all_done.finish(match self.is_cancelling.get() {
                true => State::Cancelled,
                false => State::Done(()),
            });
        }
    }

    fn failure(&self, index: usize) -> Option<State<()>> {
        let child = &self.children[index];
        if self.bears_failures {
            None
        } else if child.cancelled() {
            Some(State::Cancelled)
        } else if let Some(panic) = child.0.take_panic() {
            Some(State::Panicked(panic))
        } else if (self.is_failure)(index) {
            self.failed.set(Some(index));
            Some(State::Done(()))
        } else {
            None
        }
    }
}

impl Cancellable for Gathering {
    fn cancel(self: Rc<Self>) -> bool {
        if self.all_done.done() {
            return false;
        }
        let cancelled = self.children.iter().filter(|it| it.cancel());
        let is_cancelling = cancelled.count() > 0;
        if is_cancelling {
            self.is_cancelling.set(true);
        }
        is_cancelling
    }
}
