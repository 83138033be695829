//! `run-stage`: one stage of the table, in a process of its own.

use std::process::ExitCode;

use crate::lineup::stages;
use crate::system::processes;

/// Runs the stage of that name on the job that stdin brings.
pub fn run(name: &str) -> ExitCode {
    processes::keep_name();
    match stages::find(name) {
        Ok(found) => stage_program::run_with(found[0].crawl, found[0].extra),
        Err(_) => {
            eprintln!("no stage is called {name}");
            ExitCode::FAILURE
        }
    }
}
