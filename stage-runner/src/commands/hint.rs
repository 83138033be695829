//! `stage-runner hint`: one level more each time, for what the last check found.

use std::process::ExitCode;

use classroom::{LEVELS, Progress};

use super::workplace::{Workplace, chosen};
use crate::cli::exercises::HintOptions;
use crate::cli::wrong_in;
use crate::terminal::look::{Charset, Color, Look};
use crate::terminal::{print, progress};
use crate::words::wrapped;

/// Shows the next hint.
pub fn run(options: &HintOptions) -> ExitCode {
    let (_, exercise) = chosen(&options.which, "hint").unwrap_or_else(|why| wrong_in("hint", why));
    let look = Look::new(Color::Auto, Charset::Auto);
    let workplace = Workplace::new(&options.work);
    let shown = workplace.progress().and_then(|mut done| {
        let id = &exercise.id;
        let Some((reason, level)) = done.next_hint(id) else {
            return Err(nothing_to_hint(id, &options.which.typed(id), &done));
        };
        let hint = exercise.hint(reason, level);
        let hint = hint.ok_or_else(|| format!("{id} has no hints for {reason}"))?;
        let head = format!("{id}  {reason}, level {level} of {LEVELS}:");
        let mut lines = vec![head];
        lines.extend(
            wrapped(hint, look.style.width - 4, 0).iter().map(|line| format!("    {line}")),
        );
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

fn nothing_to_hint(id: &str, typed: &str, done: &Progress) -> String {
    match done.of(id) {
        None => format!("Hints belong to what a check found: first, stage-runner check {typed}"),
        Some(entry) => format!("The last check of {id} was: {}. It found nothing.", entry.verdict),
    }
}
