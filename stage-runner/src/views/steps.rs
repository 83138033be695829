//! What the workers of one run did, step by step, as the pictures need it.

use std::collections::BTreeMap;

use crate::results::Run;

/// What a worker does during a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the words of `Kind::WORDS` say what they mean")]
pub enum Kind {
    Starting,
    Begun,
    Connect,
    Connected,
    Send,
    Sent,
    Parked,
    Receive,
    Received,
    Done,
    Failed,
    Slept,
    Woken,
    Spun,
    Ran,
    Others,
}

impl Kind {
    /// The words by which the page's script knows them, in the order of the kinds.
    pub const WORDS: [&str; 16] = [
        "starting",
        "begun",
        "connect",
        "connected",
        "send",
        "sent",
        "parked",
        "receive",
        "received",
        "done",
        "failed",
        "slept",
        "woken",
        "spun",
        "ran",
        "others",
    ];
}

/// One step of one worker. Times are tenths of a microsecond from the beginning of the crawl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// From when.
    pub from: u64,
    /// How long.
    pub length: u64,
    /// An index into the workers.
    pub worker: usize,
    /// What it does.
    pub kind: Kind,
    /// For which page: an index into the URLs. None: the loop's own code.
    pub target: Option<usize>,
    /// Where in the code: an index into the places.
    pub place: Option<usize>,
    /// Bytes, tries, or how many sockets were ready: it depends on the kind.
    pub number: u64,
    /// Whether the thread slept.
    pub asleep: bool,
}

impl Step {
    /// Its end.
    pub fn to(&self) -> u64 {
        self.from + self.length
    }

    /// Whether code ran.
    pub fn is_awake(&self) -> bool {
        !self.asleep && !matches!(self.kind, Kind::Starting | Kind::Slept)
    }
}

/// All steps of a run.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    /// Their names.
    pub workers: Vec<String>,
    /// `file:line`, each once.
    pub places: Vec<String>,
    /// By time.
    pub rows: Vec<Step>,
}
