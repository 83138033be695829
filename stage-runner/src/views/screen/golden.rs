//! Every screen, drawn from figures that never change, as it should look: `tests/screens/*.txt`.
//!
//! After a change on purpose: `UPDATE_EXPECT=1 cargo test -p stage-runner golden`, and look at the difference.

use std::num::NonZeroUsize;
use std::time::Duration;

use crawl::protocol::{ErrorLine, OutcomeLine, Usage};
use crawl::{ErrorKind, Limits, Worker};
use expect_test::expect_file;
use practice_site::Config;
use stage_program::Figures;

use super::{comparison, waterfall};
use crate::lineup::stages::STAGES;
use crate::lineup::{Program, entrants};
use crate::results::{
    Build, Doubts, Ending, Fault, Machine, Profile, Report, Run, Setting, SiteSetting, Status,
    WrongLine,
};
use crate::views::{Style, markdown};
use crate::words;

const NARROW: Style = Style { width: 80 };
const WIDE: Style = Style { width: 140 };

/// These stages and programs (`mine=./crawl`) before anything ran, on ten pages of the practice site.
fn report(stages: &str, programs: &[&str]) -> Report {
    // The screens are those of Linux: elsewhere one stage runs only when it is named.
    let all = STAGES.iter().map(|stage| stage.name);
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
        machine: Machine { os: "linux".to_owned(), arch: "x86_64".to_owned(), cpus: Some(2) },
    };
    let mut entrants = entrants::choose(&names, &programs).unwrap();
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
    fn with_pages(mut self, pages: usize) -> Report {
        self.setting.urls = urls_of_the_site(pages);
        self.setting.site.as_mut().unwrap().pages = pages;
        self
    }

    fn with_urls(mut self, urls: &[&str]) -> Report {
        self.setting.urls = urls.iter().map(|url| (*url).to_owned()).collect();
        self.setting.site = None;
        self
    }

    fn with_concurrency(mut self, concurrency: usize) -> Report {
        self.setting.limits.concurrency = NonZeroUsize::new(concurrency).unwrap();
        self
    }

    fn with_rounds(mut self, rounds: u32) -> Report {
        self.setting.rounds = rounds;
        self
    }

    /// Everything has run, and well.
    fn run(mut self) -> Report {
        for round in 0..self.setting.rounds {
            let runs = (0..self.entrants.len()).map(|index| run(&self, index, round));
            let runs: Vec<_> = runs.collect();
            self.runs.extend(runs);
        }
        self
    }
}

