//! `stage-runner solution`: one that passes, once the student's has.

use std::process::ExitCode;

use classroom::Piece;

use super::museum;
use super::workplace::{Workplace, chosen, language};
use crate::cli::exercises::SolutionOptions;
use crate::cli::wrong_in;
use crate::terminal::{print, progress};

/// Prints the solution.
pub fn run(options: &SolutionOptions) -> ExitCode {
    let (folder, exercise) = chosen(&options.which).unwrap_or_else(wrong);
    let id = &exercise.id;
    let solution = match Piece::find(id).filter(|_| Piece::is_meant(id)) {
        Some(piece) => museum::fix(&piece).into_bytes(),
        None => {
            let language = language(&folder, options.language.as_deref()).unwrap_or_else(wrong);
            let solution = folder.program("solution/", language.extension);
            let none = || wrong(format!("{id} has no solution in {}", language.name));
            solution.map_or_else(none, |(_, text)| text.to_vec())
        }
    };
    let done = match Workplace::new(&options.work).progress() {
        Ok(done) => done,
        Err(why) => {
            progress::warn(&format!("error: {why}"));
            return ExitCode::FAILURE;
        }
    };
    let has_passed = done.of(id).is_some_and(|entry| entry.passed);
    if !has_passed && !options.yes {
        progress::warn(&format!(
            "{id} has not passed yet. `stage-runner hint {id}` helps; `stage-runner solution {id} \
             --yes` shows it all the same."
        ));
        return ExitCode::FAILURE;
    }
    print::status(print::bytes(&solution).map(|()| true))
}

fn wrong<T>(message: String) -> T {
    wrong_in("solution", message)
}
