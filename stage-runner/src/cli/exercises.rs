//! The options of the commands for students: `exercises`, `take`, `check`, `hint`, `solution`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::values::program;
use crate::lineup::Program;
use crate::terminal::look::Charset;

pub const CHECK_EXAMPLES: &str = "\
Examples:
  stage-runner check 3a                         your program in work/3a
  stage-runner check 3a --watch                 again whenever you save
  stage-runner check 3a -v                      with the notes that it prints to stderr
  stage-runner check 3a --deep                  and its system calls, by strace
  stage-runner check 3a -- node mine.js         any program that speaks docs/protocol.md
  stage-runner check --all --format json        all that you have taken, for your teacher
  stage-runner check --exercise ./my-exercise -- python3 solution.py
  stage-runner check --program \"mine=python3 crawl.py\"

With --all, an exercise is checked as it was checked last: with the command that you gave then, or
with the program that you have taken, in each language. work/progress.toml names the command.

With --program, a program is a stage of your own: it gets every page and every fault in a job of its
own, four at a time; then jobs for how many at once, the deadline, 1,000 pages and bytes cut into
pieces; then Ctrl-C. docs/protocol.md explains what a program has to do.

The program runs with your rights and is not shut in; it is ended with all that it started.

Exit status: 0 passed, 1 not yet, 2 the command line, the exercise or the program is missing or
wrong, 3 not judged (a busy machine, or this system does not tell what a rule needs), 130
interrupted by Ctrl-C (by another signal: 128 and its number). With --all: 0 all that you have taken
passed, 1 something is not yet right, 3 nothing was taken, or something was not judged, for instance
because its program cannot start.";

pub const TAKE_EXAMPLES: &str = "\
Examples:
  stage-runner take 3a                          writes work/3a
  stage-runner take 3a --language javascript    the same in another language, where there is one
  stage-runner take 8a                          a crate in work/8a, made of the stage of chapter 8:
                                                run it in a checkout
  stage-runner take --exercise ./my-exercise    an exercise that your teacher gave you
  stage-runner take museum/lost-wakeup          a piece of the museum: see stage-runner museum
  stage-runner take museum/forgotten-task --language python
                                                the same bug in Python: it needs no checkout

Exit status: 0 the files are there, 1 they could not be written or you have changed them, 2 the
command line is wrong.";

pub const HINT_HELP: &str = "\
Each call shows one level more: a question, a place to look, the idea in words.
Where Rust refuses the program, the compiler's words are the hint.

Exit status: 0 a hint, 1 there is none (nothing was checked, it has passed, or the reason has no
hints), 2 the command line is wrong.";

pub const SOLUTION_HELP: &str = "\
Exit status: 0 shown, 1 the exercise has not passed and --yes was not given, 2 the command line is
wrong, or it has to name the language because you have taken several.";

pub const EXERCISES_HELP: &str = "\
Begin with: stage-runner take 3a, then stage-runner check 3a

Exit status: 0 the list, 1 the progress in the folder cannot be read, 2 the command line is wrong.";

/// Where a student works.
#[derive(Debug, Clone, Args)]
pub struct WorkOptions {
    /// Your folder: a folder for each exercise, and progress.toml [default: work, here or above]
    #[arg(long, value_name = "FOLDER")]
    pub work: Option<PathBuf>,
}

/// Which exercise is meant.
#[derive(Debug, Clone, Args)]
pub struct WhichOptions {
    /// The exercise: 3a
    #[arg(value_name = "EXERCISE")]
    pub name: Option<String>,

    /// The exercise in this folder, which has an exercise.toml
    #[arg(long, value_name = "FOLDER", conflicts_with = "name")]
    pub exercise: Option<PathBuf>,
}

impl WhichOptions {
    /// What has to be typed for this exercise: `3a`, or `--exercise FOLDER`.
    pub fn typed(&self, id: &str) -> String {
        match &self.exercise {
            None => id.to_owned(),
            Some(folder) => with_folder("--exercise", folder),
        }
    }
}

