//! A recorded run of every stage: its steps tile the time of each worker, and each place names the
//! call that it claims. This guards the coupling of stages and recorder against edits and
//! compilers.

use std::io::Write;
use std::num::NonZeroUsize;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{hint, panic, thread};

use practice_site::{Config, Site};
use stage_runner::lineup::sources;
use stage_runner::read_report;
use stage_runner::results::{Did, Report, Run, State, Status, Step};
use stage_runner::stages::STAGES;

/// Runs these stages on URLs and records them.
fn record(stages: &[&str], urls: &[String], options: &[&str]) -> Report {
    let mut child = Command::new(env!("CARGO_BIN_EXE_stage-runner"))
        .args(["--stage", &stages.join(","), "--format", "json", "--activity", "--quiet"])
        .args(["--urls", "-"])
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(urls.join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    read_report(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn all() -> Vec<&'static str> {
    STAGES.iter().map(|stage| stage.name).collect()
}

/// Runs that took place.
fn runs(report: &Report) -> impl Iterator<Item = (&str, &Run)> {
    let run = report.runs.iter().filter(|run| run.status != Status::Skipped);
    run.map(|run| (&*report.entrants[run.entrant].name, run))
}

/// What the line of a step must contain: the call that began it, or that it is in.
fn calls(step: &Step) -> &'static [&'static str] {
    match (step.did.as_ref().expect("a stage says what it did"), step.state) {
        (Did::Begun, _) => &["Exchange::new("],
        (Did::Calling, State::Connecting) => &["connected("],
        (Did::Calling | Did::Resumed, State::Receiving) => &["receive("],
        (Did::Resumed, _) => &["socket_error("],
        (Did::Connecting | Did::Connected, _) => &["connected("],
        (Did::Sending, _) => &["unsent(", "send("],
        (Did::Sent, _) => &[".sent("],
        (Did::Asked | Did::Failed, _) => &[".sent(", ".received(", "connected("],
        (Did::Parked, _) => &["readable()", "writable()", "poll_ready(", "wait_for(Interest::"],
        (Did::Received, _) => &[".received("],
        (Did::Slept | Did::Woken, _) => &[".wait(", ".look("],
        (Did::Finished, _) => &["finish("],
        (did, state) => panic!("no stage should do this: {did} {state:?}"),
    }
}

/// Held by a test that keeps all cores busy, and by one that this would disturb.
static CORES: Mutex<()> = Mutex::new(());

/// The folders in which a stage's places are: its own, and those of the stage that it is built on.
fn folders(stage: &str) -> Vec<&'static str> {
    let source = STAGES.iter().find(|it| it.name == stage).unwrap().source;
    match source {
        "crates/02-process-pool/src" | "crates/03-thread-pool/src" => {
            vec!["crates/01-blocking/src"]
        }
        "crates/10-many-loops/src" => vec!["crates/09-asyncio/src"],
        "crates/07-yield-from/src" => vec![source, "crates/06-generator-task/src"],
        _ => vec![source],
    }
}

#[track_caller]
fn check(report: &Report) {
    for (name, run) in runs(report) {
        let activity = run.activity.as_ref().unwrap_or_else(|| panic!("{name} tells nothing"));
        assert_eq!(activity.dropped, 0, "{name}");
        for worker in 0..activity.workers.len() {
            let steps: Vec<_> = activity.steps_of(worker).collect();
            for pair in steps.windows(2) {
                assert_eq!(pair[0].to(), pair[1].from, "{name}: a gap after {:?}", pair[0]);
            }
        }
        for step in &activity.steps {
            let Some(place) = activity.place(step) else {
                let is_elsewhere = step.state == State::Starting || name == "tokio";
                assert!(is_elsewhere, "{name}: no place in {step:?}");
                continue;
            };
            let source = sources::find(&place.file);
            let source = source.unwrap_or_else(|| panic!("{name}: {place} is not in SOURCES"));
            let line = source.line(place.line.unwrap()).unwrap();
            let names_it = calls(step).iter().any(|call| line.contains(call));
            assert!(names_it, "{name}: {place} is {line:?}, and claims {step:?}");
            let is_its = folders(name).iter().any(|folder| place.file.starts_with(folder));
            assert!(is_its, "{name} is at {place}");
            assert_eq!(report.sources[&place.file], source.hash());
        }
        for outcome in run.reported() {
            let its = || activity.steps.iter().filter(|step| step.target == Some(outcome.target));
            let begins = its().filter(|step| step.did == Some(Did::Begun)).count();
            let ends = its().filter(|step| step.did == Some(Did::Finished)).count();
            assert_eq!((begins, ends), (1, 1), "{name}: {outcome:?}");
            let worker = activity.workers.iter().position(|worker| *worker == outcome.by);
            assert!(its().all(|step| Some(step.worker) == worker), "{name}: {outcome:?}");
            let received: u64 = its()
                .filter(|step| step.did == Some(Did::Received))
                .filter_map(|step| step.number)
                .sum();
            assert!(received >= outcome.bytes.unwrap_or(0), "{name}: {received} of {outcome:?}");
        }
    }
}

