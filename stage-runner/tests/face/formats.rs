//! What is printed, in each format: for people, for programs, for texts.

use std::collections::BTreeSet;

use serde_json::Value;
use stage_runner::results::{Fault, Status};

use super::support::{command, ended, run};

const QUICK: [&str; 6] = ["--pages", "3", "--delay", "30ms", "-s", "blocking,epoll"];

fn quick(args: &[&str]) -> super::support::Ended {
    run(&[&QUICK, args].concat()).code(0)
}

#[test]
fn json_tells_everything() {
    let json = quick(&["--format", "json", "--rounds", "2", "--digest"]).json();
    assert_eq!(json["version"], 1);
    assert_eq!(json["urls"].as_array().unwrap().len(), 3);
    assert_eq!((&json["site"]["pages"], &json["site"]["delay_us"]), (&3.into(), &30_000.into()));
    assert_eq!(json["limits"]["concurrency"], 10);
    let runs = json["runs"].as_array().unwrap();
    let order: Vec<_> = runs.iter().map(|run| (run["round"].as_u64(), &run["stage"])).collect();
    let expected =
        [(Some(0), "blocking"), (Some(0), "epoll"), (Some(1), "blocking"), (Some(1), "epoll")];
    assert!(order.iter().zip(expected).all(|(a, b)| a.0 == b.0 && a.1 == b.1), "{order:?}");
    for run in runs {
        assert_eq!(
            (&run["status"], &run["exit"], &run["reason"]),
            (&"ok".into(), &0.into(), &Value::Null)
        );
        assert_eq!((&run["pages"], &run["failed"]), (&3.into(), &0.into()));
        assert!(run["usage"]["wall_us"].as_u64().unwrap() >= 30_000, "{run}");
        let outcomes = run["outcomes"].as_array().unwrap();
        for (outcome, url) in outcomes.iter().zip(json["urls"].as_array().unwrap()) {
            assert_eq!((&outcome["url"], &outcome["status"]), (url, &200.into()));
            assert_eq!(outcome["sha256"].as_str().unwrap().len(), 64);
            assert!(outcome["finished_us"].as_u64() <= run["usage"]["wall_us"].as_u64(), "{run}");
            for milestone in ["connected_us", "sent_us", "first_byte_us", "finished_us", "error"] {
                assert!(outcome.get(milestone).is_some(), "{milestone} is missing: {outcome}");
            }
        }
    }
}

#[test]
fn the_json_of_the_runner_can_be_read_back() {
    let fails = "mine=/no/such/program";
    let args = ["--pages", "3", "--delay", "30ms", "-s", "all,mine", "--program", fails];
    let printed = run(&[&args[..], &["--format", "json", "-c", "2", "--digest"]].concat()).code(1);
    let report = stage_runner::read_report(printed.stdout.as_bytes()).unwrap();
    assert_eq!(report.entrants.len(), stage_runner::stages::all().count() + 1);
    assert_eq!((report.runs.len(), report.setting.urls.len()), (report.entrants.len(), 3));
    assert_eq!((report.setting.limits.concurrency.get(), report.setting.digest), (2, true));
    for run in &report.runs {
        let stage = &report.entrants[run.entrant];
        let (status, fault) = (run.status, &run.fault);
        let is_as_expected = match &stage.stage {
            Some(_) => status != Status::Failed,
            None => matches!(fault, Some(Fault::NotStarted { .. })),
        };
        assert!(is_as_expected, "{}: {status:?}, {fault:?}", stage.name);
    }
}

/// The figures are the crawl's alone: ten threads are ten and one, and sleeping costs next to
/// nothing.
#[test]
#[cfg(target_os = "linux")]
fn figures_are_those_of_the_crawl() {
    let args =
        ["--pages", "10", "--delay", "100ms", "-s", "thread-pool,epoll,process-pool,busy-wait-all"];
    let json = run(&[&args[..], &["--format", "json"]].concat()).code(0).json();
    let usage = |index: usize, name: &str| json["runs"][index]["usage"][name].as_u64().expect(name);
    let cpu = |index| usage(index, "user_us") + usage(index, "system_us");
    assert_eq!((usage(0, "threads"), usage(1, "threads")), (11, 1));
    assert_eq!((usage(1, "processes"), usage(2, "processes")), (1, 11));
    assert!(usage(2, "workers_private_bytes") > 1_000_000);
    assert_eq!(usage(1, "workers_private_bytes"), 0);
    assert!(cpu(1) < 60_000 && cpu(3) > cpu(1), "{} {}", cpu(1), cpu(3));
    for index in 0..4 {
        let (start, peak) = (usage(index, "start_rss_bytes"), usage(index, "peak_rss_bytes"));
        assert!(start > 500_000 && peak >= start && peak < start + (32 << 20), "{start} {peak}");
    }
    assert!(usage(0, "voluntary_switches") >= 10, "ten threads slept");
    assert!(usage(1, "voluntary_switches") < 60, "one thread was woken once for each event");
}

