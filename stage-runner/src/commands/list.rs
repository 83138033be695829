//! `--list`: the stages.

use std::process::ExitCode;

use crate::cli::RunOptions;
use crate::lineup::stages::STAGES;
use crate::lineup::{Languages, Original, Stage};
use crate::terminal::look::Look;
use crate::terminal::print;
use crate::views::screen::list;

/// Prints a line for each stage.
pub fn run(options: &RunOptions) -> ExitCode {
    let look = Look::new(options.color, options.charset);
    let is_asked_for = |stage: &&Stage| {
        let in_python = options.language.languages() == Languages::Python;
        !stage.hidden && (!in_python || Original::of(stage.name).is_some())
    };
    let stages = STAGES.iter().filter(is_asked_for);
    let stages: Vec<_> = stages.map(|stage| (stage, (stage.available)())).collect();
    print::status(print::lines(&look, &list::lines(&stages)).map(|()| true))
}
