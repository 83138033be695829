//! A student's folder: a folder for each exercise that was taken, and the progress.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::iter;
use std::path::{self, Path, PathBuf};
use std::process::Command;

use classroom::{EXERCISES, Exercise, Folder, Piece, Progress};

use crate::cli::exercises::{WhichOptions, WorkOptions};
use crate::lineup::{ExerciseLanguage, stages};
use crate::system::python::Python;
use crate::words;

/// What the folder is called, unless it is told otherwise.
const FOLDER: &str = "work";

/// The file with the progress.
const PROGRESS: &str = "progress.toml";

/// The student's program is called as the start is.
const START: &str = "start";

/// What the same bug in Python is called, beside the crate of a piece of the museum.
pub const TWIN: &str = "twin.py";

/// A student's folder.
pub struct Workplace {
    folder: PathBuf,
    /// How it was given, if it was: `--work FOLDER`.
    typed: Option<String>,
}

/// What a student has taken.
pub enum Taken {
    /// A program that can run as it is.
    Program(Program),
    /// A crate in this folder, which has to be built first.
    Crate(PathBuf),
}

/// What runs a student's program.
pub enum Program {
    /// These words.
    Command(Vec<OsString>),
    /// These words, as they were typed in this folder.
    CommandIn(PathBuf, Vec<OsString>),
    /// This file, with Python.
    Python(Python, PathBuf),
}

impl Program {
    /// A new command that runs it.
    pub fn command(&self) -> Command {
        let mut command = match self {
            Program::Command(words) => {
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]);
                command
            }
            Program::CommandIn(folder, words) => {
                let program = Path::new(&words[0]);
                // What is a path, and not a name to look for, begins at that folder.
                let is_path = program.components().count() > 1;
                let mut command = match is_path {
                    true => Command::new(folder.join(program)),
                    false => Command::new(program),
                };
                command.args(&words[1..]).current_dir(folder);
                command
            }
            Program::Python(python, file) => python.command(file),
        };
        // Nothing but the student writes into the student's folder.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// The exercise that is meant by what was typed after `command`.
///
/// # Errors
/// There is none of that name, or in that folder, or something is wrong with it.
pub fn chosen(which: &WhichOptions, command: &str) -> Result<(Folder, Exercise), String> {
    match (&which.exercise, &which.name) {
        (Some(folder), _) => read(folder),
        (None, Some(name)) => find(name),
        (None, None) => Err(format!(
            "which exercise? Write its name, as in: stage-runner {command} 3a; stage-runner \
             exercises lists them"
        )),
    }
}

/// The exercise in this folder.
///
/// # Errors
/// There is none, or something is wrong with it.
pub fn read(folder: &Path) -> Result<(Folder, Exercise), String> {
    let folder = Folder::read(folder).map_err(|wrong| wrong.to_string())?;
    let exercise = Exercise::read(&folder).map_err(|wrong| wrong.to_string())?;
    Ok((folder, exercise))
}

/// The embedded exercise of this name.
///
/// # Errors
/// There is none, and what was meant.
pub fn find(name: &str) -> Result<(Folder, Exercise), String> {
    if Piece::is_meant(name) {
        return find_piece(name).map(|piece| (piece.folder().clone(), piece.exercise));
    }
    let folder = Folder::embedded(name).ok_or_else(|| {
        let all = EXERCISES.all();
        let shown = name.escape_debug();
        match stages::nearest(name, all.iter().map(Folder::id)) {
            Some(near) => format!("no exercise is called \"{shown}\": did you mean {near}?"),
            None => {
                format!("no exercise is called \"{shown}\": stage-runner exercises lists them")
            }
        }
    })?;
    let exercise = Exercise::read(&folder).map_err(|wrong| wrong.to_string())?;
    Ok((folder, exercise))
}

/// The language that was asked for, or the first in which the exercise has a start.
///
/// # Errors
/// There is no such language.
pub fn language(folder: &Folder, asked: Option<&str>) -> Result<&'static ExerciseLanguage, String> {
    let has = |language: &&ExerciseLanguage| folder.program("start/", language.extension).is_some();
    match asked {
        Some(name) => ExerciseLanguage::find(name),
        None => Ok(ExerciseLanguage::ALL.iter().find(has).unwrap_or(&ExerciseLanguage::ALL[0])),
    }
}

/// The piece of the museum of this name, with or without `museum/`.
///
/// # Errors
/// There is none, and what was meant.
pub fn find_piece(name: &str) -> Result<Piece, String> {
    Piece::find(name).ok_or_else(|| {
        let all = Piece::all();
        let shown = name.escape_debug();
        let name = name.strip_prefix("museum/").unwrap_or(name);
        match stages::nearest(name, all.iter().map(Piece::name)) {
            Some(near) => format!("no piece is called \"{shown}\": did you mean {near}?"),
            None => format!("no piece is called \"{shown}\": stage-runner museum lists them"),
        }
    })
}

