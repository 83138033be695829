//! What a program has said so far, each line checked like any input.

use crawl::protocol::{Line, MAX_LINE_BYTES, OutcomeLine, Usage};

use crate::text;

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
    lines: usize,
}

impl Ledger {
    /// Nothing said yet about so many targets.
    pub fn new(targets: usize) -> Ledger {
        Ledger { outcomes: vec![None; targets], usage: None, lines: 0 }
    }

    /// Takes the next line of a program that has run for so long: the outcome in it, if it is one.
    ///
    /// # Errors
    /// What is wrong with the line, in a sentence that starts with its number.
    pub fn hear(&mut self, line: &[u8], running_us: u64) -> Result<Option<&OutcomeLine>, String> {
        self.lines += 1;
        let number = self.lines;
        self.take(line, running_us).map_err(|fault| format!("line {number} {fault}"))
    }

    /// What to say of a line that never ends.
    pub fn too_long(&self) -> String {
        format!("line {} is longer than {} KiB", self.lines + 1, MAX_LINE_BYTES >> 10)
    }

    fn take(&mut self, line: &[u8], running_us: u64) -> Result<Option<&OutcomeLine>, String> {
        let parsed = serde_json::from_slice(line).map_err(|error| not_an_outcome(line, &error))?;
        if self.usage.is_some() {
            return Err("comes after the usage, which must be last".to_owned());
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

    fn check(&self, outcome: &OutcomeLine, running_us: u64) -> Result<(), String> {
        let target = outcome.target;
        match self.outcomes.get(target) {
            None => {
                let targets = self.outcomes.len();
                return Err(format!(
                    "is about target {target}, and the job has {targets} (from 0)"
                ));
            }
            Some(Some(_)) => return Err(format!("is a second outcome for target {target}")),
            Some(None) => {}
        }
        match (outcome.status, &outcome.error) {
            (Some(_), Some(_)) => return Err("has both a status and an error".to_owned()),
            (None, None) => return Err("has neither a status nor an error".to_owned()),
            (Some(status @ (..100 | 600..)), _) => {
                return Err(format!("has the status {status}, and HTTP's are 100 to 599"));
            }
            (Some(_), None) if outcome.finished_us.is_none() => {
                return Err("has a status and no finished_us".to_owned());
            }
            _ => {}
        }
        let is_hash = |hash: &str| hash.len() == 64 && hash.bytes().all(|c| c.is_ascii_hexdigit());
        if outcome.sha256.as_deref().is_some_and(|hash| !is_hash(hash)) {
            return Err("has a sha256 that is not 64 hexadecimal digits".to_owned());
        }
        check_times(outcome, running_us)
    }
}

fn check_times(outcome: &OutcomeLine, running_us: u64) -> Result<(), String> {
    let started = outcome.started_us;
    let finished = outcome.finished_us.unwrap_or(u64::MAX);
    let milestones = [
        ("connected_us", outcome.connected_us),
        ("sent_us", outcome.sent_us),
        ("first_byte_us", outcome.first_byte_us),
        ("finished_us", outcome.finished_us),
    ];
    for (name, time) in milestones {
        match time {
            Some(time) if time < started => return Err(format!("has {name} before started_us")),
            Some(time) if time > finished => return Err(format!("has {name} after finished_us")),
            _ => {}
        }
    }
    let latest = outcome.finished_us.unwrap_or(started);
    if latest > running_us + CLOCKS_DIFFER_US {
        return Err(format!(
            "is from the future: {latest} µs, and the program has run for {running_us} \
             (times count from the beginning of the crawl)"
        ));
    }
    Ok(())
}

/// A line that is JSON was meant as an outcome: then what is missing in it helps. Anything else was meant for people.
fn not_an_outcome(line: &[u8], error: &serde_json::Error) -> String {
    let shown = text::cut(&text::escaped(String::from_utf8_lossy(line).trim_end()), SHOWN);
    match serde_json::from_slice::<serde_json::Value>(line) {
        Ok(value) if value.is_object() => {
            let error = error.to_string();
            let reason = error.split(" at line ").next().unwrap_or_default();
            format!("is not an outcome ({}): {shown}", text::cut(&text::escaped(reason), SHOWN))
        }
        _ => format!("is not an outcome: {shown}. Print notes to stderr."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"{"outcome":{"target":1,"by":"main","status":200,"bytes":5,"started_us":1,"finished_us":9}}"#;

    fn hear(lines: &[&str]) -> Result<(), String> {
        let mut ledger = Ledger::new(3);
        lines.iter().try_for_each(|line| ledger.hear(line.as_bytes(), 1000).map(|_| ()))
    }

    fn bad(lines: &[&str], fault: &str) {
        let told = hear(lines).expect_err(fault);
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
