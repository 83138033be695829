//! `stage-runner museum`: the pieces, and one of them.

use classroom::{Entry, Piece};

use super::{exercises, next};
use crate::views::Style;
use crate::words::wrapped;

/// What `show` shows of a piece.
pub struct Shown<'a> {
    /// Which.
    pub piece: &'a Piece,
    /// The bug read backwards, if it is to be seen.
    pub fix: Option<String>,
}

/// The list of all pieces, with what is done.
pub fn lines(pieces: &[(Piece, Option<&Entry>)], style: &Style) -> Vec<String> {
    let listed = pieces.iter().map(|(piece, entry)| {
        let mut exercise = piece.exercise.clone();
        exercise.id = piece.name().to_owned();
        exercise.name = String::new();
        (exercise, *entry)
    });
    let mut lines = exercises::lines(&listed.collect::<Vec<_>>(), style);
    let refused = "Five more do not compile in Rust, and run in Python: docs/what-rust-refuses.md";
    lines.extend(wrapped(refused, style.width, 0));
    lines.extend(next(
        &[
            "stage-runner museum show lost-wakeup".to_owned(),
            "stage-runner take museum/lost-wakeup".to_owned(),
        ],
        style.width,
    ));
    lines
}

/// What one sees; if it is to be told, what is wrong, where it happened, and the fix.
pub fn piece(shown: &Shown<'_>, style: &Style) -> Vec<String> {
    let Shown { piece, fix } = shown;
    let text = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let mut lines = text(piece.symptom());
    let id = &piece.exercise.id;
    lines.push(String::new());
    lines.push(format!("A piece of chapter {}: crates/{}.", piece.exercise.chapter, piece.stage));
    lines.push(String::new());
    if let Some(fix) = fix {
        lines.extend(text(piece.explanation()));
        lines.extend([String::new(), "The fix:".to_owned(), String::new()]);
        lines.extend(fix.lines().map(|line| format!("    {line}")));
        lines.push(String::new());
    }
    lines.extend(next(
        &[
            format!("stage-runner take {id}"),
            format!("stage-runner check {id}"),
            format!("stage-runner hint {id}"),
        ],
        style.width,
    ));
    lines
}