/// The language that was asked for, if the piece has a program in it.
///
/// # Errors
/// It has none, and in which it has one.
pub fn language_of_piece(
    piece: &Piece,
    asked: Option<&str>,
) -> Result<Option<&'static ExerciseLanguage>, String> {
    let Some(asked) = asked else { return Ok(None) };
    let has = |language: &&ExerciseLanguage| {
        language.is_rust() || language.extension == "py" && piece.twin().is_some()
    };
    // The crate is the piece, so it comes first.
    let there = ExerciseLanguage::ALL.iter().rev().filter(has);
    there.clone().find(|language| language.name == asked).map(Some).ok_or_else(|| {
        let names: Vec<&str> = there.map(|language| language.name).collect();
        let (id, shown) = (&piece.exercise.id, asked.escape_debug());
        format!("{id} has no program in \"{shown}\": write {}", names.join(" or "))
    })
}

impl Workplace {
    /// The folder that was asked for; else the one that was begun here, or in a folder above: a
    /// student may be inside of it.
    pub fn new(options: &WorkOptions) -> Workplace {
        let begun = || {
            let here = env::current_dir().ok()?;
            let above = here.ancestors().skip(1).map(|folder| folder.join(FOLDER));
            above.into_iter().find(|folder| folder.join(PROGRESS).is_file())
        };
        let is_here = Path::new(FOLDER).join(PROGRESS).is_file();
        let found = options.work.clone().or_else(|| begun().filter(|_| !is_here));
        let folder = found.unwrap_or_else(|| PathBuf::from(FOLDER));
        Workplace { folder, typed: options.typed() }
    }

    /// What has to be typed after a command to mean this exercise, and this folder.
    pub fn typed(&self, which: &WhichOptions, id: &str) -> String {
        let words = [Some(which.typed(id)), self.typed.clone()];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// The folder, as people call it.
    pub fn name(&self) -> std::path::Display<'_> {
        self.folder.display()
    }

    /// The folder of all.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of an exercise.
    pub fn of(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    /// The student's program for an exercise in this language, or that file of it which the student
    /// changes.
    pub fn file(&self, exercise: &Exercise, language: &ExerciseLanguage) -> PathBuf {
        let folder = self.of(&exercise.id);
        match &exercise.rust {
            Some(rust) if language.is_rust() => folder.join(&rust.file),
            _ => folder.join(format!("{START}.{}", language.extension)),
        }
    }

    /// The languages in which an exercise was taken.
    pub fn taken(&self, exercise: &Exercise) -> Vec<&'static ExerciseLanguage> {
        let is_there = |language: &&ExerciseLanguage| self.file(exercise, language).exists();
        ExerciseLanguage::ALL.iter().filter(is_there).collect()
    }

