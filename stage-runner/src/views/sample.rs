//! Reports for tests, with figures that never change.

use std::num::NonZeroUsize;
use std::time::Duration;

use crawl::protocol::{ErrorLine, OutcomeLine, Usage};
use crawl::{ErrorKind, Limits, Worker};
use practice_site::Config;
use stage_program::Figures;

use crate::lineup::stages::STAGES;
use crate::lineup::{Language, Languages, Program, entrants};
use crate::results::{
    Activity, Build, Did, Fault, Machine, Place, Profile, Report, Run, Setting, SiteSetting, State,
    Status, Step, Tenths,
};

/// These stages and programs (`mine=./crawl`) before anything ran, on ten pages of the practice
/// site.
pub fn report(stages: &str, programs: &[&str]) -> Report {
    report_in(Languages::Rust, stages, programs)
}

/// The same in these languages.
pub fn report_in(languages: Languages, stages: &str, programs: &[&str]) -> Report {
    // The screens are those of Linux: elsewhere one stage runs only when it is named.
    let all = STAGES.iter().filter(|stage| !stage.hidden).map(|stage| stage.name);
    let names: Vec<String> = match stages {
        "" if programs.is_empty() => all.map(str::to_owned).collect(),
        "" => Vec::new(),
        stages => stages.split(',').map(str::to_owned).collect(),
    };
    let program = |text: &&str| {
        let (name, command) = text.split_once('=').unwrap();
        Program { name: name.to_owned(), words: vec![command.to_owned()] }
    };
    let programs: Vec<_> = programs.iter().map(program).collect();
    let setting = Setting {
        urls: urls_of_the_site(10),
        site: Some(SiteSetting::from(&Config::default())),
        limits: Limits { concurrency: NonZeroUsize::new(10).unwrap(), ..Limits::default() },
        rounds: 1,
        digest: false,
        build: Build { version: "1.0.0".to_owned(), profile: Profile::Release },
        machine: Machine {
            os: "linux".to_owned(),
            arch: "x86_64".to_owned(),
            cpus: Some(2),
            descriptors: None,
        },
        python: (languages != Languages::Rust).then(|| "3.11.7".to_owned()),
    };
    let mut entrants = entrants::choose(&names, &programs, languages).unwrap();
    for epoll in entrants.iter_mut().filter(|entrant| entrant.name == "epoll") {
        // Elsewhere it says that it is something else.
        let summary = &mut epoll.stage.as_mut().unwrap().summary;
        *summary = "callbacks, epoll says which socket is ready".to_owned();
    }
    Report::new(setting, entrants)
}

fn urls_of_the_site(pages: usize) -> Vec<String> {
    (1..=pages).map(|page| format!("http://127.0.0.1:8000/{page}")).collect()
}

impl Report {
    pub(crate) fn with_pages(mut self, pages: usize) -> Report {
        self.setting.urls = urls_of_the_site(pages);
        self.setting.site.as_mut().unwrap().pages = pages;
        self
    }

    pub(crate) fn with_urls(mut self, urls: &[&str]) -> Report {
        self.setting.urls = urls.iter().map(|url| (*url).to_owned()).collect();
        self.setting.site = None;
        self
    }

    pub(crate) fn with_concurrency(mut self, concurrency: usize) -> Report {
        self.setting.limits.concurrency = NonZeroUsize::new(concurrency).unwrap();
        self
    }

    pub(crate) fn with_rounds(mut self, rounds: u32) -> Report {
        self.setting.rounds = rounds;
        self
    }

    /// Everything has run, and well.
    pub(crate) fn run(mut self) -> Report {
        for round in 0..self.setting.rounds {
            let runs = (0..self.entrants.len()).map(|index| run(&self, index, round));
            let runs: Vec<_> = runs.collect();
            self.runs.extend(runs);
        }
        self
    }
}

