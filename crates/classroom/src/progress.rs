//! What a student has done so far, as a file that people can read.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;

use crate::exercise::Wrong;
use crate::{LEVELS, Outcome, Verdict};

const HEAD: &str = "\
# What `stage-runner check` said last of each exercise, and which hints were shown since.
# It is yours: without a block, that exercise begins anew.
";

/// All exercises that were checked, by their id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    entries: BTreeMap<String, Entry>,
}

/// What is known of one exercise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Whether it has ever passed.
    #[serde(default)]
    pub passed: bool,
    /// `passed`, `not yet` or `not judged`: the last verdict.
    pub verdict: String,
    /// Its reason.
    #[serde(default)]
    pub reason: Option<String>,
    /// What was seen, or why it was not judged.
    #[serde(default)]
    pub words: Option<String>,
    /// How often it was checked.
    #[serde(default)]
    pub checks: u32,
    /// How many hints for this reason were shown.
    #[serde(default)]
    pub hints: usize,
}

impl Progress {
    /// Reads the file.
    ///
    /// # Errors
    /// Which line is wrong, and why.
    pub fn parse(text: &str) -> Result<Progress, Wrong> {
        toml::from_str(text).map(|entries| Progress { entries }).map_err(|error| {
            let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
            let at = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            Wrong::new(format!("{at}{}", error.message()))
        })
    }

    /// What is known of an exercise.
    pub fn of(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// Notes a verdict. The hints of the same reason go on where they were.
    pub fn note(&mut self, id: &str, verdict: &Verdict) {
        let entry = self.entries.entry(id.to_owned()).or_default();
        let (word, reason, words) = match &verdict.outcome {
            Outcome::Passed => ("passed", None, None),
            Outcome::NotYet { finding, .. } => {
                ("not yet", Some(finding.reason.clone()), Some(finding.words.clone()))
            }
            Outcome::NotJudged { why, .. } => {
                ("not judged", entry.reason.clone(), Some(why.clone()))
            }
        };
        entry.passed |= verdict.outcome == Outcome::Passed;
        entry.checks += 1;
        if entry.reason != reason {
            entry.hints = 0;
        }
        word.clone_into(&mut entry.verdict);
        entry.reason = reason;
        entry.words = words;
    }

    /// The level of the next hint for the reason of the last verdict, from 1, and notes that it is
    /// shown. After the last level, that one again.
    pub fn next_hint(&mut self, id: &str) -> Option<(&str, usize)> {
        let entry = self.entries.get_mut(id)?;
        let reason = entry.reason.as_deref()?;
        entry.hints = (entry.hints + 1).min(LEVELS);
        Some((reason, entry.hints))
    }

    /// The text of the file.
    pub fn to_text(&self) -> String {
        let mut text = HEAD.to_owned();
        for (id, entry) in &self.entries {
            let mut line = |line: String| writeln!(text, "{line}").expect("a String takes all");
            line(format!("\n[{}]", key(id)));
            line(format!("passed = {}", entry.passed));
            line(format!("verdict = {}", quoted(&entry.verdict)));
            if let Some(reason) = &entry.reason {
                line(format!("reason = {}", quoted(reason)));
            }
            if let Some(words) = &entry.words {
                line(format!("words = {}", quoted(words)));
            }
            line(format!("checks = {}", entry.checks));
            line(format!("hints = {}", entry.hints));
        }
        text
    }
}

/// The name of a block: in quotes where it has more than letters, digits and hyphens.
fn key(id: &str) -> String {
    let is_bare =
        !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if is_bare { id.to_owned() } else { quoted(id) }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Finding;

    fn verdict(reason: Option<&str>) -> Verdict {
        let finding = |reason: &str| Finding {
            reason: reason.to_owned(),
            words: "seen \"here\"\nand there".to_owned(),
        };
        let outcome = match reason {
            Some(reason) => Outcome::NotYet { run: 0, finding: finding(reason) },
            None => Outcome::Passed,
        };
        Verdict { outcome, runs: Vec::new() }
    }

    #[test]
    fn it_is_read_back_as_it_was_written() {
        let mut progress = Progress::default();
        progress.note("3a", &verdict(Some("too-many")));
        progress.note("museum/lost-wakeup", &verdict(None));
        let text = progress.to_text();
        assert!(text.contains("[3a]\npassed = false\nverdict = \"not yet\"\n"), "{text}");
        assert!(text.contains("[\"museum/lost-wakeup\"]"), "{text}");
        assert_eq!(Progress::parse(&text).unwrap(), progress);
    }

    #[test]
    fn hints_belong_to_a_reason() {
        let mut progress = Progress::default();
        assert_eq!(progress.next_hint("3a"), None);
        progress.note("3a", &verdict(Some("too-many")));
        for level in [1, 2, 3, 3] {
            assert_eq!(progress.next_hint("3a"), Some(("too-many", level)));
        }
        progress.note("3a", &verdict(Some("too-many")));
        assert_eq!(progress.next_hint("3a"), Some(("too-many", 3)), "the same reason");
        progress.note("3a", &verdict(Some("gaps")));
        assert_eq!(progress.next_hint("3a"), Some(("gaps", 1)));
        progress.note("3a", &verdict(None));
        assert_eq!(progress.next_hint("3a"), None);
        progress.note("3a", &verdict(Some("gaps")));
        assert!(progress.of("3a").unwrap().passed, "once passed is passed");
    }

    #[test]
    fn a_broken_file_is_told_with_its_line() {
        let wrong = Progress::parse("[3a]\nverdict = 3\n").unwrap_err().to_string();
        assert!(wrong.starts_with("line 2: "), "{wrong}");
    }
}
