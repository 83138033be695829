use std::cell::Cell;
use std::mem;
use std::rc::Rc;
use std::slice;
use std::task::Waker;

use crate::Future;
use crate::gather::Gathering;

/// Those who want to hear of the end of a future, in the order in which
/// they came. Mostly it is one, who needs no list.
#[derive(Default)]
pub(crate) enum DoneCallbacks<T> {
    #[default]
    None,
    One(DoneCallback<T>),
    #[expect(clippy::box_collection, reason = "8 bytes instead of 24")]
    Several(Box<Vec<DoneCallback<T>>>),
}

pub(crate) enum DoneCallback<T> {
    /// A task awaits it.
    Wake(Waker),
    /// It is the child of a gathering, with this index there.
    Child(Rc<Gathering>, u32),
    Call(Box<dyn DoneCall<T>>),
}

/// A function to be called when a future is done. By its number it can be
/// taken back.
pub(crate) trait DoneCall<T> {
    fn number(&self) -> u64;
    fn call(self: Box<Self>, future: &Future<T>);
}

struct Numbered<F> {
    number: u64,
    function: F,
}

thread_local! {
    /// How many callbacks were added on this thread: no two have the same
    /// number. One for each future would take 8 bytes of each task.
    static NUMBERED: Cell<u64> = const { Cell::new(0) };
}

impl<T> DoneCallback<T> {
    pub(crate) fn call(
        function: impl FnOnce(&Future<T>) + 'static,
    ) -> (u64, DoneCallback<T>) {
        let number = NUMBERED.get() + 1;
        NUMBERED.set(number);
        let call = Box::new(Numbered { number, function });
        (number, DoneCallback::Call(call))
    }
}

impl<T, F: FnOnce(&Future<T>)> DoneCall<T> for Numbered<F> {
    fn number(&self) -> u64 {
        self.number
    }

    fn call(self: Box<Self>, future: &Future<T>) {
        (self.function)(future);
    }
}

impl<T> DoneCallbacks<T> {
    pub(crate) fn push(&mut self, callback: DoneCallback<T>) {
        *self = match mem::take(self) {
            DoneCallbacks::None => DoneCallbacks::One(callback),
            DoneCallbacks::One(first) => {
                DoneCallbacks::Several(Box::new(vec![first, callback]))
            }
            DoneCallbacks::Several(mut callbacks) => {
                callbacks.push(callback);
                DoneCallbacks::Several(callbacks)
            }
        };
    }

    /// Takes the one with this number out.
    pub(crate) fn remove(
        &mut self,
        number: u64,
    ) -> Option<DoneCallback<T>> {
        let has_number = |callback: &DoneCallback<T>| match callback {
            DoneCallback::Call(call) => call.number() == number,
            DoneCallback::Wake(_) | DoneCallback::Child(..) => false,
        };
        let place = self.as_slice().iter().position(has_number)?;
        if let DoneCallbacks::Several(callbacks) = self {
            return Some(callbacks.remove(place));
        }
        match mem::take(self) {
            DoneCallbacks::One(callback) => Some(callback),
            _ => None,
        }
    }

    pub(crate) fn for_each(
        self,
        mut function: impl FnMut(DoneCallback<T>),
    ) {
        match self {
            DoneCallbacks::None => {}
            DoneCallbacks::One(callback) => function(callback),
            DoneCallbacks::Several(callbacks) => {
                callbacks.into_iter().for_each(function)
            }
        }
    }

    /// Whether this waker, or another one for the same task, is among
    /// them.
    pub(crate) fn will_wake(&self, waker: &Waker) -> bool {
        self.as_slice().iter().any(|callback| match callback {
            DoneCallback::Wake(known) => known.will_wake(waker),
            DoneCallback::Child(..) | DoneCallback::Call(_) => false,
        })
    }

    fn as_slice(&self) -> &[DoneCallback<T>] {
        match self {
            DoneCallbacks::None => &[],
            DoneCallbacks::One(callback) => slice::from_ref(callback),
            DoneCallbacks::Several(callbacks) => callbacks,
        }
    }
}
