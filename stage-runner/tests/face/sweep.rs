//! The sweep: from few to many in flight, and where each stage ends.

use std::fs;

use serde_json::Value;

use super::support::{Ended, run};

fn sweep(args: &[&str]) -> Ended {
    run(&[&["sweep"], args].concat())
}

/// A sweep in a shell with a limit, as JSON.
#[cfg(unix)]
fn sweep_under(limit: &str, options: &str) -> Value {
    let runner = env!("CARGO_BIN_EXE_stage-runner");
    let script = format!("ulimit {limit}; exec {runner} sweep --format json {options}");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).stdin(std::process::Stdio::null());
    // glibc sets room aside by the number of processors, which would count against a limit of
    // memory.
    shell.env("MALLOC_ARENA_MAX", "4");
    super::support::ended(shell).code(0).json()
}

/// The stage of that name in a sweep's JSON.
#[track_caller]
fn stage<'a>(json: &'a Value, name: &str) -> &'a Value {
    let stages = json["stages"].as_array().unwrap();
    stages.iter().find(|stage| stage["stage"] == name).expect(name)
}

/// At how many in flight it was measured.
fn measured(stage: &Value) -> Vec<u64> {
    let points = stage["points"].as_array().unwrap();
    points.iter().map(|point| point["in_flight"].as_u64().unwrap()).collect()
}

