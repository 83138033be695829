//! What a recorded step is to a reader: one of a few kinds.

use crate::results::{Did, State, Step};

/// Whoever asks no more often than this has not asked again and again: an event loop, too, asks in
/// vain now and then.
const NOW_AND_THEN: u64 = 10;

/// What a worker does during a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the words of `Kind::WORDS` say what they mean")]
pub enum Kind {
    Starting,
    Begun,
    Connect,
    Connecting,
    Connected,
    Send,
    Sent,
    Parked,
    Receive,
    Received,
    CallFailed,
    Done,
    Failed,
    Slept,
    Woken,
    Asked,
    Spun,
    Ran,
    Others,
}

impl Kind {
    /// The words by which the page's script knows them, in the order of the kinds.
    pub const WORDS: [&str; 19] = [
        "starting",
        "begun",
        "connect",
        "connecting",
        "connected",
        "send",
        "sent",
        "parked",
        "receive",
        "received",
        "callFailed",
        "done",
        "failed",
        "slept",
        "woken",
        "asked",
        "spun",
        "ran",
        "others",
    ];

    /// The kind of a step; of one that ends a fetch it matters whether the fetch failed.
    pub fn of(step: &Step, has_failed: bool) -> Kind {
        match (&step.did, step.state) {
            (_, State::Starting) => Kind::Starting,
            (Some(Did::Finished), _) if has_failed => Kind::Failed,
            (Some(Did::Finished), _) => Kind::Done,
            (Some(Did::Begun), _) => Kind::Begun,
            (Some(Did::Connecting), _) => Kind::Connecting,
            (Some(Did::Failed), _) => Kind::CallFailed,
            (Some(Did::Connected), _) => Kind::Connected,
            (Some(Did::Sent), _) => Kind::Sent,
            (Some(Did::Parked), _) => Kind::Parked,
            (Some(Did::Received), _) => Kind::Received,
            (Some(Did::Asked), _) if step.number.unwrap_or(0) <= NOW_AND_THEN => Kind::Asked,
            (Some(Did::Asked), _) | (_, State::Spinning) => Kind::Spun,
            (Some(Did::Woken), _) => Kind::Woken,
            (Some(Did::Slept), _) | (_, State::Selecting) => Kind::Slept,
            (_, State::Connecting) => Kind::Connect,
            (_, State::Sending) => Kind::Send,
            (_, State::Receiving) => Kind::Receive,
            (_, State::Running) => Kind::Ran,
        }
    }
}

/// Whether code ran in this step: the worker was there, and not asleep.
pub fn is_awake(step: &Step) -> bool {
    !step.asleep && step.state != State::Starting
}
