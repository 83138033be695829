//! The rules: named functions with parameters, which judge one run by what was seen of it.
//!
//! A new rule is a function in a file of this folder, which ends in a `pub(super) const` of type
//! [`Rule`], and one line in [`RULES`]. It gets the observations and nothing else, and comes to
//! [`Judged::fine`], [`Judged::found`] or [`Judged::not_judged`]. What it finds is told in the
//! words of what was seen, never as the change to make.
//!
//! The page `docs/teaching/write-an-exercise.md` has the table of all rules; a test compares the
//! two, and writes the table anew where `UPDATE_EXPECT` is set.

mod as_they_come;
mod basics;
mod connections;
mod deadline;
mod in_vain;
mod loops;
mod mirrors;
mod never_asked;
mod noticed;
mod order;
mod pages;
mod process;
mod requests;
mod said;
mod sleeps;
mod tally;
mod told;
mod workers;

pub use basics::BASICS;
pub(crate) use basics::renamed;
pub(crate) use process::THREADS;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::Observed;

/// Every rule that an exercise can name.
pub const RULES: &[Rule] = &[
    pages::OUTCOMES_ALL,
    pages::KINDS_AS_IN_THE_CORPUS,
    told::TOLD_AS,
    said::NO_ERROR_SAYS,
    deadline::GIVEN_UP,
    deadline::NOT_TOLD_LAST,
    requests::ASKED,
    never_asked::NEVER_ASKED,
    noticed::UNNOTICED_MS,
    connections::CONNECTIONS,
    connections::PEAK_WAITING,
    connections::PEAK_OPEN,
    connections::FREE_PLACE_MEDIAN_MS,
    order::ORDER_AS_THEY_CAME,
    process::THREADS,
    process::SLEEPS_PER_SECOND,
    sleeps::SLEEPS_PER_PAGE,
    in_vain::IN_VAIN_PER_PAGE,
    workers::WORKERS,
    workers::LOST_AT_MOST,
    workers::PLACE_FILLED,
    tally::TALLY,
    as_they_come::TOLD_IN_ORDER,
    as_they_come::TOLD_BEFORE_THE_LAST,
    mirrors::MIRRORS_ASKED,
    mirrors::ONE_PAGE_OF_TWO,
    mirrors::LOSER_GIVES_UP,
    mirrors::LOSER_MEDIAN_MS,
    loops::SHARE_OF_EACH_LOOP,
    loops::ASKED_AFTER_A_LOOP_HAS_ENDED,
];

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// How an exercise names it.
    pub name: &'static str,
    /// What it asks for, in a sentence for teachers. Its own parameter is called `N`, `LEAST` and
    /// `MOST`, `TIME` or `TEXT`.
    pub about: &'static str,
    /// What stands behind its name.
    pub takes: Takes,
    /// What else can stand in its table.
    pub more: &'static [Parameter],
    /// The reasons that it can find.
    pub reasons: &'static [&'static str],
    /// Whether it judges a time: then a busy machine can be why.
    pub is_time: bool,
    /// What it asks for, in a few words for students: `no place left free`.
    pub label: fn(&Given) -> String,
    /// The function itself.
    pub judge: fn(&Given, &Evidence<'_>) -> Judged,
}

/// All rules, the basics first, as a table in Markdown.
pub fn table_of_rules() -> String {
    let mut table =
        "| rule | in TOML | reasons | what it asks for |\n|---|---|---|---|\n".to_owned();
    for rule in std::iter::once(&BASICS).chain(RULES) {
        let in_toml = match rule.name {
            name if name == BASICS.name => "always there".to_owned(),
            name => format!("`{}`", rule.takes.form(name)),
        };
        let more = rule.more.iter().map(|parameter| {
            format!(" `{}`: {}.", parameter.takes.form(parameter.name), parameter.about)
        });
        let more: String = more.collect();
        let time = if rule.is_time { " On time: needs `right` and `wrong`." } else { "" };
        let reasons: Vec<String> =
            rule.reasons.iter().map(|reason| format!("`{reason}`")).collect();
        let (name, about, reasons) = (rule.name, rule.about, reasons.join(", "));
        table.push_str(&format!("| `{name}` | {in_toml} | {reasons} | {about}.{more}{time} |\n"));
    }
    table
}

/// A further parameter of a rule.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What stands behind it.
    pub takes: Takes,
    /// What it is, and what holds without it.
    pub about: &'static str,
}

