//! `--language`: the originals in Python beside the stages in Rust.

use std::env;
use std::io::{self, Write};

use serde_json::Value;
use stage_runner::stages;

use super::support::{Ended, command, ended, run};

/// Quick enough to run everything.
const QUICK: [&str; 4] = ["--pages", "3", "--delay", "20ms"];

fn quick(args: &[&str]) -> Ended {
    run(&[&QUICK[..], args].concat())
}

/// Whether there is a Python for a test. CI has one, or fails.
fn is_there(test: &str) -> bool {
    let ended = quick(&["--language", "python", "-s", "blocking", "-q"]);
    if ended.code == Some(0) {
        return true;
    }
    assert!(env::var_os("CI").is_none(), "{}", ended.stderr);
    // Not by a macro: what those write is shown only where a test fails.
    let _ = writeln!(io::stderr(), "left out: {test}: {}", ended.stderr.trim());
    false
}

/// Name and language of each run.
fn languages<'a>(runs: &'a Value) -> Vec<(&'a str, &'a str)> {
    let runs = runs.as_array().unwrap().iter();
    let both = |run: &'a Value| Some((run["stage"].as_str()?, run["language"].as_str()?));
    runs.map(|run| both(run).expect("a run has both")).collect()
}

#[test]
fn every_original_fetches_every_page() {
    if !is_there("every_original_fetches_every_page") {
        return;
    }
    let all = quick(&["--language", "python", "-c", "2", "--format", "json"]);
    let json = all.json();
    let listed = run(&["--list", "--language", "python"]).code(0).stdout;
    assert_eq!(json["runs"].as_array().unwrap().len(), listed.lines().count(), "{listed}");
    let version = json["python"].as_str().unwrap();
    let minor = version.strip_prefix("3.").and_then(|rest| rest.split('.').next()?.parse().ok());
    let minor: u32 = minor.expect(version);
    // What a system or an older Python lacks is skipped there.
    let has_all = cfg!(target_os = "linux") && minor >= 11;
    for run in json["runs"].as_array().unwrap() {
        let name = &run["stage"];
        assert!(listed.contains(&format!("  {}  ", name.as_str().unwrap())), "{name}: {listed}");
        assert_eq!(run["language"], "python");
        if has_all || run["status"] != "skipped" {
            assert_eq!((&run["status"], &run["pages"]), (&"ok".into(), &3.into()), "{run}");
            assert!(run["usage"]["wall_us"].as_u64().unwrap() >= 40_000, "{run}");
            assert_eq!(run["wall_includes_start"], false, "{run}");
            assert_eq!(run["doubted"], Value::Array(Vec::new()), "{run}");
        }
    }
    let read = stage_runner::read_report(all.stdout.as_bytes()).unwrap();
    assert_eq!(read.setting.python.as_deref(), Some(version));
    all.code(0);
}

/// `select` is there on every system.
#[test]
fn both_languages_of_a_stage_stand_together() {
    if !is_there("both_languages_of_a_stage_stand_together") {
        return;
    }
    let of = |args: &[&str]| quick(&[args, &["-s", "1,tokio,blocking,select"]].concat()).code(0);
    let table = of(&["--python"]).says(", Python 3.").notes("tokio has no original in Python");
    let names: Vec<_> = table.stdout.lines().filter_map(|line| line.get(..11)).collect();
    let at = names.iter().position(|name| name.starts_with("blocking")).unwrap();
    let names: Vec<_> = names[at..at + 5].iter().map(|name| name.trim_end()).collect();
    assert_eq!(names, ["blocking", "  in Python", "tokio", "select", "  in Python"]);

    let json = of(&["--language", "both", "-r", "2", "--format", "json"]).json();
    let round = [
        ("blocking", "rust"),
        ("blocking", "python"),
        ("tokio", "rust"),
        ("select", "rust"),
        ("select", "python"),
    ];
    assert_eq!(languages(&json["runs"]), [round, round].concat());

    let lines = of(&["--language", "both", "--format", "jsonl"]).json_lines();
    assert_eq!(lines.len(), 3 * round.len());
    assert!(lines.iter().all(|line| line["language"].is_string()));
    of(&["--python", "--format", "markdown"]).says("| select in Python | 1 thread |");
    quick(&["-s", "select", "--language", "python"]).code(0).says("select in Python: 1 thread, ");
}

