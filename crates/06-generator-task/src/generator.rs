/// A function that can suspend in the middle with a value, and be resumed with another one.
///
/// | Python | here |
/// |---|---|
/// | `next(generator)`, the first step | `resume(prime)`: a function that has not begun has nowhere to take a value in |
/// | `generator.send(value)` | `resume(value)` |
/// | `y = yield a` | answers [`Yield(a)`](Step::Yield), and `y` is what is sent next |
/// | `generator.throw(error)` | `resume(Err(error))`, where what is sent is a `Result` |
/// | `raise StopIteration(value)` | answers [`Return(value)`](Step::Return) |
/// | `generator.close()` | dropping it |
pub trait Generator {
    /// What is sent in.
    type Sent;
    /// What it hands out when it suspends.
    type Yielded;
    /// What is handed out at the end.
    type Returned;

    /// Runs to the next place where it suspends, or to the end. Calling it again after the end is a mistake.
    fn resume(&mut self, sent: Self::Sent) -> Step<Self::Yielded, Self::Returned>;
}

/// How far a generator came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<Yielded, Returned> {
    /// It has suspended, with this value.
    Yield(Yielded),
    /// It has come to its end, with this value.
    Return(Returned),
}

pub use Step::{Return, Yield};
