//! What a fault is called.

use std::fmt;

use crawl::protocol::MAX_LINE_BYTES;

use crate::results::{Ending, Fault, WrongLine};
use crate::words;

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
