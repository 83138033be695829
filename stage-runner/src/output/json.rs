//! `--format json` and `jsonl`: everything, for programs.

use std::env::consts;
use std::thread;

use crawl::protocol::{JobLimits, OutcomeLine, Usage};
use serde::Serialize;

use crate::entrants::Entrant;
use crate::run::{Run, Status};
use crate::session::Session;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    runner: &'static str,
    profile: &'static str,
    interrupted: bool,
    urls: &'a [String],
    site: Option<Site>,
    limits: JobLimits,
    rounds: u32,
    digest: bool,
    machine: Machine,
    runs: Vec<RunLine<'a>>,
}

#[derive(Serialize)]
struct Site {
    pages: usize,
    delay_us: u64,
    jitter_us: u64,
    size_bytes: u64,
    seed: u64,
}

#[derive(Serialize)]
struct Machine {
    os: &'static str,
    arch: &'static str,
    cpus: Option<usize>,
}

#[derive(Serialize)]
struct RunLine<'a> {
    stage: &'a str,
    language: &'a str,
    round: u32,
    status: &'static str,
    reason: Option<&'a str>,
    exit: Option<i32>,
    pages: usize,
    failed: usize,
    doubted: Vec<&'static str>,
    usage: &'a Usage,
    outcomes: Vec<Located<'a>>,
}

#[derive(Serialize)]
struct Located<'a> {
    url: &'a str,
    #[serde(flatten)]
    outcome: &'a OutcomeLine,
}

#[derive(Serialize)]
struct OneLine<'a> {
    stage: &'a str,
    language: &'a str,
    round: u32,
    index: usize,
    url: &'a str,
    #[serde(flatten)]
    outcome: &'a OutcomeLine,
}

/// One outcome as a line.
pub fn line(entrant: &Entrant, round: u32, url: &str, outcome: &OutcomeLine) -> Vec<u8> {
    let line = OneLine {
        stage: &entrant.name,
        language: entrant.language(),
        round,
        index: outcome.target,
        url,
        outcome,
    };
    let mut line = serde_json::to_vec(&line).expect("an outcome is JSON");
    line.push(b'\n');
    line
}

/// The whole session as one document.
pub fn document(session: &Session<'_>, runs: &[Run], interrupted: bool) -> Vec<u8> {
    let micros = |time: std::time::Duration| time.as_micros() as u64;
    let document = Document {
        version: 1,
        runner: env!("CARGO_PKG_VERSION"),
        profile: if session.is_debug { "debug" } else { "release" },
        interrupted,
        urls: &session.urls,
        site: session.site.as_ref().map(|site| Site {
            pages: site.pages,
            delay_us: micros(site.delay),
            jitter_us: micros(site.jitter),
            size_bytes: site.size,
            seed: site.seed,
        }),
        limits: (&session.options.limits()).into(),
        rounds: session.options.rounds.get(),
        digest: session.options.digest,
        machine: Machine {
            os: consts::OS,
            arch: consts::ARCH,
            cpus: thread::available_parallelism().ok().map(Into::into),
        },
        runs: runs.iter().map(|run| run_line(session, run)).collect(),
    };
    let mut document = serde_json::to_vec_pretty(&document).expect("a session is JSON");
    document.push(b'\n');
    document
}

fn run_line<'a>(session: &'a Session<'_>, run: &'a Run) -> RunLine<'a> {
    let entrant = &session.entrants[run.entrant];
    let doubts = run.doubts;
    let doubted = [("wall", doubts.wall), ("cpu", doubts.cpu), ("memory", doubts.memory)];
    RunLine {
        stage: &entrant.name,
        language: entrant.language(),
        round: run.round,
        status: match run.status {
            Status::Ok => "ok",
            Status::Failed => "failed",
            Status::Skipped => "skipped",
        },
        reason: run.reason.as_deref(),
        exit: run.exit,
        pages: run.pages(),
        failed: run.failed(),
        doubted: doubted.iter().filter(|doubt| doubt.1).map(|doubt| doubt.0).collect(),
        usage: &run.usage,
        outcomes: run
            .told()
            .map(|outcome| Located { url: &session.urls[outcome.target], outcome })
            .collect(),
    }
}
