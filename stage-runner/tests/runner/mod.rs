//! Runs the real binary, and takes apart what it says.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread;

use crawl::protocol::{OutcomeLine, Usage};
use serde::Deserialize;
use stage_runner::stages::{self, STAGES, Stage};

/// What `--format json` says.
#[derive(Deserialize)]
struct Document {
    runs: Vec<Run>,
}

/// One crawl by one stage.
#[derive(Deserialize)]
pub(crate) struct Run {
    pub(crate) stage: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) usage: Usage,
    pub(crate) outcomes: Vec<OutcomeLine>,
}

impl Run {
    /// How each URL ended, in their order: `200, 5 bytes` or the kind of its error.
    pub(crate) fn words(&self) -> Vec<String> {
        self.outcomes.iter().map(word).collect()
    }

    pub(crate) fn stage(&self) -> &'static Stage {
        STAGES.iter().find(|stage| stage.name == self.stage).expect("it came from the table")
    }
}

/// `200, 5 bytes`, or the kind of an error.
pub(crate) fn word(outcome: &OutcomeLine) -> String {
    match &outcome.error {
        Some(error) => error.kind.word().to_owned(),
        None => format!("{}, {} bytes", outcome.status.unwrap_or(0), outcome.bytes.unwrap_or(0)),
    }
}

/// Runs stages on URLs, with more options, and sees to it that each stage in the table ran and that
/// each URL has one outcome at each of them.
pub(crate) fn run(stages: &str, options: &[&str], urls: &[String]) -> Vec<Run> {
    run_under(Command::new(env!("CARGO_BIN_EXE_stage-runner")), stages, options, urls)
}

/// The same, where the binary is started in an unusual way.
pub(crate) fn run_under(
    mut runner: Command,
    stages: &str,
    options: &[&str],
    urls: &[String],
) -> Vec<Run> {
    // The steps inside of the chapters have to be named.
    let named = STAGES.iter().filter(|stage| stage.hidden).map(|stage| stage.name);
    let words: Vec<_> = [stages].into_iter().chain(named.filter(|_| stages == "all")).collect();
    runner
        .args(["--stage", &words.join(","), "--format", "json", "--quiet", "--urls", "-"])
        .args(options);
    let output = feed(&mut runner, urls);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let document: Document = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}\n{stderr}"));
    let mut runs = document.runs;

    let ran: Vec<_> = runs.iter().map(|run| run.stage.as_str()).collect();
    if stages == "all" {
        let hidden = STAGES.iter().filter(|stage| stage.hidden);
        let table: Vec<_> = stages::all().chain(hidden).map(|stage| stage.name).collect();
        assert_eq!(ran, table, "every stage in the table runs");
    }
    assert!(ran.len() >= stages.split(',').count(), "{ran:?}");
    for run in &runs {
        check_run(run, urls);
    }
    let failed = |run: &Run| run.status == "failed";
    let exit = i32::from(runs.iter().any(failed));
    assert_eq!(output.status.code(), Some(exit), "{stderr}");

    runs.retain(|run| run.status != "skipped");
    assert!(!runs.is_empty(), "no stage can run here");
    runs
}

fn check_run(run: &Run, urls: &[String]) {
    let (stage, reason) = (&run.stage, &run.reason);
    if run.status == "skipped" {
        // A kernel or a container may forbid io_uring.
        let may = std::env::consts::OS != "linux" || stage == "io-uring";
        assert!(may, "Linux has every other stage, and skipped {stage}");
        assert!((run.stage().available)().is_err(), "{stage} can run and was skipped");
        return println!("skipped {stage}: {}", reason.as_deref().expect("a reason"));
    }
    assert_eq!(*reason, None, "{stage} as a whole");
    let answered: Vec<_> = run.outcomes.iter().map(|outcome| outcome.target).collect();
    let asked: Vec<_> = (0..urls.len()).collect();
    assert_eq!(answered, asked, "{stage}: one outcome for each URL");
    let all_well = run.outcomes.iter().all(|outcome| outcome.error.is_none());
    assert_eq!(run.status, if all_well { "ok" } else { "failed" }, "{stage}");
}

/// Runs a command with these lines on its stdin.
pub(crate) fn feed(command: &mut Command, lines: &[String]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the runner starts");
    let mut stdin = child.stdin.take().expect("it was asked for");
    let lines = lines.join("\n");
    // On a thread: a child that speaks before it has heard all must not wait for us for ever.
    let feeder = thread::spawn(move || drop(stdin.write_all(lines.as_bytes())));
    let output = child.wait_with_output().expect("the runner ends");
    feeder.join().expect("it only writes");
    output
}

/// Which stages ended the same way: a failure then names the few that differ.
pub(crate) fn agreement<T: Ord>(
    runs: &[Run],
    told: impl Fn(&Run) -> T,
) -> BTreeMap<T, Vec<&'static str>> {
    let mut agreement = BTreeMap::<T, Vec<_>>::new();
    for run in runs {
        agreement.entry(told(run)).or_default().push(run.stage().name);
    }
    agreement
}
