//! `stage-runner museum`, and what `take` and `solution` do with a piece of it.

use std::collections::BTreeMap;
use std::process::ExitCode;

use classroom::{Folder, Piece};
use student_crate::{Checkout, Patch, Recipe, StudentCrate, Wrong, backwards, share_target};

use super::rust_crate;
use super::workplace::{TWIN, Workplace, find_piece, language_of_piece};
use crate::cli::exercises::TakeOptions;
use crate::cli::museum::{MuseumCommand, MuseumOptions};
use crate::cli::wrong_in;
use crate::terminal::look::{Charset, Color, Look};
use crate::terminal::{print, progress};
use crate::views::screen::museum::{self, Shown};

/// Lists the pieces, or shows one.
pub fn run(options: &MuseumOptions) -> ExitCode {
    let look = Look::new(Color::Auto, Charset::Auto);
    let lines = match &options.command {
        Some(MuseumCommand::Show { name, reveal }) => {
            let piece = find_piece(name).unwrap_or_else(|why| wrong_in("museum", why));
            let fix = reveal.then(|| fix(&piece));
            museum::piece(&Shown { piece: &piece, fix }, &look.style)
        }
        None => match Workplace::new(&options.work).progress() {
            Ok(done) => {
                let pieces = Piece::all().into_iter();
                let with_state = pieces.map(|piece| {
                    let entry = done.of(&piece.exercise.id);
                    (piece, entry)
                });
                museum::lines(&with_state.collect::<Vec<_>>(), &look.style)
            }
            Err(why) => {
                progress::warn(&format!("error: {why}"));
                return ExitCode::FAILURE;
            }
        },
    };
    print::status(print::lines(&look, &lines).map(|()| true))
}

/// The bug read backwards.
pub fn fix(piece: &Piece) -> String {
    let (file, text) = piece.bug();
    backwards(&Patch { file, text })
}

/// Writes the crate of a piece into the student's folder, or its twin in Python alone.
pub fn take(piece: &Piece, options: &TakeOptions) -> ExitCode {
    let id = &piece.exercise.id;
    let language = language_of_piece(piece, options.language.as_deref());
    let language = language.unwrap_or_else(|why| wrong_in("take", why));
    let is_twin_alone = language.is_some_and(|language| !language.is_rust());
    let workplace = Workplace::new(&options.work);
    let (into, typed) = (workplace.of(id), workplace.typed(&options.which, id));
    // The progress marks the folder, so that it is found from inside.
    let begun = workplace.progress().and_then(|done| workplace.keep(&done));
    let taken = begun.and_then(|()| {
        let files = if is_twin_alone {
            twin(piece, options.fixed)
        } else {
            let files = files(piece, options.fixed, language.is_none());
            let files = files.and_then(|files| share_target(workplace.folder()).map(|()| files));
            files.map_err(|wrong| not_made(&wrong, piece))?
        };
        rust_crate::write_files(&into, &files)
    });
    let (place, option) = if is_twin_alone { (TWIN, " --language python") } else { ("src", "") };
    match taken {
        Err(why) => {
            progress::warn(&format!("error: {why}"));
            ExitCode::FAILURE
        }
        Ok(()) => {
            progress::note(&format!(
                "{id}  {}: is in {}. Read README.md there, look for the bug in {place}, then: \
                 stage-runner check {typed}{option}",
                piece.exercise.name,
                into.display()
            ));
            ExitCode::SUCCESS
        }
    }
}

fn not_made(wrong: &Wrong, piece: &Piece) -> String {
    if piece.twin().is_some() && rust_crate::checkout().is_err() {
        format!("{wrong}; or take the same bug in Python, which needs none: --language python")
    } else {
        wrong.to_string()
    }
}

/// The files of the twin in Python. All of them are inside of this program.
fn twin(piece: &Piece, fixed: bool) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::from([readme(piece)]);
    if let Some([(_, broken), (_, mended)]) = piece.twin() {
        let twin = if fixed { mended } else { broken };
        files.insert(TWIN.to_owned(), twin.to_vec());
    }
    if let Some((name, plumbing)) = Folder::plumbing("py") {
        files.insert(name.to_owned(), plumbing.to_vec());
    }
    files
}

fn readme(piece: &Piece) -> (String, Vec<u8>) {
    ("README.md".to_owned(), piece.symptom().into_bytes())
}

/// The files of the crate: the stage of today with the bug in it; `with_twin`, its twin as well.
fn files(piece: &Piece, fixed: bool, with_twin: bool) -> Result<BTreeMap<String, Vec<u8>>, Wrong> {
    let made = made(piece, fixed, &rust_crate::checkout()?)?;
    let mut files = rust_crate::as_bytes(made.files);
    files.extend([readme(piece)]);
    if with_twin && piece.twin().is_some() {
        files.extend(twin(piece, fixed));
    }
    Ok(files)
}

/// The crate of a piece. `fixed`: the bug is taken out again, as a student would.
fn made(piece: &Piece, fixed: bool, checkout: &Checkout) -> Result<StudentCrate, Wrong> {
    let fix = fix(piece);
    let fix = fixed.then_some(("bug.patch, read backwards,", fix.as_str()));
    let patches = piece.scene().into_iter().chain([piece.bug()]).chain(fix);
    let patches: Vec<Patch<'_>> = patches.map(|(file, text)| Patch { file, text }).collect();
    let recipe = Recipe { name: piece.name(), stage: &piece.stage, patches: &patches };
    recipe.make(checkout)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A change of a stage stops the pieces that touch the same lines: here is who they are.
    #[test]
    fn every_piece_fits_its_stage_and_its_fix_takes_out_the_bug() {
        let checkout = Checkout::around(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let wrong: Vec<String> = Piece::all()
            .iter()
            .filter_map(|piece| {
                let broken = made(piece, false, &checkout);
                let fixed = made(piece, true, &checkout);
                match (broken, fixed) {
                    (Ok(broken), Ok(fixed)) => {
                        assert_ne!(broken, fixed, "{}", piece.name());
                        None
                    }
                    (broken, fixed) => Some(broken.and(fixed).unwrap_err().to_string()),
                }
            })
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