#[test]
fn a_sweep_runs_both_languages() {
    if !is_there("a_sweep_runs_both_languages") {
        return;
    }
    let args = ["sweep", "-s", "select,tokio", "--python", "--delay", "100ms"];
    let of =
        |more: &[&str]| run(&[&args[..], &["--from", "2", "--to", "3"], more].concat()).code(0);
    of(&[]).says("select in Python  ").says(", Python 3.").notes("tokio has no original");
    let json = of(&["--format", "json"]).json();
    let wanted = [("select", "rust"), ("select", "python"), ("tokio", "rust")];
    assert_eq!(languages(&json["stages"]), wanted, "{json}");
    assert_eq!(json["stages"][1]["points"].as_array().unwrap().len(), 2, "{json}");
    assert!(json["python"].as_str().unwrap().starts_with("3."));
}

/// The process pool says how its processes came to be.
#[test]
fn a_pool_names_its_start_method() {
    if !is_there("a_pool_names_its_start_method") {
        return;
    }
    let args = ["--language", "python", "-s", "process-pool", "-c", "2"];
    quick(&args).code(0).says("started by spawn").says("processes started by spawn: 2");
}

/// What the environment says to other programs in Python does not keep the originals from running.
#[test]
fn the_environment_does_no_harm() {
    if !is_there("the_environment_does_no_harm") {
        return;
    }
    let mut command = command(&[&QUICK[..], &["--language", "python", "-s", "2,select"]].concat());
    for name in ["PYTHONSAFEPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONINSPECT"] {
        command.env(name, "1");
    }
    command.env("PYTHONPATH", env!("CARGO_MANIFEST_DIR"));
    ended(command).code(0);
}

#[test]
fn wrong_languages_are_told() {
    let wrong = |args: &[&str], why: &str| quick(args).code(2).notes(why);
    wrong(&["--language", "java"], "[possible values: rust, python, both]");
    wrong(&["--language", "python", "--python"], "cannot be used with");
    for name in ["tokio", "yield-from-flat"] {
        let why =
            format!("{name} has no original in Python: --list shows the stages that have one");
        wrong(&["--language", "python", "-s", &format!("epoll,{name}")], &why);
    }
    wrong(&["--python", "--program", "mine=true"], "write --stage all");
    let why = "tokio has no original in Python";
    run(&["sweep", "--language", "python", "-s", "tokio"]).code(2).notes(why);
}

#[test]
fn the_list_shows_who_has_an_original() {
    let list = run(&["--list"]).code(0).stdout;
    let languages = |name: &str| {
        let is_it = |line: &&str| line.split_whitespace().nth(1) == Some(name);
        let line = list.lines().find(is_it).expect(name);
        line.contains("Rust, Python")
    };
    assert!(languages("blocking") && languages("epoll") && !languages("tokio"), "{list}");
    let python = run(&["--list", "--language", "python"]).code(0).stdout;
    let with = list.lines().filter(|line| line.contains("Rust, Python")).count();
    assert_eq!((python.lines().count(), python.contains("tokio")), (with, false));
    assert!(with >= 12 && with < stages::STAGES.len(), "{list}");
}

/// Names of Python that stand for something else.
#[cfg(unix)]
mod other_pythons {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::operations::{interrupted_command, processes_with, soon};

