//! `run-stage`: one stage of the table, in a process of its own.

use std::process::ExitCode;

use crate::experiments;
use crate::lineup::stages;
use crate::system::processes;
use crate::terminal::progress;

/// Runs the stage of that name on the job that stdin brings; or the part of an experiment that
/// `EXPERIMENT:PART` names.
pub fn run(name: &str) -> ExitCode {
    processes::keep_name();
    if let Some(crawl) = experiments::crawling_part(name) {
        return stage_program::run(crawl);
    }
    match stages::find(name) {
        Ok(found) => stage_program::run_with(found[0].crawl, found[0].extra),
        Err(_) => {
            progress::warn(&format!("no stage is called {name}"));
            ExitCode::FAILURE
        }
    }
}
