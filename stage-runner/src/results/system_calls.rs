//! What a program asked of the system.

use std::collections::BTreeMap;

/// The system calls of one run, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemCalls {
    /// How many pages the run had.
    pub pages: usize,
    /// Whether they count from the first network socket on. There may be none: `io_uring` makes
    /// sockets without a call.
    pub from_the_first_socket: bool,
    /// What was called most often first.
    pub calls: Vec<Called>,
}

/// One system call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Called {
    /// `recvfrom`.
    pub name: String,
    /// How often, by all threads and child processes together.
    pub times: u64,
    /// How often it failed, by the name of the error: `EAGAIN`.
    pub failed: BTreeMap<String, u64>,
}