#[test]
fn a_small_sweep_as_a_table() {
    let args = ["-s", "blocking,thread-pool,epoll,tokio", "--to", "10", "--delay", "60ms"];
    let ended =
        sweep(&args).code(0).says("From 1 to 10 pages, each 60 ms away, all at once, one run each");
    let ended = ended.says("in flight        1      3     10\n");
    let ended = ended.says("wall time").says("CPU time").says("memory");
    let ended = ended.notes("This will take about").notes("epoll, stage 3 of 4, ");
    for name in ["blocking ", "thread-pool ", "epoll ", "tokio "] {
        let rows = ended.stdout.lines().filter(|line| line.starts_with(name)).count();
        assert_eq!(rows, 3, "{name}: {}", ended.stdout);
    }
    assert!(ended.stdout.lines().all(|line| line.len() <= 80), "{}", ended.stdout);
    assert!(ended.stdout.contains("10 at once: 4 of 4 stages") || !cfg!(target_os = "linux"));
    let quiet = sweep(&["-q", "-s", "epoll", "--to", "1", "--delay", "10ms"]).code(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn a_table_of_many_steps_shows_those_that_fit() {
    let args = ["-s", "epoll", "--to", "1200", "--per-decade", "3", "--delay", "20ms"];
    let ended = sweep(&args).code(0).says("--format json has the steps between");
    assert!(ended.stdout.contains("     10    100  1,000  1,200"), "{}", ended.stdout);
}

#[test]
fn a_small_sweep_as_json() {
    let args = ["-s", "process-pool,epoll", "--from", "2", "--to", "10", "--delay", "80ms", "-q"];
    let json = sweep(&[&args[..], &["--format", "json"]].concat()).code(0).json();
    assert_eq!((&json["version"], &json["interrupted"]), (&1.into(), &false.into()));
    assert_eq!((&json["delay_us"], &json["steps"]), (&80_000.into(), &[2, 3, 10].to_vec().into()));
    for name in ["process-pool", "epoll"] {
        let stage = stage(&json, name);
        assert_eq!((measured(stage), &stage["end"]), (vec![2, 3, 10], &Value::Null), "{json}");
        for point in stage["points"].as_array().unwrap() {
            let over = point["wall_over_delay"].as_f64().unwrap();
            assert!(over >= 1.0, "{point}");
            assert_eq!(over, point["usage"]["wall_us"].as_f64().unwrap() / 80_000.0);
            let most = point["most_in_flight"].as_u64().unwrap();
            assert!((1..=10).contains(&most), "{point}");
            for figure in ["cpu_per_fetch_us", "memory_per_fetch_bytes"] {
                assert!(point[figure].is_number() || !cfg!(target_os = "linux"), "{point}");
            }
        }
    }
}

#[test]
fn a_stage_that_waits_for_one_after_the_other_ends_early() {
    let args = ["-s", "blocking,epoll", "--to", "100", "--per-decade", "1", "--delay", "200ms"];
    let ended = sweep(&args).code(0);
    ended.says("x blocking at 100: one page after the other: 100 would take 20 s.\n");
}

#[test]
fn a_stage_that_never_began_is_a_failure_where_it_was_asked_for() {
    let args = ["--from", "1000", "--to", "1000", "--delay", "1s", "-q", "--format", "json"];
    let json = sweep(&[&["-s", "blocking"], &args[..]].concat()).code(1).json();
    assert_eq!(stage(&json, "blocking")["end"]["why"], "one-by-one");
}

#[test]
#[cfg(unix)]
fn a_site_without_descriptors_is_not_taken_for_a_slow_stage() {
    let options = "-s poll --from 150 --to 190 --per-decade 1 --delay 100ms";
    let json = sweep_under("-n 220", options);
    let poll = stage(&json, "poll");
    assert_eq!((measured(poll), &poll["end"]["in_flight"]), (vec![150], &190.into()));
    assert_eq!(poll["end"]["why"], "site-too-small");
}

#[test]
fn processes_end_at_their_bound() {
    let args = ["-s", "process-pool", "--from", "3", "--to", "513", "--per-decade", "1"];
    let args = [&args[..], &["--delay", "20ms", "--format", "json"]].concat();
    let json = sweep(&args).code(0).json();
    let stage = stage(&json, "process-pool");
    assert_eq!((measured(stage), &stage["end"]["in_flight"]), (vec![3, 10, 100], &513.into()));
    assert_eq!((&stage["end"]["why"], &stage["end"]["pages"]), (&"failed".into(), &0.into()));
    let reason = stage["end"]["reason"].as_str().unwrap();
    assert!(reason.contains("512 at most"), "{reason}");
}

#[test]
#[cfg(unix)]
fn select_ends_at_1024_descriptors_and_poll_goes_on() {
    let args = ["-s", "select,poll", "--from", "100", "--to", "1100", "--per-decade", "1"];
    let args = [&args[..], &["--delay", "500ms", "--format", "json"]].concat();
    let json = sweep(&args).code(0).json();
    let (select, poll) = (stage(&json, "select"), stage(&json, "poll"));
    assert_eq!((measured(select), measured(poll)), (vec![100, 1000], vec![100, 1000, 1100]));
    let reason = select["end"]["reason"].as_str().unwrap();
    assert!(reason.contains("its set has 1024 places"), "{reason}");
    let pages = select["end"]["pages"].as_u64().unwrap();
    assert!((900..1024).contains(&pages), "{pages}");
}

#[test]
#[cfg(unix)]
fn descriptors_run_out_and_the_sweep_goes_on() {
    let options = "-s epoll,tokio --from 10 --to 100 --per-decade 1 --delay 100ms";
    let json = sweep_under("-n 80", options);
    for name in ["epoll", "tokio"] {
        let stage = stage(&json, name);
        assert_eq!((measured(stage), &stage["end"]["in_flight"]), (vec![10], &100.into()));
        let reason = stage["end"]["reason"].as_str().unwrap();
        assert!(reason.contains("Too many open files"), "{reason}");
    }
}

/// Without room for so many stacks, a pool goes on with fewer threads, or is ended by the system:
/// either is told.
#[test]
#[cfg(target_os = "linux")]
fn threads_that_the_system_refuses_are_told() {
    let options = "-s thread-pool,epoll --from 10 --to 1000 --per-decade 1 --delay 2s";
    let json = sweep_under("-v 2000000", options);
    let (pool, epoll) = (stage(&json, "thread-pool"), stage(&json, "epoll"));
    assert_eq!((measured(pool), &pool["end"]["in_flight"]), (vec![10, 100], &1000.into()));
    let reason = pool["end"]["reason"].as_str().unwrap();
    match pool["end"]["why"].as_str().unwrap() {
        "too-few-workers" => assert!(reason.ends_with(" threads of 1,000"), "{reason}"),
        why => assert!(why == "failed" && reason.starts_with("ended with SIG"), "{reason}"),
    }
    assert_eq!(measured(epoll), [10, 100, 1000]);
}

#[test]
fn the_chart_is_whole_and_has_a_line_for_each_stage() {
    let name = format!("stage-runner-{}-sweep.svg", std::process::id());
    let path = std::env::temp_dir().join(name);
    let names = ["blocking", "epoll", "async-await", "tokio"];
    let args = ["-s", &names.join(","), "--to", "60", "--delay", "200ms", "--per-decade", "1"];
    let args = [&args[..], &["--svg", path.to_str().unwrap()]].concat();
    sweep(&args).code(0).notes("The chart is in ");
    let svg = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let picture = roxmltree::Document::parse(&svg).expect("well-formed XML");
    let elements = || picture.descendants().filter(|node| node.is_element());
    let lines = |name: &str| {
        let of_stage = elements().filter(|node| node.attribute("data-stage") == Some(name));
        of_stage.map(|node| (node.tag_name().name().to_owned(), node.attribute("class"))).collect()
    };
    let texts: Vec<&str> = picture.descendants().filter_map(|node| node.text()).collect();
    for name in names {
        let class = format!("c{}", place(name));
        let line = ("polyline".to_owned(), Some(class.as_str()));
        let lines: Vec<_> = lines(name);
        assert_eq!(lines, vec![line; 3], "one in each panel: {name}");
        assert!(texts.iter().any(|text| text.contains(name)), "{name} is named");
    }
    let polyline = ("http://www.w3.org/2000/svg", "polyline");
    let polylines = elements().filter(|node| node.has_tag_name(polyline)).count();
    assert_eq!(polylines, 3 * names.len());
    let end = elements().find(|node| node.attribute("data-end") == Some("blocking"));
    let end = end.and_then(|node| node.text()).expect("blocking ends early");
    assert!(end.contains("60 would take 12 s"), "{end}");
    // It opens offline: nothing in it points elsewhere, and nothing runs.
    let attributes = elements().flat_map(|node| node.attributes()).map(|value| value.value());
    assert!(attributes.chain(texts.iter().copied()).all(|text| !text.contains("http")));
    assert!(elements().all(|node| node.tag_name().name() != "script"));
}

fn place(name: &str) -> usize {
    let mut shown = stage_runner::stages::STAGES.iter().filter(|stage| !stage.hidden);
    shown.position(|stage| stage.name == name).unwrap()
}

#[test]
fn what_is_wrong_is_said_before_anything_runs() {
    let wrong = |args: &[&str], why: &str| {
        let ended = sweep(args).code(2).notes(why);
        assert_eq!(ended.stdout, "", "{args:?}");
    };
    wrong(&["--nonsense"], "--nonsense");
    wrong(&["-s", "epol"], "did you mean epoll?");
    wrong(&["--from", "0"], "at least 1 fetch");
    wrong(&["--from", "10", "--to", "9"], "--from 10 is more than --to 9");
    wrong(&["--to", "100001"], "100,000 at most");
    wrong(&["--delay", "0"], "is compared with it");
    wrong(&["--from", "10", "--to", "9"], "stage-runner sweep [OPTIONS]");
    wrong(&["--per-decade", "4"], "--per-decade");
    wrong(&["--format", "jsonl"], "json");
    wrong(&["--svg", "/no/such/folder/a.svg"], "cannot write /no/such/folder/a.svg");
    wrong(&["--pages", "3"], "--pages");
    sweep(&["--help"]).code(0).says("Examples:").says("Exit status");
}
