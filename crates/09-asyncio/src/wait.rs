use std::cell::Cell;
use std::collections::HashSet;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use crate::running::running_or_panic;
use crate::{Future, Task};

/// Waits until all tasks are done, or some of them. Awaiting it results
/// in the tasks that are done and those that are not, which go on.
///
/// ```
/// use std::time::Duration;
/// use stage_09_asyncio as asyncio;
/// use asyncio::{create_task, sleep, wait};
///
/// asyncio::run(async {
///     let tasks = [1, 3600].map(|seconds| {
///         create_task(sleep(Duration::from_millis(seconds)))
///     });
///     let first = wait(tasks).first_completed();
///     let (done, pending) = first.await;
///     assert_eq!((done.len(), pending.len()), (1, 1));
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// A task that is given twice counts once. Of no tasks, none has to be
/// waited for: it returns at once. (Python raises a `ValueError`.)
pub fn wait<T: 'static>(tasks: impl Into<Vec<Task<T>>>) -> Wait<T> {
    let mut tasks = tasks.into();
    keep_each_once(&mut tasks);
    Wait { tasks, is_enough: |_| false, timeout: None }
}

/// What [`wait`] will wait for.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// use asyncio::{create_task, wait};
///
/// async fn check(number: i32) -> Result<i32, String> {
///     if number > 2 { Err("too large".into()) } else { Ok(number) }
/// }
///
/// let tasks = [1, 2, 3].map(|number| create_task(check(number)));
/// let until = wait(tasks).first_exception();
/// let until = until.timeout(Duration::from_secs(1));
/// let (done, pending) = until.await;
/// assert_eq!((done.len(), pending.len()), (3, 0));
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[must_use = "it waits only while it is awaited"]
pub struct Wait<T> {
    tasks: Vec<Task<T>>,
    /// Whether nobody has to wait longer, because this one is done.
    is_enough: fn(&Future<T>) -> bool,
    timeout: Option<Duration>,
}

impl<T: 'static> Wait<T> {
    /// `return_when=FIRST_COMPLETED`: until one of them is done.
    pub fn first_completed(self) -> Wait<T> {
        Wait { is_enough: |_| true, ..self }
    }

    /// `timeout=…`: for this long at most. That it passes is no error.
    pub fn timeout(self, timeout: Duration) -> Wait<T> {
        Wait { timeout: Some(timeout), ..self }
    }
}

async fn wait_for_some<T: 'static>(wait: &Wait<T>) {
    let Wait { tasks, is_enough, timeout } = wait;
    let enough = Future::new();
    let timer = timeout.map(|timeout| {
        let enough = enough.clone();
        let time_is_over = move || drop(enough.set_result(()));
        running_or_panic().call_later(timeout, time_is_over)
    });
    // Also those that are done already tell it: in the next turn.
    let left = Rc::new(Cell::new(tasks.len()));
    let mut callbacks = Vec::new();
    for task in tasks {
        let (left, enough) = (Rc::clone(&left), enough.clone());
        let is_enough = *is_enough;
        callbacks.push(task.add_done_callback(move |task| {
            left.set(left.get().saturating_sub(1));
            if left.get() == 0 || is_enough(task) {
                let _ = enough.set_result(());
            }
        }));
    }
    let _however_it_ends = OnDrop(|| {
        if let Some(timer) = &timer {
            timer.cancel();
        }
        for (task, number) in tasks.iter().zip(&callbacks) {
            task.remove_done_callback(*number);
        }
    });
    enough.await;
}

impl<T: 'static, E: 'static> Wait<Result<T, E>> {
    /// `return_when=FIRST_EXCEPTION`: until the first `Err` or panic, or
    /// until all are done.
    pub fn first_exception(self) -> Wait<Result<T, E>> {
        let has_failed = |task: &Future<Result<T, E>>| {
            let has_panicked = matches!(task.exception(), Ok(Some(_)));
            has_panicked || task.is(Result::is_err)
        };
        Wait { is_enough: has_failed, ..self }
    }
}

impl<T: 'static> IntoFuture for Wait<T> {
    type Output = (Vec<Task<T>>, Vec<Task<T>>);
    type IntoFuture =
        Pin<Box<dyn std::future::Future<Output = Self::Output>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            if !self.tasks.is_empty() {
                wait_for_some(&self).await;
            }
            self.tasks.into_iter().partition(|task| task.done())
        })
    }
}

/// Python makes a set of them. Here they keep their order.
pub(crate) fn keep_each_once<T: 'static>(tasks: &mut Vec<Task<T>>) {
    let mut known = HashSet::new();
    tasks.retain(|task| known.insert(Rc::as_ptr(&task.0).cast::<()>()));
}

/// Python's `finally`.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
