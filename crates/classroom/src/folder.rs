//! The files of an exercise, embedded or on the disk.

use std::path::Path;
use std::{fs, io};

use crate::exercise::Wrong;

/// A folder's name, and the path and text of each file in it.
type Files = (&'static str, &'static [(&'static str, &'static [u8])]);

/// What `build.rs` found in `exercises/`.
const EMBEDDED: &[Files] = include!(concat!(env!("OUT_DIR"), "/exercises.rs"));

/// What it found in `museum/`.
const EMBEDDED_PIECES: &[Files] = include!(concat!(env!("OUT_DIR"), "/museum.rs"));

/// What the id of a piece of the museum begins with: `museum/lost-wakeup`.
pub(crate) const MUSEUM: &str = "museum/";

/// The module that a start imports, in each language.
const PLUMBING: &str = "plumbing";

/// The embedded exercises, in the order of the chapters.
pub const EXERCISES: Exercises = Exercises;

/// See [`EXERCISES`].
#[derive(Clone, Copy, Debug)]
pub struct Exercises;

impl Exercises {
    /// All of them.
    pub fn all(self) -> Vec<Folder> {
        let embedded = EMBEDDED.iter().filter(|(name, _)| *name != PLUMBING);
        let mut folders: Vec<Folder> = embedded.map(Folder::of).collect();
        folders.sort_by_key(|folder| (chapter(folder.id()), folder.name.clone()));
        folders
    }
}

/// The number that an id begins with: `10a` is after `9a`.
fn chapter(id: &str) -> u32 {
    let digits: String = id.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(u32::MAX)
}

/// The files of an exercise.
#[derive(Clone, Debug)]
pub struct Folder {
    /// `3a-three-at-a-time`.
    pub name: String,
    files: Vec<(String, Vec<u8>)>,
}

impl Folder {
    /// The embedded exercise of this id, `3a`, or of this folder's name.
    pub fn embedded(name: &str) -> Option<Folder> {
        EXERCISES.all().into_iter().find(|folder| folder.id() == name || folder.name == name)
    }

    /// All pieces of the museum, in the order of their names.
    pub fn pieces() -> Vec<Folder> {
        let named = |piece| {
            let folder = Folder::of(piece);
            Folder { name: format!("{MUSEUM}{}", folder.name), ..folder }
        };
        EMBEDDED_PIECES.iter().map(named).collect()
    }

    /// The module that the starts of a language import: name and text, by the language's extension.
    pub fn plumbing(extension: &str) -> Option<(&'static str, &'static [u8])> {
        let (_, files) = EMBEDDED.iter().find(|(name, _)| *name == PLUMBING)?;
        files.iter().copied().find(|(path, _)| has_extension(path, extension))
    }

    /// Reads the folder of an exercise from the disk.
    ///
    /// # Errors
    /// It cannot be read, with its name.
    pub fn read(path: &Path) -> Result<Folder, Wrong> {
        let wrong =
            |error: io::Error| Wrong::new(format!("cannot read {}: {error}", path.display()));
        // `.` has a name as well.
        let whole = path.canonicalize().map_err(wrong)?;
        let name = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut files = Vec::new();
        read_into(&mut files, &whole, "").map_err(wrong)?;
        Ok(Folder { name, files })
    }

    fn of((name, files): &Files) -> Folder {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.to_vec()));
        Folder { name: (*name).to_owned(), files: files.collect() }
    }

    /// The short name of the exercise, up to the first hyphen: `3a`. The whole name of a piece of
    /// the museum.
    pub fn id(&self) -> &str {
        if self.name.starts_with(MUSEUM) {
            return &self.name;
        }
        self.name.split('-').next().unwrap_or(&self.name)
    }

    /// A file by its path inside.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        let found = self.files.iter().find(|(known, _)| known == path)?;
        Some(&found.1)
    }

    /// A file that is text.
    ///
    /// # Errors
    /// It is not there, or is not UTF-8.
    pub fn text(&self, path: &str) -> Result<&str, Wrong> {
        let file = self.file(path).ok_or_else(|| {
            Wrong::new(format!("there is no {path} in the exercise {}", self.name))
        })?;
        str::from_utf8(file)
            .map_err(|_| Wrong::new(format!("{path} of the exercise {} is not UTF-8", self.name)))
    }

    /// The start (or the solution) in the language of this extension: its path and its text.
    pub fn program(&self, folder: &str, extension: &str) -> Option<(&str, &[u8])> {
        let is_it = |path: &str| path.starts_with(folder) && has_extension(path, extension);
        let found = self.files.iter().find(|(path, _)| is_it(path))?;
        Some((&found.0, &found.1))
    }
}

fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
}

fn read_into(files: &mut Vec<(String, Vec<u8>)>, folder: &Path, inside: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{inside}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            // One level is all that an exercise has.
            if inside.is_empty() {
                read_into(files, &entry.path(), &format!("{path}/"))?;
            }
        } else {
            files.push((path, fs::read(entry.path())?));
        }
    }
    files.sort();
    Ok(())
}
