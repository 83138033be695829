use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// A result that will arrive later, and the callbacks to run then. It keeps; it does nothing by
/// itself. A clone is the same future.
///
/// It is Python's `Future`, and not Rust's: what Rust calls a future is the [generator](crate::Generator)
/// that waits for this one.
///
/// Invariant: a callback that has been added is called exactly once, as soon as there is a result,
/// whether the result or the callback came first.
///
/// ```
/// use stage_06_generator_task::Future;
/// use std::rc::Rc;
///
/// let future = Future::new();
/// assert!(future.result().is_err()); // asking too early is an error, not a wait
/// future.add_done_callback(Rc::new(|future: &Future<i32>| {
///     println!("the answer is {}", future.result().unwrap());
/// }));
/// future.set_result(42); // prints: the answer is 42
/// assert_eq!(future.result(), Ok(42));
/// ```
pub struct Future<T>(Rc<RefCell<State<T>>>);

enum State<T> {
    Pending(Vec<Rc<dyn Callback<T>>>),
    Done(T),
}

/// What a future calls when it is done: a closure, or a [`Task`](crate::Task) that goes on.
///
/// It is an `Rc` because a task registers *itself*, again and again: no allocation for each wait.
/// (Chapter 8 has an `Arc` in the same place: a waker.)
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
        Future(Rc::new(RefCell::new(State::Pending(Vec::new()))))
    }

    /// Sets the result and calls the callbacks, in the order in which they were added.
    ///
    /// # Panics
    /// If there is a result already: a future is done once.
    pub fn set_result(&self, result: T) {
        let before = self.0.replace(State::Done(result));
        let State::Pending(callbacks) = before else { panic!("a future is done once") };
        for callback in callbacks {
            callback.call(self);
        }
    }

    /// The result.
    ///
    /// # Errors
    /// It is not there yet.
    pub fn result(&self) -> Result<T, NotDone> {
        match &*self.0.borrow() {
            State::Pending(_) => Err(NotDone),
            State::Done(result) => Ok(*result),
        }
    }

    /// Has something called when the result is there: at once, if it is there already.
    pub fn add_done_callback(&self, callback: Rc<dyn Callback<T>>) {
        if let State::Pending(callbacks) = &mut *self.0.borrow_mut() {
            callbacks.reserve_exact(1); // mostly the only one, of thousands of futures
            return callbacks.push(callback);
        }
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

impl<T: Copy + fmt::Debug> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.result() {
            Ok(result) => write!(f, "<Future finished result={result:?}>"),
            Err(NotDone) => write!(f, "<Future pending>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn counting() -> (Rc<Cell<u32>>, Rc<dyn Callback<u32>>) {
        let sum = Rc::new(Cell::new(0));
        let callback = {
            let sum = Rc::clone(&sum);
            move |future: &Future<u32>| sum.set(sum.get() + future.result().unwrap())
        };
        (sum, Rc::new(callback))
    }

    #[test]
    fn callbacks_run_once_whichever_comes_first() {
        let (sum, callback) = counting();
        let future = Future::new();
        future.add_done_callback(Rc::clone(&callback));
        assert_eq!((sum.get(), future.result()), (0, Err(NotDone)));
        future.set_result(5);
        assert_eq!((sum.get(), future.result()), (5, Ok(5)));
        future.add_done_callback(callback);
        assert_eq!(sum.get(), 10, "the result came first");
    }

    #[test]
    fn a_callback_may_add_another_one() {
        let (sum, callback) = counting();
        let future = Future::new();
        let again = Rc::clone(&callback);
        future.add_done_callback(Rc::new(move |future: &Future<u32>| {
            future.add_done_callback(Rc::clone(&again));
        }));
        future.add_done_callback(callback);
        future.set_result(1);
        assert_eq!(sum.get(), 2);
    }

    #[test]
    #[should_panic(expected = "a future is done once")]
    fn a_second_result_is_a_mistake() {
        let future = Future::new();
        future.set_result(1);
        future.set_result(2);
    }
}
