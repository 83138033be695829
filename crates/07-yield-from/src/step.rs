use std::io;

use crawl::DeadlinePassed;
use stage_06_generator_task::{Future, Ready};

/// What an inner generator hands out when it is resumed: its return value, or why it stops.
///
/// In Python a `yield` and an exception leave a generator in the same direction: outward, through
/// each `yield from`, to whoever resumed it. So they are one type here, and `?` does for both what
/// `yield from` does:
///
/// ```text
/// Python                                            here
/// sock = yield from connect(address)                let socket = connect.resume(ready)?;
/// ```
pub type Step<T, Y = Future<Ready>, E = io::Error> = Result<T, Stop<Y, E>>;

/// Why a generator hands over to the one that resumed it, without its return value.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop<Y, E> {
    /// It waits for this; resume it with the result.
    Yield(Y),
    /// It has failed; it is not to be resumed.
    Raise(E),
}

impl<Y, E> From<E> for Stop<Y, E> {
    fn from(error: E) -> Stop<Y, E> {
        Stop::Raise(error)
    }
}

impl<Y> From<DeadlinePassed> for Stop<Y, io::Error> {
    fn from(passed: DeadlinePassed) -> Stop<Y, io::Error> {
        Stop::Raise(passed.into())
    }
}
