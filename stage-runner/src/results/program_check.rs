//! What came of checking a program of one's own: a group for each kind of promise.

use std::time::Duration;

use crate::lineup::Entrant;

/// A program, and how far it keeps what a stage promises.
#[derive(Clone, Debug)]
pub struct ProgramCheck {
    /// The program.
    pub entrant: Entrant,
    /// In the order in which they were checked. What was not reached is not in it.
    pub groups: Vec<Group>,
    /// Why the check ended before everything was asked.
    pub stopped: Option<Stopped>,
    /// How long it took.
    pub took: Duration,
}

/// Promises of one kind.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// What they are about.
    pub name: &'static str,
    /// How many were kept.
    pub passed: usize,
    /// How many were judged.
    pub of: usize,
    /// Whether all of them together are one promise.
    pub is_one: bool,
    /// Those that were not kept.
    pub failures: Vec<Failure>,
    /// What was seen, where that says more than the numbers.
    pub seen: Option<String>,
    /// What was not judged, and why.
    pub not_judged: Vec<Failure>,
    /// Cases that this system cannot produce.
    pub left_out: Vec<&'static str>,
}

/// One thing that did not go well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What was asked: the name of a fault, for example.
    pub case: String,
    /// What happened, in words.
    pub words: String,
}

/// Why a check ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// So many jobs, the first of all, went wrong in the same way.
    SameWay(usize, String),
    /// The runner itself lacks something: no site, no process, no thread. In words.
    NoRoom(String),
    /// It took too long, and the rest was not asked.
    OutOfTime(Duration),
    /// Somebody stopped the runner.
    Interrupted,
}

/// What a check comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Every promise was kept.
    Passed,
    /// Nothing went wrong as far as it could be judged.
    NotJudged,
    /// A promise was not kept.
    NotYet,
}

impl Group {
    /// Nothing asked yet.
    pub fn new(name: &'static str) -> Group {
        Group { name, ..Group::default() }
    }

    /// Adds one promise: kept, or what went wrong.
    pub fn add(&mut self, case: impl Into<String>, wrong: Option<String>) {
        self.of += 1;
        match wrong {
            None => self.passed += 1,
            Some(words) => self.failures.push(Failure { case: case.into(), words }),
        }
    }

    /// Notes what could not be judged.
    pub fn leave(&mut self, case: impl Into<String>, words: String) {
        self.not_judged.push(Failure { case: case.into(), words });
    }
}

impl ProgramCheck {
    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        let is_wrong = self.groups.iter().any(|group| !group.failures.is_empty());
        let is_open = self.groups.iter().any(|group| !group.not_judged.is_empty());
        match &self.stopped {
            Some(Stopped::SameWay(..)) => Verdict::NotYet,
            _ if is_wrong => Verdict::NotYet,
            Some(_) => Verdict::NotJudged,
            None if is_open => Verdict::NotJudged,
            None => Verdict::Passed,
        }
    }

    /// How many promises were kept, of how many that were judged. Pages of one job are one promise:
    /// a thousand of them would hide all others.
    pub fn passed_of(&self) -> (usize, usize) {
        self.groups.iter().fold((0, 0), |(passed, of), group| match group.is_one {
            true => (passed + usize::from(group.passed == group.of), of + 1),
            false => (passed + group.passed, of + group.of),
        })
    }
}

impl Verdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::NotYet => "not yet",
            Verdict::NotJudged => "not judged",
        }
    }

    /// The exit status that says it.
    pub fn exit_status(self) -> u8 {
        match self {
            Verdict::Passed => 0,
            Verdict::NotYet => 1,
            Verdict::NotJudged => 3,
        }
    }
}
