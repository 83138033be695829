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
pub(crate) type Step<T> = Result<T, Stop>;

/// Why a generator hands over to the one that resumed it, without its return value.
pub(crate) enum Stop {
    /// It waits for this; resume it with the result.
    Yield(Future<Ready>),
    /// It has failed; it is not to be resumed.
    Raise(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Raise(error)
    }
}

impl From<DeadlinePassed> for Stop {
    fn from(passed: DeadlinePassed) -> Stop {
        Stop::Raise(passed.into())
    }
}
