//! `stage-runner hint`: one level more each time, for what the last check found.

use std::process::ExitCode;

use classroom::{Entry, LEVELS, Progress};

use super::rust_crate::DOES_NOT_COMPILE;
use super::workplace::{Workplace, chosen};
use crate::cli::exercises::HintOptions;
use crate::cli::wrong_in;
use crate::terminal::look::{Charset, Color, Look};
use crate::terminal::{print, progress};
use crate::views::screen;
use crate::words::{escaped, wrapped};

/// Shows the next hint.
pub fn run(options: &HintOptions) -> ExitCode {
    let (_, exercise) = chosen(&options.which, "hint").unwrap_or_else(|why| wrong_in("hint", why));
    let look = Look::new(Color::Auto, Charset::Auto);
    let workplace = Workplace::new(&options.work);
    let shown = workplace.progress().and_then(|mut done| {
        let id = &exercise.id;
        let refused = done.of(id).filter(|entry| is_refused(entry));
        if let Some(refused) = refused.filter(|_| exercise.hint(DOES_NOT_COMPILE, 1).is_none()) {
            return Ok(of_the_compiler(
                id,
                &workplace.typed(&options.which, id),
                refused,
                look.style.width,
            ));
        }
        let Some((reason, level)) = done.next_hint(id) else {
            return Err(nothing_to_hint(id, &workplace.typed(&options.which, id), &done));
        };
        let hint = exercise.hint(reason, level);
        let hint = hint.ok_or_else(|| format!("{id} has no hints for {reason}"))?;
        let head = format!("{id}  {reason}, level {level} of {LEVELS}:");
        let mut lines = vec![head];
        lines.extend(indented(hint, look.style.width));
        workplace.keep(&done)?;
        Ok(lines)
    });
    match shown {
        Ok(lines) => print::status(print::lines(&look, &lines).map(|()| true)),
        Err(why) => {
            progress::warn(&why);
            ExitCode::FAILURE
        }
    }
}

fn is_refused(entry: &Entry) -> bool {
    entry.verdict == "not yet" && entry.reason.as_deref() == Some(DOES_NOT_COMPILE)
}

/// The compiler's words name the line already, and often what would work: no level says more.
fn of_the_compiler(id: &str, typed: &str, refused: &Entry, width: usize) -> Vec<String> {
    let words = refused.words.as_deref().unwrap_or_default();
    let mut lines = vec![format!("{id}  {DOES_NOT_COMPILE}: the compiler's words are the hint.")];
    lines.extend(indented(&escaped(words), width));
    let code = words.split_once("error[").and_then(|(_, rest)| rest.split_once(']'));
    let explain = code.map(|(code, _)| format!("rustc --explain {code}"));
    let check = format!("stage-runner check {typed}   (all words of the compiler)");
    let next: Vec<String> = std::iter::once(check).chain(explain).collect();
    lines.extend(screen::next(&next, width));
    lines
}

fn indented(text: &str, width: usize) -> Vec<String> {
    wrapped(text, width.saturating_sub(4), 0).iter().map(|line| format!("    {line}")).collect()
}

fn nothing_to_hint(id: &str, typed: &str, done: &Progress) -> String {
    match done.of(id) {
        None => format!("Hints belong to what a check found: first, stage-runner check {typed}"),
        Some(entry) => format!("The last check of {id} was: {}. It found nothing.", entry.verdict),
    }
}