/// What a stage would have come to: its waiting, with figures like those of a release build on
/// Linux.
fn run(report: &Report, index: usize, round: u32) -> Run {
    let (setting, entrant) = (&report.setting, &report.entrants[index]);
    let pages = setting.urls.len() as u64;
    let at_once = setting.limits.concurrency.get() as u64;
    let is_pool = entrant.name.ends_with("-pool");
    let at_once = if entrant.is_one_at_a_time() { 1 } else { at_once.min(pages.max(1)) };
    let is_python = entrant.language == Language::Python;
    let late = match entrant.name.as_str() {
        // Each of its processes is an interpreter that has to start.
        "process-pool" if is_python => 740_000,
        "process-pool" => 4_000,
        _ => 0,
    };
    let delay = setting.site.as_ref().map_or(20_000, |site| site.delay.as_micros() as u64) + 600;
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
        (_, true) => 170 * pages + late * if is_python { 1 } else { 2 },
        _ if is_python => 200 * pages,
        _ => 64 * pages,
    };
    let resident = if is_python { 15_000_000 } else { 2_000_000 };
    let private = if is_python { 10_100_000 } else { 2_050_000 };
    let workers = if is_pool { at_once } else { 0 };
    let is_process_pool = entrant.name == "process-pool";
    let failed_reads = is_busy.then_some(wall_us * if is_python { 1 } else { 4 } + 644);
    let started = ("processes started by spawn".to_owned(), workers);
    let figures = match is_python {
        true => Figures {
            failed_reads,
            others: is_process_pool.then_some(started).into_iter().collect(),
            ..Figures::default()
        },
        false => Figures {
            failed_reads,
            workers: is_pool.then_some(workers),
            workers_asked_for: is_pool.then_some(workers),
            processes_started: is_process_pool.then_some(workers),
            slowest_start: is_process_pool.then_some(Duration::from_micros(late + 1_300)),
            ..Figures::default()
        },
    };
    Run {
        exit: Some(0),
        outcomes: outcomes.into_iter().map(Some).collect(),
        usage: Usage {
            wall_us: Some(wall_us),
            user_us: Some(cpu_us / 3),
            system_us: Some(cpu_us - cpu_us / 3),
            runnable_us: (!is_pool).then_some(0),
            start_rss_bytes: Some(resident),
            peak_rss_bytes: Some(resident + 100_000 + workers * 30_000),
            workers_private_bytes: Some(if is_process_pool { workers * private } else { 0 }),
            threads: Some(1 + workers),
            processes: Some(1 + if is_process_pool { workers } else { 0 }),
            voluntary_switches: Some(3 + pages / at_once + workers * 3),
            involuntary_switches: Some(0),
            dropped_steps: None,
            figures: figures.into(),
        },
        ..Run::new(index, round, 0)
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

/// Two steps, one in the code of a stage and one in that of a program.
pub fn activity() -> Activity {
    let first = Step {
        from: Tenths(3),
        length: Tenths(1_000),
        worker: 0,
        did: Some(Did::Begun),
        state: State::Running,
        target: Some(0),
        place: Some(0),
        number: None,
        asleep: false,
    };
    let second = Step {
        from: Tenths(1_003),
        did: Some(Did::Other("brewed".to_owned())),
        state: State::Selecting,
        target: None,
        place: Some(1),
        number: Some(2),
        asleep: true,
        ..first
    };
    Activity {
        workers: vec![Worker::Main],
        places: ["crates/05-callbacks/src/lib.rs:60", "mine.py:3"].map(Place::from).to_vec(),
        steps: vec![first, second],
        dropped: 0,
    }
}

/// Three pages of a stage, recorded: on an event loop two of them come and one does not; the
/// blocking stage fetches two, and the third is not tried.
pub fn recorded(stages: &str) -> Report {
    let mut report = report(stages, &[]).with_pages(3).run();
    for run in &mut report.runs {
        let blocks = report.entrants[run.entrant].is_one_at_a_time();
        run.activity = Some(if blocks { asleep_in_each_call() } else { on_a_loop() });
        fail(run, 2, ErrorKind::Timeout, "no answer within 10 s", 10_000_000);
    }
    report
}

/// What began a step, in which state, for which target, from when, with which number, where.
type Noted = (Did, State, Option<usize>, u64, Option<u64>, Option<usize>);

fn on_a_loop() -> Activity {
    let mut noted: Vec<Noted> = Vec::new();
    for target in 0..3 {
        let from = 300 + 450 * target as u64;
        let its = Some(target);
        noted.extend([
            (Did::Begun, State::Running, its, from, None, Some(0)),
            (Did::Connecting, State::Running, its, from + 120, None, Some(1)),
            (Did::Sending, State::Sending, its, from + 135, None, Some(2)),
            (Did::Sent, State::Running, its, from + 399, Some(106), Some(2)),
            (Did::Parked, State::Running, its, from + 410, None, Some(3)),
        ]);
    }
    let woken = 300 + 450 + 4_500_000;
    noted.push((Did::Slept, State::Selecting, None, 1_700, None, Some(4)));
    noted.push((Did::Woken, State::Running, None, woken, Some(2), Some(4)));
    for (place, target) in [1, 0].into_iter().enumerate() {
        let from = woken + 80 + 320 * place as u64;
        let its = Some(target);
        noted.extend([
            (Did::Resumed, State::Receiving, its, from, None, Some(5)),
            (Did::Received, State::Running, its, from + 60, Some(1_110), Some(5)),
            (Did::Finished, State::Running, its, from + 200, None, Some(6)),
        ]);
    }
    let its = Some(2);
    let late = 100_001_300;
    noted.extend([
        (Did::Slept, State::Selecting, None, woken + 700, None, Some(4)),
        (Did::Woken, State::Running, None, late, Some(0), Some(4)),
        (Did::Resumed, State::Receiving, its, late + 30, None, Some(5)),
        (Did::Asked, State::Running, its, late + 45, Some(1), Some(5)),
        (Did::Finished, State::Running, its, late + 60, None, Some(6)),
    ]);
    let folder = "crates/05-callbacks/src";
    let places = [
        "lib.rs:58",
        "lib.rs:93",
        "lib.rs:109",
        "lib.rs:113",
        "event_loop.rs:93",
        "lib.rs:170",
        "lib.rs:82",
    ];
    one_worker(&noted, places.map(|place| Place::from(&*format!("{folder}/{place}"))).to_vec())
}

fn asleep_in_each_call() -> Activity {
    let mut noted: Vec<Noted> = Vec::new();
    for target in 0..2 {
        let from = 300 + 4_502_000 * target as u64;
        let its = Some(target);
        noted.extend([
            (Did::Begun, State::Running, its, from, None, Some(0)),
            (Did::Calling, State::Connecting, its, from + 200, None, Some(1)),
            (Did::Connected, State::Running, its, from + 600, None, Some(1)),
            (Did::Sending, State::Sending, its, from + 630, None, Some(2)),
            (Did::Sent, State::Running, its, from + 820, Some(106), Some(2)),
            (Did::Calling, State::Receiving, its, from + 840, None, Some(3)),
            (Did::Received, State::Running, its, from + 4_500_900, Some(1_110), Some(4)),
            (Did::Finished, State::Running, its, from + 4_501_900, None, Some(5)),
        ]);
    }
    let lines = [50, 70, 77, 92, 93, 54];
    let place = |line| Place { file: "crates/01-blocking/src/lib.rs".to_owned(), line: Some(line) };
    one_worker(&noted, lines.map(place).to_vec())
}

/// Each step lasts until the next one; those that take more than 100 ms are asleep.
fn one_worker(noted: &[Noted], places: Vec<Place>) -> Activity {
    let ends = noted.iter().skip(1).map(|next| next.3).chain([noted.last().unwrap().3 + 90]);
    let step = |((did, state, target, from, number, place), end): (&Noted, u64)| Step {
        from: Tenths(*from),
        length: Tenths(end - from),
        worker: 0,
        did: Some(did.clone()),
        state: *state,
        target: *target,
        place: *place,
        number: *number,
        asleep: end - from > 1_000_000,
    };
    let steps = noted.iter().zip(ends).map(step).collect();
    Activity { workers: vec![Worker::Main], places, steps, dropped: 0 }
}

/// One page of a run fails instead.
pub fn fail(run: &mut Run, target: usize, kind: ErrorKind, message: &str, after_us: u64) {
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

/// Every page that is left without an outcome by such a fault.
pub fn leave(run: &mut Run, from: usize, fault: Fault) {
    for target in from..run.outcomes.len() {
        fail(run, target, ErrorKind::WorkerDied, &fault.to_string(), 0);
        run.outcomes[target].as_mut().unwrap().finished_us = None;
    }
    run.fault = Some(fault);
}
