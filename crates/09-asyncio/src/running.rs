use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};

use crate::event_loop::Shared;
use crate::socket::Sockets;
use crate::{Error, EventLoop};

thread_local! {
    static RUNNING: RefCell<Option<EventLoop>> =
        const { RefCell::new(None) };
    static CURRENT: RefCell<Option<EventLoop>> =
        const { RefCell::new(None) };
}

/// The loop that runs on this thread.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// asyncio::run(async {
///     assert!(asyncio::get_running_loop()?.is_running());
///     Ok::<(), asyncio::Error>(())
/// })??;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// # Errors
/// [`Error::NoRunningLoop`].
pub fn get_running_loop() -> Result<EventLoop, Error> {
    running().ok_or(Error::NoRunningLoop)
}

/// A new loop. The same as [`EventLoop::new`].
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// let event_loop = asyncio::new_event_loop()?;
/// assert_eq!(event_loop.run_until_complete(async { 42 })?, 42);
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// # Errors
/// [`Error::Io`]: the system has no descriptor left for a selector.
pub fn new_event_loop() -> Result<EventLoop, Error> {
    EventLoop::new()
}

/// Sets, or takes away, the loop that [`get_event_loop`] returns on this
/// thread while none runs.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// let event_loop = asyncio::new_event_loop()?;
/// asyncio::set_event_loop(Some(&event_loop));
/// assert!(asyncio::get_event_loop()?.is(&event_loop));
/// asyncio::set_event_loop(None);
/// assert!(asyncio::get_event_loop().is_err());
/// # Ok::<(), asyncio::Error>(())
/// ```
pub fn set_event_loop(event_loop: Option<&EventLoop>) {
    // The loop before may be dropped by this, and code of its tasks run:
    // nothing is borrowed then.
    let set = |current: &RefCell<_>| current.replace(event_loop.cloned());
    drop(CURRENT.try_with(set));
}

/// The loop that runs on this thread; else the one that was set for it.
///
/// No loop is made here. Python made one up to 3.13, since 3.12 with a
/// warning, and refuses since 3.14, as this does.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// let error = asyncio::get_event_loop().unwrap_err();
/// assert!(error.to_string().contains("no current event loop"));
/// ```
///
/// # Errors
/// [`Error::NoCurrentLoop`].
pub fn get_event_loop() -> Result<EventLoop, Error> {
    let current = || CURRENT.try_with(|it| it.borrow().clone()).ok()?;
    running().or_else(current).ok_or(Error::NoCurrentLoop)
}

pub(crate) fn running() -> Option<EventLoop> {
    look(Clone::clone).flatten()
}

/// While a thread ends, its variables are gone, and no loop runs. `look`
/// calls nothing of others.
fn look<R>(look: impl FnOnce(&Option<EventLoop>) -> R) -> Option<R> {
    RUNNING.try_with(|running| look(&running.borrow())).ok()
}

/// The running loop, for a future that is polled and cannot return an
/// error. Another executor than ours would poll it without one.
#[track_caller]
pub(crate) fn running_or_panic() -> EventLoop {
    get_running_loop().unwrap_or_else(|error| panic!("{error}"))
}

/// Schedules a step of a task, if its loop is the one that runs here.
pub(crate) fn schedule_here(event_loop: u32, id: u32) -> bool {
    let schedule = |running: &EventLoop| {
        let is_here = running.0.door.number() == event_loop;
        if is_here {
            running.0.schedule(id);
        }
        is_here
    };
    look(|it| it.as_ref().is_some_and(schedule)).unwrap_or(false)
}

/// Whether this loop runs here.
pub(crate) fn runs_here(event_loop: &Weak<Shared>) -> bool {
    let is_same = |it: &EventLoop| Rc::as_ptr(&it.0) == event_loop.as_ptr();
    look(|it| it.as_ref().is_some_and(is_same)).unwrap_or(false)
}

/// Whether the loop that runs here is the one that waits for these.
pub(crate) fn waits_here(sockets: &Rc<Sockets>) -> bool {
    let waits = |it: &EventLoop| Rc::ptr_eq(&it.0.sockets, sockets);
    look(|it| it.as_ref().is_some_and(waits)).unwrap_or(false)
}

/// Whether the loop that runs here was stopped, and drops its main
/// coroutine: then nothing that it awaited is cancelled.
pub(crate) fn drops_main() -> bool {
    running().is_some_and(|it| it.0.drops_main.get())
}

/// Says that a loop runs on this thread, until it is dropped.
pub(crate) struct Running(());

impl Running {
    pub(crate) fn enter(event_loop: &EventLoop) -> Result<Running, Error> {
        let enter = |cell: &RefCell<_>| match &mut *cell.borrow_mut() {
            Some(running) if EventLoop::is(running, event_loop) => {
                Err(Error::AlreadyRunning)
            }
            Some(_) => Err(Error::OtherLoopRuns),
            none => {
                *none = Some(event_loop.clone());
                Ok(Running(()))
            }
        };
        // A thread that ends has no variables any more.
        RUNNING.try_with(enter).unwrap_or(Err(Error::NoRunningLoop))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(RUNNING.take());
    }
}

impl EventLoop {
    /// Whether both are the same loop: Python's `is`.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let event_loop = asyncio::new_event_loop()?;
    /// assert!(event_loop.is(&event_loop.clone()));
    /// assert!(!event_loop.is(&asyncio::new_event_loop()?));
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub fn is(&self, other: &EventLoop) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Whether the loop runs now, on this thread.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// assert!(!asyncio::new_event_loop()?.is_running());
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub fn is_running(&self) -> bool {
        running().is_some_and(|running| running.is(self))
    }
}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (running, debug) = (self.is_running(), self.get_debug());
        write!(f, "<EventLoop running={running} debug={debug}>")
    }
}