    fn folder(name: &str) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// A shell script that is called as Python is.
    fn script(name: &str, script: &str) -> PathBuf {
        let path = folder(name).join("python3");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    /// As an interpreter of that version would answer; what it runs is the rest.
    fn of_version(name: &str, version: &str, rest: &str) -> PathBuf {
        let asked = format!("case $1 in -c) echo python {version} cpython; exit;; esac");
        script(name, &format!("{asked}\n{rest}"))
    }

    fn with(python: &Path, args: &[&str]) -> Command {
        let mut command = command(&[&QUICK[..], args].concat());
        command.env("PYTHON", python);
        command
    }

    /// One line tells why, and the stages in Rust run.
    #[track_caller]
    fn refused(command: impl Fn(&[&str]) -> Command, why: &str) {
        let both = ended(command(&["-s", "epoll,poll", "--python", "-q"])).code(1).says("poll ");
        let line =
            format!("warning: no Python 3.8 or newer: {why}. Set PYTHON to the path of one.");
        assert!(both.stderr.starts_with(&line), "{}", both.stderr);
        assert_eq!(both.stderr.lines().count(), 1, "{}", both.stderr);
        assert!(!both.stdout.contains("Python"), "{}", both.stdout);
    }

    #[test]
    fn one_that_hangs_is_ended() {
        let python = script("hanging", "sleep 4761 & sleep 4761");
        let began = Instant::now();
        let why = format!("PYTHON ({}) did not answer within 10 s", python.display());
        refused(|args| with(&python, args), &why);
        assert!(began.elapsed() < Duration::from_secs(30));
        soon("what it started is gone", || processes_with("sleep 4761").is_empty());
    }

    #[test]
    fn one_that_hangs_does_not_keep_ctrl_c_waiting() {
        let python = script("hanging-longer", "sleep 4762 & sleep 4762");
        let after = Duration::from_secs(1);
        let ended = interrupted_command(with(&python, &["--language", "python"]), after).code(130);
        assert_eq!(ended.stdout, "");
        soon("what it started is gone", || processes_with("sleep 4762").is_empty());
    }

    #[test]
    fn one_that_is_too_old_is_refused() {
        let python = of_version("old", "3.7.16", "");
        let why = format!("PYTHON ({}) is Python 3.7.16, which is too old", python.display());
        refused(|args| with(&python, args), &why);
    }

    #[test]
    fn none_at_all() {
        let empty = folder("empty");
        let without = |args: &[&str]| {
            let mut command = command(&[&QUICK[..], args].concat());
            command.env_remove("PYTHON").env("PATH", &empty);
            command
        };
        refused(without, "python3 was not found");
        // Who asked for all stages gets those that there are; who asked for Python alone, nothing.
        let all = ended(without(&["--python", "--format", "json"])).code(0);
        assert_eq!(all.json()["python"], Value::Null);
        let alone = ended(without(&["--language", "python"])).code(1);
        assert_eq!(alone.stdout, "");
        assert!(alone.stderr.starts_with("error: no Python 3.8 or newer: python3 was not found."));
    }

    #[test]
    fn what_its_python_lacks_skips_an_original() {
        let rest = "echo 'this Python has no select.epoll' >&2; exit 77";
        let python = of_version("lacking", "3.9.1", rest);
        let of = |args: &[&str]| ended(with(&python, args));
        let skipped = "skipped: this Python has no select.epoll";
        of(&["-s", "epoll", "--python"]).code(1).says(&format!("  in Python {skipped}\n"));
        of(&["-s", "epoll", "--language", "python"]).code(1).says(skipped);
        let json = of(&["--python", "--format", "json"]).code(0).json();
        let of_python = |run: &&Value| run["language"] == "python";
        let python: Vec<_> = json["runs"].as_array().unwrap().iter().filter(of_python).collect();
        assert!(python.len() >= 12);
        for run in python {
            assert_eq!(run["status"], "skipped", "{run}");
            assert_eq!(run["reason"], "this Python has no select.epoll", "{run}");
        }
        let sweep = ["sweep", "-s", "epoll", "--python", "--to", "2", "--delay", "50ms"];
        let mut sweep = command(&sweep);
        sweep.env("PYTHON", of_version("lacking-in-a-sweep", "3.9.1", rest));
        ended(sweep).code(1).says("x epoll in Python at 1: this Python has no select.epoll.");
    }

    /// What ends with another status has failed, and so have its pages.
    #[test]
    fn an_original_that_fails_is_told() {
        let python = of_version("failing", "3.9.1", "echo oh no >&2; exit 1");
        let ended = ended(with(&python, &["-s", "epoll", "--python"])).code(1);
        ended
            .says("epoll in Python ended with exit status 1 and left 3 pages")
            .notes("epoll in Python said at its end:\n    oh no");
    }

    /// The folder of the originals is gone, however a run ends.
    #[test]
    fn nothing_is_left_behind() {
        if !is_there("nothing_is_left_behind") {
            return;
        }
        let temporary = folder("temporary");
        let is_empty = || fs::read_dir(&temporary).unwrap().next().is_none();
        let of = |args: &[&str]| {
            let mut command = command(args);
            command.env("TMPDIR", &temporary);
            command
        };
        ended(of(&["--pages", "2", "--delay", "0", "-s", "2,epoll", "--python"])).code(0);
        assert!(is_empty(), "after a run");
        let refused = ["--language", "python", "-s", "epoll", "http://127.0.0.1:1/"];
        ended(of(&refused)).code(1).says("connect");
        assert!(is_empty(), "after a failure");
        let slow = ["--pages", "50", "--delay", "300ms", "--language", "python"];
        for (stage, after) in
            [("blocking", 10), ("blocking", 60), ("blocking", 900), ("process-pool", 1500)]
        {
            let command = of(&[&slow[..], &["-s", stage]].concat());
            interrupted_command(command, Duration::from_millis(after));
            assert!(is_empty(), "after Ctrl-C at {after} ms");
        }
        soon("no interpreter is left", || processes_with(temporary.to_str().unwrap()).is_empty());
    }

    #[test]
    fn no_folder_to_be_had() {
        if !is_there("no_folder_to_be_had") {
            return;
        }
        let mut command = command(&[&QUICK[..], &["-s", "epoll", "--python"]].concat());
        command.env("TMPDIR", "/no/such/folder");
        ended(command)
            .code(1)
            .notes("no temporary folder for the originals")
            .says("epoll: 1 thread");
    }
}
