//! What a check of an exercise came to.

use classroom::{Exercise, LEVELS, Mark, Outcome, RunVerdict, Verdict};

use super::next;
use crate::views::Style;
use crate::views::style::{Ink, paint};
use crate::words::{self, joined, padded, wrapped};

/// How far the lines below the first are set in.
const INDENT: usize = 4;

/// The exercise, its verdict, and what each run came to. `typed` is what stands for the exercise on
/// a command line.
pub fn lines(exercise: &Exercise, typed: &str, verdict: &Verdict, style: &Style) -> Vec<String> {
    let mut lines = vec![head(exercise, verdict, style.width)];
    let (word, ink, words) = match &verdict.outcome {
        Outcome::Passed => {
            ("passed".to_owned(), Ink::Arrived, format!("{} asks for no more", exercise.id))
        }
        Outcome::NotYet { finding, .. } => {
            (format!("not yet ({})", finding.reason), Ink::Failed, finding.words.clone())
        }
        Outcome::NotJudged { why, .. } => ("not judged".to_owned(), Ink::Strong, why.clone()),
    };
    let sentence = words::escaped(&format!("{word}: {words}."));
    let room = style.width.saturating_sub(INDENT).max(20);
    let mut said = wrapped(&sentence, room, 0);
    // The words of the verdict may be broken where the screen is narrow.
    if let Some(rest) = said[0].strip_prefix(&word).map(str::to_owned) {
        said[0] = paint(ink, &word) + &rest;
    }
    lines.extend(said.into_iter().map(|line| format!("{}{line}", " ".repeat(INDENT))));
    for run in &verdict.runs {
        lines.extend(run_lines(run, style.width));
    }
    lines.extend(next(&what_next(exercise, typed, verdict), style.width));
    lines
}

/// Which exercise, and which of its runs decided.
fn head(exercise: &Exercise, verdict: &Verdict, width: usize) -> String {
    let name = format!("{}  {}", exercise.id, exercise.name);
    let all = verdict.runs.len();
    let run = match &verdict.outcome {
        Outcome::Passed => format!("all of {}", words::plural(all as u64, "run")),
        Outcome::NotYet { run, .. } | Outcome::NotJudged { run, .. } => {
            format!("run {} of {all}", run + 1)
        }
    };
    let room = width.saturating_sub(words::width(&run));
    format!("{}{}", paint(Ink::Strong, &padded(&name, room.max(words::width(&name) + 2))), run)
}

/// What a run is about, and its rules with their marks.
fn run_lines(run: &RunVerdict, width: usize) -> Vec<String> {
    let mark = |mark| match mark {
        Mark::Met => "✓",
        Mark::NotMet => "✗",
        Mark::NotJudged => "?",
        Mark::Open => "–",
    };
    let rules: Vec<String> =
        run.rules.iter().map(|rule| format!("{} {}", mark(rule.mark), rule.label)).collect();
    let indent = " ".repeat(INDENT);
    let room = width.saturating_sub(INDENT + 2);
    let rules = joined(&rules, "   ", room).into_iter().map(|line| format!("{indent}  {line}"));
    std::iter::once(format!("{indent}{}:", run.says)).chain(rules).collect()
}

fn what_next(exercise: &Exercise, typed: &str, verdict: &Verdict) -> Vec<String> {
    match &verdict.outcome {
        Outcome::Passed => {
            vec![format!("stage-runner solution {typed}"), "stage-runner exercises".to_owned()]
        }
        Outcome::NotYet { finding, .. } if exercise.hint(&finding.reason, 1).is_some() => {
            vec![format!("stage-runner hint {typed}   ({LEVELS} levels)")]
        }
        Outcome::NotYet { .. } | Outcome::NotJudged { .. } => {
            vec![format!("stage-runner check {typed}")]
        }
    }
}
