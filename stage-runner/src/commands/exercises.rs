//! `stage-runner exercises`: the list, with what is done.

use std::process::ExitCode;

use classroom::{EXERCISES, Exercise};

use super::workplace::Workplace;
use crate::cli::exercises::ExercisesOptions;
use crate::terminal::look::{Color, Look};
use crate::terminal::{print, progress};
use crate::views::screen;

/// Prints the list, or the rules.
pub fn run(options: &ExercisesOptions) -> ExitCode {
    let look = Look::new(Color::Auto, options.charset);
    if options.rules {
        let table = classroom::table_of_rules();
        return print::status(print::bytes(table.as_bytes()).map(|()| true));
    }
    let done = match Workplace::new(&options.work).progress() {
        Ok(done) => done,
        Err(why) => {
            progress::warn(&format!("error: {why}"));
            return ExitCode::FAILURE;
        }
    };
    let read = |folder| Exercise::read(&folder).expect("a test reads every embedded exercise");
    let exercises: Vec<Exercise> = EXERCISES.all().into_iter().map(read).collect();
    let with_state = exercises.into_iter().map(|exercise| {
        let entry = done.of(&exercise.id);
        (exercise, entry)
    });
    let exercises: Vec<_> = with_state.collect();
    print::status(
        print::lines(&look, &screen::exercises::lines(&exercises, &look.style)).map(|()| true),
    )
}
