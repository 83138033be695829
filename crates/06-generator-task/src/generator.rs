/// A function that can stop in the middle, hand out a value, and be taken up again with another one.
///
/// | Python | here |
/// |---|---|
/// | `next(generator)`, the first step | `resume(…)`: what is sent first is not looked at |
/// | `y = yield a`, seen from outside | `resume(y)` after [`Yield(a)`](Step::Yield) |
/// | `generator.send(value)` | `resume(Ok(value))` |
/// | `generator.throw(error)` | `resume(Err(error))` |
/// | `raise StopIteration(value)` | [`Return(value)`](Step::Return) |
/// | `generator.close()` | dropping it |
pub trait Generator {
    /// What is sent in.
    type Sent;
    /// What is handed out at each stop.
    type Yielded;
    /// What is handed out at the end.
    type Returned;

    /// Goes on until the next stop, or to the end. Calling it again after the end is a mistake.
    fn resume(&mut self, sent: Self::Sent) -> Step<Self::Yielded, Self::Returned>;
}

/// How far a generator came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<Yielded, Returned> {
    /// It has stopped, with this value.
    Yield(Yielded),
    /// It has come to its end, with this value.
    Return(Returned),
}

pub use Step::{Return, Yield};
