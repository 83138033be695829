//! What a program has said so far, each line checked like any input.

use crawl::protocol::{ErrorLine, Line, OutcomeLine, Usage};
use crawl::{ErrorKind, Phase};

use super::recorded::Recorded;
use crate::results::{Fault, WrongLine};
use crate::words;

/// Clocks of two processes may differ by this much before a time is called impossible.
pub const CLOCKS_DIFFER_US: u64 = 100_000;

/// Characters of a wrong line that are shown, and of the reason: it may list all kinds of errors.
const SHOWN: usize = 60;
const REASON: usize = 240;

/// The outcomes of one run, as they come in.
///
/// Invariant: what is in here was asked for, came once, and makes sense.
#[derive(Debug)]
pub struct Checked {
    /// By index into the job's targets.
    pub outcomes: Vec<Option<OutcomeLine>>,
    /// What the program said that its crawl cost.
    pub usage: Option<Usage>,
    /// What its workers did, if the job asked for it.
    pub recorded: Option<Recorded>,
    /// How many lines it has said.
    pub lines: usize,
}

impl Checked {
    /// Nothing said yet about so many targets, of a run that is recorded or not.
    pub fn new(targets: usize, is_recorded: bool) -> Checked {
        let recorded = is_recorded.then(Recorded::default);
        Checked { outcomes: vec![None; targets], usage: None, recorded, lines: 0 }
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
            Line::Activity(step) => {
                let targets = self.outcomes.len();
                if let Some(recorded) = &mut self.recorded {
                    recorded.take(step, targets, running_us)?;
                }
                Ok(None)
            }
            Line::Usage(usage) => {
                self.usage = Some(usage);
                Ok(None)
            }
            Line::Outcome(outcome) => {
                let target = outcome.target;
                self.check(&outcome, running_us)?;
                Ok(Some(self.outcomes[target].insert(with_possible_status(outcome))))
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

/// The server decides what its status is, so that a status no page can have is not the program's
/// fault: that page failed, as it does in the stages.
fn with_possible_status(outcome: OutcomeLine) -> OutcomeLine {
    let status = match outcome.status {
        None | Some(200..=599) => return outcome,
        Some(status @ ..1000) => format!("status {status}"),
        Some(_) => "a status of more than three digits".to_owned(),
    };
    OutcomeLine {
        status: None,
        bytes: None,
        sha256: None,
        location: None,
        content_encoding: None,
        error: Some(ErrorLine {
            kind: ErrorKind::Malformed,
            phase: Some(Phase::Receiving),
            bytes: 0,
            expected_bytes: None,
            message: format!("the program told {status}, and a page has 200 to 599"),
        }),
        ..outcome
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

/// A line that opens an object was meant as an outcome: then what is wrong with it helps. Anything
/// else was meant for people.
fn not_an_outcome(line: &[u8], error: &serde_json::Error) -> WrongLine {
    let is_object = line.trim_ascii_start().starts_with(b"{");
    if !is_object || is_lone_brace(line) {
        let shown = shown(String::from_utf8_lossy(line).trim_end());
        return WrongLine::NotAnOutcome { shown, object: None };
    }
    let why = error.to_string();
    let why = why.split(" at line ").next().unwrap_or_default();
    let at = error.column().saturating_sub(1).min(line.len());
    let why = match word_at(line, at) {
        _ if error.is_data() => in_words_of_json(why),
        word @ ("NaN" | "Infinity") => format!("{word} is not JSON, null is"),
        _ => format!("invalid JSON in column {}, {why}", at + 1),
    };
    let shown = match error.is_data() || at < SHOWN / 2 {
        true => shown(String::from_utf8_lossy(line).trim_end()),
        false => {
            let from = String::from_utf8_lossy(&line[at - SHOWN / 2..]);
            format!("…{}", shown(from.trim_start_matches('\u{fffd}').trim_end()))
        }
    };
    let reason = words::cut(&words::escaped(&why), REASON);
    WrongLine::NotAnOutcome { shown, object: Some(reason) }
}

/// The reader of JSON names types of Rust, and whoever wrote the program may know none of them.
fn in_words_of_json(why: &str) -> String {
    let why = why.replace(": floating point `", ": number `").replace(": integer `", ": number `");
    let Some((before, expected)) = why.rsplit_once(", expected struct ") else { return why };
    // The name of the struct ends the reason, or the number of its fields follows. In a text of the
    // program, a quote would.
    let is_name = expected.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ');
    if is_name { format!("{before}, expected an object") } else { why }
}

/// `{` alone opens many things that are not an outcome: a printed list, a line of code.
fn is_lone_brace(line: &[u8]) -> bool {
    line.trim_ascii() == b"{"
}

/// The letters around a place in a line.
fn word_at(line: &[u8], at: usize) -> &str {
    let is_letter = |byte: &&u8| byte.is_ascii_alphabetic();
    let from = at - line[..at].iter().rev().take_while(is_letter).count();
    let to = at + line[at..].iter().take_while(is_letter).count();
    str::from_utf8(&line[from..to]).expect("letters of ASCII")
}

fn shown(text: &str) -> String {
    words::cut(&words::escaped(text), SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"{"outcome":{"target":1,"by":"main","status":200,"bytes":5,"started_us":1,"finished_us":9}}"#;

    fn hear(lines: &[&str]) -> Result<(), Fault> {
        let mut checked = Checked::new(3, true);
        lines.iter().try_for_each(|line| checked.hear(line.as_bytes(), 1000).map(|_| ()))
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
        bad(&[&activity.replace("selecting", "dancing")], "unknown variant `dancing`");
        bad(&[activity, activity], "line 2 is a step of main that begins before the step before");
        bad(&[&activity.replace(":2}", ":0}")], "line 1 has to_us before from_us");
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
        bad(&[&with("200", "null")], "neither");
        bad(&[&with("9}", r#"9,"error":{"kind":"io"}}"#)], "both");
        bad(&[&with(r#","finished_us":9"#, "")], "no finished_us");
        bad(&[&with(":9}", ":0}")], "finished_us before started_us");
        bad(&[&with(":9}", r#":9,"sent_us":10}"#)], "sent_us after finished_us");
        bad(&[&with(":9}", ":99999999}")], "from the future");
        bad(&[&with(":9}", r#":9,"sha256":"x"}"#)], "sha256");
        bad(&[r#"{"usage":{}}"#, PAGE], "line 2 comes after the usage");
    }

    #[test]
    fn json_that_is_none_is_told_with_its_reason() {
        let with = |from: &str, to: &str| PAGE.replace(from, to);
        bad(&[&with("9}", "NaN}")], "is not an outcome (NaN is not JSON, null is): …");
        bad(&[&with("9}", "-Infinity}")], "(Infinity is not JSON, null is): …");
        bad(
            &[&with("main", "\\ud800")],
            "(invalid JSON in column 36, unexpected end of hex escape): …",
        );
        bad(&[&with("}}", "}")], "(invalid JSON in column 89, EOF while parsing an object): …");
        bad(
            &["{'outcome': 1}"],
            "(invalid JSON in column 2, key must be a string): {'outcome': 1}",
        );
        bad(&["{"], "is not an outcome: {. Print notes to stderr.");
        let object = "expected an object)";
        for line in
            [r#"{"outcome":[1]}"#, r#"{"outcome":null}"#, r#"{"activity":"x"}"#, r#"{"usage":3}"#]
        {
            bad(&[line], object);
        }
        bad(&[&with(r#""status":200,"bytes":5"#, r#""error":"x""#)], object);
        bad(
            &[&with("200", "-1.5")],
            "(invalid value: number `-1.5`, expected a number from 0 up): {",
        );
        bad(&[&with(":1,\"by", ":-1,\"by")], "number `-1`, expected a number from 0 up): {");
        bad(&[&with("200,", r#"null,"error":{"kind":"late"},"#)], "`worker-died`, `io`): {");
    }

    #[test]
    fn a_status_that_no_page_can_have_fails_its_page_alone() {
        for status in ["0", "99", "103", "199", "600", "999", "70000"] {
            let mut checked = Checked::new(3, true);
            let line = PAGE.replace("200", status);
            let outcome = checked.hear(line.as_bytes(), 1000).unwrap().unwrap();
            let error = outcome.error.as_ref().expect(status);
            assert_eq!((error.kind, outcome.status), (ErrorKind::Malformed, None));
            assert!(error.message.contains("a page has 200 to 599"), "{}", error.message);
            assert_eq!(outcome.finished_us, Some(9));
        }
        for status in ["200", "404", "599"] {
            assert_eq!(hear(&[&PAGE.replace("200", status)]), Ok(()));
        }
    }
}
