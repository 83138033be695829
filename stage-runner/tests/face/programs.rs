//! Programs as stages: good ones, and every way of being a bad one.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use practice_site::{Config, Site};
use serde_json::Value;

use super::support::{Ended, run};

/// A line that is right.
const PAGE: &str = r#"{"outcome":{"target":0,"by":"main","status":200,"bytes":5,"started_us":1,"finished_us":900}}"#;

/// Runs a shell script as the stage `mine` on so many pages of a site that it need not ask.
fn script(pages: u32, script: &str, args: &[&str]) -> Ended {
    let quoted = script.replace('\'', r"'\''");
    let program = format!("mine=sh -c '{quoted}'");
    let pages = pages.to_string();
    run(&[&["--pages", &pages, "--delay", "10ms", "--program", &program], args].concat())
}

/// The program fails, is told so in these words, and the stage beside it does its work.
#[track_caller]
fn bad(program: &str, told: &str) {
    let ended = script(2, program, &["-s", "mine,epoll", "--format", "json"]).code(1).notes(told);
    assert!(!ended.stderr.contains(|c: char| c.is_control() && c != '\n'), "{:?}", ended.stderr);
    let json = ended.json();
    let run = |index: usize| &json["runs"][index];
    assert_eq!((&run(0)["status"], &run(1)["status"]), (&"failed".into(), &"ok".into()), "{json}");
    let outcomes = run(0)["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.len(), 2, "every target has one outcome");
    let died = outcomes.iter().filter(|outcome| outcome["error"]["kind"] == "worker-died").count();
    assert_eq!(run(0)["failed"], died, "{json}");
    assert!(run(0)["reason"].is_string() && died > 0, "{json}");
    // People who look at the table are told the same.
    let table = script(2, program, &["-s", "mine,epoll"]).code(1).stdout.replace("\n     ", " ");
    let words = table.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(told), "no {told:?} in\n{table}");
}

#[test]
fn nonsense_on_stdout() {
    bad("echo hello", "mine, line 1 is not an outcome: hello. Print notes to stderr.");
    bad(
        &format!("echo '{PAGE}'; echo"),
        "mine, line 2 is not an outcome: . Print notes to stderr.",
    );
    bad(r"printf '\033[2J\302\233\n'", r"mine, line 1 is not an outcome: \u{1b}[2J\u{9b}. Print");
    bad(r"printf '\377\376\n'", "mine, line 1 is not an outcome: ");
    let not_a_number = PAGE.replace(":900", ":NaN");
    bad(&format!("echo '{not_a_number}'"), "is not an outcome (NaN is not JSON, null is)");
    let half = PAGE.replace("main", r"\\ud83d");
    bad(&format!("echo '{half}'"), "(invalid JSON in column 36, unexpected end of hex escape)");
    bad("echo '{\"outcome\":{}}'", "mine, line 1 is not an outcome (missing field `target`)");
}

