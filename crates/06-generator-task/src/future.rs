use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

/// A result that will arrive later, and the callbacks to run then. It
/// keeps; it does nothing by itself. A clone is the same future.
///
/// It is Python's word, not Rust's: what Rust calls a future is nearer to
/// the [generator](crate::Generator) that waits for this one, and this is
/// nearer to a oneshot channel.
///
/// Invariant: a callback that has been added is called exactly once, as
/// soon as there is a result, whether the result or the callback came
/// first.
///
/// ```
/// use stage_06_generator_task::Future;
/// use std::rc::Rc;
///
/// let future = Future::new();
/// // Asking too early is an error, not a wait.
/// assert!(future.result().is_err());
/// future.add_done_callback(Rc::new(|future: &Future<i32>| {
///     println!("the answer is {}", future.result().unwrap());
/// }));
/// future.set_result(42); // prints: the answer is 42
/// assert_eq!(future.result(), Ok(42));
/// ```
pub struct Future<T>(Rc<Cell<State<T>>>);

/// The plain form is a result and a list of callbacks, in a `RefCell`. It
/// takes 120 bytes where this takes 40, and thousands may wait.
///
/// A `Cell` cannot be looked into: take the state out, look, put it back.
enum State<T> {
    /// No result; nobody waits for it yet, or, as nearly always, one.
    Pending(Option<Rc<dyn Callback<T>>>),
    /// No result; several wait for it.
    Several(Vec<Rc<dyn Callback<T>>>),
    Done(T),
}

/// What a future calls when it is done: a closure, or a
/// [`Task`](crate::Task) that goes on.
///
/// It is an `Rc` because a task registers *itself*, again and again: no
/// allocation for each wait. (Chapter 8 has an `Arc` in the same place: a
/// cloned waker.)
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
        Future(Rc::new(Cell::new(State::Pending(None))))
    }

    /// Sets the result and calls the callbacks, in the order in which they
    /// were added.
    ///
    /// # Panics
    /// If there is a result already: a future is done once.
    pub fn set_result(&self, result: T) {
        match self.0.replace(State::Done(result)) {
            State::Pending(callback) => {
                callback.into_iter().for_each(|it| it.call(self))
            }
            State::Several(callbacks) => {
                callbacks.into_iter().for_each(|it| it.call(self))
            }
            State::Done(_) => panic!("a future is done once"),
        }
    }

    /// The result.
    ///
    /// # Errors
    /// It is not there yet.
    pub fn result(&self) -> Result<T, NotDone> {
        let state = self.0.replace(State::Pending(None));
        let result = if let State::Done(result) = state {
            Ok(result)
        } else {
            Err(NotDone)
        };
        self.0.set(state);
        result
    }

    /// Has something called when the result is there: at once, if it is
    /// there already.
    pub fn add_done_callback(&self, callback: Rc<dyn Callback<T>>) {
        let state = match self.0.replace(State::Pending(None)) {
            State::Pending(None) => State::Pending(Some(callback)),
            State::Pending(Some(first)) => {
                State::Several(vec![first, callback])
            }
            State::Several(mut callbacks) => {
                callbacks.push(callback);
                State::Several(callbacks)
            }
            State::Done(result) => {
                self.0.set(State::Done(result));
                return callback.call(self);
            }
        };
        self.0.set(state);
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

    fn counting() -> (Rc<Cell<u32>>, Rc<dyn Callback<u32>>) {
        let sum = Rc::new(Cell::new(0));
        let callback = {
            let sum = Rc::clone(&sum);
            move |future: &Future<u32>| {
                sum.set(sum.get() + future.result().unwrap())
            }
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
    fn several_callbacks_are_called_in_their_order() {
        let called = Rc::new(Cell::new(0));
        let future = Future::new();
        for number in 1..=3 {
            let called = Rc::clone(&called);
            future.add_done_callback(Rc::new(move |_: &Future<u32>| {
                assert_eq!(called.replace(number), number - 1);
            }));
        }
        future.set_result(0);
        assert_eq!(called.get(), 3);
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
