//! What a program has said so far, each line checked like any input.

use crawl::protocol::{Line, OutcomeLine, Usage};

use crate::results::{Fault, WrongLine};
use crate::words;

/// Clocks of two processes may differ by this much before a time is called impossible.
const CLOCKS_DIFFER_US: u64 = 100_000;

/// Characters of a wrong line that are shown.
const SHOWN: usize = 60;

/// The outcomes of one run, as they come in.
///
/// Invariant: what is in here was asked for, came once, and makes sense.
#[derive(Debug)]
pub struct Ledger {
    /// By index into the job's targets.
    pub outcomes: Vec<Option<OutcomeLine>>,
    /// What the program said that its crawl cost.
    pub usage: Option<Usage>,
    /// How many lines it has said.
    pub lines: usize,
}

impl Ledger {
    /// Nothing said yet about so many targets.
    pub fn new(targets: usize) -> Ledger {
        Ledger { outcomes: vec![None; targets], usage: None, lines: 0 }
    }

    /// Takes the next line of a program that has run for so long: the outcome in it, if it is one.
    ///
    /// # Errors
    /// What is wrong with the line, with its number.
    pub fn hear(&mut self, line: &[u8], running_us: u64) -> Result<Option<&OutcomeLine>, Fault> {
        self.lines += 1;
        let number = self.lines;
        self.take(line, running_us).map_err(|wrong| Fault::WrongLine { line: number, wrong })
    }

    fn take(&mut self, line: &[u8], running_us: u64) -> Result<Option<&OutcomeLine>, WrongLine> {
        let parsed = serde_json::from_slice(line).map_err(|error| not_an_outcome(line, &error))?;
        if self.usage.is_some() {
            return Err(WrongLine::AfterUsage);
        }
        match parsed {
            Line::Activity(_) => Ok(None),
            Line::Usage(usage) => {
                self.usage = Some(usage);
                Ok(None)
            }
            Line::Outcome(outcome) => {
                let target = outcome.target;
                self.check(&outcome, running_us)?;
                Ok(Some(self.outcomes[target].insert(outcome)))
            }
        }
    }

    fn check(&self, outcome: &OutcomeLine, running_us: u64) -> Result<(), WrongLine> {
        let target = outcome.target;
        match self.outcomes.get(target) {
            None => {
                return Err(WrongLine::UnknownTarget { target, targets: self.outcomes.len() });
            }
            Some(Some(_)) => return Err(WrongLine::SecondOutcome { target }),
            Some(None) => {}
        }
        match (outcome.status, &outcome.error) {
            (Some(_), Some(_)) => return Err(WrongLine::StatusAndError),
            (None, None) => return Err(WrongLine::NeitherStatusNorError),
            (Some(status @ (..100 | 600..)), _) => return Err(WrongLine::InvalidStatus { status }),
            (Some(_), None) if outcome.finished_us.is_none() => {
                return Err(WrongLine::StatusWithoutFinish);
            }
            _ => {}
        }
        let is_hash = |hash: &str| hash.len() == 64 && hash.bytes().all(|c| c.is_ascii_hexdigit());
        if outcome.sha256.as_deref().is_some_and(|hash| !is_hash(hash)) {
            return Err(WrongLine::InvalidDigest);
        }
        check_times(outcome, running_us)
    }
}

fn check_times(outcome: &OutcomeLine, running_us: u64) -> Result<(), WrongLine> {
    let started = outcome.started_us;
    let finished = outcome.finished_us.unwrap_or(u64::MAX);
    let milestones = [
        ("connected_us", outcome.connected_us),
        ("sent_us", outcome.sent_us),
        ("first_byte_us", outcome.first_byte_us),
        ("finished_us", outcome.finished_us),
    ];
    for (name, time) in milestones {
        let milestone = || name.to_owned();
        match time {
            Some(time) if time < started => {
                return Err(WrongLine::BeforeStart { milestone: milestone() });
            }
            Some(time) if time > finished => {
                return Err(WrongLine::AfterFinish { milestone: milestone() });
            }
            _ => {}
        }
    }
    let latest_us = outcome.finished_us.unwrap_or(started);
    if latest_us > running_us + CLOCKS_DIFFER_US {
        return Err(WrongLine::FromTheFuture { latest_us, running_us });
    }
    Ok(())
}

/// A line that is JSON was meant as an outcome: then what is missing in it helps. Anything else was meant for people.
fn not_an_outcome(line: &[u8], error: &serde_json::Error) -> WrongLine {
    let shown = shown(String::from_utf8_lossy(line).trim_end());
    let object = match serde_json::from_slice::<serde_json::Value>(line) {
        Ok(value) if value.is_object() => {
            let error = error.to_string();
            Some(self::shown(error.split(" at line ").next().unwrap_or_default()))
        }
        _ => None,
    };
    WrongLine::NotAnOutcome { shown, object }
}

fn shown(text: &str) -> String {
    words::cut(&words::escaped(text), SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"{"outcome":{"target":1,"by":"main","status":200,"bytes":5,"started_us":1,"finished_us":9}}"#;

    fn hear(lines: &[&str]) -> Result<(), Fault> {
        let mut ledger = Ledger::new(3);
        lines.iter().try_for_each(|line| ledger.hear(line.as_bytes(), 1000).map(|_| ()))
    }

    fn bad(lines: &[&str], fault: &str) {
        let told = hear(lines).expect_err(fault).to_string();
        assert!(told.contains(fault), "{told}");
        assert!(!told.contains(char::is_control), "{told:?}");
    }

    #[test]
    fn what_a_good_program_says() {
        let activity = r#"{"activity":{"by":"main","state":"selecting","from_us":1,"to_us":2}}"#;
        assert_eq!(hear(&[PAGE, activity, r#"{"usage":{"wall_us":10}}"#]), Ok(()));
    }

    #[test]
    fn what_a_bad_program_says() {
        let with = |from: &str, to: &str| PAGE.replace(from, to);
        bad(
            &["hello\u{1b}[2J"],
            r"line 1 is not an outcome: hello\u{1b}[2J. Print notes to stderr.",
        );
        bad(&[PAGE, "3"], "line 2 is not an outcome: 3. Print");
        bad(&[""], "line 1 is not an outcome");
        bad(&["{}"], "is not an outcome (");
        bad(&[&with(r#""target":1,"#, "")], "missing field `target`");
        bad(&[&with("main", "me")], "not a worker");
        bad(&[&with(":1,", ":3,")], "line 1 is about target 3, and the job has 3 (from 0)");
        bad(&[PAGE, PAGE], "line 2 is a second outcome for target 1");
        bad(&[&with("200", "99")], "status 99");
        bad(&[&with("200", "null")], "neither");
        bad(&[&with("9}", r#"9,"error":{"kind":"io"}}"#)], "both");
        bad(&[&with(r#","finished_us":9"#, "")], "no finished_us");
        bad(&[&with(":9}", ":0}")], "finished_us before started_us");
        bad(&[&with(":9}", r#":9,"sent_us":10}"#)], "sent_us after finished_us");
        bad(&[&with(":9}", ":99999999}")], "from the future");
        bad(&[&with(":9}", r#":9,"sha256":"x"}"#)], "sha256");
        bad(&[r#"{"usage":{}}"#, PAGE], "line 2 comes after the usage");
    }
}
