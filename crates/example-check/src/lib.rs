//! Runs the examples of a crate, and compares what they print with what they say that they print.
//!
//! What an example prints stands in its own file, as its last comment:
//!
//! ```text
//! // Prints:
//! //
//! // hello
//! ```

#[cfg(unix)]
pub mod second_ctrl_c;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What an example prints. Cargo builds the examples of a crate before it runs its tests.
///
/// # Panics
/// If the example is not there, or fails.
#[track_caller]
pub fn run(example: &str) -> String {
    run_with(example, &[])
}

/// What an example prints that is called with these arguments.
///
/// # Panics
/// If the example is not there, or fails.
#[track_caller]
pub fn run_with(example: &str, arguments: &[&str]) -> String {
    let path = path(example);
    let output = Command::new(&path).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{path:?}: {error}: build the examples"));
    assert!(output.status.success(), "{example}: {output:?}");
    String::from_utf8(output.stdout).expect("an example prints text")
}

/// Where Cargo has put an example.
///
/// # Panics
/// If this program has no path.
pub fn path(example: &str) -> PathBuf {
    let mut path: PathBuf = env::current_exe().expect("a test has a path");
    path.pop(); // the name of this test
    path.pop(); // deps
    path.push("examples");
    path.push(example);
    path.set_extension(env::consts::EXE_EXTENSION);
    path
}

/// Compares what an example of the crate in `folder` prints with what its file says.
///
/// # Panics
/// If they differ.
#[track_caller]
pub fn check(folder: &str, example: &str) {
    let file = Path::new(folder).join("examples").join(example).with_extension("rs");
    assert_eq!(run(example).trim_end(), says(&file), "{example}");
}

/// What the file of an example says that it prints.
///
/// # Panics
/// If it does not say it.
#[track_caller]
pub fn says(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    let (_, lines) = text
        .split_once("\n// Prints:\n//\n")
        .unwrap_or_else(|| panic!("{file:?} does not say what it prints"));
    let line = |line: &str| line.trim_start_matches("//").strip_prefix(' ').map(str::to_owned);
    let lines: Vec<String> = lines.lines().map(|it| line(it).unwrap_or_default()).collect();
    lines.join("\n").trim_end().to_owned()
}
