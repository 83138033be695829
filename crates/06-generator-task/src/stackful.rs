use std::cell::RefCell;
use std::io;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult};

use crate::{Generator, Raise, Step, Yield};

/// Why no generator can have a stack of its own here; `None` where it can.
pub const NO_STACKS: Option<&str> = None;

/// What a generator's body suspends with: `let y = yielder.suspend(a)` is
/// Python's `y = yield a`.
pub type Yielder<Sent, Yielded> = corosensei::Yielder<Sent, Yielded>;

/// A generator whose body is an ordinary function with a stack of its own.
///
/// When a function suspends, Python keeps its frame, and only that; stable
/// Rust has no `yield` and keeps nothing. So this keeps the whole *stack*
/// that the function runs on, and to suspend means to change stacks, as
/// greenlet, gevent and Go do:
///
/// ```text
///    the caller's stack            the generator's stack
///                                  (64 KiB, of which 4 are touched)
///   ┌───────────────────┐         ┌───────────────────┐
///   │ main              │         │ the body          │
///   │ …                 │ resume  │   a function      │
///   │ resume            │ ──────▶ │     suspend       │
///   └───────────────────┘ ◀────── └───────────────────┘
///                         suspend
/// ```
///
/// It can do more than Python's: a function that the body calls may suspend
/// as well.
///
/// ```
/// use stage_06_generator_task::{Generator, Stackful, Yield, Yielder};
///
/// let mut running_sum = Stackful::new(|yielder: &Yielder<i32, i32>, _| {
///     let mut sum = 1;
///     while sum < 10 {
///         sum += yielder.suspend(sum); // y = yield sum
///     }
///     Ok("enough")
/// })?;
/// // The first step, and two more:
/// assert!(matches!(running_sum.resume(0), Err(Yield(1))));
/// assert!(matches!(running_sum.resume(5), Err(Yield(6))));
/// assert!(matches!(running_sum.resume(7), Ok("enough")));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Stackful<Sent, Yielded, Returned> {
    /// `None` only while it is dropped.
    body: Option<
        Coroutine<Sent, Yielded, io::Result<Returned>, DefaultStack>,
    >,
}

/// The size of a generator's stack. Less, and a debug build would overflow
/// it (it takes more than 8 KiB, a panic's backtrace 32); more would only
/// be address space. What a stack does not touch costs no memory.
pub const STACK_BYTES: usize = 64 << 10;

/// More are given back to the system: after a moment with thousands of
/// fetches, their memory is free.
const MOST_FREE_STACKS: usize = 256;

thread_local! {
    /// The stacks of generators that have come to their end, for those to
    /// come: a new one takes two system calls and a page fault.
    static FREE_STACKS: RefCell<Vec<DefaultStack>> =
        const { RefCell::new(Vec::new()) };
}

impl<Sent, Yielded, Returned> Stackful<Sent, Yielded, Returned>
where
    Sent: 'static,
    Yielded: 'static,
    Returned: 'static,
{
    /// A generator that runs `body` from the first `resume` on. What the
    /// first `resume` sends is the body's second argument; a generator of
    /// Python has no such thing.
    ///
    /// # Errors
    /// What the system says when it has no more memory for stacks: on Linux
    /// after some 32,000.
    pub fn new<Body>(body: Body) -> io::Result<Self>
    where
        Body: FnOnce(&Yielder<Sent, Yielded>, Sent) -> io::Result<Returned>,
        Body: 'static,
    {
        let free = FREE_STACKS.with_borrow_mut(Vec::pop);
        let stack =
            free.map_or_else(|| DefaultStack::new(STACK_BYTES), Ok)?;
        Ok(Stackful { body: Some(Coroutine::with_stack(stack, body)) })
    }
}

impl<Sent, Yielded, Returned> Generator<Sent>
    for Stackful<Sent, Yielded, Returned>
{
    type Yielded = Yielded;
    type Returned = Returned;

    fn resume(&mut self, sent: Sent) -> Step<Yielded, Returned> {
        let body = self.body.as_mut().expect("it is there until the drop");
        match body.resume(sent) {
            CoroutineResult::Yield(value) => Err(Yield(value)),
            CoroutineResult::Return(Ok(value)) => Ok(value),
            CoroutineResult::Return(Err(error)) => Err(Raise(error)),
        }
    }
}

impl<Sent, Yielded, Returned> Drop for Stackful<Sent, Yielded, Returned> {
    /// Python's `close`: a body that is suspended in the middle is unwound,
    /// and what it holds is dropped.
    fn drop(&mut self) {
        let mut body = self.body.take().expect("it is dropped once");
        body.force_unwind();
        // At the end of its thread there is no list any more, and the stack
        // just goes.
        let _ = FREE_STACKS.try_with(|free| {
            let free = &mut *free.borrow_mut();
            if free.len() < MOST_FREE_STACKS {
                free.push(body.into_stack());
            }
        });
    }
}
