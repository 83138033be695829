//! What a check came to, as data.

use serde::Serialize;

use crate::Finding;

/// What a check came to.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The one thing that it says.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What each run came to, also those that did not take place.
    pub runs: Vec<RunVerdict>,
}

impl Verdict {
    /// Whether every rule of every run is content.
    pub fn is_passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }
}

/// The one thing that a check says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Outcome {
    /// Every rule of every run is content.
    Passed,
    /// A rule found something.
    NotYet {
        /// In which run, from 0.
        run: usize,
        /// What.
        #[serde(flatten)]
        finding: Finding,
    },
    /// No rule found anything, and one could not judge.
    NotJudged {
        /// In which run, from 0.
        run: usize,
        /// Why not.
        why: String,
    },
}

/// What one run came to.
#[derive(Clone, Debug, Serialize)]
pub struct RunVerdict {
    /// What it is about.
    pub says: String,
    /// Its rules, the basics first.
    pub rules: Vec<Item>,
}

/// One rule of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// Its name.
    pub rule: &'static str,
    /// What it asks for, in a few words.
    pub label: String,
    /// What it came to.
    pub mark: Mark,
    /// What it measured, where it compares a measure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<f64>,
    /// Of a rule on time: the worst measure of a right program, as the exercise has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right: Option<f64>,
    /// And the best of a wrong one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrong: Option<f64>,
}

/// What a rule came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// It is content.
    Met,
    /// It found something.
    NotMet,
    /// It could not judge.
    NotJudged,
    /// It did not come to it.
    Open,
}
