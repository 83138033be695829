//! One program, one exercise, one verdict.

use std::path::Path;

use classroom::{Attempt, Exercise, Verdict, control};

use super::Stop;
use crate::commands::rust_crate::DOES_NOT_COMPILE;
use crate::commands::workplace::Program;
use crate::measure::observe::{NotObserved, observe};
use crate::system::cargo::{self, NotBuilt};
use crate::system::signals;
use crate::terminal::progress;

/// Builds a crate and checks its program. What does not compile is not there yet.
pub fn check_crate(
    exercise: &Exercise,
    folder: &Path,
    stderr_to: Option<fn(&str)>,
) -> Result<Verdict, Stop> {
    let id = &exercise.id;
    progress::live(&format!("{id}  building… (half a minute, the first time)"));
    let built = cargo::build(folder);
    progress::end();
    if signals::asked() {
        return Err(Stop::Interrupted);
    }
    match built {
        Ok(path) => check(exercise, &Program::Command(vec![path.into()]), stderr_to),
        Err(NotBuilt::Missing(why)) => Err(Stop::NotStarted(why)),
        Err(NotBuilt::Refused { first, words }) => {
            progress::warn(&format!("{words}\n"));
            let words = format!("Rust refuses it: {first}");
            Ok(classroom::not_run(exercise, DOES_NOT_COMPILE, words))
        }
    }
}

/// Checks a program, with a live line that says what runs.
pub fn check(
    exercise: &Exercise,
    program: &Program,
    stderr_to: Option<fn(&str)>,
) -> Result<Verdict, Stop> {
    let all = exercise.runs.len();
    let mut run_once = |attempt: Attempt<'_>| {
        let (number, says) = (attempt.number + 1, &attempt.run.says);
        let again = if attempt.again { ", once more" } else { "" };
        progress::live(&format!("{}  running… {number} of {all}: {says}{again}", exercise.id));
        let observed = observe(program.command(), attempt.run, stderr_to, &mut || true);
        observed.map_err(|why| match why {
            NotObserved::NotStarted(why) => Stop::NotStarted(why),
            NotObserved::NoRoom(why) => Stop::NoRoom(why),
            NotObserved::Interrupted => Stop::Interrupted,
        })
    };
    let verdict = classroom::check(exercise, &mut run_once, &mut control::share_of_a_core);
    progress::end();
    verdict
}
