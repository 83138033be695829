use std::cell::Cell;
use std::iter;
use std::panic::resume_unwind;
use std::rc::Rc;

use crate::event_loop::Shared;
use crate::header::enter;
use crate::ready::Ready;
use crate::running::running;
use crate::timers::Timers;
use crate::{Error, EventLoop, set_event_loop};

/// So often `run` drops what was scheduled when it dropped the rest. Who
/// schedules itself again, whenever it is dropped, would never be done.
const MOST_DROPS: u32 = 1000;

/// Runs a coroutine as the main one, on a new loop. When it ends, all
/// tasks that still run are cancelled, and waited for; calls that are
/// still scheduled are dropped. No loop is set for this thread then.
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
    let cancelled = event_loop.cancel_all_tasks();
    event_loop.0.drop_what_is_left();
    set_event_loop(None);
    cancelled?;
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
        // No task waits for their end: `all_tasks` would show it.
        let left = Rc::new(Cell::new(tasks.len()));
        for task in tasks {
            task.cancel();
            let (left, event_loop) = (Rc::clone(&left), self.downgrade());
            task.on_done(move || {
                left.set(left.get() - 1);
                if let Some(event_loop) = event_loop.upgrade()
                    && left.get() == 0
                {
                    EventLoop(event_loop).push(Ready::Stop);
                }
            });
        }
        self.run_forever()?;
        if left.get() > 0 { Err(Error::Stopped) } else { Ok(()) }
    }
}

impl Shared {
    /// Drops the tasks and calls that are left. They may hold the loop,
    /// which holds them.
    pub(crate) fn drop_what_is_left(&self) {
        // What is dropped here may be dropped by a task of another loop,
        // but it is not part of that task.
        let _nobody = enter(None);
        // What is dropped may schedule more.
        for _ in 0..MOST_DROPS {
            if !self.drop_once() {
                break;
            }
        }
        self.debug.forget_handler();
    }

    /// Whether there was something.
    fn drop_once(&self) -> bool {
        // A task that is dropped may drop others: first take all out.
        let lost = self.tasks.borrow_mut().drain();
        if self.debug.is_on() {
            for task in &lost {
                let task = task.describe();
                self.debug.report(&format!(
                    "Task was destroyed but it is pending! {task}"
                ));
            }
        }
        for task in &lost {
            task.header().cancellation.forget_waiter();
        }
        for task in &lost {
            task.abandon();
        }
        let calls = iter::from_fn(|| self.ready.pop()).count();
        let timers = self.timers.replace(Timers::new());
        !lost.is_empty() || calls > 0 || timers.len() > 0
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.door.close();
        self.drop_what_is_left();
    }
}