#[test]
fn wrong_outcomes() {
    let say = |line: &str| format!("echo '{line}'");
    bad(&format!("{0}; {0}", say(PAGE)), "mine, line 2 is a second outcome for target 0");
    bad(
        &say(&PAGE.replace(":0,", ":2,")),
        "mine, line 1 is about target 2, and the job has 2 (from 0)",
    );
    bad(&say(&PAGE.replace(":900", ":17000000000000000")), "mine, line 1 is from the future");
    bad(&say(&PAGE.replace(":900", ":0")), "mine, line 1 has finished_us before started_us");
    let usage = say(r#"{"usage":{}}"#);
    bad(&format!("{usage}; {}", say(PAGE)), "mine, line 2 comes after the usage");
}

#[test]
fn endless_output() {
    bad("yes", "mine, line 1 is not an outcome: y.");
    bad("cat /dev/zero", "mine, line 1 is longer than 64 KiB");
    bad(
        &format!("echo '{PAGE}'; head -c 70000 /dev/zero; sleep 60"),
        "mine, line 2 is longer than 64 KiB",
    );
}

#[test]
fn an_early_end() {
    bad("exit 0", "mine ended and left 2 pages without an outcome");
    bad(&format!("echo '{PAGE}'"), "mine ended and left 1 page without an outcome");
    bad(
        "echo oh no >&2; exit 3",
        "mine ended with exit status 3 and left 2 pages without an outcome",
    );
    bad(
        "kill -SEGV $$",
        "mine ended with SIGSEGV (a stack overflow ends like this) and left 2 pages",
    );
    bad("kill -KILL $$", "mine ended with SIGKILL and left 2 pages");
}

#[test]
fn the_end_of_stderr_is_shown_when_it_fails_and_all_of_it_with_v() {
    let noise = "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do printf \"note $n\\033[2J\\n\" >&2; done";
    let failing =
        script(2, &format!("{noise}; exit 3"), &[]).code(1).notes("mine said at its end:");
    assert!(!failing.stderr.contains("note 1\\") && failing.stderr.contains(r"note 12\u{1b}[2J"));
    let good = format!("{noise}; echo '{PAGE}'");
    assert_eq!(script(1, &good, &["-q"]).code(0).stderr, "");
    script(1, &good, &["-v"]).code(0).notes(r"mine: note 1\u{1b}[2J").notes("mine: note 12");
}

#[test]
fn a_program_that_cannot_start() {
    let args =
        ["--pages", "1", "--delay", "0", "--program", "mine=/no/such/program", "-s", "mine,epoll"];
    run(&args).code(1).says("mine: cannot start /no/such/program: No such file");
}

#[test]
fn a_hung_program_is_ended_and_leaves_no_child() {
    let began = Instant::now();
    let ended = script(1, "sleep 4731 & echo $! >&2; wait", &["--deadline", "100ms"]).code(1);
    let ended = ended.says("mine was silent for ").says("hung, and ended");
    assert!(began.elapsed() < Duration::from_secs(20));
    let child: u32 = ended.stderr.lines().last().unwrap().trim().parse().unwrap();
    let is_gone = |_: &u32| !is_running(child);
    assert!((0..100).any(|wait| {
        std::thread::sleep(Duration::from_millis(20));
        is_gone(&wait)
    }));
}

/// Telling of activity without end is no sign of life either.
#[test]
fn a_program_that_only_talks_is_hung() {
    let activity = r#"{"activity":{"by":"main","state":"selecting","from_us":1,"to_us":2}}"#;
    let began = Instant::now();
    script(1, &format!("yes '{activity}'"), &["--deadline", "100ms"])
        .code(1)
        .says("hung, and ended");
    assert!(began.elapsed() < Duration::from_secs(20));
}

fn is_running(pid: u32) -> bool {
    Command::new("kill").args(["-0", &pid.to_string()]).output().unwrap().status.success()
}

/// Who holds the pipe after the program's exit is waited for one second, and then ended.
#[test]
fn a_helper_that_stays_holds_nobody_up() {
    let began = Instant::now();
    script(1, &format!("echo '{PAGE}'; sleep 4732 &"), &[]).code(0).says("wall");
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_program_need_not_read_its_job() {
    script(3000, "exec sleep 0.1", &[]).code(1).says("left 3,000 pages without an outcome");
}

#[test]
fn what_a_program_does_not_say_is_seen_from_outside() {
    let program = format!("read job; sleep 0.2; echo '{PAGE}'");
    let json = script(1, &program, &["--format", "json"]).code(0).json();
    let usage = &json["runs"][0]["usage"];
    let wall = usage["wall_us"].as_u64().unwrap();
    assert!((200_000..5_000_000).contains(&wall), "{usage}");
    assert!(usage["user_us"].as_u64().is_some() && usage["voluntary_switches"].as_u64() > Some(0));
    if cfg!(target_os = "linux") {
        assert!(usage["peak_rss_bytes"].as_u64() > Some(100_000), "{usage}");
        assert_eq!(usage["processes"], 2, "the shell and its sleep: {usage}");
    }
}

#[test]
fn what_a_program_says_is_shown_and_doubted_where_the_system_saw_otherwise() {
    let usage = |usage: &str| format!("echo '{PAGE}'; echo '{{\"usage\":{{{usage}}}}}'");
    let figures = usage(r#""wall_us":900,"user_us":1,"system_us":2,"figures":{"cups of tea":3}"#);
    let believed = script(1, &figures, &[]).code(0).says("mine, cups of tea: 3");
    assert!(!believed.stdout.contains('~'), "{}", believed.stdout);
    let impossible = usage(r#""wall_us":3600000000,"user_us":900000000,"system_us":0"#);
    script(1, &impossible, &[])
        .code(0)
        .says("wall ~")
        .says("CPU ~")
        .says("the system saw otherwise");
}

#[test]
fn figures_that_no_machine_could_have_do_no_harm() {
    let most = u64::MAX;
    let fields = ["wall_us", "user_us", "system_us", "peak_rss_bytes", "workers_private_bytes"];
    let fields =
        [&fields[..], &["threads", "processes", "voluntary_switches", "involuntary_switches"]];
    let usage: Vec<_> = fields.concat().iter().map(|field| format!("\"{field}\":{most}")).collect();
    let program = format!("echo '{PAGE}'; echo '{{\"usage\":{{{}}}}}'", usage.join(","));
    script(1, &program, &[]).code(0);
    script(1, &program, &["-s", "mine,epoll", "-r", "3"]).code(0);
    script(1, &program, &["-s", "mine,epoll", "--format", "markdown"]).code(0);
}

#[test]
fn unknown_fields_and_activity_are_no_fault() {
    let activity = r#"{"activity":{"by":"main","state":"selecting","from_us":1,"to_us":2,"x":1}}"#;
    let page = PAGE.replace("\"bytes\"", "\"mood\":[],\"bytes\"");
    script(1, &format!("echo '{activity}'; echo '{page}'"), &[]).code(0);
}

/// What a program tells of its workers is kept where the run is recorded, and checked.
#[test]
fn a_program_may_tell_what_its_workers_do() {
    let step = |rest: &str| format!(r#"{{"activity":{{"by":"main","state":"receiving",{rest}}}}}"#);
    let first = step(r#""from_us":0,"to_us":5.5,"target":0,"did":"brewed","at":"mine.py:7""#);
    let second = step(r#""from_us":5.5,"to_us":7,"target":0,"did":"\u001b[2J""#);
    let program = format!("printf '%s\\n' '{first}' '{second}' '{PAGE}'");
    let recorded = ["--format", "json", "--activity"];
    let json = script(1, &program, &recorded).code(0).json();
    let activity = &json["runs"][0]["activity"];
    assert_eq!(activity["places"], serde_json::json!(["mine.py:7"]), "{activity}");
    assert_eq!(activity["rows"][0][3], "brewed", "{activity}");
    assert!(json.get("sources").is_none(), "its files are not read: {json}");
    let json = script(1, &program, &["--format", "json"]).code(0).json();
    assert!(json["runs"][0].get("activity").is_none(), "nobody has asked");

    script(1, &program, &["--trace"])
        .code(0)
        .says("0.000 ms  /1: brewed ")
        .says("mine.py:7")
        .says(r"0.005 ms  /1: \u{1b}[2J");
    script(1, &format!("echo '{PAGE}'"), &["--trace"])
        .code(0)
        .says("mine told nothing of what its workers did: docs/protocol.md says how");

    let twice = format!("printf '%s\\n' '{first}' '{first}' '{PAGE}'");
    script(1, &twice, &recorded)
        .code(1)
        .notes("line 2 is a step of main that begins before the step before it ends");
    let unknown = first.replace(r#""target":0"#, r#""target":1"#);
    script(1, &format!("echo '{unknown}'; echo '{PAGE}'"), &recorded)
        .code(1)
        .notes("line 1 is about target 1, and the job has 1 (from 0)");
}

/// The programs of the repository do the whole job, errors included.
#[test]
fn the_example_programs_work() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    for (name, command, needs) in [
        ("python", "python3 examples/programs/threads.py", "python3 -c pass"),
        ("bash", "bash examples/programs/one-by-one.sh", "bash -c (($BASH_VERSINFO>=5))"),
    ] {
        let mut words = needs.splitn(3, ' ');
        let there = Command::new(words.next().unwrap()).args(words).output();
        if !there.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: no {name} here");
            continue;
        }
        let command = command.replace("examples", &format!("{root}/examples"));
        let program = format!("{name}={command}");
        let args = ["--pages", "4", "--delay", "50ms", "--size", "70000", "--format", "json"];
        let json = run(&[&["--program", &program], &args[..]].concat()).code(0).json();
        let outcomes = json["runs"][0]["outcomes"].as_array().unwrap();
        let is_page = |outcome: &Value| outcome["status"] == 200 && outcome["bytes"] == 70_000;
        assert!(outcomes.len() == 4 && outcomes.iter().all(is_page), "{json}");

        let refused = "http://127.0.0.1:1/";
        run(&["--program", &program, refused]).code(1).says("connect");
    }
}

/// The same of the shell, which reads a body to its end and connects without a deadline.
#[test]
fn no_server_ends_the_example_in_bash() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let is_new = ["-c", "((BASH_VERSINFO >= 5))"];
    if !Command::new("bash").args(is_new).output().is_ok_and(|it| it.status.success()) {
        eprintln!("skipped: no bash 5 here");
        return;
    }
    let config = Config { pages: 1, delay: Duration::ZERO, ..Config::default() };
    let site = Site::start(config).unwrap();
    let ends = [
        ("status-600", "malformed"),
        ("switching-101", "malformed"),
        ("garbage", "malformed"),
        ("interim", "200"),
        ("no-content", "204"),
        ("not-modified-304", "304"),
        ("endless-1xx", "timeout"),
        ("endless-head", "timeout"),
        ("stays-open", "timeout"),
        ("stall-in-body", "timeout"),
        ("reset-before-head", "empty-reply"),
    ];
    let mut urls: Vec<String> =
        ends.iter().map(|(name, _)| site.fault_url(name).unwrap()).collect();
    urls.push(site.url("/1"));
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let program = format!("bash=bash {root}/examples/programs/one-by-one.sh");
    let args = ["--program", &program, "--deadline", "500ms", "--format", "json"];
    let json = run(&[&args[..], &urls[..]].concat()).code(1).json();
    assert_eq!(json["runs"][0]["reason"], Value::Null, "{json}");
    let outcomes = json["runs"][0]["outcomes"].as_array().unwrap();
    for ((name, end), outcome) in ends.iter().zip(outcomes) {
        let status = outcome["status"].as_u64().map(|status| status.to_string());
        let kind = outcome["error"]["kind"].as_str().map(str::to_owned);
        assert_eq!(status.or(kind).as_deref(), Some(*end), "{name}: {outcome}");
    }
    assert_eq!(outcomes.last().unwrap()["status"], 200, "the page after them all");
}

/// What a server sends costs its own page at most: the program goes on, and so do the other pages.
#[test]
fn no_server_ends_an_example_program() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    if !Command::new("python3").args(["-c", "pass"]).output().is_ok_and(|it| it.status.success()) {
        eprintln!("skipped: no python3 here");
        return;
    }
    let site =
        Site::start(Config { pages: 1, delay: Duration::ZERO, ..Config::default() }).unwrap();
    let faults: Vec<_> = site.faults().collect();
    let mut urls: Vec<&str> = faults.iter().map(|(_, url)| url.as_str()).collect();
    let page = site.url("/1");
    urls.push(&page);
    let program = format!("py=python3 {root}/examples/programs/threads.py");
    let args = ["--program", &program, "--deadline", "1s", "--max-body", "1MiB", "-c", "40"];
    let json = run(&[&args[..], &["--format", "json"], &urls[..]].concat()).code(1).json();
    let run = &json["runs"][0];
    assert_eq!(run["reason"], Value::Null, "{run}");
    let outcomes = run["outcomes"].as_array().unwrap();
    let ended = |name: &str| {
        let at = faults.iter().position(|(fault, _)| fault.name == name).expect(name);
        let outcome = &outcomes[at];
        outcome["status"].as_u64().map_or(outcome["error"]["kind"].to_string(), |s| s.to_string())
    };
    for (name, end) in [
        ("status-600", "\"malformed\""),
        ("status-099", "\"malformed\""),
        ("switching-101", "\"malformed\""),
        ("interim", "200"),
        ("drip-1xx", "\"timeout\""),
        ("drip-body", "\"timeout\""),
        ("garbage", "\"malformed\""),
    ] {
        assert_eq!(ended(name), end, "{name}");
    }
    assert_eq!(outcomes.last().unwrap()["status"], 200, "the page beside them all");
}

/// A program that tells every status it is told, as many do.
#[test]
fn a_status_that_no_page_has_costs_its_page_alone() {
    for status in [103, 600, 70_000] {
        let other = PAGE.replace(":0,", ":1,").replace("200", &status.to_string());
        let json = script(2, &format!("echo '{other}'; echo '{PAGE}'"), &["--format", "json"]);
        let json = json.code(1).json();
        let (run, outcomes) = (&json["runs"][0], &json["runs"][0]["outcomes"]);
        assert_eq!((&run["reason"], &run["pages"]), (&Value::Null, &1.into()), "{json}");
        assert_eq!(outcomes[1]["error"]["kind"], "malformed", "{json}");
    }
}

/// JavaScript has no whole numbers, and its clock tells fractions.
#[test]
fn times_with_fractions_are_cut() {
    let page = PAGE.replace(":900", ":900.7").replace(":1,\"f", ":1.0,\"f");
    let usage = r#"{"usage":{"wall_us":901.2,"user_us":10.0,"system_us":0.4}}"#;
    let json = script(1, &format!("echo '{page}'; echo '{usage}'"), &["--format", "json"]);
    let json = json.code(0).json();
    let run = &json["runs"][0];
    assert_eq!(run["outcomes"][0]["finished_us"], 900, "{json}");
    assert_eq!((&run["usage"]["wall_us"], &run["usage"]["system_us"]), (&901.into(), &0.into()));
}

/// The page that explains the protocol shows jobs and lines that are real.
#[test]
fn the_protocol_page_is_right() {
    let page =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/protocol.md")).unwrap();
    let blocks: Vec<&str> =
        page.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 5);
    serde_json::from_str::<crawl::protocol::Job>(blocks[0]).expect(blocks[0]);
    for line in blocks[1..].iter().flat_map(|block| block.lines()) {
        serde_json::from_str::<crawl::protocol::Line>(line).expect(line);
    }
}

/// Double quotes: cmd.exe takes single ones for a part of the word.
#[test]
fn programs_are_shown_in_the_form_that_all_shells_take() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let folders = ["", "docs", "examples/programs", "stage-runner/src/cli"];
    let files = folders.iter().flat_map(|folder| fs::read_dir(format!("{root}/{folder}")).unwrap());
    let mut shown = Vec::new();
    for path in files.map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        if text.contains("--program \"") {
            shown.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
        assert!(!text.contains("--program '"), "{}", path.display());
    }
    for file in ["one-by-one.sh", "protocol.md", "threads.py"] {
        assert!(shown.iter().any(|one| one == file), "{file} is not among {shown:?}");
    }
}

/// A program that does not import `resource`, as on Windows, and the snippet of the protocol page.
#[test]
fn the_usage_of_python_is_right() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    if !Command::new("python3")
        .args(["-c", "import resource"])
        .output()
        .is_ok_and(|it| it.status.success())
    {
        eprintln!("skipped: no python3 here");
        return;
    }
    let page = fs::read_to_string(format!("{root}/docs/protocol.md")).unwrap();
    let snippet = page.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let printed = Command::new("python3").args(["-c", snippet]).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let crawl::protocol::Line::Usage(usage) = serde_json::from_str(&printed).expect(&printed)
    else {
        panic!("{printed}")
    };
    assert_eq!((usage.threads, usage.wall_us.is_some()), (Some(1), true), "{printed}");

    let without = "import sys; sys.modules['resource'] = None; sys.argv = sys.argv[1:]; exec(open(sys.argv[0]).read())";
    let program = format!("py=python3 -c \"{without}\" {root}/examples/programs/threads.py");
    let args = ["--pages", "2", "--delay", "10ms", "--format", "json", "--program", &program];
    run(&args).code(0);
}
