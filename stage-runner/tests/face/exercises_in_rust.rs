//! Exercises in Rust: the crate that is taken, and what is said where it cannot be made or built.
//! `scripts/exercises` builds and checks all of them.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::support::{Ended, command, ended, run};

/// A student's folder for each test, which the next run of that test empties.
fn new_work(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exercises_in_rust").join(test);
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn take(work: &Path) -> Ended {
    run(&["take", "8a", "--work", work.to_str().unwrap()])
}

/// A crate in the place of the one that `take` writes: it needs nothing, so it builds at once.
fn tiny_crate(work: &Path, main: &str) {
    tiny_crate_of(work, "8a", main);
}

fn tiny_crate_of(work: &Path, id: &str, main: &str) {
    let src = work.join(id).join("src");
    fs::create_dir_all(&src).unwrap();
    let manifest = "[package]\nname = \"tiny\"\nedition = \"2024\"\n\n[workspace]\n";
    fs::write(work.join(id).join("Cargo.toml"), manifest).unwrap();
    fs::write(src.join("join.rs"), "").unwrap();
    fs::write(src.join("main.rs"), main).unwrap();
}

#[test]
fn a_crate_of_todays_stage_is_taken_once() {
    let work = new_work("a_crate_of_todays_stage_is_taken_once");
    take(&work).code(0).notes("8a  join: is in").notes("change src/join.rs");
    let read = |path: &str| fs::read_to_string(work.join(path)).unwrap();
    assert!(read("8a/src/join.rs").contains("pub(crate) async fn join_all"));
    assert!(read("8a/src/lib.rs").contains("join_all(fetches.collect())"), "the scene");
    assert!(read("8a/src/main.rs").contains("stage_program::run"));
    assert!(read("8a/Cargo.lock").contains("name = \"socket2\""));
    assert!(read(".cargo/config.toml").contains("target-dir = \"target\""));
    let queue = include_str!("../../../crates/08-async-await/src/queue.rs");
    assert_eq!(read("8a/src/queue.rs"), queue.replace("\r\n", "\n"), "the stage of today");

    // A build enters the crate in the lock file.
    fs::write(work.join("8a/Cargo.lock"), "changed").unwrap();
    take(&work).code(0).notes("was already in");
    fs::write(work.join("8a/src/join.rs"), "mine").unwrap();
    take(&work).code(1).notes("join.rs is not as it was taken, and stays as it is");
    assert_eq!(read("8a/src/join.rs"), "mine");
}

#[test]
fn without_a_checkout_it_says_what_is_missing() {
    let elsewhere = env::temp_dir().join(format!("no-checkout-{}", std::process::id()));
    fs::create_dir_all(&elsewhere).unwrap();
    let runner = elsewhere.join("stage-runner");
    fs::copy(env!("CARGO_BIN_EXE_stage-runner"), &runner).unwrap();
    let mut take = std::process::Command::new(&runner);
    take.args(["take", "8a"]).current_dir(&elsewhere);
    let taken = ended(take);
    fs::remove_dir_all(&elsewhere).unwrap();
    let taken = taken.code(1).notes("error: no checkout of Ways to Wait around");
    assert_eq!(taken.stderr.lines().count(), 1, "{}", taken.stderr);
}

#[test]
fn without_cargo_it_says_what_is_missing() {
    let work = new_work("without_cargo_it_says_what_is_missing");
    tiny_crate(&work, "fn main() {}");
    let mut check = command(&["check", "8a", "--work", work.to_str().unwrap()]);
    check.env_remove("CARGO").env("PATH", "");
    let checked = ended(check).code(2).notes("cargo is not here: an exercise in Rust needs Rust");
    assert_eq!(checked.stderr.lines().count(), 1, "{}", checked.stderr);
}

#[test]
fn what_does_not_compile_is_not_yet_there() {
    let work = new_work("what_does_not_compile_is_not_yet_there");
    tiny_crate(&work, "fn main() {\n    let x = String::new();\n    drop(x);\n    drop(x);\n}\n");
    let check = || {
        let mut check = command(&["check", "8a", "--work", work.to_str().unwrap()]);
        check.env_remove("CARGO_TARGET_DIR");
        ended(check)
    };
    check()
        .code(1)
        .says("not yet (does-not-compile)")
        .says("error[E0382]: use of moved")
        .says("`x` (src/main.rs:4)")
        .notes("value used here after move");
    // And what compiles runs: this program says nothing.
    tiny_crate(&work, "fn main() {}\n");
    check().code(1).says("not yet (missing)");
}

/// What the compiler says names the line already: no level of a hint is more than that.
#[test]
fn the_hint_for_what_does_not_compile_is_what_the_compiler_says() {
    let work = new_work("the_hint_for_what_does_not_compile_is_what_the_compiler_says");
    let work_option = ["--work", work.to_str().unwrap()];
    for id in ["8a", "museum/lost-wakeup"] {
        tiny_crate_of(&work, id, "fn main() {\n    missing();\n}\n");
        let mut check = command(&[&["check", id], &work_option[..]].concat());
        check.env_remove("CARGO_TARGET_DIR");
        ended(check).code(1).says("not yet (does-not-compile)");
        for _ in 0..2 {
            run(&[&["hint", id], &work_option[..]].concat())
                .code(0)
                .says("does-not-compile: the compiler's words are the hint.")
                .says("error[E0425]: cannot find")
                .says("(src/main.rs:2)")
                .says("rustc --explain E0425")
                .says(&format!("stage-runner check {id}"));
        }
    }
}

/// The way of a student: nothing is built yet, and what is built goes into the work folder.
#[test]
fn an_exercise_is_taken_built_and_judged_in_an_empty_folder() {
    let work = new_work("an_exercise_is_taken_built_and_judged_in_an_empty_folder");
    let work_option = ["--work", work.to_str().unwrap()];
    run(&[&["take", "8a"], &work_option[..]].concat()).code(0);
    let began = Instant::now();
    let check = || {
        let mut check = command(&[&["check", "8a"], &work_option[..]].concat());
        check.env_remove("CARGO_TARGET_DIR");
        ended(check)
    };
    let mut checked = check();
    // How long it takes depends on the machine, so it is told and not judged.
    let took = began.elapsed().as_secs();
    let _ = writeln!(io::stderr(), "8a: built in an empty folder, and checked: {took} s");
    // A machine that is busy is asked again.
    for _ in 0..2 {
        if checked.code == Some(3) {
            checked = check();
        }
    }
    checked.code(1).says("8a  ").says("not yet (polls-all)");
    assert!(work.join("target/debug").is_dir(), "built somewhere else");
}

#[test]
fn no_language_but_rust_is_offered_for_what_only_rust_can_show() {
    let work = new_work("no_language_but_rust_is_offered_for_what_only_rust_can_show");
    let work_option = ["--work", work.to_str().unwrap()];
    let take = ["take", "6a", "--language", "python"];
    let taken = run(&[&take[..], &work_option[..]].concat()).code(2);
    let taken = taken.notes("6a has no start in python, but in rust");
    assert!(!taken.stderr.contains("any language"), "{}", taken.stderr);
    let take = ["take", "3a", "--language", "rust"];
    let taken = run(&[&take[..], &work_option[..]].concat()).code(2);
    taken.notes("a program of your own in any language is checked by: stage-runner check 3a");
}
