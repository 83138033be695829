//! `stage-runner take`: writes an exercise into the student's folder.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use classroom::{Exercise, Folder, Piece};

use super::workplace::{Workplace, chosen, language, write_unless_changed};
use super::{museum, rust_crate};
use crate::cli::exercises::TakeOptions;
use crate::cli::wrong_in;
use crate::lineup::ExerciseLanguage;
use crate::terminal::progress;

/// Writes the text, the start and the plumbing.
pub fn run(options: &TakeOptions) -> ExitCode {
    let (folder, exercise) = chosen(&options.which, "take").unwrap_or_else(wrong);
    if let Some(piece) = Piece::find(&exercise.id).filter(|_| Piece::is_meant(&exercise.id)) {
        return museum::take(&piece, options);
    }
    if options.fixed {
        wrong(format!("{} is not a piece of the museum, which --fixed is for", exercise.id))
    }
    let language = language(&folder, options.language.as_deref()).unwrap_or_else(wrong);
    let workplace = Workplace::new(&options.work);
    let start = folder.program("start/", language.extension);
    let typed = workplace.typed(&options.which, &exercise.id);
    let not_in = || not_in(&folder, &exercise, language, &typed);
    let (_, start) = start.unwrap_or_else(|| wrong(not_in()));

    let into = workplace.of(&exercise.id);
    let file = workplace.file(&exercise, language);
    // The progress marks the folder, so that it is found from inside.
    let begun = workplace.progress().and_then(|mut done| {
        workplace.keep(&done)?;
        let of = options.which.exercise.as_ref().map(|folder| workplace.noted(folder));
        done.note_folder(&exercise.id, of);
        workplace.keep(&done)
    });
    let written = begun.and_then(|()| {
        if language.is_rust() {
            rust_crate::write(&folder, &exercise, &workplace, start)
        } else {
            write(&folder, language, &into, &file, start)
        }
    });
    match written {
        Err(why) => {
            progress::warn(&format!("error: {why}"));
            ExitCode::FAILURE
        }
        Ok(is_new) => {
            let state = if is_new { "is" } else { "was already" };
            let is_one_of_several = workplace.taken(&exercise).len() > 1;
            let which = if is_one_of_several {
                format!("{typed} --language {}", language.name)
            } else {
                typed
            };
            progress::note(&format!(
                "{}  {}: {state} in {}. Read README.md there, change {}, then: stage-runner check \
                 {which}",
                exercise.id,
                exercise.name,
                into.display(),
                file.strip_prefix(&into).unwrap_or(&file).display(),
            ));
            ExitCode::SUCCESS
        }
    }
}

/// Whether the start was not there before.
fn write(
    folder: &Folder,
    language: &ExerciseLanguage,
    into: &Path,
    file: &Path,
    start: &[u8],
) -> Result<bool, String> {
    fs::create_dir_all(into).map_err(|error| format!("cannot make {}: {error}", into.display()))?;
    // First the file that a student changes: where it stays, so does everything else.
    let is_new = write_unless_changed(file, start)?;
    if let Some((name, text)) = Folder::plumbing(language.extension) {
        write_unless_changed(&into.join(name), text)?;
    }
    if let Some(text) = folder.file("README.md") {
        write_unless_changed(&into.join("README.md"), text)?;
    }
    Ok(is_new)
}

fn not_in(
    folder: &Folder,
    exercise: &Exercise,
    language: &ExerciseLanguage,
    typed: &str,
) -> String {
    let others = ExerciseLanguage::ALL.iter();
    let others = others.filter(|other| folder.program("start/", other.extension).is_some());
    let names: Vec<&str> = others.map(|other| other.name).collect();
    let (id, name) = (folder.id(), language.name);
    let told = format!("{id} has no start in {name}, but in {}", names.join(" and "));
    if exercise.rust.is_some() {
        // What its rules look for goes wrong in the crate that it is made of, and nowhere else.
        return told;
    }
    format!(
        "{told}; a program of your own in any language is checked by: stage-runner check {typed} \
         -- COMMAND"
    )
}

fn wrong<T>(message: String) -> T {
    wrong_in("take", message)
}