impl WorkOptions {
    /// What has to be typed to mean this folder again: `--work FOLDER`, if it was given.
    pub fn typed(&self) -> Option<String> {
        self.work.as_ref().map(|folder| with_folder("--work", folder))
    }
}

fn with_folder(option: &str, folder: &Path) -> String {
    let folder = folder.display().to_string();
    let quote = if folder.contains(' ') { "\"" } else { "" };
    format!("{option} {quote}{folder}{quote}")
}

/// `exercises`.
#[derive(Debug, Args)]
pub struct ExercisesOptions {
    /// The rules that an exercise of your own can have, as a table in Markdown
    #[arg(long)]
    pub rules: bool,

    /// Which characters to write with
    #[arg(long, value_enum, default_value_t = Charset::Auto)]
    pub charset: Charset,

    /// Where the student works.
    #[command(flatten)]
    pub work: WorkOptions,
}

/// `take`.
#[derive(Debug, Args)]
pub struct TakeOptions {
    /// Which exercise.
    #[command(flatten)]
    pub which: WhichOptions,

    /// The language of the start [default: python, if there is one in it; of a piece, rust]
    #[arg(long, value_name = "LANGUAGE")]
    pub language: Option<String>,

    /// A piece of the museum without its bug
    #[arg(long)]
    pub fixed: bool,

    /// Where the student works.
    #[command(flatten)]
    pub work: WorkOptions,
}

/// `check`.
#[derive(Debug, Args)]
pub struct CheckOptions {
    /// Which exercise.
    #[command(flatten)]
    pub which: WhichOptions,

    /// All exercises that you have taken or checked
    #[arg(long, conflicts_with_all = ["name", "exercise", "watch", "command"])]
    pub all: bool,

    /// No exercise: check this program as a stage; may be given several times
    #[arg(long = "program", value_name = "NAME=COMMAND", value_parser = program)]
    #[arg(conflicts_with_all = ["name", "exercise", "all", "watch", "language", "work", "command"])]
    pub programs: Vec<Program>,

    /// Check again whenever your files change; Ctrl-C ends it
    #[arg(long, conflicts_with_all = ["format", "command"])]
    pub watch: bool,

    /// Show what the program prints to stderr: its notes, and the whole of its last words
    #[arg(short, long)]
    pub verbose: bool,

    /// Count what your program asks of the system, too (Linux, with strace); this is not judged
    #[arg(long, conflicts_with_all = ["all", "programs", "watch", "format"])]
    pub deep: bool,

    /// The language of your program, where you have taken several
    #[arg(long, value_name = "LANGUAGE", conflicts_with_all = ["all", "command"])]
    pub language: Option<String>,

    /// What is printed
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,

    /// Which characters to write with
    #[arg(long, value_enum, default_value_t = Charset::Auto)]
    pub charset: Charset,

    /// Where the student works.
    #[command(flatten)]
    pub work: WorkOptions,

    /// Another program than the one in your folder
    #[arg(value_name = "COMMAND", last = true)]
    pub command: Vec<OsString>,
}

/// What `check` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum CheckFormat {
    Text,
    Json,
}

/// `hint`.
#[derive(Debug, Args)]
pub struct HintOptions {
    /// Which exercise.
    #[command(flatten)]
    pub which: WhichOptions,

    /// Where the student works.
    #[command(flatten)]
    pub work: WorkOptions,
}

/// `solution`.
#[derive(Debug, Args)]
pub struct SolutionOptions {
    /// Which exercise.
    #[command(flatten)]
    pub which: WhichOptions,

    /// Show it before your program has passed
    #[arg(long)]
    pub yes: bool,

    /// The language of the solution [default: the one that you have taken, else python]
    #[arg(long, value_name = "LANGUAGE")]
    pub language: Option<String>,

    /// Where the student works.
    #[command(flatten)]
    pub work: WorkOptions,
}
