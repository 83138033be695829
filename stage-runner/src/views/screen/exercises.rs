//! `stage-runner exercises`: the list, with what is done.

use classroom::{Entry, Exercise};

use crate::views::Style;
use crate::words::{padded, width, wrapped};

/// Chapter, name and state of each exercise, and what it asks for.
pub fn lines(exercises: &[(Exercise, Option<&Entry>)], style: &Style) -> Vec<String> {
    let longest = |text: &dyn Fn(&Exercise) -> usize| {
        exercises.iter().map(|(exercise, _)| text(exercise)).max().unwrap_or(0)
    };
    // What it is in, where Python does not do.
    let chapter = |exercise: &Exercise| {
        let rust = if exercise.rust.is_some() { ", Rust" } else { "" };
        format!("chapter {}{rust}", exercise.chapter)
    };
    let id = longest(&|exercise| width(&exercise.id));
    let chapters = longest(&|exercise| width(&chapter(exercise)));
    let name = longest(&|exercise| width(&exercise.name));
    let mut lines = Vec::new();
    for (exercise, entry) in exercises {
        lines.push(format!(
            "{}  {}  {}  {}",
            padded(&exercise.id, id),
            padded(&exercise.name, name),
            padded(&chapter(exercise), chapters),
            state(*entry)
        ));
        let room = style.width.saturating_sub(id + 2).max(20);
        let question = wrapped(&exercise.question, room, 0);
        lines.extend(question.into_iter().map(|line| format!("{}{line}", " ".repeat(id + 2))));
    }
    lines
}

fn state(entry: Option<&Entry>) -> String {
    match entry {
        None => "not checked yet".to_owned(),
        Some(entry) if entry.passed && entry.verdict == "passed" => "passed".to_owned(),
        Some(entry) => {
            let passed = if entry.passed { "passed before; now " } else { "" };
            match &entry.reason {
                Some(reason) => format!("{passed}{} ({reason})", entry.verdict),
                None => format!("{passed}{}", entry.verdict),
            }
        }
    }
}
