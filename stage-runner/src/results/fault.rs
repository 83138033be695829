//! What went wrong with a program as a whole, whatever became of its pages.

use std::process::ExitStatus;

use serde::{Deserialize, Serialize};

use crate::system::processes;

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
#[allow(missing_docs, reason = "the sentences in `wording` say what they mean")]
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

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Ending {
        match (status.code(), processes::signal(status)) {
            (Some(code), _) => Ending::Exit(code),
            (None, Some(signal)) => Ending::Signal(signal),
            (None, None) => Ending::Other(status.to_string()),
        }
    }
}
