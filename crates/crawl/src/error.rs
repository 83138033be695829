use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a fetch brought no page: one target's failure, never the crawl's.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error,
)]
#[error("{kind}: {message}")]
pub struct FetchError {
    /// The stable word for what went wrong.
    pub kind: ErrorKind,
    /// How far the fetch had come.
    pub phase: Phase,
    /// Bytes of the final answer that had arrived, its head included.
    pub bytes: u64,
    /// Bytes that the final answer would have had, where it said so.
    pub expected_bytes: Option<u64>,
    /// What failed, in a sentence for people.
    pub message: String,
}

/// The kinds of failure. The same fault has the same kind at every stage.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// The name has no address.
    Resolve,
    /// Refused, unreachable, or given up by the kernel before our deadline.
    Connect,
    /// Ended by a reset before any byte of the final answer.
    Reset,
    /// Ended in order before any byte of the final answer.
    EmptyReply,
    /// Ended after some bytes of the final answer and before its framing
    /// was complete.
    Truncated,
    /// Our deadline for the whole fetch passed.
    Timeout,
    /// Not HTTP, or framing that cannot be trusted.
    Malformed,
    /// A head, its number of headers, or a body over its limit.
    TooLarge,
    /// The process or thread that ran the fetch went away.
    WorkerDied,
    /// Anything else that the system said, with its words.
    Io,
}

impl ErrorKind {
    /// The stable word, as it stands in the protocol: `empty-reply`.
    pub fn word(self) -> &'static str {
        match self {
            ErrorKind::Resolve => "resolve",
            ErrorKind::Connect => "connect",
            ErrorKind::Reset => "reset",
            ErrorKind::EmptyReply => "empty-reply",
            ErrorKind::Truncated => "truncated",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Malformed => "malformed",
            ErrorKind::TooLarge => "too-large",
            ErrorKind::WorkerDied => "worker-died",
            ErrorKind::Io => "io",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How far a fetch had come when it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// No connection yet.
    Connecting,
    /// Connected, the request not yet sent whole.
    Sending,
    /// The request is sent, and no byte has come back.
    Waiting,
    /// Bytes have come back, but not all.
    Receiving,
}
