use std::io;

/// A function that can suspend in the middle with a value, and be resumed
/// with another one.
///
/// | Python | here |
/// |---|---|
/// | `next(generator)`, the first step | `resume(…)` |
/// | `generator.send(value)` | `resume(value)` |
/// | `y = yield a` | answers `Err(Yield(a))`; `y` is what is sent next |
/// | `generator.throw(error)` | `resume(Err(error))` |
/// | `return value` (`StopIteration`) | answers `Ok(value)` |
/// | `raise error` | answers `Err(Raise(error))` |
/// | `generator.close()` | dropping it |
///
/// What is sent at the first step is lost, for a function that has not
/// begun cannot take in a value: Python insists on `None` there. To throw,
/// what is sent has to be a `Result`.
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

/// Python's `try: … except`: an error that is raised becomes a value. A
/// yield is no error, and goes on outward.
pub fn catch<Yielded, Returned>(
    step: Step<Yielded, Returned>,
) -> Step<Yielded, io::Result<Returned>> {
    match step {
        Ok(value) => Ok(Ok(value)),
        Err(Raise(error)) => Ok(Err(error)),
        Err(Yield(value)) => Err(Yield(value)),
    }
}

/// An error that nobody catches leaves the generator: `?` raises it.
impl<Yielded> From<io::Error> for Outward<Yielded> {
    fn from(error: io::Error) -> Outward<Yielded> {
        Raise(error)
    }
}
