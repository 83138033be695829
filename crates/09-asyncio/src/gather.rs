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
/// If the tasks are of different loops. Awaiting it panics if one of the
/// tasks does, or if the result of one was taken by another `await`.
#[track_caller]
pub fn gather<S: Several>(several: S) -> Gather<S> {
    let results = |it: &Gathering<S::Tasks>| S::results(&it.tasks);
    Gather::start(several.into_tasks(), Some(|_, _| false), results)
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
pub struct Gather<S: Several, R = <S as Several>::Output> {
    gathering: Rc<Gathering<S::Tasks>>,
    all_done: Await<()>,
    results: fn(&Gathering<S::Tasks>) -> R,
}

impl<S: Several, R> Gather<S, R> {
    /// Waits until all children are done, or one has failed. It hears of a
    /// child by a done callback, and answers by setting a future: whoever
    /// awaits goes on two turns after the last step of the child.
    fn start(
        tasks: S::Tasks,
        is_failure: Option<fn(&S::Tasks, usize) -> bool>,
        results: fn(&Gathering<S::Tasks>) -> R,
    ) -> Gather<S, R> {
        let children = S::any(&tasks);
        let first = children.first();
        let event_loop = first.map(|it| it.0.header().event_loop.clone());
        let event_loop = event_loop.unwrap_or_default();
        children.iter().for_each(|child| child.expect_loop(&event_loop));
        let gathering = Rc::new(Gathering {
            tasks,
            left: Cell::new(children.len()),
            children,
            all_done: Future::on(event_loop),
            is_cancelling: Cell::new(false),
            failed: Cell::new(None),
            is_failure,
        });
        for (index, child) in gathering.children.iter().enumerate() {
            if child.done() {
                gathering.child_is_done(index);
            } else {
                let gathering = Rc::clone(&gathering);
                child.on_done(move || gathering.child_is_done(index));
            }
        }
        if gathering.children.is_empty() {
            let _ = gathering.all_done.set_result(());
        }
        let all_done = gathering.all_done.clone();
        let all_done =
            Await::new(all_done, gathering.clone(), Future::take);
        Gather { gathering, all_done, results }
    }
}

impl<S: Several> Gather<S> {
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
        let outcomes = |it: &Gathering<S::Tasks>| S::outcomes(&it.tasks);
        Gather::start(self.gathering.tasks.clone(), None, outcomes)
    }
}

impl<S: Several, R> std::future::Future for Gather<S, R> {
    type Output = R;

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<R> {
        let all_done = Pin::new(&mut self.all_done).poll(context);
        all_done.map(|()| (self.results)(&self.gathering))
    }
}

impl<S: Several, R> Unpin for Gather<S, R> {}

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
pub type GatherOutcomes<S> = Gather<S, <S as Several>::Outcomes>;

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
pub fn try_gather<A, T, E>(several: Vec<A>) -> TryGather<A, T, E>
where
    A: Awaitable<Output = Result<T, E>>,
    T: 'static,
    E: 'static,
{
    let is_err = |tasks: &Vec<Task<_>>, index: usize| {
        tasks[index].is(Result::is_err)
    };
    let results = |it: &Gathering<Vec<Task<_>>>| match it.failed.get() {
        Some(index) => result::<A>(&it.tasks[index]).map(|_| vec![]),
        None => it.tasks.iter().map(result::<A>).collect(),
    };
    Gather::start(several.into_tasks(), Some(is_err), results)
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
pub type TryGather<A, T, E> = Gather<Vec<A>, Result<Vec<T>, E>>;

/// Invariant: it ends once: with the first failure, unless it bears
/// failures, or with the last child.
struct Gathering<K> {
    tasks: K,
    /// The same tasks, whatever their results.
    children: Vec<AnyTask>,
    left: Cell<usize>,
    all_done: Future<()>,
    is_cancelling: Cell<bool>,
    /// The first child that failed.
    failed: Cell<Option<usize>>,
    /// Whether the result of a child is a failure. `None`: it bears
    /// failures, also panics and cancelled children.
    is_failure: Option<fn(&K, usize) -> bool>,
}

impl<K> Gathering<K> {
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
        let is_failure = self.is_failure?;
        let child = &self.children[index];
        if child.cancelled() {
            Some(State::Cancelled)
        } else if let Some(panic) = child.0.take_panic() {
            Some(State::Panicked(panic))
        } else if is_failure(&self.tasks, index) {
            self.failed.set(Some(index));
            Some(State::Done(()))
        } else {
            None
        }
    }
}

impl<K> Cancellable for Gathering<K> {
    fn cancel(self: Rc<Self>) -> bool {
        if self.all_done.done() {
            return false;
        }
        let cancelled = self.children.iter().filter(|it| it.cancel());
        let is_cancelling = cancelled.count() > 0;
        self.is_cancelling.set(is_cancelling || self.is_cancelling.get());
        is_cancelling
    }
}