#[test]
fn every_place_of_every_stage_names_its_call() {
    let config = Config {
        pages: 6,
        delay: Duration::from_millis(30),
        size: 200_000,
        destinations: NonZeroUsize::new(1).unwrap(),
        ..Config::default()
    };
    let site = Site::start(config).expect("loopback has a free port");
    let urls: Vec<_> = site.page_urls().collect();
    let report = record(&all(), &urls, &["--concurrency", "3"]);
    check(&report);
    for (name, run) in runs(&report) {
        let activity = run.activity.as_ref().unwrap();
        let slept = activity.steps.iter().any(|step| step.asleep);
        let spun = activity.steps.iter().any(|step| step.state == State::Spinning);
        let spins = name.starts_with("busy-wait");
        assert_eq!((spun, slept || spins), (spins, true), "{name}");
    }
}

/// A worker process counts its times by itself. A busy machine reads its hello late: if the times
/// were counted from there, they would be cut at the end of the crawl, and all that the process
/// did last would have taken no time.
#[test]
fn a_worker_process_keeps_its_own_times_on_a_busy_machine() {
    let _cores = CORES.lock().unwrap_or_else(PoisonError::into_inner);
    let config = Config { pages: 12, delay: Duration::from_millis(30), ..Config::default() };
    let site = Site::start(config).expect("loopback has a free port");
    let urls: Vec<_> = site.page_urls().collect();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 * thread::available_parallelism().map_or(1, NonZeroUsize::get) {
            scope.spawn(|| {
                while !is_over.load(Relaxed) {
                    hint::spin_loop();
                }
            });
        }
        // Whatever fails must not leave the threads spinning.
        let reports = panic::catch_unwind(|| {
            let stages = ["process-pool", "many-processes"];
            [(); 4].map(|()| record(&stages, &urls, &["--concurrency", "12"]))
        });
        is_over.store(true, Relaxed);
        for report in reports.unwrap() {
            for (name, run) in runs(&report) {
                let activity = run.activity.as_ref().unwrap();
                let end = activity.steps.iter().map(Step::to).max().unwrap();
                for worker in 0..activity.workers.len() {
                    let at_end = activity.steps_of(worker).filter(|step| step.from == end).count();
                    assert!(at_end <= 1, "{name}: {at_end} steps at the very end");
                }
            }
        }
    });
}

/// Connections that fail, answers that never come, and answers that are not HTTP.
#[test]
fn what_fails_has_places_too() {
    let config = Config { pages: 1, delay: Duration::from_millis(5), ..Config::default() };
    let site = Site::start(config).expect("loopback has a free port");
    let faults = [
        "refused",
        "connect-hangs",
        "reset-at-accept",
        "reset-in-body",
        "never-answer",
        "drip-body",
        "garbage",
    ];
    // Not every system can produce all of them.
    let broken = site.faults().filter(|(fault, _)| faults.contains(&fault.name));
    let urls: Vec<_> = site.page_urls().chain(broken.map(|(_, url)| url)).collect();
    assert!(urls.len() >= faults.len(), "{urls:?}");
    let report = record(&all(), &urls, &["--concurrency", "3", "--deadline", "300ms"]);
    check(&report);
    for (name, run) in runs(&report) {
        assert_eq!(run.failed(), urls.len() - 1, "{name}");
    }
}

/// So many that the buffer is much larger than what differs from run to run: it has 64 notes a page
/// of about 100 bytes, 7.7 MB.
const PAGES: usize = 1_200;

/// The buffer for the notes is none of the stage's memory.
#[test]
fn the_memory_is_that_of_a_run_that_is_not_recorded() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let _cores = CORES.lock().unwrap_or_else(PoisonError::into_inner);
    let config = Config { pages: PAGES, delay: Duration::ZERO, ..Config::default() };
    let site = Site::start(config).expect("loopback has a free port");
    let urls: Vec<_> = site.page_urls().collect();
    let stages = ["epoll", "process-pool"];
    let plain = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stage-runner"));
        command.args(["-s", &stages.join(","), "--format", "json", "--quiet"]).args(&urls);
        read_report(&command.output().unwrap().stdout).unwrap()
    };
    let peaks = |report: &Report| {
        let peak = |run: &Run| {
            run.usage.peak_rss_bytes.unwrap() + run.usage.workers_private_bytes.unwrap()
        };
        report.runs.iter().map(peak).collect::<Vec<u64>>()
    };
    // The least of three: pages that wait to be reported are part of a peak, and on a busy machine
    // there are more of them.
    let least = |runs: [Report; 3]| {
        let [first, second, third] = runs.map(|report| peaks(&report));
        let all = first.into_iter().zip(second).zip(third);
        all.map(|((first, second), third)| first.min(second).min(third)).collect::<Vec<u64>>()
    };
    let recorded = least([(); 3].map(|()| record(&stages, &urls, &[])));
    let plain = least([(); 3].map(|()| plain()));
    for ((stage, recorded), plain) in stages.iter().zip(recorded).zip(plain) {
        // Of the pool a tenth of it shows: the notes that the wire brings, until they are reported.
        let shown = recorded.abs_diff(plain);
        assert!(shown < 1_200_000, "{stage}: recorded {recorded}, else {plain}");
    }
}
