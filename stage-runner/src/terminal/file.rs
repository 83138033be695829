//! Results as files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Whether a file could be written: better known before minutes of measuring than after them.
///
/// # Errors
/// Why not, as a sentence with the file's name.
pub fn check(file: &Path) -> Result<(), String> {
    not_a_folder(file)?;
    let is_new = !file.exists();
    let opened = OpenOptions::new().create(true).append(true).open(file);
    opened
        .and_then(|_| if is_new { fs::remove_file(file) } else { Ok(()) })
        .map_err(not_written(file))
}

/// Writes a file.
///
/// # Errors
/// Why it cannot be, as a sentence with the file's name.
pub fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(not_written(file))
}

/// Adds a text to the end of a file.
///
/// # Errors
/// Why it cannot be, as a sentence with the file's name.
pub fn append(file: &Path, text: &str) -> Result<(), String> {
    let opened = OpenOptions::new().create(true).append(true).open(file);
    opened.and_then(|mut opened| opened.write_all(text.as_bytes())).map_err(not_written(file))
}

/// Empties a file, or makes it, to be written bit by bit.
///
/// # Errors
/// Why it cannot be, as a sentence with the file's name.
pub fn create(file: &Path) -> Result<File, String> {
    not_a_folder(file)?;
    File::create(file).map_err(not_written(file))
}

fn not_a_folder(file: &Path) -> Result<(), String> {
    match file.is_dir() {
        true => Err(format!("cannot write {}: it is a folder; name a file in it", file.display())),
        false => Ok(()),
    }
}

fn not_written(file: &Path) -> impl Fn(io::Error) -> String {
    move |error| format!("cannot write {}: {error}", file.display())
}
