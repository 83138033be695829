use std::cell::RefCell;
use std::mem;
use std::rc::Rc;

/// A result that will arrive later, and the callbacks to run then. A clone
/// is the same future.
///
/// A callback that has been added must be called exactly once, as soon as
/// there is a result.
pub struct Future<T>(Rc<RefCell<State<T>>>);

struct State<T> {
    result: Option<T>,
    /// Whom to call when there is a result.
    callbacks: Vec<Rc<dyn Callback<T>>>,
}

/// What a future calls when it is done.
pub trait Callback<T> {
    /// The future is done.
    fn call(self: Rc<Self>, future: &Future<T>);
}

impl<T, F: Fn(&Future<T>)> Callback<T> for F {
    fn call(self: Rc<Self>, future: &Future<T>) {
        self(future);
    }
}

/// The result was asked for before it was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotDone;

impl<T: Copy> Future<T> {
    /// A future without a result.
    pub fn new() -> Future<T> {
        let state = State { result: None, callbacks: Vec::new() };
        Future(Rc::new(RefCell::new(state)))
    }

    /// Sets the result and calls the callbacks, in the order in which they
    /// were added.
    ///
    /// # Panics
    /// If there is a result already: a future is done once.
    pub fn set_result(&self, result: T) {
        let mut state = self.0.borrow_mut();
        assert!(state.result.is_none(), "a future is done once");
        state.result = Some(result);
        let callbacks = mem::take(&mut state.callbacks);
        drop(state);
        for callback in callbacks {
            callback.call(self);
        }
    }

    /// The result.
    ///
    /// # Errors
    /// It is not there yet.
    pub fn result(&self) -> Result<T, NotDone> {
        self.0.borrow().result.ok_or(NotDone)
    }

    /// Has something called when the result is there: at once, if it is
    /// there already.
    pub fn add_done_callback(&self, callback: Rc<dyn Callback<T>>) {
        let mut state = self.0.borrow_mut();
        if state.result.is_none() {
            return state.callbacks.push(callback);
        }
        drop(state); // the callback may look at the future
        callback.call(self);
    }
}

impl<T: Copy> Default for Future<T> {
    fn default() -> Future<T> {
        Future::new()
    }
}

impl<T> Clone for Future<T> {
    fn clone(&self) -> Future<T> {
        Future(Rc::clone(&self.0))
    }
}
