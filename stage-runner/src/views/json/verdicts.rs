//! `check --format json`: what a teacher collects.

use classroom::Verdict;
use serde::Serialize;

use super::{VERSION, printed};

/// An exercise that was checked, or was not because nobody has begun it.
#[derive(Serialize)]
pub struct Checked {
    /// Which.
    pub exercise: String,
    /// What it is called, where it can be read.
    pub name: Option<String>,
    /// Whether there is a program to check.
    pub taken: bool,
    /// Whether it has ever passed, now or before.
    pub passed: bool,
    /// The folder that it is in, as `progress.toml` has it: an exercise that is not of the house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The language of the program that was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The program that was checked, where it is another one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// What it came to.
    #[serde(flatten)]
    pub verdict: Option<Verdict>,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    runner: &'static str,
    exercises: &'a [Checked],
}

/// The document.
pub fn verdicts(exercises: &[Checked]) -> Vec<u8> {
    printed(&Document { version: VERSION, runner: env!("CARGO_PKG_VERSION"), exercises })
}
