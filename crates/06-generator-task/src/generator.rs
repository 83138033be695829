use std::io;

/// A function that can suspend in the middle with a value, and be resumed
/// with another one.
///
/// | Python | here |
/// |---|---|
/// | `next(generator)`, the first step | `resume(…)`: what is sent first, a function that has not begun cannot take in |
/// | `generator.send(value)` | `resume(value)` |
/// | `y = yield a` | it answers `Err(Yield(a))`, and `y` is what is sent next |
/// | `generator.throw(error)` | `resume(Err(error))`, where what is sent is a `Result` |
/// | `return value` (`StopIteration(value)`) | it answers `Ok(value)` |
/// | `raise error` | it answers `Err(Raise(error))` |
/// | `generator.close()` | dropping it |
pub trait Generator<Sent> {
    /// What it hands out when it suspends.
    type Yielded;
    /// What it hands out at the end.
    type Returned;

    /// Runs to the next place where it suspends, or to the end. After the
    /// end, it must not be resumed again.
    fn resume(&mut self, sent: Sent)
    -> Step<Self::Yielded, Self::Returned>;
}

/// What a generator answers when it is resumed: the value that it returns,
/// or what leaves it instead.
///
/// `Err` does not mean failure here. A `yield` and an exception leave a
/// Python function in the same direction: outward, to whoever resumed it.
/// So they are one type, and chapter 7 lets `?` carry both.
pub type Step<Yielded, Returned> = Result<Returned, Outward<Yielded>>;

/// What leaves a generator that has not returned.
#[derive(Debug)]
pub enum Outward<Yielded> {
    /// It suspends with this value; resume it with an answer.
    Yield(Yielded),
    /// It has failed; it must not be resumed.
    Raise(io::Error),
}

pub use Outward::{Raise, Yield};

/// An error that nobody catches leaves the generator: `?` raises it.
impl<Yielded> From<io::Error> for Outward<Yielded> {
    fn from(error: io::Error) -> Outward<Yielded> {
        Raise(error)
    }
}
