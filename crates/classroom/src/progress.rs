//! What a student has done so far, as a file that people can read.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;

use crate::exercise::Wrong;
use crate::{LEVELS, Outcome, Verdict};

const HEAD: &str = "\
# What `stage-runner check` said last of each exercise, and which hints were shown since.
# `folder` is where an exercise was taken from, if it is not one of the house. `command` is what was
# checked last instead of the program in this folder, and `directory` is where that was.
# `check --all` uses the three. Paths begin at this file.
# It is yours: without a block, that exercise begins anew.
";

/// All exercises that were checked, and those that were taken from a folder, by their id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    entries: BTreeMap<String, Entry>,
}

/// What is known of one exercise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The folder that the exercise is in, unless it is one of the house.
    #[serde(default)]
    pub folder: Option<String>,
    /// Whether it has ever passed.
    #[serde(default)]
    pub passed: bool,
    /// `passed`, `not yet` or `not judged`: the last verdict. Empty before the first check.
    #[serde(default)]
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
    /// The words of what was checked last, where it was not the program that was taken.
    #[serde(default)]
    pub command: Vec<String>,
    /// The folder in which that was started.
    #[serde(default)]
    pub directory: Option<String>,
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

    /// What is known of an exercise that was checked.
    pub fn of(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id).filter(|entry| !entry.verdict.is_empty())
    }

    /// All that is known, also of what was taken and not checked yet.
    pub fn all(&self) -> &BTreeMap<String, Entry> {
        &self.entries
    }

    /// Notes the folder that an exercise was taken from: `None` for one of the house.
    pub fn note_folder(&mut self, id: &str, folder: Option<String>) {
        match folder {
            Some(_) => self.entries.entry(id.to_owned()).or_default().folder = folder,
            None => {
                if let Some(entry) = self.entries.get_mut(id) {
                    entry.folder = None;
                }
            }
        }
    }

    /// Notes the command that was checked, and the folder in which it was started: no words for the
    /// program that was taken.
    pub fn note_command(&mut self, id: &str, command: Vec<String>, directory: Option<String>) {
        let entry = self.entries.entry(id.to_owned()).or_default();
        entry.command = command;
        entry.directory = directory;
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
            if let Some(folder) = &entry.folder {
                line(format!("folder = {}", quoted(folder)));
            }
            if entry.verdict.is_empty() {
                continue;
            }
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
            if !entry.command.is_empty() {
                line(format!("command = {}", toml::Value::from(entry.command.clone())));
            }
            if let Some(directory) = &entry.directory {
                line(format!("directory = {}", quoted(directory)));
            }
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
    fn where_a_program_was_is_read_back() {
        let mut progress = Progress::default();
        progress.note_folder("x1", Some("../x1-mine".to_owned()));
        progress.note_folder("3a", None);
        assert_eq!(progress.of("x1"), None, "it was not checked yet");
        assert_eq!(progress.all().len(), 1, "{progress:?}");
        progress.note("3a", &verdict(None));
        let words = ["node", "my \"own\".js"].map(str::to_owned).to_vec();
        progress.note_command("3a", words, Some("..".to_owned()));
        let text = progress.to_text();
        assert!(text.contains("\n[x1]\nfolder = \"../x1-mine\"\n"), "{text}");
        assert!(text.contains("\ndirectory = \"..\"\n"), "{text}");
        assert_eq!(Progress::parse(&text).unwrap(), progress);

        progress.note("x1", &verdict(None));
        progress.note_command("3a", Vec::new(), None);
        assert_eq!(progress.of("x1").unwrap().folder.as_deref(), Some("../x1-mine"));
        assert_eq!(Progress::parse(&progress.to_text()).unwrap(), progress);
    }

    #[test]
    fn a_file_of_before_is_read() {
        let before = "[3a]\npassed = true\nverdict = \"not yet\"\nreason = \"gaps\"\nchecks = 2\n\
                      hints = 1\n";
        let progress = Progress::parse(before).unwrap();
        let entry = progress.of("3a").unwrap();
        assert!(entry.passed && entry.command.is_empty() && entry.folder.is_none());
        for wrong in ["[3a]\nverdikt = \"passed\"\n", "[3a]\ncommand = \"node\"\n"] {
            let told = Progress::parse(wrong).unwrap_err().to_string();
            assert!(told.starts_with("line "), "{told}");
        }
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