#[test]
fn json_lines_come_one_an_outcome_in_every_round() {
    let lines = quick(&["--format", "jsonl", "--rounds", "2"]).json_lines();
    assert_eq!(lines.len(), 2 * 2 * 3);
    let field = |line: &Value, name: &str| line[name].to_string();
    let all: BTreeSet<_> = lines
        .iter()
        .map(|line| ["stage", "language", "round", "index", "url"].map(|name| field(line, name)))
        .collect();
    assert_eq!(all.len(), 12, "each once: {all:?}");
    assert!(lines.iter().all(|line| line["language"] == "rust" && line["status"] == 200));
}

#[test]
fn a_digest_is_there_only_when_asked_for() {
    let lines = quick(&["--format", "jsonl"]).json_lines();
    assert!(lines.iter().all(|line| line["sha256"].is_null()));
    quick(&["--digest"]).says("the figures include it");
}

#[test]
fn markdown_is_a_table() {
    let ended = quick(&["--format", "markdown", "--rounds", "3"]).says("| stage | who waits |");
    let bars = |line: &&str| line.matches('|').count();
    let table: Vec<_> = ended.stdout.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(table.len(), 4, "{}", ended.stdout);
    assert!(table.iter().all(|line| bars(line) == bars(&table[0])), "{}", ended.stdout);
}

/// The same shape whatever the times are: digits, units and runs of picture are masked.
#[test]
fn the_comparison_has_its_shape() {
    let stdout = quick(&["--charset", "unicode"]).stdout;
    let lines: Vec<&str> = stdout.lines().collect();
    assert!(lines[0].starts_with("3 pages, each 30 ms away, up to 10 at once"), "{stdout}");
    assert!(lines[2].starts_with("stage    0"), "{stdout}");
    assert!(lines[2].ends_with("who waits      wall    CPU memory"), "{stdout}");
    assert!(lines[3].starts_with("blocking ░") && lines[3].contains(" 1 thread "), "{stdout}");
    // On a busy machine the three do not arrive at once.
    let picture = lines[4].split(" 1 thread ").next().unwrap();
    let arrived: u32 = picture.chars().filter_map(|c| c.to_digit(10)).sum();
    assert!(lines[4].starts_with("epoll    ░") && arrived == 3, "{stdout}");
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{stdout}");
}

#[test]
fn ascii_without_colors_when_piped() {
    let plain = quick(&[]).stdout;
    assert!(plain.is_ascii() && !plain.contains('\x1b'), "{plain}");
    let colored = quick(&["--color", "always", "--charset", "unicode"]).stdout;
    assert!(colored.contains("\x1b[") && colored.contains('░'), "{colored}");
    let mut no_color = command(&QUICK);
    no_color.env("NO_COLOR", "1");
    assert!(!ended(no_color).stdout.contains('\x1b'));
}

#[test]
fn a_wide_screen_shows_more() {
    let mut wide = command(&QUICK);
    wide.env("COLUMNS", "140");
    ended(wide).code(0).says("switches").says("op/s").says("x as fast");
    let mut narrow = command(&QUICK);
    narrow.env("COLUMNS", "20");
    let narrow = ended(narrow).code(0).says("wall");
    assert!(!narrow.stdout.contains("who waits"), "it gives way to the picture: {}", narrow.stdout);
}

#[test]
fn one_stage_is_drawn_page_by_page() {
    let ended = run(&["--pages", "3", "--delay", "300ms", "-s", "epoll"]).code(0);
    let ended = ended.says("page ").says("/1 ").says("/3 ").says("thread 1 ").says("(chapter 5)");
    ended.says("Three fetches waited").says("waited for them all").says("Next:");
}
