//! What those are called who wait.

use std::fmt;

use crate::results::{Who, WorkerKind};
use crate::words;

impl WorkerKind {
    /// One of them, in words.
    pub fn noun(self) -> &'static str {
        match self {
            WorkerKind::Thread => "thread",
            WorkerKind::Process => "process",
        }
    }

    /// The word after a number of them.
    pub fn noun_for(self, number: u64) -> &'static str {
        match (self, number) {
            (_, 1) => self.noun(),
            (WorkerKind::Thread, _) => "threads",
            (WorkerKind::Process, _) => "processes",
        }
    }
}

/// `1 thread`, `1,000 processes`.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", words::count(self.count), self.kind.noun_for(self.count))
    }
}
