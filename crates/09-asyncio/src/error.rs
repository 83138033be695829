use std::{fmt, io};

/// What Python would raise, as a value.
///
/// It prints as Python prints the exception, its class included.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// let error = asyncio::get_running_loop().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "RuntimeError: no running event loop"
/// );
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The result was asked for before it was set.
    NotDone,
    /// The exception was asked for before there was an end.
    NoException,
    /// A result was set where one is already.
    InvalidState,
    /// The future or task was cancelled.
    Cancelled,
    /// The task panicked. The words are those of its panic.
    Exception(String),
    /// An `await` by value has taken the result. Python has no such
    /// error: there, a result is never moved.
    Taken,
    /// This, which is `set_result` or `set_exception`, was called on a
    /// task. Only its coroutine ends a task.
    TaskHasCoroutine(&'static str),
    /// The time of a `result(timeout)` is over.
    Timeout,
    /// No event loop runs on this thread.
    NoRunningLoop,
    /// No event loop runs on this thread, and none was set for it.
    NoCurrentLoop,
    /// This loop runs already.
    AlreadyRunning,
    /// Another loop runs on this thread.
    OtherLoopRuns,
    /// `run` was called inside of a running loop.
    RunInsideLoop,
    /// The loop was stopped before the end of its main coroutine.
    Stopped,
    /// `task_done` was called more often than items were put.
    TaskDoneTooOften,
    /// The system has no selector for the loop, or cannot wait.
    Io(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::NotDone => "InvalidStateError: Result is not set.",
            Error::NoException => {
                "InvalidStateError: Exception is not set."
            }
            Error::InvalidState => "InvalidStateError: invalid state",
            Error::Cancelled => "CancelledError",
            Error::Exception(words) => words,
            Error::Taken => "the result was taken by another await",
            Error::TaskHasCoroutine(operation) => {
                return write!(
                    f,
                    "RuntimeError: Task does not support {operation} \
                     operation"
                );
            }
            Error::Timeout => "TimeoutError",
            Error::NoRunningLoop => "RuntimeError: no running event loop",
            Error::NoCurrentLoop => {
                "RuntimeError: There is no current event loop in this \
                 thread."
            }
            Error::AlreadyRunning => {
                "RuntimeError: This event loop is already running"
            }
            Error::OtherLoopRuns => {
                "RuntimeError: Cannot run the event loop while another \
                 loop is running"
            }
            Error::RunInsideLoop => {
                "RuntimeError: asyncio.run() cannot be called from a \
                 running event loop"
            }
            Error::Stopped => {
                "RuntimeError: Event loop stopped before Future completed."
            }
            Error::TaskDoneTooOften => {
                "ValueError: task_done() called too many times"
            }
            Error::Io(error) => return write!(f, "OSError: {error}"),
        })
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error)
    }
}

/// For a caller whose own errors are those of sockets.
impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        match error {
            Error::Io(error) => error,
            other => io::Error::other(other),
        }
    }
}
