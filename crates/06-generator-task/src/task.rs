use std::cell::RefCell;
use std::rc::Rc;

use crate::future::Callback;
use crate::{Future, Generator, NotDone, Raise, Yield};

/// Runs a generator to its end: whenever the future that the generator has
/// yielded is done, the task sends in its result. It resumes; it keeps no
/// result and knows no sockets.
///
/// Invariant: between two steps, the task is a callback of exactly one
/// future, the one that its generator has yielded last. That future keeps
/// the task alive.
pub struct Task<G> {
    generator: RefCell<G>,
}

impl<G> Task<G> {
    /// Runs a generator up to the first future that it waits for. `prime`
    /// only gets it going: a function that has not begun cannot take in a
    /// value.
    pub fn start<T>(generator: G, prime: T)
    where
        T: Copy + 'static,
        G: Generator<T, Yielded = Future<T>, Returned = ()> + 'static,
    {
        let task = Task { generator: RefCell::new(generator) };
        Rc::new(task).step(prime);
    }

    fn step<T>(self: Rc<Self>, mut result: T)
    where
        T: Copy + 'static,
        G: Generator<T, Yielded = Future<T>, Returned = ()> + 'static,
    {
        loop {
            let step = self.generator.borrow_mut().resume(result);
            let future = match step {
                Err(Yield(future)) => future,
                // The end. Nobody waits for a task here, so whoever wants
                // an error catches it in the generator, as `fetch` does.
                Ok(()) | Err(Raise(_)) => return,
            };
            match future.result() {
                // A loop and not a callback: a thousand futures in a row
                // that are done already must not become a thousand calls
                // within each other.
                Ok(already_there) => result = already_there,
                Err(NotDone) => return future.add_done_callback(self),
            }
        }
    }
}

impl<T, G> Callback<T> for Task<G>
where
    T: Copy + 'static,
    G: Generator<T, Yielded = Future<T>, Returned = ()> + 'static,
{
    fn call(self: Rc<Self>, future: &Future<T>) {
        let result = future.result();
        self.step(result.expect("a future calls back when it is done"));
    }
}

#[cfg(all(test, not(all(windows, target_arch = "aarch64"))))]
mod tests {
    use super::*;
    use crate::{Stackful, Yielder};

    fn adding(
        times: u32,
        futures: impl Fn(u32) -> Future<u32> + 'static,
    ) -> Future<u32> {
        let result = Future::new();
        let sum = result.clone();
        let body = move |yielder: &Yielder<u32, Future<u32>>, _| {
            let wait_for = |number| yielder.suspend(futures(number));
            sum.set_result((0..times).map(wait_for).sum());
            Ok(())
        };
        Task::start(Stackful::new(body).unwrap(), 0);
        result
    }

    #[test]
    fn a_task_goes_on_when_the_future_is_done() {
        let waiting = Future::new();
        let yielded = waiting.clone();
        let sum = adding(2, move |_| yielded.clone());
        assert_eq!(sum.result(), Err(NotDone));
        waiting.set_result(21);
        assert_eq!(sum.result(), Ok(42));
    }

    #[test]
    fn many_futures_that_are_done_already_do_not_pile_up() {
        let done = |number| {
            let future = Future::new();
            future.set_result(number % 2);
            future
        };
        assert_eq!(adding(1_000_000, done).result(), Ok(500_000));
    }
}
