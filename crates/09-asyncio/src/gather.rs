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
    let results = |tasks: &S::Tasks, _| S::results(tasks);
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
    children: Rc<Children<S::Tasks>>,
    gathering: Rc<Gathering>,
    all_done: Await<()>,
    /// Gets the index of the first child that failed.
    results: fn(&S::Tasks, Option<usize>) -> R,
}

impl<S: Several, R> Gather<S, R> {
    /// Waits until all children are done, or one has failed. It hears of a
    /// child by a done callback, and answers by setting a future: whoever
    /// awaits goes on two turns after the last step of the child.
    fn start(
        tasks: S::Tasks,
        is_failure: Option<fn(&S::Tasks, usize) -> bool>,
        results: fn(&S::Tasks, Option<usize>) -> R,
    ) -> Gather<S, R> {
        let child = S::any;
        let children = Rc::new(Children { tasks, child, is_failure });
        let gathering = Gathering::start(children.clone());
        let all_done = gathering.all_done.clone();
        let all_done =
            Await::new(all_done, gathering.clone(), Future::take);
        Gather { children, gathering, all_done, results }
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
        // This gathering is over, and its panic, if there is one, will be
        // among the outcomes of the next one.
        let _ = self.gathering.all_done.finish(State::Cancelled);
        self.gathering.all_done.0.outcome().see();
        let outcomes = |tasks: &S::Tasks, _| S::outcomes(tasks);
        Gather::start(self.children.tasks.clone(), None, outcomes)
    }
}

impl<S: Several, R> std::future::Future for Gather<S, R> {
    type Output = R;

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<R> {
        let all_done = Pin::new(&mut self.all_done).poll(context);
        let failed = self.gathering.failed.get();
        all_done.map(|()| (self.results)(&self.children.tasks, failed))
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
    let results = |tasks: &Vec<Task<_>>, failed| match failed {
        Some(index) => result::<A>(&tasks[index]).map(|_| vec![]),
        None => tasks.iter().map(result::<A>).collect(),
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

/// The tasks of a gathering.
struct Children<K> {
    tasks: K,
    child: fn(&K, usize) -> Option<AnyTask>,
    /// Whether the result of a child is a failure. `None`: the gathering
    /// waits for all, also if one panics or is cancelled.
    is_failure: Option<fn(&K, usize) -> bool>,
}

/// The same, whatever the types of their results: so that the callbacks
/// of any child can hold an `Rc<Gathering>`.
trait Family {
    fn child(&self, index: usize) -> Option<AnyTask>;

    /// How this child, which is done, ends the gathering; `None` if it
    /// does not. A result that is a failure is handed out like a result.
    fn failure(&self, index: usize, child: &AnyTask) -> Option<State<()>>;
}

impl<K> Family for Children<K> {
    fn child(&self, index: usize) -> Option<AnyTask> {
        (self.child)(&self.tasks, index)
    }

    fn failure(&self, index: usize, child: &AnyTask) -> Option<State<()>> {
        let is_failure = self.is_failure?;
        if child.cancelled() {
            Some(State::Cancelled)
        } else if let Some(panic) = child.0.take_panic() {
            Some(State::Panicked(panic))
        } else {
            is_failure(&self.tasks, index).then_some(State::Done(()))
        }
    }
}

/// Invariant: it ends once: with the first failure, if there is such a
/// thing, or with the last child.
pub(crate) struct Gathering {
    family: Rc<dyn Family>,
    left: Cell<usize>,
    all_done: Future<()>,
    is_cancelling: Cell<bool>,
    /// The first child whose result was a failure.
    failed: Cell<Option<usize>>,
}

impl Gathering {
    fn start(family: Rc<dyn Family>) -> Rc<Gathering> {
        let event_loop =
            family.child(0).map(|it| it.0.header().event_loop.clone());
        let event_loop = event_loop.unwrap_or_default();
        let mut children = 0;
        while let Some(child) = family.child(children) {
            child.expect_loop(&event_loop);
            children += 1;
        }
        let gathering = Rc::new(Gathering {
            family,
            left: Cell::new(children),
            all_done: Future::on(event_loop),
            is_cancelling: Cell::new(false),
            failed: Cell::new(None),
        });
        for (index, child) in gathering.children() {
            if child.done() {
                gathering.is_done(index, &child);
            } else {
                child.add_parent(&gathering, index);
            }
        }
        if children == 0 {
            let _ = gathering.all_done.set_result(());
        }
        gathering
    }

    fn children(&self) -> impl Iterator<Item = (usize, AnyTask)> {
        let child = |index| Some((index, self.family.child(index)?));
        (0..).map_while(child)
    }

    pub(crate) fn child_is_done(&self, index: usize) {
        if let Some(child) = self.family.child(index) {
            self.is_done(index, &child);
        }
    }

    fn is_done(&self, index: usize, child: &AnyTask) {
        self.left.set(self.left.get() - 1);
        if self.all_done.done() {
            return child.0.see_panic();
        }
        if let Some(failure) = self.family.failure(index, child) {
            if let State::Done(()) = failure {
                self.failed.set(Some(index));
            }
            let _ = self.all_done.finish(failure);
        } else if self.left.get() == 0 {
            let _ = self.all_done.finish(match self.is_cancelling.get() {
                true => State::Cancelled,
                false => State::Done(()),
            });
        }
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        let all_done = &self.all_done.0;
        let event_loop = all_done.event_loop();
        let kind = "_GatheringFuture";
        all_done.outcome().report_unseen(event_loop, kind);
    }
}

impl Cancellable for Gathering {
    fn begin_to_cancel(self: Rc<Self>, tasks: &mut Vec<AnyTask>) -> bool {
        if self.all_done.done() {
            return false;
        }
        let children = self.children();
        let cancelled =
            children.filter(|(_, it)| it.begin_to_cancel(tasks));
        let is_cancelling = cancelled.count() > 0;
        self.is_cancelling.set(is_cancelling || self.is_cancelling.get());
        is_cancelling
    }
}
