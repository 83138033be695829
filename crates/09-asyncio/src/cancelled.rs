use std::fmt;
use std::future::poll_fn;

use crate::cancellation::{Scope, raise};

/// Somebody has cancelled this task.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// use asyncio::{catch_cancelled, create_task, sleep};
///
/// let task = create_task(async {
///     let hour = sleep(Duration::from_secs(3600));
///     catch_cancelled(hour).await.is_err() // caught, and ended
/// });
/// sleep(Duration::ZERO).await;
/// task.cancel();
/// assert!(task.await);
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelledError(());

impl CancelledError {
    pub(crate) fn new() -> CancelledError {
        CancelledError(())
    }

    /// Python's `raise`: lets the cancellation go on outward. It never
    /// returns.
    pub async fn raise<T>(self) -> T {
        poll_fn(|_| raise()).await
    }
}

impl fmt::Display for CancelledError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cancelled")
    }
}

impl std::error::Error for CancelledError {}

/// Runs a future, and catches a cancellation that would drop the task:
/// Python's `try: … except CancelledError:`.
///
/// The future is dropped before this returns. What has to be awaited
/// before the task ends comes after:
///
/// ```
/// # use std::time::Duration;
/// use stage_09_asyncio as asyncio;
/// use asyncio::{catch_cancelled, create_task, sleep};
/// # const HOUR: Duration = Duration::from_secs(3600);
/// # const MOMENT: Duration = Duration::from_millis(1);
///
/// async fn work() {
///     if let Err(cancelled) = catch_cancelled(sleep(HOUR)).await {
///         sleep(MOMENT).await; // the cleanup
///         cancelled.raise().await
///     }
/// }
///
/// asyncio::run(async {
///     let task = create_task(work());
///     sleep(MOMENT).await;
///     task.cancel();
///     assert!(catch_cancelled(&task).await.is_err());
///     assert!(task.cancelled());
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// Cleanup that awaits nothing needs none of this: the `Drop` of a guard
/// is Python's `finally`.
///
/// # Errors
/// [`CancelledError`]: the task was cancelled, or what it awaited was.
/// Who does not [`raise`](CancelledError::raise) it ends it here.
pub fn catch_cancelled<F: IntoFuture>(
    future: F,
) -> impl Future<Output = Result<F::Output, CancelledError>> {
    Scope::new(future.into_future())
}
