use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::{ErrorKind, FetchError, Page, Phase};

/// How one fetch ended. Every target gets exactly one.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which target: its index in the slice that `crawl` was given.
    pub target: usize,
    /// Who ran the fetch.
    pub by: Worker,
    /// The page, or why there is none.
    pub result: Result<Page, FetchError>,
    /// When it came how far.
    pub timeline: Timeline,
    /// How often `send` or `recv` failed only because it would have had to
    /// wait.
    pub failed_attempts: u32,
    /// The SHA-256 of the page's body, where [`Limits`](crate::Limits) asks
    /// for it.
    pub sha256: Option<[u8; 32]>,
}

impl Outcome {
    /// The outcome of a fetch that never began: its name has no address, or
    /// nobody could run it.
    pub fn not_fetched(
        target: usize,
        by: Worker,
        kind: ErrorKind,
        message: String,
    ) -> Outcome {
        Outcome {
            target,
            by,
            result: Err(FetchError {
                kind,
                phase: Phase::Connecting,
                bytes: 0,
                expected_bytes: None,
                message,
            }),
            timeline: Timeline::starting_now(),
            failed_attempts: 0,
            sha256: None,
        }
    }

    /// The outcome of a target in a crawl that failed before any outcome.
    pub fn not_started(target: usize, error: &io::Error) -> Outcome {
        Outcome::not_fetched(
            target,
            Worker::Main,
            ErrorKind::Io,
            format!("the crawl did not start: {error}"),
        )
    }

    /// The outcome of a target that is left over because the waiting itself
    /// failed.
    pub fn not_waited_for(target: usize, error: &io::Error) -> Outcome {
        Outcome::not_fetched(
            target,
            Worker::Main,
            ErrorKind::Io,
            format!("cannot wait for sockets: {error}"),
        )
    }
}

/// Who ran a fetch. Numbers count from 1.
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
#[serde(into = "String", try_from = "String")]
pub enum Worker {
    /// The thread that called `crawl`.
    Main,
    /// A thread of a pool.
    Thread(u32),
    /// A process of a pool.
    Process(u32),
}

impl fmt::Display for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Worker::Main => f.write_str("main"),
            Worker::Thread(number) => write!(f, "thread {number}"),
            Worker::Process(number) => write!(f, "process {number}"),
        }
    }
}

impl FromStr for Worker {
    type Err = String;

    fn from_str(text: &str) -> Result<Worker, String> {
        let number =
            |number: &str| number.parse().map_err(|_| unknown_worker(text));
        match text.split_once(' ') {
            None if text == "main" => Ok(Worker::Main),
            Some(("thread", thread)) => Ok(Worker::Thread(number(thread)?)),
            Some(("process", process)) => {
                Ok(Worker::Process(number(process)?))
            }
            _ => Err(unknown_worker(text)),
        }
    }
}

fn unknown_worker(text: &str) -> String {
    format!(
        "{text:?} is not a worker: main, thread 1 or process 1 would be"
    )
}

impl TryFrom<String> for Worker {
    type Error = String;

    fn try_from(text: String) -> Result<Worker, String> {
        text.parse()
    }
}

impl From<Worker> for String {
    fn from(worker: Worker) -> String {
        worker.to_string()
    }
}

/// When a fetch came how far. Only the start is a moment of this process;
/// the rest is counted from there.
#[derive(Clone, Copy, Debug)]
pub struct Timeline {
    /// When the fetch began.
    pub started: Instant,
    /// When the connection was there.
    pub connected: Option<Duration>,
    /// When the whole request was handed to the system.
    pub sent: Option<Duration>,
    /// When the first byte came back.
    pub first_byte: Option<Duration>,
    /// When the fetch ended, well or badly.
    pub finished: Option<Duration>,
}

impl Timeline {
    /// A fetch that begins now.
    pub fn starting_now() -> Timeline {
        Timeline {
            started: Instant::now(),
            connected: None,
            sent: None,
            first_byte: None,
            finished: None,
        }
    }
}
