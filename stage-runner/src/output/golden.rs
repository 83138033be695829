//! Every screen, drawn from figures that never change, as it should look: `tests/screens/*.txt`.
//!
//! After a change on purpose: `UPDATE_EXPECT=1 cargo test -p stage-runner golden`, and look at the difference.

use std::collections::BTreeMap;

use clap::Parser;
use crawl::protocol::{ErrorLine, OutcomeLine, Usage};
use crawl::{ErrorKind, Worker};
use expect_test::expect_file;

use super::{markdown, table, waterfall};
use crate::cli::Cli;
use crate::costs::Doubts;
use crate::entrants;
use crate::look::{Look, ascii};
use crate::run::{Run, Status};
use crate::session::Session;
use crate::stages::STAGES;
use crate::summary::Row;

/// A session as this command line would make it, on the practice site or on its URLs.
fn session(width: usize, line: &str) -> Session<'static> {
    let words = std::iter::once("stage-runner").chain(line.split_whitespace());
    let cli = Box::leak(Box::new(Cli::parse_from(words)));
    let options = &cli.run;
    let mut stages = options.stages.clone();
    if stages.is_empty() && options.programs.is_empty() {
        // The screens are those of Linux. Elsewhere one stage runs only when it is named.
        stages = STAGES.iter().map(|stage| stage.name.to_owned()).collect();
    }
    let site = options.urls.is_empty().then(|| options.site.config());
    let pages = site.iter().flat_map(|site| 1..=site.pages);
    let pages = pages.map(|page| format!("http://127.0.0.1:8000/{page}"));
    Session {
        options,
        look: Look { width, height: None, ascii: false, color: anstream::ColorChoice::Never },
        entrants: entrants::choose(&stages, &options.programs).unwrap(),
        is_debug: false,
        urls: options.urls.iter().cloned().chain(pages).collect(),
        site,
    }
}

/// What a stage would have come to: its waiting, with figures like those of a release build on Linux.
fn run(session: &Session<'_>, index: usize, round: u32) -> Run {
    let entrant = &session.entrants[index];
    let pages = session.urls.len() as u64;
    let at_once = session.options.concurrency.get() as u64;
    let is_pool = entrant.name.ends_with("-pool");
    let one_at_a_time = entrant.stage().is_some_and(|stage| stage.one_at_a_time);
    let at_once = if one_at_a_time { 1 } else { at_once.min(pages.max(1)) };
    let late = if entrant.name == "process-pool" { 4_000 } else { 0 };
    let delay = session.site.as_ref().map_or(20_000, |site| site.delay.as_micros() as u64) + 600;
    let outcome = |target: u64| {
        let place = target % at_once;
        let started_us = late + target / at_once * delay + place * 60 + 12;
        let number = place as u32 + 1;
        let by = match entrant.name.as_str() {
            "process-pool" => Worker::Process(number),
            "thread-pool" => Worker::Thread(number),
            _ => Worker::Main,
        };
        page(target as usize, by, started_us, delay)
    };
    let outcomes: Vec<_> = (0..pages).map(outcome).collect();
    let last = outcomes.iter().filter_map(|outcome| outcome.finished_us).max().unwrap_or(0);
    let wall_us = last + 200 + u64::from(round) * 1_500;
    let is_busy = entrant.name.starts_with("busy");
    let cpu_us = match (is_busy, is_pool) {
        (true, _) => wall_us - 900,
        (_, true) => 170 * pages + late * 2,
        _ => 64 * pages,
    };
    let workers = if is_pool { at_once } else { 0 };
    let is_process_pool = entrant.name == "process-pool";
    let mut figures = BTreeMap::new();
    if is_busy {
        figures.insert("failed reads".to_owned(), wall_us * 4 + 644);
    }
    if is_process_pool {
        figures.insert("processes started".to_owned(), workers);
        figures.insert("slowest start in µs".to_owned(), late + 1_300);
    }
    Run {
        status: Status::Ok,
        reason: None,
        exit: Some(0),
        outcomes: outcomes.into_iter().map(Some).collect(),
        usage: Usage {
            wall_us: Some(wall_us),
            user_us: Some(cpu_us / 3),
            system_us: Some(cpu_us - cpu_us / 3),
            start_rss_bytes: Some(2_000_000),
            peak_rss_bytes: Some(2_100_000 + workers * 30_000),
            workers_private_bytes: Some(if is_process_pool { workers * 2_050_000 } else { 0 }),
            threads: Some(1 + workers),
            processes: Some(1 + if is_process_pool { workers } else { 0 }),
            voluntary_switches: Some(3 + pages / at_once + workers * 3),
            involuntary_switches: Some(0),
            figures,
        },
        ..Run::skipped(index, round, String::new())
    }
}

