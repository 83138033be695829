use std::any::type_name;
use std::cell::Cell;
use std::fmt;
use std::mem;
use std::rc::{Rc, Weak};
use std::task::Waker;

use crate::EventLoop;
use crate::header::Runnable;
use crate::ready::Ready;

impl EventLoop {
    /// Has a function called in the next turn, after everything that was
    /// scheduled before it.
    ///
    /// ```
    /// use stage_09_asyncio as asyncio;
    ///
    /// # fn main() -> Result<(), asyncio::Error> {
    /// let event_loop = asyncio::new_event_loop()?;
    /// event_loop.call_soon(|| println!("first"));
    /// let gone = event_loop.call_soon(|| panic!("not called"));
    /// gone.cancel();
    /// let again = event_loop.clone();
    /// event_loop.call_soon(move || again.stop());
    /// event_loop.run_forever()
    /// # }
    /// ```
    pub fn call_soon(&self, function: impl FnOnce() + 'static) -> Handle {
        self.soon(Callback::Call(Box::new(function)))
    }

    pub(crate) fn soon(&self, callback: Callback) -> Handle {
        let handle = HandleInner::new(callback);
        self.push(Ready::Call(Rc::clone(&handle)));
        Handle(handle)
    }
}

/// A call that is scheduled, and can be taken back. A clone is the same
/// call.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// # fn main() -> Result<(), asyncio::Error> {
/// let event_loop = asyncio::new_event_loop()?;
/// let handle = event_loop.call_soon(|| ());
/// assert!(!handle.cancelled());
/// handle.cancel();
/// assert!(handle.cancelled());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Handle(pub(crate) Rc<HandleInner>);

impl Handle {
    /// Takes the call back, if it was not made yet. The function is
    /// dropped now.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether somebody has called `cancel`, before the call or, as in
    /// Python, after it.
    pub fn cancelled(&self) -> bool {
        self.0.look(|it| matches!(it, Callback::Cancelled))
    }
}

/// Invariant: the callback is there until it is called or cancelled, and
/// one of the two happens only. (One that was called may be marked as
/// cancelled, too.)
pub(crate) struct HandleInner(Cell<Callback>);

pub(crate) enum Callback {
    Call(Box<dyn Call>),
    /// The sleep of a task is over.
    Wake(Waker),
    /// The time of a `timeout` is over. (The requests to cancel the task
    /// that there were before are counted here because here is room.)
    Cancel {
        task: Weak<dyn Runnable>,
        requests_before: u32,
    },
    /// It was called, and has cancelled this task.
    HasCancelled {
        task: Weak<dyn Runnable>,
        requests_before: u32,
    },
    Called,
    Cancelled,
}

/// A function to be called once, that knows its name.
pub(crate) trait Call {
    fn call(self: Box<Self>);
    fn name(&self) -> &'static str;
}

impl<F: FnOnce()> Call for F {
    fn call(self: Box<Self>) {
        self();
    }

    fn name(&self) -> &'static str {
        type_name::<F>().trim_end_matches("::{{closure}}")
    }
}

impl HandleInner {
    pub(crate) fn new(callback: Callback) -> Rc<HandleInner> {
        Rc::new(HandleInner(Cell::new(callback)))
    }

    /// The callback, for the loop that calls it now.
    pub(crate) fn take(&self) -> Callback {
        match self.0.replace(Callback::Called) {
            Callback::Cancelled => self.0.replace(Callback::Cancelled),
            callback => callback,
        }
    }

    /// The loop has called it, and so cancelled this task.
    pub(crate) fn has_cancelled(
        &self,
        task: Weak<dyn Runnable>,
        requests_before: u32,
    ) {
        self.0.set(Callback::HasCancelled { task, requests_before });
    }

    /// The task that this has cancelled, for the first who asks, and the
    /// requests before.
    pub(crate) fn take_cancelled(
        &self,
    ) -> Option<(Weak<dyn Runnable>, u32)> {
        self.look(|it| match mem::replace(it, Callback::Called) {
            Callback::HasCancelled { task, requests_before } => {
                Some((task, requests_before))
            }
            callback => {
                *it = callback;
                None
            }
        })
    }

    /// One that has cancelled a task still says so to its `timeout`.
    pub(crate) fn cancel(&self) {
        let is_asked =
            self.look(|it| matches!(it, Callback::HasCancelled { .. }));
        if !is_asked {
            drop(self.0.replace(Callback::Cancelled));
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.look(|it| match it {
            Callback::Call(_) | Callback::Wake(_) => false,
            Callback::Cancel { .. } => false,
            Callback::HasCancelled { .. } => true,
            Callback::Called | Callback::Cancelled => true,
        })
    }

    /// A future may be polled with another waker than the last time.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        let callback = self.look(|it| match it {
            Callback::Wake(known) if !known.will_wake(waker) => {
                Some(mem::replace(known, waker.clone()))
            }
            _ => None,
        });
        drop(callback);
    }

    /// Looks at the callback in its place. `look` calls nothing of ours.
    fn look<R>(&self, look: impl FnOnce(&mut Callback) -> R) -> R {
        let mut callback = self.0.replace(Callback::Called);
        let result = look(&mut callback);
        self.0.set(callback);
        result
    }
}

impl fmt::Debug for HandleInner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.look(|callback| match callback {
            Callback::Call(function) => {
                write!(f, "<Handle {}>", function.name())
            }
            Callback::Wake(_) => f.write_str("<Handle wakes a task>"),
            Callback::Cancel { .. } => f.write_str("<Handle timeout>"),
            Callback::HasCancelled { .. } | Callback::Called => {
                f.write_str("<Handle called>")
            }
            Callback::Cancelled => f.write_str("<Handle cancelled>"),
        })
    }
}
