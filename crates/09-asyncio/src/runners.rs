use std::panic::resume_unwind;

use crate::running::running;
use crate::tasks::wait_for_end;
use crate::{Error, EventLoop};

/// Runs a coroutine as the main one, on a new loop. When it ends, all
/// tasks that still run are cancelled, and waited for.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// async fn hello() {
///     println!("hello");
/// }
///
/// fn main() -> Result<(), asyncio::Error> {
///     asyncio::run(hello())
/// }
/// ```
///
/// A coroutine that returns a `Result` is run with
/// `asyncio::run(main())?`.
///
/// # Errors
/// [`Error::Cancelled`]: the coroutine was cancelled.
/// [`Error::RunInsideLoop`]: a loop runs on this thread already.
/// [`Error::Stopped`]: somebody stopped the loop. [`Error::Io`]: the
/// system has no selector for a loop, or cannot wait.
#[track_caller]
pub fn run<F: IntoFuture>(main: F) -> Result<F::Output, Error> {
    if running().is_some() {
        return Err(Error::RunInsideLoop);
    }
    let event_loop = EventLoop::new()?;
    let ended = event_loop.complete(main);
    event_loop.cancel_all_tasks()?;
    ended?.or_else(|panic| resume_unwind(panic))
}

impl EventLoop {
    /// Cancels all tasks, and runs until they have ended: what [`run`]
    /// does after its main coroutine.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use stage_09_asyncio as asyncio;
    /// let event_loop = asyncio::new_event_loop()?;
    /// let hour = Duration::from_secs(3600);
    /// let task = event_loop.create_task(asyncio::sleep(hour));
    /// event_loop.cancel_all_tasks()?;
    /// assert!(task.cancelled());
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`run_until_complete`](EventLoop::run_until_complete).
    pub fn cancel_all_tasks(&self) -> Result<(), Error> {
        let tasks = self.all_tasks();
        if tasks.is_empty() {
            return Ok(());
        }
        for task in &tasks {
            task.cancel();
        }
        self.run_until_complete(wait_for_end(self, tasks))
    }
}