/// What stands behind a name in `exercise.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: the rule is a string, `"outcomes-all"`.
    Nothing,
    /// A number from 0 up: `3`, `1.2`.
    Number,
    /// The least and the most, `[3, 6]`, or the only whole number that will do, `3`.
    Range,
    /// `"450ms"`, `"2s"`.
    Time,
    /// `"a text"`.
    Text,
}

impl Takes {
    /// What stands behind this name, in the words of [`Rule::about`].
    fn form(self, name: &str) -> String {
        match self {
            Takes::Nothing => format!("\"{name}\""),
            Takes::Number => format!("{name} = N"),
            Takes::Range => format!("{name} = [LEAST, MOST]"),
            Takes::Time => format!("{name} = \"TIME\""),
            Takes::Text => format!("{name} = \"TEXT\""),
        }
    }

    /// How it is written behind this name.
    pub(crate) fn example(self, name: &str) -> String {
        match self {
            Takes::Nothing => format!("\"{name}\""),
            Takes::Number => format!("{name} = 3"),
            Takes::Range => format!("{name} = [3, 6] or {name} = 3"),
            Takes::Time => format!("{name} = \"450ms\""),
            Takes::Text => format!("{name} = \"a text\""),
        }
    }
}

/// A value in `exercise.toml`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Value {
    Nothing,
    Number(f64),
    Range(u64, u64),
    Time(Duration),
    Text(String),
}

/// A rule as an exercise has it, with its parameters.
#[derive(Clone, Debug)]
pub struct Given {
    /// The rule.
    pub rule: &'static Rule,
    /// What stands behind its name.
    pub value: Value,
    /// The further parameters that were given.
    pub more: Vec<(&'static str, Value)>,
    /// What its finding is called in this exercise, in place of the rule's own reasons.
    pub or_else: Option<String>,
    /// What it is called for students, in place of the rule's own label.
    pub says: Option<String>,
    /// Of a rule on time: the worst measure of a right program, and the best of a wrong one.
    pub margins: Option<(f64, f64)>,
}

impl Given {
    /// The number behind the rule's name.
    pub fn number(&self) -> f64 {
        match self.value {
            Value::Number(number) => number,
            _ => unreachable!("{} takes a number, which was checked", self.rule.name),
        }
    }

    /// The least and the most behind the rule's name.
    pub fn range(&self) -> (u64, u64) {
        match self.value {
            Value::Range(least, most) => (least, most),
            _ => unreachable!("{} takes a range, which was checked", self.rule.name),
        }
    }

    /// The time behind the rule's name.
    pub fn time(&self) -> Duration {
        match self.value {
            Value::Time(time) => time,
            _ => unreachable!("{} takes a time, which was checked", self.rule.name),
        }
    }

    /// The text behind the rule's name.
    pub fn text(&self) -> &str {
        match &self.value {
            Value::Text(text) => text,
            _ => unreachable!("{} takes a text, which was checked", self.rule.name),
        }
    }

    /// A further parameter that is a number.
    pub fn number_of(&self, name: &str) -> Option<f64> {
        match self.more.iter().find(|(given, _)| *given == name)? {
            (_, Value::Number(number)) => Some(*number),
            _ => unreachable!("{name} takes a number, which was checked"),
        }
    }

    /// A further parameter that is a text.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        match self.more.iter().find(|(given, _)| *given == name)? {
            (_, Value::Text(text)) => Some(text),
            _ => unreachable!("{name} takes a text, which was checked"),
        }
    }

    /// A further parameter that is a time.
    pub fn time_of(&self, name: &str) -> Option<Duration> {
        match self.more.iter().find(|(given, _)| *given == name)? {
            (_, Value::Time(time)) => Some(*time),
            _ => unreachable!("{name} takes a time, which was checked"),
        }
    }

    /// What it is called for students.
    pub fn label(&self) -> String {
        self.says.clone().unwrap_or_else(|| (self.rule.label)(self))
    }

    /// What it can find, as this exercise calls it.
    pub fn reasons(&self) -> BTreeSet<&str> {
        match &self.or_else {
            Some(reason) => BTreeSet::from([reason.as_str()]),
            None => self.rule.reasons.iter().copied().collect(),
        }
    }

    /// Judges, with the reason as this exercise calls it.
    pub fn judge(&self, evidence: &Evidence<'_>) -> Judged {
        let mut judged = (self.rule.judge)(self, evidence);
        if let (CameTo::Found(finding), Some(reason)) = (&mut judged.came_to, &self.or_else) {
            finding.reason.clone_from(reason);
        }
        judged
    }
}