fn page(target: usize, by: Worker, started_us: u64, takes_us: u64) -> OutcomeLine {
    OutcomeLine {
        target,
        by,
        status: Some(200),
        bytes: Some(1024),
        sha256: None,
        location: None,
        content_encoding: None,
        error: None,
        started_us,
        connected_us: Some(started_us + 80),
        sent_us: Some(started_us + 95),
        first_byte_us: Some(started_us + takes_us - 60),
        finished_us: Some(started_us + takes_us),
    }
}

/// One page of a run fails instead.
fn fail(run: &mut Run, target: usize, kind: ErrorKind, message: &str, after_us: u64) {
    run.status = Status::Failed;
    let outcome = run.outcomes[target].as_mut().unwrap();
    outcome.status = None;
    outcome.bytes = None;
    outcome.first_byte_us = None;
    outcome.finished_us = Some(outcome.started_us + after_us);
    if matches!(kind, ErrorKind::Connect | ErrorKind::WorkerDied) {
        (outcome.connected_us, outcome.sent_us) = (None, None);
    }
    outcome.error = Some(ErrorLine {
        kind,
        phase: None,
        bytes: 0,
        expected_bytes: None,
        message: message.to_owned(),
    });
}

fn all(session: &Session<'_>) -> Vec<Run> {
    let rounds = 0..session.options.rounds.get();
    let of_round = |round| (0..session.entrants.len()).map(move |index| run(session, index, round));
    rounds.flat_map(of_round).collect()
}

/// The screen in characters alone, and that it fits.
fn screen(session: &Session<'_>, runs: &[Run]) -> String {
    let rows = Row::all(&session.entrants, runs);
    let lines = match &session.entrants[..] {
        [_] => waterfall::lines(session, &rows[0]),
        _ => table::lines(session, &rows),
    };
    let text: String = lines.iter().map(|line| format!("{}\n", without_colors(line))).collect();
    for line in text.lines() {
        let longest = line.chars().count();
        assert!(longest <= session.look.width, "{longest} columns: {line}");
    }
    // Elsewhere `epoll` says that it is something else.
    let epoll = STAGES.iter().find(|stage| stage.name == "epoll").expect("it is in the table");
    text.replace(epoll.summary, "callbacks, epoll says which socket is ready")
}

fn without_colors(line: &str) -> String {
    anstream::adapter::strip_str(line).to_string().trim_end().to_owned()
}

macro_rules! golden {
    ($name:literal, $screen:expr) => {
        expect_file![concat!("../../tests/screens/", $name, ".txt")].assert_eq(&$screen);
    };
}

#[test]
fn all_stages() {
    let narrow = session(80, "");
    golden!("all-stages-80", screen(&narrow, &all(&narrow)));
    golden!("all-stages-ascii", ascii(&screen(&narrow, &all(&narrow))).replace('\u{fffd}', "?"));
    let wide = session(140, "--rounds 3");
    golden!("all-stages-140-rounds", screen(&wide, &all(&wide)));
}

