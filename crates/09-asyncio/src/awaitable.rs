use crate::outcome::State;
use crate::{AnyTask, Error, Task, create_task};

/// What can be made a task of: any future, and a task itself.
///
/// A task that is given away loses its result to whoever awaits; a task
/// that is lent, as `&task`, keeps its result, and a clone is handed out.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// use asyncio::{create_task, gather};
///
/// let task = create_task(async { 1 });
/// let lent = gather([&task, &task]).await;
/// assert_eq!(lent, [1, 1]);
/// let given_away = gather([task]).await;
/// assert_eq!(given_away, [1]);
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
pub trait Awaitable {
    /// What awaiting it results in.
    type Output: 'static;

    /// A task that runs it: itself, if it is a task.
    fn into_task(self) -> Task<Self::Output>;

    /// The result of that task, if it has one.
    fn result(task: &Task<Self::Output>) -> Option<Self::Output> {
        // What cannot be handed out stays, for whoever awaits the task.
        match task.is(|_| true).then(|| task.take()) {
            Some(State::Done(result)) => Some(result),
            _ => None,
        }
    }
}

impl<F: Future + 'static> Awaitable for F {
    type Output = F::Output;

    #[track_caller]
    fn into_task(self) -> Task<F::Output> {
        create_task(self)
    }
}

impl<T: 'static> Awaitable for Task<T> {
    type Output = T;

    fn into_task(self) -> Task<T> {
        self
    }
}

impl<T: Clone + 'static> Awaitable for &Task<T> {
    type Output = T;

    fn into_task(self) -> Task<T> {
        self.clone()
    }

    fn result(task: &Task<T>) -> Option<T> {
        crate::Future::result(task).ok()
    }
}

/// Makes a task of a coroutine, and returns a task as it is.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// asyncio::run(async {
///     let task = asyncio::ensure_future(async { 42 });
///     let same = asyncio::ensure_future(task.clone());
///     assert_eq!(same.any(), task.any());
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[track_caller]
pub fn ensure_future<A: Awaitable>(awaitable: A) -> Task<A::Output> {
    awaitable.into_task()
}

/// Several awaitables, as [`gather`](crate::gather) takes them: a `Vec`,
/// an array, or a tuple of up to four.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// use asyncio::gather;
///
/// let list = gather((0..3).map(async |it| it).collect::<Vec<_>>()).await;
/// assert_eq!(list, [0, 1, 2]);
/// let (number, text) = gather((async { 1 }, async { "two" })).await;
/// assert_eq!((number, text), (1, "two"));
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
pub trait Several {
    /// The tasks that run them.
    type Tasks: Clone + 'static;

    /// The results, in the same order.
    type Output: 'static;

    /// The results, each with the error instead where there is none.
    type Outcomes: 'static;

    /// Makes tasks of them.
    fn into_tasks(self) -> Self::Tasks;

    /// The task with this index, whatever its result; `None` if there are
    /// fewer.
    fn any(tasks: &Self::Tasks, index: usize) -> Option<AnyTask>;

    /// The results, when all tasks have one.
    fn results(tasks: &Self::Tasks) -> Self::Output;

    /// What the tasks came to, when all are done.
    fn outcomes(tasks: &Self::Tasks) -> Self::Outcomes;
}

impl<A: Awaitable> Several for Vec<A> {
    type Tasks = Vec<Task<A::Output>>;
    type Output = Vec<A::Output>;
    type Outcomes = Vec<Result<A::Output, Error>>;

    #[track_caller]
    fn into_tasks(self) -> Self::Tasks {
        let mut tasks = Vec::with_capacity(self.len());
        for awaitable in self {
            tasks.push(awaitable.into_task());
        }
        tasks
    }

    fn any(tasks: &Self::Tasks, index: usize) -> Option<AnyTask> {
        tasks.get(index).map(Task::any)
    }

    fn results(tasks: &Self::Tasks) -> Self::Output {
        tasks.iter().map(result::<A>).collect()
    }

    fn outcomes(tasks: &Self::Tasks) -> Self::Outcomes {
        tasks.iter().map(outcome::<A>).collect()
    }
}

impl<A: Awaitable, const N: usize> Several for [A; N] {
    type Tasks = [Task<A::Output>; N];
    type Output = [A::Output; N];
    type Outcomes = [Result<A::Output, Error>; N];

    #[track_caller]
    fn into_tasks(self) -> Self::Tasks {
        self.map(Awaitable::into_task)
    }

    fn any(tasks: &Self::Tasks, index: usize) -> Option<AnyTask> {
        tasks.get(index).map(Task::any)
    }

    fn results(tasks: &Self::Tasks) -> Self::Output {
        tasks.each_ref().map(result::<A>)
    }

    fn outcomes(tasks: &Self::Tasks) -> Self::Outcomes {
        tasks.each_ref().map(outcome::<A>)
    }
}

macro_rules! tuple {
    ($($name:ident)+) => {
        #[allow(non_snake_case, reason = "values named like types")]
        impl<$($name: Awaitable),+> Several for ($($name,)+) {
            type Tasks = ($(Task<$name::Output>,)+);
            type Output = ($($name::Output,)+);
            type Outcomes = ($(Result<$name::Output, Error>,)+);

            #[track_caller]
            fn into_tasks(self) -> Self::Tasks {
                let ($($name,)+) = self;
                ($($name.into_task(),)+)
            }

            fn any(
                ($($name,)+): &Self::Tasks,
                index: usize,
            ) -> Option<AnyTask> {
                [$($name.any()),+].get(index).cloned()
            }

            fn results(($($name,)+): &Self::Tasks) -> Self::Output {
                ($(result::<$name>($name),)+)
            }

            fn outcomes(($($name,)+): &Self::Tasks) -> Self::Outcomes {
                ($(outcome::<$name>($name),)+)
            }
        }
    };
}
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);

pub(crate) fn result<A: Awaitable>(task: &Task<A::Output>) -> A::Output {
    let result = A::result(task);
    result.expect("the result was taken by another await")
}

fn outcome<A: Awaitable>(
    task: &Task<A::Output>,
) -> Result<A::Output, Error> {
    A::result(task).ok_or_else(|| match task.exception() {
        Ok(Some(words)) => Error::Exception(words),
        Ok(None) => Error::Taken,
        Err(error) => error,
    })
}
