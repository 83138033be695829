use std::cell::RefCell;
use std::rc::Rc;

use crate::future::Callback;
use crate::{Future, Generator, Return, Yield};

/// Runs a generator to its end: whenever the future that the generator waits for is done, the task
/// sends in its result. It resumes; it keeps no result and knows no sockets.
///
/// Invariant: between two steps, the task is a callback of exactly the one future that its generator
/// has yielded last, and that future is what keeps it alive.
pub struct Task<G> {
    generator: RefCell<G>,
}

impl<T, G> Task<G>
where
    T: Copy + 'static,
    G: Generator<Sent = T, Yielded = Future<T>, Returned = ()> + 'static,
{
    /// Primes a generator: runs it up to the first future that it waits for. `first` is not looked
    /// at, and is Python's `send(None)`.
    pub fn start(generator: G, first: T) {
        Rc::new(Task { generator: RefCell::new(generator) }).step(first);
    }

    fn step(self: Rc<Self>, result: T) {
        let step = self.generator.borrow_mut().resume(result);
        match step {
            Yield(future) => future.add_done_callback(self),
            Return(()) => {}
        }
    }
}

impl<T, G> Callback<T> for Task<G>
where
    T: Copy + 'static,
    G: Generator<Sent = T, Yielded = Future<T>, Returned = ()> + 'static,
{
    fn call(self: Rc<Self>, future: &Future<T>) {
        self.step(future.result().expect("a future calls back when it is done"));
    }
}