#[test]
fn one_stage() {
    for (width, line, name) in [
        (80, "-s epoll", "epoll-80"),
        (140, "-s epoll", "epoll-140"),
        (80, "-s blocking", "blocking-80"),
        (80, "-s process-pool", "process-pool-80"),
        (80, "-s busy-wait", "busy-wait-80"),
        (80, "-s thread-pool -c 3", "thread-pool-three-80"),
    ] {
        let session = session(width, line);
        let path = format!("{}/tests/screens/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        expect_file![path].assert_eq(&screen(&session, &all(&session)));
    }
}

#[test]
fn one_page() {
    let compared = session(80, "--pages 1");
    golden!("one-page", screen(&compared, &all(&compared)));
    let alone = session(80, "--pages 1 -s epoll");
    golden!("one-page-epoll", screen(&alone, &all(&alone)));
}

#[test]
fn a_thousand_pages() {
    let compared = session(80, "--pages 1000 -s blocking,thread-pool,epoll");
    golden!("thousand-pages", screen(&compared, &all(&compared)));
    let alone = session(80, "--pages 1000 -c 100 -s epoll");
    let mut runs = all(&alone);
    fail(&mut runs[0], 500, ErrorKind::Reset, "the connection was reset before any answer", 900);
    golden!("thousand-pages-epoll", screen(&alone, &runs));
}

#[test]
fn failures() {
    let session = session(
        80,
        "-s blocking,thread-pool,epoll http://a.test/1 http://a.test/slow http://b.test/gone",
    );
    let mut runs = all(&session);
    for run in &mut runs {
        fail(run, 1, ErrorKind::Timeout, "no answer within 10 s", 10_000_000);
        fail(run, 2, ErrorKind::Connect, "cannot connect to 127.0.0.1:1: Connection refused", 90);
        run.usage.wall_us = run.told().filter_map(|outcome| outcome.finished_us).max();
    }
    golden!("failures", screen(&session, &runs));
    for run in &mut runs {
        fail(run, 0, ErrorKind::Malformed, "not HTTP: \u{1b}[2Jhello", 20_000);
    }
    golden!("all-failing", screen(&session, &runs));
    golden!("failures-markdown", {
        let lines = markdown::lines(&session, &Row::all(&session.entrants, &runs));
        lines.join("\n") + "\n"
    });
}

#[test]
fn one_stage_failing() {
    let session = session(80, "-s epoll");
    let mut runs = all(&session);
    fail(
        &mut runs[0],
        1,
        ErrorKind::Connect,
        "cannot connect to 127.0.0.1:1: Connection refused",
        90,
    );
    fail(&mut runs[0], 4, ErrorKind::Timeout, "no answer within 450 ms", 450_000);
    golden!("epoll-failures", screen(&session, &runs));
}

#[test]
fn programs() {
    let session = session(
        80,
        "--program mine=./crawl --program theirs=./other --program old=./old -s epoll,mine,theirs,old",
    );
    let mut runs = all(&session);
    runs[1].doubts = Doubts { wall: false, cpu: true, memory: true };
    let fault = "line 3 is not an outcome: hello. Print notes to stderr.";
    runs[2].reason = Some(fault.to_owned());
    for target in 0..10 {
        fail(&mut runs[2], target, ErrorKind::WorkerDied, fault, 0);
        runs[2].outcomes[target].as_mut().unwrap().finished_us = None;
    }
    runs[2].usage.peak_rss_bytes = None;
    runs[3] = Run::skipped(3, 0, "this system has no such thing".to_owned());
    golden!("programs", screen(&session, &runs));
}

#[test]
fn one_program_failing() {
    let session = session(80, "--program mine=./crawl");
    let mut runs = all(&session);
    let fault = "ended with exit status 3 and left 9 pages without an outcome";
    runs[0].reason = Some(fault.to_owned());
    for target in 1..10 {
        fail(&mut runs[0], target, ErrorKind::WorkerDied, fault, 0);
        runs[0].outcomes[target].as_mut().unwrap().finished_us = None;
    }
    golden!("program-failing", screen(&session, &runs));
}

#[test]
fn a_system_that_tells_little() {
    let unknown = |mut runs: Vec<Run>| {
        for run in &mut runs {
            let Usage { wall_us, figures, .. } = std::mem::take(&mut run.usage);
            run.usage = Usage { wall_us, figures, ..Usage::default() };
        }
        runs
    };
    let compared = session(80, "-s blocking,busy-wait,epoll");
    golden!("unknown-figures", screen(&compared, &unknown(all(&compared))));
    let alone = session(80, "-s epoll");
    golden!("unknown-figures-epoll", screen(&alone, &unknown(all(&alone))));
}
