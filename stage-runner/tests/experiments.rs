//! Each experiment shows here what its chapter says: what counts is judged always, times where the
//! machine is quiet. In CI on Linux nothing is skipped, and whatever is judged always has a number.

use std::env;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Whether this machine must have all that an experiment needs, as CI on Linux must: a Python,
/// descriptors, and a system that tells what a program used.
fn has_all() -> bool {
    cfg!(target_os = "linux") && env::var_os("CI").is_some()
}

/// The result of the binary with these words, in JSON, and its exit status.
fn experiment(words: &[&str]) -> (Option<Value>, Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stage-runner"));
    command.args(["experiment", "--format", "json"]).args(words).stdin(Stdio::null());
    let output = command.output().expect("the runner starts");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (serde_json::from_slice(&output.stdout).ok(), output.status.code(), stderr)
}

/// Runs one, and says what is not in its range. One that cannot run here says why.
fn run(name: &str, more: &[&str]) -> Vec<String> {
    let (result, code, stderr) = experiment(&[&[name, "--guess", "a"], more].concat());
    if code == Some(3) && stderr.starts_with("skipped: ") {
        println!("{name}: {}", stderr.trim());
        assert!(!has_all(), "{name} must run in CI, and was {}", stderr.trim());
        return Vec::new();
    }
    let Some(result) = result else { panic!("{name}: exit {code:?}, {stderr}") };
    assert_eq!(result["guess"], "a", "{name}");
    let measures = result["measures"].as_array().expect("measures");
    let share = &result["share_of_a_core"];
    println!("{name} (share of a core {share}):");
    for measure in measures {
        println!("  {} {}: {}", measure["seen"], measure["unit"], measure["verdict"]);
    }
    let is_left_out = |measure: &&Value| measure["judged"] == "always" && measure["seen"].is_null();
    let left_out: Vec<&Value> = measures.iter().filter(is_left_out).collect();
    assert!(!has_all() || left_out.is_empty(), "{name} must show this in CI: {left_out:?}");
    let is_wrong = |measure: &&Value| measure["verdict"] == "not here";
    let wrong: Vec<&Value> = measures.iter().filter(is_wrong).collect();
    let is_count = |measure: &&Value| measure["form"] == "count";
    let counts: Vec<_> = wrong.iter().copied().filter(is_count).collect();
    assert!(counts.is_empty(), "{name}: {counts:?}");
    let wrong: Vec<String> = wrong.into_iter().map(Value::to_string).collect();
    assert_eq!(code == Some(1), !wrong.is_empty(), "{name}: exit {code:?}");
    wrong
}

/// A ratio is of times on a machine that others use too: three rounds decide. A count is not.
#[test]
fn every_experiment_shows_what_its_chapter_says() {
    let (list, code, _) = experiment(&[]);
    assert_eq!(code, Some(0));
    let list = list.expect("a list");
    let experiments = list["experiments"].as_array().expect("experiments");
    assert!(experiments.len() >= 16, "{list}");
    for experiment in experiments {
        let name = experiment["name"].as_str().expect("a name");
        let first = run(name, &[]);
        if !first.is_empty() {
            println!("{name}: not here at first: {first:?}");
            let wrong = run(name, &["--rounds", "3"]);
            assert_eq!(wrong, [""; 0], "{name}, medians of three rounds");
        }
    }
}
