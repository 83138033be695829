//! `--list`: the stages.

use std::process::ExitCode;

use crate::cli::RunOptions;
use crate::lineup::stages::STAGES;
use crate::terminal::look::Look;
use crate::terminal::print;
use crate::views::screen::list;

/// Prints a line for each stage.
pub fn run(options: &RunOptions) -> ExitCode {
    let look = Look::new(options.color, options.charset);
    let stages = STAGES.iter().filter(|stage| !stage.hidden);
    let stages: Vec<_> = stages.map(|stage| (stage, (stage.available)())).collect();
    print::status(print::lines(&look, &list::lines(&stages)).map(|()| true))
}
