use std::io;

use crawl::DeadlinePassed;
use stage_06_generator_task::{Future, Waited};

/// What an inner generator answers when it is resumed: its return value, or what leaves it instead.
///
/// In Python a `yield` and an exception leave a generator in the same direction: outward, through
/// each `yield from`, to whoever resumed it. So they are one type here, and `?` does for both what
/// `yield from` does:
///
/// ```text
/// Python                                            here
/// sock = yield from connect(address)                let socket = connect.resume(sent)?;
/// ```
pub type Resumed<T, Y = Future<Waited>, E = io::Error> = Result<T, Outward<Y, E>>;

/// What leaves a generator, and each one around it, on the way to the driver.
#[derive(Debug, PartialEq, Eq)]
pub enum Outward<Y, E> {
    /// It suspends with this; resume it with what that comes to.
    Yield(Y),
    /// It has failed; it is not to be resumed.
    Raise(E),
}

impl<Y, E> From<E> for Outward<Y, E> {
    fn from(error: E) -> Outward<Y, E> {
        Outward::Raise(error)
    }
}

impl<Y> From<DeadlinePassed> for Outward<Y, io::Error> {
    fn from(passed: DeadlinePassed) -> Outward<Y, io::Error> {
        Outward::Raise(passed.into())
    }
}
