//! `play-part`: a program of an experiment's own, in a process of its own.

use std::process::ExitCode;

use crate::experiments::{self, Part, UNAVAILABLE};
use crate::system::processes;
use crate::terminal::{print, progress};

/// Runs the part with these arguments, and prints its numbers as JSON.
pub fn run(experiment: &str, part: &str, arguments: &[String]) -> ExitCode {
    processes::keep_name();
    stage_program::system::die_with_parent();
    let found = experiments::find(experiment).and_then(|found| found.part(part));
    let Some(Part::Plays(play)) = found else {
        progress::warn(&format!("no part of an experiment is called {experiment} {part}"));
        return ExitCode::FAILURE;
    };
    match play(arguments) {
        Ok(numbers) => {
            let line = serde_json::to_string(&numbers).expect("numbers are JSON");
            print::status(print::bytes(line.as_bytes()).map(|()| true))
        }
        Err(error) if error.kind() == std::io::ErrorKind::Unsupported => {
            progress::warn(&error.to_string());
            ExitCode::from(UNAVAILABLE)
        }
        Err(error) => {
            progress::warn(&processes::with_what_helps(&error).to_string());
            ExitCode::FAILURE
        }
    }
}
