//! `check --format json`: what a teacher collects.

use classroom::{Exercise, Verdict};
use serde::Serialize;

use super::{VERSION, printed};

/// An exercise that was checked, or was not because nobody has begun it.
pub struct Checked {
    /// Which.
    pub exercise: Exercise,
    /// What it came to.
    pub verdict: Option<Verdict>,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    runner: &'static str,
    exercises: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    exercise: &'a str,
    name: &'a str,
    /// Whether there is a program to check.
    taken: bool,
    #[serde(flatten)]
    verdict: Option<&'a Verdict>,
}

impl Line<'_> {
    fn of(checked: &Checked) -> Line<'_> {
        Line {
            exercise: &checked.exercise.id,
            name: &checked.exercise.name,
            taken: checked.verdict.is_some(),
            verdict: checked.verdict.as_ref(),
        }
    }
}

/// The document.
pub fn verdicts(checked: &[Checked]) -> Vec<u8> {
    let exercises = checked.iter().map(Line::of).collect();
    printed(&Document { version: VERSION, runner: env!("CARGO_PKG_VERSION"), exercises })
}
