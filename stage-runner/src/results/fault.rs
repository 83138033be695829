//! What went wrong with a program as a whole, whatever became of its pages.

use std::fmt;
use std::process::ExitStatus;

use crawl::protocol::MAX_LINE_BYTES;
use serde::{Deserialize, Serialize};

use crate::system::processes;
use crate::words;

/// Why a run was skipped, or did not go as the protocol has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fault {
    /// It cannot run on this system, so it did not.
    NotHere {
        /// The reason.
        why: String,
    },
    /// Its program could not be started.
    NotStarted {
        /// Which program.
        program: String,
        /// The reason.
        why: String,
        /// Whether the system gave the runner no process, thread or descriptor for it: then nothing
        /// is wrong with the program.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_shortage: bool,
    },
    /// It printed a line that is not one of the protocol.
    WrongLine {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        wrong: WrongLine,
    },
    /// It told of no fetch for longer than any fetch may take, and was ended.
    Hung {
        /// For how long.
        silent_us: u64,
    },
    /// It ended before every page had its outcome, or not as a program should.
    Ended {
        /// How.
        how: Ending,
        /// Pages without an outcome.
        unanswered: usize,
    },
    /// Somebody stopped the runner.
    Interrupted,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// With this exit status.
    Exit(i32),
    /// By a signal: its name.
    Signal(String),
    /// In the words of the system.
    Other(String),
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the sentences below say what they mean")]
pub enum WrongLine {
    /// A JSON object was meant as a line of the protocol; anything else was meant for people.
    NotAnOutcome {
        shown: String,
        object: Option<String>,
    },
    TooLong,
    AfterUsage,
    UnknownTarget {
        target: usize,
        targets: usize,
    },
    SecondOutcome {
        target: usize,
    },
    StatusAndError,
    NeitherStatusNorError,
    StatusWithoutFinish,
    InvalidDigest,
    BeforeStart {
        milestone: String,
    },
    AfterFinish {
        milestone: String,
    },
    FromTheFuture {
        latest_us: u64,
        running_us: u64,
    },
    StepBackwards,
    StepOverlaps {
        by: String,
    },
}

impl Fault {
    /// The fault with the name of whose it is: `mine, line 3 is not an outcome: hello.`
    pub fn of(&self, name: &str) -> String {
        let joint = match self {
            Fault::WrongLine { .. } => ", ",
            Fault::Ended { .. } | Fault::Hung { .. } => " ",
            Fault::NotHere { .. } => " skipped: ",
            Fault::NotStarted { .. } | Fault::Interrupted => ": ",
        };
        format!("{name}{joint}{}", words::escaped(&self.to_string()))
    }
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Ending {
        match (status.code(), processes::signal(status)) {
            (Some(code), _) => Ending::Exit(code),
            (None, Some(signal)) => Ending::Signal(signal),
            (None, None) => Ending::Other(status.to_string()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NotHere { why } => f.write_str(why),
            Fault::NotStarted { program, why, .. } => write!(f, "cannot start {program}: {why}"),
            Fault::WrongLine { line, wrong } => write!(f, "line {line} {wrong}"),
            Fault::Hung { silent_us } => {
                write!(f, "was silent for {}: hung, and ended", words::duration(*silent_us))
            }
            Fault::Ended { how, unanswered } => {
                f.write_str("ended")?;
                if *how != Ending::Exit(0) {
                    write!(f, " with {how}")?;
                }
                match words::plural(*unanswered as u64, "page") {
                    _ if *unanswered == 0 => Ok(()),
                    pages => write!(f, " and left {pages} without an outcome"),
                }
            }
            Fault::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Exit(code) => write!(f, "exit status {code}"),
            Ending::Signal(name) if name == "SIGSEGV" || name == "SIGBUS" => {
                write!(f, "{name} (a stack overflow ends like this)")
            }
            Ending::Signal(name) => f.write_str(name),
            Ending::Other(words) => f.write_str(words),
        }
    }
}

/// After `line 3`.
impl fmt::Display for WrongLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WrongLine::NotAnOutcome { shown, object: None } => {
                write!(f, "is not an outcome: {shown}. Print notes to stderr.")
            }
            WrongLine::NotAnOutcome { shown, object: Some(why) } => {
                write!(f, "is not an outcome ({why}): {shown}")
            }
            WrongLine::TooLong => write!(f, "is longer than {} KiB", MAX_LINE_BYTES >> 10),
            WrongLine::AfterUsage => f.write_str("comes after the usage, which must be last"),
            WrongLine::UnknownTarget { target, targets } => {
                write!(f, "is about target {target}, and the job has {targets} (from 0)")
            }
            WrongLine::SecondOutcome { target } => {
                write!(f, "is a second outcome for target {target}")
            }
            WrongLine::StatusAndError => f.write_str("has both a status and an error"),
            WrongLine::NeitherStatusNorError => f.write_str("has neither a status nor an error"),
            WrongLine::StatusWithoutFinish => f.write_str("has a status and no finished_us"),
            WrongLine::InvalidDigest => {
                f.write_str("has a sha256 that is not 64 hexadecimal digits")
            }
            WrongLine::BeforeStart { milestone } => {
                write!(f, "has {milestone} before started_us")
            }
            WrongLine::AfterFinish { milestone } => {
                write!(f, "has {milestone} after finished_us")
            }
            WrongLine::FromTheFuture { latest_us, running_us } => write!(
                f,
                "is from the future: {latest_us} µs, and the program has run for {running_us} \
                 (times count from the beginning of the crawl)"
            ),
            WrongLine::StepBackwards => f.write_str("has to_us before from_us"),
            WrongLine::StepOverlaps { by } => {
                write!(f, "is a step of {by} that begins before the step before it ends")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_a_sentence_with_a_name() {
        let not_an_outcome = |shown: &str, object: Option<&str>| WrongLine::NotAnOutcome {
            shown: shown.to_owned(),
            object: object.map(str::to_owned),
        };
        let line = |wrong| Fault::WrongLine { line: 3, wrong };
        let ended = |how, unanswered| Fault::Ended { how, unanswered };
        for (fault, sentence) in [
            (
                line(not_an_outcome("hello", None)),
                "mine, line 3 is not an outcome: hello. Print notes to stderr.",
            ),
            (
                line(not_an_outcome("{}", Some("a field is missing"))),
                "mine, line 3 is not an outcome (a field is missing): {}",
            ),
            (line(WrongLine::TooLong), "mine, line 3 is longer than 64 KiB"),
            (
                line(WrongLine::UnknownTarget { target: 7, targets: 2 }),
                "mine, line 3 is about target 7, and the job has 2 (from 0)",
            ),
            (
                ended(Ending::Exit(3), 9),
                "mine ended with exit status 3 and left 9 pages without an outcome",
            ),
            (ended(Ending::Exit(0), 1), "mine ended and left 1 page without an outcome"),
            (
                ended(Ending::Signal("SIGSEGV".to_owned()), 0),
                "mine ended with SIGSEGV (a stack overflow ends like this)",
            ),
            (Fault::Hung { silent_us: 15_000_000 }, "mine was silent for 15.0 s: hung, and ended"),
            (
                Fault::NotStarted {
                    program: "./no\u{1b}".to_owned(),
                    why: "gone".to_owned(),
                    is_shortage: false,
                },
                r"mine: cannot start ./no\u{1b}: gone",
            ),
            (Fault::NotHere { why: "no epoll".to_owned() }, "mine skipped: no epoll"),
            (Fault::Interrupted, "mine: interrupted"),
        ] {
            assert_eq!(fault.of("mine"), sentence);
        }
    }
}
