//! Runs the examples of this crate.

use std::path::PathBuf;
use std::process::Command;

/// What an example prints. Cargo has built it beside this test.
pub(crate) fn run(example: &str, arguments: &[&str]) -> String {
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop(); // the name of this test
    path.pop(); // deps
    path.push("examples");
    path.push(example);
    path.set_extension(std::env::consts::EXE_EXTENSION);
    let output = Command::new(&path).args(arguments).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{path:?}: {error}: cargo build --examples makes it")
    });
    assert!(output.status.success(), "{example}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