    /// The names of the languages in which an exercise or a piece of the museum was taken.
    pub fn languages(&self, exercise: &Exercise) -> Vec<&'static str> {
        if Piece::is_meant(&exercise.id) {
            let is_there = |file: &str| self.of(&exercise.id).join(file).exists();
            let languages = [("rust", "Cargo.toml"), ("python", TWIN)].into_iter();
            return languages.filter(|(_, file)| is_there(file)).map(|(name, _)| name).collect();
        }
        self.taken(exercise).iter().map(|language| language.name).collect()
    }

    /// The student's program for an exercise. `typed` is what stands for the exercise on a command
    /// line.
    ///
    /// # Errors
    /// There is no such file, or there are several, or nothing runs it.
    pub fn program(
        &self,
        exercise: &Exercise,
        typed: &str,
        language: Option<&str>,
    ) -> Result<Taken, String> {
        let id = &exercise.id;
        if Piece::is_meant(id) {
            return self.program_of_piece(id, typed, language);
        }
        let language = match (language, &self.taken(exercise)[..]) {
            (Some(name), _) => ExerciseLanguage::find(name)?,
            (None, [only]) => only,
            (None, []) => {
                return Err(format!(
                    "there is no program in {}: stage-runner take {typed} writes one, and \
                     stage-runner check {typed} -- COMMAND checks any other",
                    self.of(id).display()
                ));
            }
            (None, several) => return Err(which_language(id, several)),
        };
        let file = self.file(exercise, language);
        if !file.exists() {
            let name = language.name;
            return Err(format!(
                "{} is missing: stage-runner take {typed} --language {name} writes it",
                file.display()
            ));
        }
        if language.is_rust() {
            return Ok(Taken::Crate(self.of(id)));
        }
        if language.extension == "py" {
            let python = Python::find().map_err(|why| format!("{}.", words::escaped(&why)))?;
            return Ok(Taken::Program(Program::Python(python, file)));
        }
        Ok(Taken::Program(Program::Command(vec![language.program.into(), file.into()])))
    }

    /// The crate that was taken, or its twin in Python.
    fn program_of_piece(
        &self,
        id: &str,
        typed: &str,
        language: Option<&str>,
    ) -> Result<Taken, String> {
        let folder = self.of(id);
        let language = language_of_piece(&find_piece(id)?, language)?;
        if !folder.exists() {
            return Err(format!(
                "{id} was not taken into {}: stage-runner take {typed} does that",
                self.name()
            ));
        }
        let (is_crate, twin) = (folder.join("Cargo.toml").exists(), folder.join(TWIN));
        let is_meant = match language {
            Some(language) => !language.is_rust(),
            None => !is_crate,
        };
        if is_meant && twin.exists() {
            let python = Python::find().map_err(|why| format!("{}.", words::escaped(&why)))?;
            return Ok(Taken::Program(Program::Python(python, twin)));
        }
        if let Some(python) = language.filter(|language| !language.is_rust()) {
            let (file, name) = (twin.display(), python.name);
            return Err(format!(
                "{file} is missing: stage-runner take {typed} --language {name} writes it"
            ));
        }
        if !is_crate {
            return Err(format!(
                "there is no crate in {}: stage-runner take {typed} writes one",
                folder.display()
            ));
        }
        Ok(Taken::Crate(folder))
    }

    /// A folder as the progress has it. What is inside or beside the student's folder is named from
    /// there, so that both can be moved together.
    pub fn noted(&self, folder: &Path) -> String {
        let (inside, own) = (whole(folder), whole(&self.folder));
        for (base, named) in [(Some(&*own), "."), (own.parent(), "..")] {
            if let Some(rest) = base.and_then(|base| inside.strip_prefix(base).ok()) {
                let rest = rest.iter().map(|part| part.to_string_lossy().into_owned());
                let parts: Vec<String> = iter::once(named.to_owned()).chain(rest).collect();
                return parts.join("/");
            }
        }
        path::absolute(folder).unwrap_or(inside).display().to_string()
    }

    /// A folder that the progress names.
    pub fn found(&self, noted: &str) -> PathBuf {
        self.folder.join(noted)
    }

    /// The file with the progress.
    pub fn progress_file(&self) -> PathBuf {
        self.folder.join(PROGRESS)
    }

    /// What the student has done so far.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn progress(&self) -> Result<Progress, String> {
        let path = self.progress_file();
        match fs::read_to_string(&path) {
            Ok(text) => Progress::parse(&text).map_err(|wrong| {
                format!("{}, {wrong}: mend the line, or remove the file", path.display())
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Progress::default()),
            Err(error) => Err(format!("cannot read {}: {error}", path.display())),
        }
    }

    /// Keeps it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&self, progress: &Progress) -> Result<(), String> {
        let path = self.progress_file();
        let written = fs::create_dir_all(&self.folder).and_then(|()| {
            // Where the process ends in between, the old file is still there.
            let new = path.with_extension("toml.new");
            fs::write(&new, progress.to_text())?;
            fs::rename(&new, &path)
        });
        written.map_err(|error| format!("cannot write {}: {error}", path.display()))
    }

    /// The contents of all files of an exercise.
    pub fn contents(&self, id: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let mut contents = contents_of(&self.of(id));
        contents.extend(contents_of(&self.of(id).join("src")));
        contents.sort();
        contents
    }
}

/// The path of a folder, to compare it with another one.
fn whole(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

/// A folder as one would type it here.
pub fn from_here(folder: &Path) -> PathBuf {
    let here = env::current_dir().map(|here| whole(&here));
    let inside =
        here.ok().and_then(|here| whole(folder).strip_prefix(here).ok().map(Path::to_owned));
    inside.filter(|inside| inside.file_name().is_some()).unwrap_or_else(|| folder.to_owned())
}

/// What to say where an exercise was taken in several languages, and one has to be named.
pub fn which_language(id: &str, several: &[&ExerciseLanguage]) -> String {
    let names: Vec<&str> = several.iter().map(|language| language.name).collect();
    format!("{id} was taken in several languages: add --language {}", names.join(" or "))
}

fn contents_of(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    // A file may be away for a moment while an editor replaces it, and building changes the lock
    // file.
    entries
        .filter(|entry| entry.file_name() != "Cargo.lock")
        .filter_map(|entry| Some((entry.path(), fs::read(entry.path()).ok()?)))
        .collect()
}

/// Writes a file, unless there is another one.
///
/// # Errors
/// The file is there and differs, or it cannot be written.
pub fn write_unless_changed(path: &Path, text: &[u8]) -> Result<bool, String> {
    match fs::read(path) {
        Ok(there) if there == text => Ok(false),
        Ok(_) => Err(format!(
            "{} is not as it was taken, and stays as it is: rename it to begin anew",
            path.display()
        )),
        Err(error) if error.kind() == ErrorKind::NotFound => fs::write(path, text)
            .map(|()| true)
            .map_err(|error| format!("cannot write {}: {error}", path.display())),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}
