//! Each example prints what its chapter says it prints.
#![cfg(not(model_check))]

use std::path::PathBuf;
use std::process::Command;

/// Runs an example, which cargo has built beside this test.
fn run(example: &str) -> String {
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop(); // the name of this test
    path.pop(); // deps
    path.push("examples");
    path.push(example);
    path.set_extension(std::env::consts::EXE_EXTENSION);
    let output = Command::new(&path).output().unwrap_or_else(|error| panic!("{path:?}: {error}"));
    assert!(output.status.success(), "{example}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn check(example: &str, expected: &str) {
    assert_eq!(run(example).trim_end(), expected.trim());
}

#[test]
fn wake_then_ask() {
    check(
        "wake_then_ask",
        "
poll: nothing there yet
postman: rings, by mistake
poll: nothing there yet
postman: brings a letter and rings, twice
poll: there it is
the letter says hello",
    );
}

#[test]
fn future_sizes() {
    let printed = run("future_sizes");
    assert_eq!(printed.lines().count(), 3, "{printed}");
}