/// What a rule judges by.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The run that it stands in.
    pub run: &'a Observed,
    /// The runs before it, in their order.
    pub before: &'a [Observed],
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// Its stable word: `place-lost`.
    pub reason: String,
    /// What was seen.
    pub words: String,
}

/// What a rule came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Whether it is content.
    pub came_to: CameTo,
    /// What it measured, where it compares a measure: `scripts/exercises` prints it.
    pub measured: Option<f64>,
}

/// Whether a rule is content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum CameTo {
    Fine,
    Found(Finding),
    NotJudged(String),
}

impl Judged {
    /// It is as asked for.
    pub fn fine() -> Judged {
        Judged { came_to: CameTo::Fine, measured: None }
    }

    /// It is not as asked for. The words begin as a sentence does after a colon.
    pub fn found(reason: &str, words: String) -> Judged {
        let finding = Finding { reason: reason.to_owned(), words };
        Judged { came_to: CameTo::Found(finding), measured: None }
    }

    /// This system does not tell what the rule needs.
    pub fn not_judged(why: &str) -> Judged {
        Judged { came_to: CameTo::NotJudged(why.to_owned()), measured: None }
    }

    /// The same, with what was measured.
    pub fn measured(self, measured: f64) -> Judged {
        Judged { measured: Some(measured), ..self }
    }
}

/// Why a rule about processes is not judged.
const NOT_TOLD: &str = "this system does not tell what a running program does; Linux does";

#[cfg(test)]
pub(crate) mod by_hand {
    //! Observations made by hand.

    use super::*;
    use crate::{Connection, Seen};
    use crawl::protocol::{ErrorLine, OutcomeLine};
    use crawl::{ErrorKind, Worker};

    pub(crate) fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// A connection that opened, asked, and was answered at these milliseconds.
    pub(crate) fn connection(path: &str, times: [u64; 3]) -> Connection {
        let [opened, asked, answering] = times.map(ms);
        Connection {
            opened,
            path: Some(path.to_owned()),
            asked: Some(asked),
            answering: Some(answering),
            answered: Some(answering),
            closed: Some(answering),
            ..Connection::default()
        }
    }

    /// A page that came, from and to these milliseconds.
    pub(crate) fn page(target: usize, from: u64, to: u64) -> OutcomeLine {
        let (started_us, finished_us) = (from * 1000, Some(to * 1000));
        OutcomeLine {
            target,
            by: Worker::Main,
            status: Some(200),
            bytes: Some(100),
            sha256: None,
            location: None,
            content_encoding: None,
            error: None,
            started_us,
            connected_us: None,
            sent_us: None,
            first_byte_us: None,
            finished_us,
        }
    }

    /// A fetch that failed.
    pub(crate) fn failed(target: usize, kind: ErrorKind) -> OutcomeLine {
        let error = ErrorLine {
            kind,
            phase: None,
            bytes: 0,
            expected_bytes: None,
            message: "it failed".to_owned(),
        };
        OutcomeLine { status: None, bytes: None, error: Some(error), ..page(target, 0, 1) }
    }

    /// A run of these connections, each for a target whose page came when it was answered.
    pub(crate) fn run(connections: Vec<Connection>) -> Observed {
        let paths: Vec<String> =
            connections.iter().filter_map(|connection| connection.path.clone()).collect();
        let outcome = |(target, connection): (usize, &Connection)| {
            let over = connection.over().unwrap_or_default();
            Some(page(target, connection.opened.as_millis() as u64, over.as_millis() as u64))
        };
        let outcomes = connections.iter().enumerate().map(outcome).collect();
        let said = (0..paths.len()).collect();
        let site = Seen { connections };
        Observed { paths, outcomes, said, site, concurrency: 3, ..Observed::default() }
    }

    /// The rule of this name as an exercise may have it.
    pub(crate) fn given(name: &str, value: Value) -> Given {
        let rule = RULES.iter().find(|rule| rule.name == name).expect(name);
        Given { rule, value, more: Vec::new(), or_else: None, says: None, margins: None }
    }

    /// The reason that a rule finds in a run, or `fine`, or `not judged`.
    pub(crate) fn reason(given: &Given, run: &Observed) -> String {
        reason_after(given, &[], run)
    }

    /// The same with runs before it.
    pub(crate) fn reason_after(given: &Given, before: &[Observed], run: &Observed) -> String {
        match given.judge(&Evidence { run, before }).came_to {
            CameTo::Fine => "fine".to_owned(),
            CameTo::Found(finding) => finding.reason,
            CameTo::NotJudged(_) => "not judged".to_owned(),
        }
    }
}
