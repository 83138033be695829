//! `stage-runner solution`: one that passes, once the student's has.

use std::process::ExitCode;

use classroom::{Exercise, Folder, Piece};

use super::museum;
use super::workplace::{Workplace, chosen, language, which_language};
use crate::cli::exercises::SolutionOptions;
use crate::cli::wrong_in;
use crate::lineup::ExerciseLanguage;
use crate::terminal::{print, progress};

/// Prints the solution.
pub fn run(options: &SolutionOptions) -> ExitCode {
    let (folder, exercise) = chosen(&options.which, "solution").unwrap_or_else(wrong);
    let id = &exercise.id;
    let workplace = Workplace::new(&options.work);
    let solution = match Piece::find(id).filter(|_| Piece::is_meant(id)) {
        Some(piece) => museum::fix(&piece).into_bytes(),
        None => {
            let language = match &options.language {
                None => language_taken(&folder, &exercise, &workplace),
                asked => language(&folder, asked.as_deref()),
            };
            let language = language.unwrap_or_else(wrong);
            let solution = folder.program("solution/", language.extension);
            let none = || wrong(format!("{id} has no solution in {}", language.name));
            solution.map_or_else(none, |(_, text)| text.to_vec())
        }
    };
    let done = match workplace.progress() {
        Ok(done) => done,
        Err(why) => {
            progress::warn(&format!("error: {why}"));
            return ExitCode::FAILURE;
        }
    };
    let has_passed = done.of(id).is_some_and(|entry| entry.passed);
    if !has_passed && !options.yes {
        let typed = workplace.typed(&options.which, id);
        let language = options.language.as_ref();
        let language = language.map(|name| format!(" --language {name}")).unwrap_or_default();
        progress::warn(&format!(
            "{id} has not passed yet. `stage-runner hint {typed}` helps; `stage-runner solution \
             {typed}{language} --yes` shows it all the same."
        ));
        return ExitCode::FAILURE;
    }
    print::status(print::bytes(&solution).map(|()| true))
}

/// The language in which the student has taken the exercise, if there is a solution in it.
fn language_taken(
    folder: &Folder,
    exercise: &Exercise,
    workplace: &Workplace,
) -> Result<&'static ExerciseLanguage, String> {
    let mut taken = workplace.taken(exercise);
    taken.retain(|language| folder.program("solution/", language.extension).is_some());
    match taken[..] {
        [] => language(folder, None),
        [only] => Ok(only),
        _ => Err(which_language(&exercise.id, &taken)),
    }
}

fn wrong<T>(message: String) -> T {
    wrong_in("solution", message)
}
