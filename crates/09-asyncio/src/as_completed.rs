use crate::running::running;
use crate::wait::keep_each_once;
use crate::{Awaitable, Queue, Task};

/// Runs several awaitables at the same time, and hands their results out
/// in the order in which they finish. A task that is given twice counts
/// once.
///
/// ```
/// use std::time::Duration;
/// use stage_09_asyncio as asyncio;
///
/// async fn wait_for(milliseconds: u64) -> u64 {
///     asyncio::sleep(Duration::from_millis(milliseconds)).await;
///     milliseconds
/// }
///
/// asyncio::run(async {
///     let slow_first = [wait_for(20), wait_for(1)];
///     let mut completed = asyncio::as_completed(slow_first);
///     assert_eq!(completed.next().await, Some(1));
///     assert_eq!(completed.next().await, Some(20));
///     assert_eq!(completed.next().await, None);
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// # Panics
/// If one of them is a task of another loop.
#[track_caller]
pub fn as_completed<A: Awaitable>(
    several: impl IntoIterator<Item = A>,
) -> AsCompleted<A::Output> {
    let done = Queue::new(0);
    let mut tasks = Vec::new();
    let event_loop = running().map(|it| it.downgrade());
    let event_loop = event_loop.unwrap_or_default();
    for awaitable in several {
        let task = awaitable.into_task();
        task.any().expect_loop(&event_loop);
        tasks.push(task);
    }
    keep_each_once(&mut tasks);
    for task in &tasks {
        let (done, finished) = (done.clone(), task.clone());
        task.add_done_callback(move |_| {
            let _ = done.put_nowait(finished);
        });
    }
    AsCompleted { done, left: tasks.len(), result: A::result }
}

/// The results that are still to come.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// async fn double(number: i32) -> i32 {
///     2 * number
/// }
///
/// let mut completed = asyncio::as_completed([1, 2].map(double));
/// let mut sum = 0;
/// while let Some(number) = completed.next().await {
///     sum += number;
/// }
/// assert_eq!(sum, 6);
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
pub struct AsCompleted<T: 'static> {
    done: Queue<Task<T>>,
    left: usize,
    result: fn(&Task<T>) -> Option<T>,
}

impl<T: 'static> AsCompleted<T> {
    /// The next result; `None` after the last one.
    ///
    /// # Panics
    /// If that task has panicked. If it was cancelled, whoever awaits is
    /// cancelled too.
    pub async fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        let task = self.done.get().await;
        match (self.result)(&task) {
            Some(result) => Some(result),
            None => Some(task.await), // raises what it came to
        }
    }
}
