//! Runs the examples of a crate, and looks at what they print.

use std::path::PathBuf;
use std::process::Command;

/// Runs an example, which cargo has built beside this test.
pub(crate) fn run(example: &str) -> String {
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop(); // the name of this test
    path.pop(); // deps
    path.push("examples");
    path.push(example);
    path.set_extension(std::env::consts::EXE_EXTENSION);
    let output = Command::new(&path)
        .output()
        .unwrap_or_else(|error| panic!("{path:?}: {error}"));
    assert!(output.status.success(), "{example}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Compares what an example prints with what it should.
#[track_caller]
pub(crate) fn check(example: &str, expected: &str) {
    assert_eq!(run(example).trim_end(), expected.trim());
}
