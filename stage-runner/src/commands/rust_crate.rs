//! Writes crates for students: those of exercises, made of a stage of the checkout.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;

use classroom::{Exercise, Folder, Rust};
use student_crate::{Checkout, Patch, Recipe, StudentCrate, Wrong, share_target};

use super::workplace::{Workplace, write_unless_changed};

/// The reason of a crate that does not compile.
pub const DOES_NOT_COMPILE: &str = "does-not-compile";

/// Changes the stage into what the exercise is about.
const SCENE: &str = "scene.patch";

/// Writes the crate of an exercise. Returns whether the start was not there before.
///
/// # Errors
/// There is no checkout to make it of, the exercise does not fit the stage, or a file is there and
/// differs.
pub fn write(
    folder: &Folder,
    exercise: &Exercise,
    workplace: &Workplace,
    start: &[u8],
) -> Result<bool, String> {
    let Some(rust) = &exercise.rust else {
        return Err(format!("{} does not say of which stage it is made", exercise.id));
    };
    let made = checkout().and_then(|checkout| made(folder, exercise, rust, &checkout));
    let mut files = as_bytes(made.map_err(|wrong| wrong.to_string())?.files);
    files.remove(&rust.file);
    if let Some(text) = folder.file("README.md") {
        files.insert("README.md".to_owned(), text.to_vec());
    }

    let into = workplace.of(&exercise.id);
    // First the file that a student changes: where it stays, so does everything else.
    let is_new = write_file(&into, &rust.file, start)?;
    write_files(&into, &files)?;
    share_target(workplace.folder()).map_err(|wrong| wrong.to_string())?;
    Ok(is_new)
}

/// The crate, still without the student's file.
fn made(
    folder: &Folder,
    exercise: &Exercise,
    rust: &Rust,
    checkout: &Checkout,
) -> Result<StudentCrate, Wrong> {
    let scene = folder.file(SCENE).map(|_| folder.text(SCENE));
    let scene = scene.transpose().map_err(|wrong| Wrong(wrong.to_string()))?;
    let scene = scene.map(|text| Patch { file: SCENE, text });
    let name = format!("exercise-{}", exercise.id);
    Recipe { name: &name, stage: &rust.stage, patches: scene.as_slice() }.make(checkout)
}

/// The checkout around the current folder, or else around this program.
///
/// # Errors
/// There is none.
pub fn checkout() -> Result<Checkout, Wrong> {
    Checkout::around(Path::new(".")).or_else(|none| {
        let own = env::current_exe().map_err(|_| none.clone())?;
        Checkout::around(&own).map_err(|_| none)
    })
}

/// The files of a crate, as they are written.
pub fn as_bytes(files: BTreeMap<String, String>) -> BTreeMap<String, Vec<u8>> {
    files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect()
}

/// Writes the files of a crate, unless there are others.
///
/// # Errors
/// A file is there and differs, or it cannot be written.
pub fn write_files(into: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<(), String> {
    for (path, text) in files {
        // Building changes the lock file: the crate itself is entered there.
        if path != "Cargo.lock" || !into.join(path).exists() {
            write_file(into, path, text)?;
        }
    }
    Ok(())
}

fn write_file(into: &Path, path: &str, text: &[u8]) -> Result<bool, String> {
    let file = into.join(path);
    let folder = file.parent().expect("a file is in a folder");
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    write_unless_changed(&file, text)
}

#[cfg(test)]
mod tests {
    use classroom::EXERCISES;

    use super::*;

    /// A change of a stage stops the exercises whose scene touches the same lines: here is who they
    /// are.
    #[test]
    fn the_scene_of_every_exercise_fits_its_stage() {
        let checkout = Checkout::around(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let mut wrong = Vec::new();
        for folder in EXERCISES.all() {
            let exercise = Exercise::read(&folder).unwrap();
            if let Some(rust) = &exercise.rust {
                wrong.extend(made(&folder, &exercise, rust, &checkout).err());
                assert!(folder.program("start/", "rs").is_some(), "{} has no start", exercise.id);
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