/// What a stage would have come to: its waiting, with figures like those of a release build on Linux.
fn run(report: &Report, index: usize, round: u32) -> Run {
    let (setting, entrant) = (&report.setting, &report.entrants[index]);
    let pages = setting.urls.len() as u64;
    let at_once = setting.limits.concurrency.get() as u64;
    let is_pool = entrant.name.ends_with("-pool");
    let at_once = if entrant.is_one_at_a_time() { 1 } else { at_once.min(pages.max(1)) };
    let late = if entrant.name == "process-pool" { 4_000 } else { 0 };
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
        (_, true) => 170 * pages + late * 2,
        _ => 64 * pages,
    };
    let workers = if is_pool { at_once } else { 0 };
    let is_process_pool = entrant.name == "process-pool";
    let figures = Figures {
        failed_reads: is_busy.then_some(wall_us * 4 + 644),
        processes_started: is_process_pool.then_some(workers),
        slowest_start: is_process_pool.then_some(Duration::from_micros(late + 1_300)),
        ..Figures::default()
    };
    Run {
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

/// Every page that is left without an outcome by such a fault.
fn leave(run: &mut Run, from: usize, fault: Fault) {
    for target in from..run.outcomes.len() {
        fail(run, target, ErrorKind::WorkerDied, &fault.to_string(), 0);
        run.outcomes[target].as_mut().unwrap().finished_us = None;
    }
    run.fault = Some(fault);
}

/// The screen in characters alone, and that it fits.
fn screen(report: &Report, style: Style) -> String {
    let lines = match report.entrants[..] {
        [_] => waterfall::lines(report, &style),
        _ => {
            let plan = comparison::Plan::new(report, &style, 0);
            let table = comparison::table(report, &plan);
            let below = comparison::below(report, &plan);
            [comparison::headline(report, &style), table, below].concat()
        }
    };
    let text: String = lines.iter().map(|line| format!("{}\n", without_colors(line))).collect();
    for line in text.lines() {
        let columns = words::width(line);
        assert!(columns <= style.width, "{columns} columns: {line}");
    }
    text
}

fn without_colors(line: &str) -> String {
    anstream::adapter::strip_str(line).to_string().trim_end().to_owned()
}

#[track_caller]
fn golden(name: &str, screen: &str) {
    let path = format!("{}/tests/screens/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    expect_file![path].assert_eq(screen);
}

#[test]
fn all_stages() {
    let all = report("", &[]).run();
    golden("all-stages-80", &screen(&all, NARROW));
    let ascii = words::ascii(&screen(&all, NARROW));
    assert!(ascii.is_ascii());
    golden("all-stages-ascii", &ascii);
    golden("all-stages-140-rounds", &screen(&report("", &[]).with_rounds(3).run(), WIDE));
}

#[test]
fn one_stage() {
    let epoll = report("epoll", &[]).run();
    for (name, report, style) in [
        ("epoll-80", epoll.clone(), NARROW),
        ("epoll-140", epoll, WIDE),
        ("blocking-80", report("blocking", &[]).run(), NARROW),
        ("process-pool-80", report("process-pool", &[]).run(), NARROW),
        ("busy-wait-80", report("busy-wait", &[]).run(), NARROW),
        ("thread-pool-three-80", report("thread-pool", &[]).with_concurrency(3).run(), NARROW),
    ] {
        golden(name, &screen(&report, style));
    }
}

#[test]
fn one_page() {
    golden("one-page", &screen(&report("", &[]).with_pages(1).run(), NARROW));
    golden("one-page-epoll", &screen(&report("epoll", &[]).with_pages(1).run(), NARROW));
}

#[test]
fn a_thousand_pages() {
    let compared = report("blocking,thread-pool,epoll", &[]).with_pages(1000).run();
    golden("thousand-pages", &screen(&compared, NARROW));
    let mut alone = report("epoll", &[]).with_pages(1000).with_concurrency(100).run();
    let message = "the connection was reset before any answer";
    fail(&mut alone.runs[0], 500, ErrorKind::Reset, message, 900);
    golden("thousand-pages-epoll", &screen(&alone, NARROW));
}

const REFUSED: &str = "cannot connect to 127.0.0.1:1: Connection refused";

#[test]
fn failures() {
    let urls = ["http://a.test/1", "http://a.test/slow", "http://b.test/gone"];
    let mut report = report("blocking,thread-pool,epoll", &[]).with_urls(&urls).run();
    for run in &mut report.runs {
        fail(run, 1, ErrorKind::Timeout, "no answer within 10 s", 10_000_000);
        fail(run, 2, ErrorKind::Connect, REFUSED, 90);
        run.usage.wall_us = run.told().filter_map(|outcome| outcome.finished_us).max();
    }
    golden("failures", &screen(&report, NARROW));
    for run in &mut report.runs {
        fail(run, 0, ErrorKind::Malformed, "not HTTP: \u{1b}[2Jhello", 20_000);
    }
    golden("all-failing", &screen(&report, NARROW));
    golden("failures-markdown", &(markdown::lines(&report).join("\n") + "\n"));
}

#[test]
fn one_stage_failing() {
    let mut report = report("epoll", &[]).run();
    fail(&mut report.runs[0], 1, ErrorKind::Connect, REFUSED, 90);
    fail(&mut report.runs[0], 4, ErrorKind::Timeout, "no answer within 450 ms", 450_000);
    golden("epoll-failures", &screen(&report, NARROW));
}

#[test]
fn programs() {
    let programs = ["mine=./crawl", "theirs=./other", "old=./old"];
    let mut report = report("epoll,mine,theirs,old", &programs).run();
    report.runs[1].doubts = Doubts { wall: false, cpu: true, memory: true };
    let wrong = WrongLine::NotAnOutcome { shown: "hello".to_owned(), object: None };
    leave(&mut report.runs[2], 0, Fault::WrongLine { line: 3, wrong });
    report.runs[2].usage.peak_rss_bytes = None;
    report.runs[3] = Run::skipped(3, 0, "this system has no such thing".to_owned());
    golden("programs", &screen(&report, NARROW));
}

#[test]
fn one_program_failing() {
    let mut report = report("", &["mine=./crawl"]).run();
    leave(&mut report.runs[0], 1, Fault::Ended { how: Ending::Exit(3), unanswered: 9 });
    golden("program-failing", &screen(&report, NARROW));
}

/// Names and words of other scripts: two columns a character, or none.
#[test]
fn other_scripts() {
    let urls = ["http://a.test/等待", "http://a.test/cafe\u{301}"];
    let mut compared = report("epoll,blocking", &[]).with_urls(&urls).run();
    for run in &mut compared.runs {
        let message = "网页 没有 在 十 秒 之内 回答 连接 已经 关闭 请 稍后 再 试 一次";
        fail(run, 0, ErrorKind::Timeout, message, 10_000);
    }
    golden("other-scripts", &screen(&compared, NARROW));
    golden("other-scripts-epoll", &screen(&report("epoll", &[]).with_urls(&urls).run(), NARROW));
}

#[test]
fn a_system_that_tells_little() {
    let unknown = |mut report: Report| {
        for run in &mut report.runs {
            let Usage { wall_us, figures, .. } = std::mem::take(&mut run.usage);
            run.usage = Usage { wall_us, figures, ..Usage::default() };
        }
        report
    };
    let compared = unknown(report("blocking,busy-wait,epoll", &[]).run());
    golden("unknown-figures", &screen(&compared, NARROW));
    golden("unknown-figures-epoll", &screen(&unknown(report("epoll", &[]).run()), NARROW));
}

/// Where the system is one that does not tell all figures, the legend says so.
#[test]
fn what_a_system_does_not_tell_is_in_the_legend() {
    let mut report = report("blocking,epoll", &[]).run();
    report.runs[0].usage.peak_rss_bytes = None;
    let says_so = |report: &Report| screen(report, NARROW).contains("– this system does not tell");
    assert!(!says_so(&report), "on Linux it is not the system");
    report.setting.machine.os = "macos".to_owned();
    assert!(says_so(&report));
}

#[test]
fn an_interruption_is_told() {
    let mut compared = report("blocking,epoll", &[]).run();
    compared.runs.truncate(1);
    compared.runs[0].outcomes[9] = None;
    (compared.runs[0].status, compared.runs[0].fault) = (Status::Failed, Some(Fault::Interrupted));
    compared.interrupted = true;
    assert!(screen(&compared, NARROW).contains("Interrupted: 1 of 2 stages had begun."));
    compared.entrants.truncate(1);
    assert!(screen(&compared, NARROW).contains("Interrupted: 9 of 10 pages had ended."));
}
