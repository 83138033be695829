//! Writes an exercise in Rust: a crate, made of a stage of the checkout.

use std::env;
use std::fs;
use std::path::Path;

use classroom::{Exercise, Folder, Rust};
use student_crate::{Checkout, Patch, Recipe};

use super::workplace::{Workplace, write_unless_changed};

/// Cargo's settings for all crates of a student.
const CONFIG: &str = ".cargo/config.toml";

/// Changes the stage into what the exercise is about.
const SCENE: &str = "scene.patch";

/// Writes the crate. Returns whether the start was not there before.
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
    let Some(Rust { stage, file }) = &exercise.rust else {
        return Err(format!("{} does not say of which stage it is made", exercise.id));
    };
    let checkout = checkout()?;
    let scene = folder.file(SCENE).map(|_| folder.text(SCENE));
    let scene = scene.transpose().map_err(|wrong| wrong.to_string())?;
    let scene = scene.map(|text| Patch { file: SCENE, text });
    let name = format!("exercise-{}", exercise.id);
    let patches: &[Patch<'_>] = scene.as_slice();
    let recipe = Recipe { name: &name, stage, patches };
    let mut made = recipe.make(&checkout).map_err(|wrong| wrong.to_string())?;
    made.files.remove(file);
    if let Some(text) = folder.file("README.md") {
        made.files.insert("README.md".to_owned(), String::from_utf8_lossy(text).into_owned());
    }

    let into = workplace.of(&exercise.id);
    // First the file that a student changes: where it stays, so does everything else.
    let is_new = write_into(&into, file, start)?;
    for (path, text) in &made.files {
        write_into(&into, path, text.as_bytes())?;
    }
    if !workplace.folder().join(CONFIG).exists() {
        write_into(workplace.folder(), CONFIG, config(&checkout).as_bytes())?;
    }
    Ok(is_new)
}

/// All crates build into the folder of the checkout: what they use is built once, and mostly it is
/// there already.
fn config(checkout: &Checkout) -> String {
    let target = checkout.root().join("target").display().to_string();
    let target = toml_string(&target);
    format!(
        "# All crates here build into one folder, that of the checkout, so that what they use is\n\
         # built once.\n\
         [build]\n\
         target-dir = {target}\n"
    )
}

/// A path as a string of TOML: a basic string takes what JSON has for it.
fn toml_string(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

/// The checkout that the student is in, or the one that this program was built in.
fn checkout() -> Result<Checkout, String> {
    let here = Checkout::around(Path::new("."));
    let program = || env::current_exe().ok().and_then(|path| Checkout::around(&path).ok());
    here.or_else(|wrong| program().ok_or(wrong)).map_err(|wrong| wrong.to_string())
}

fn write_into(folder: &Path, path: &str, text: &[u8]) -> Result<bool, String> {
    let file = folder.join(path);
    if let Some(parent) = file.parent() {
        let made = fs::create_dir_all(parent);
        made.map_err(|error| format!("cannot make {}: {error}", parent.display()))?;
    }
    write_unless_changed(&file, text)
}
