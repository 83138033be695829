//! Options, their errors, and the exit status.

use std::fs;
use std::time::Duration;

use practice_site::{Config, Site};

use super::support::{Ended, run, run_with_stdin};

/// Nothing runs, nothing is printed, and the message says why.
#[track_caller]
fn wrong(args: &[&str], why: &str) {
    let ended = run(args).code(2).notes(why);
    assert_eq!(ended.stdout, "", "{args:?}");
    assert!(!ended.stderr.contains(|c: char| c.is_control() && c != '\n'), "{:?}", ended.stderr);
}

fn quick(args: &[&str]) -> Ended {
    run(&[&["--pages", "2", "--delay", "10ms", "-s", "epoll,blocking"], args].concat())
}

fn file(name: &str, text: &str) -> String {
    let path = std::env::temp_dir().join(format!("stage-runner-{}-{name}", std::process::id()));
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_recorded_run_is_printed_step_by_step() {
    let one = run(&["-s", "epoll", "--trace", "--pages", "2", "--delay", "10ms"]).code(0);
    one.says("/2 registers a callback").says("/1 is called back, and receives").says("lib.rs:");
    quick(&["--trace"]).code(0).says("blocking").says("receives, asleep for ");
    let life = quick(&["--life", "2"]).code(0).says("/2 waits for ").says("/2 is done, status 200");
    // Another page may be named, as that which is ahead in line; nothing that it does is told.
    let of = |page: &str| {
        let lines = life.stdout.lines().filter(|line| {
            let told = line.split_once(" ms  ").map(|(_, told)| told.trim_start());
            told.is_some_and(|told| told.starts_with(page))
        });
        lines.count()
    };
    assert!(of("/2 ") > 2, "{}", life.stdout);
    assert_eq!(of("/1"), 0, "{}", life.stdout);
    let rounds = quick(&["--rounds", "2", "--format", "json", "--activity"]).code(0).json();
    let recorded = rounds["runs"].as_array().unwrap().iter();
    let recorded: Vec<_> = recorded.map(|run| run.get("activity").is_some()).collect();
    assert_eq!(recorded, [false, false, true, true], "the last round alone");
}

#[test]
fn what_is_wrong_is_said_before_anything_runs() {
    wrong(&["--stage", "epol"], "did you mean epoll?");
    wrong(&["--stage", "epoll,quantum"], "no stage is called \"quantum\": --list shows them");
    wrong(&["--stage", "\u{1b}[2J"], "no stage is called");
    wrong(&["--pages", "5", "http://127.0.0.1:1/"], "--pages is about the practice site");
    wrong(&["--jitter", "5ms", "--urls", "x"], "--jitter is about the practice site");
    wrong(&["-c", "0"], "at least 1 fetch must be in flight");
    wrong(&["-r", "0"], "at least 1 round");
    wrong(&["--life", "0"], "pages are counted from 1: --life 1 is about the first");
    wrong(&["--life", "-1"], "it is less than 0");
    wrong(&["--pages", "1e3"], "write a whole number in digits");
    wrong(&["--pages", "-3"], "it is less than 0");
    wrong(&["--pages", "1000001"], "1,000,000 pages at most");
    wrong(&["--stage", "epoll,"], "the name of a stage is missing");
    wrong(&["--delay", "450"], "write 450ms or 450s");
    wrong(&["--deadline", "0"], "no fetch can end in no time");
    wrong(&["--max-body", "1TiB"], "not a unit of size");
    wrong(&["--format", "xml"], "jsonl");
    wrong(&["--trace"], "--trace shows one stage, or two in two columns, and here are ");
    wrong(&["-s", "epoll", "--trace", "--format", "json"], "cannot be used with");
    wrong(&["-s", "epoll", "--life", "11"], "--life 11 is about page 11, and there are 10 pages");
    wrong(&["-s", "epoll", "--life", "0"], "--life");
    wrong(&["--nonsense"], "--nonsense");
    wrong(&["-q", "-v"], "cannot be used with");
    wrong(&["--rounds", "1", "--rounds", "2"], "cannot be used multiple times");
    wrong(&["--program", "mine"], "NAME=COMMAND");
    wrong(&["--program", "m=x", "-s", "epoll"], "write --stage epoll,m");
    wrong(&["--delay", "-1ms"], "it is less than 0");
    wrong(&["--size", "-1KiB"], "it is less than 0");
    wrong(&["--svg", "x"], "--svg is an option of `stage-runner sweep`");
    wrong(&["--port", "80"], "--port is an option of `stage-runner site`");
    wrong(&["--concurency", "5"], "'--concurrency'");
    wrong(&["-s", "8-5"], "chapters are counted up, write 5-8");
    wrong(&["site", "--rounds", "3"], "--rounds is an option of `stage-runner` without `site`");
    wrong(&["sweep", "--listen", "::"], "--listen is an option of `stage-runner site`");
    wrong(&["-c", "-5"], "it is less than 0");
    wrong(&["sweep", "-c", "5"], "-c is an option of `stage-runner` without `sweep`");
    wrong(&["check", "-s", "epoll"], "-s is an option of `stage-runner` without `check`");
    assert!(!run(&["--bogus"]).code(2).stderr.contains("--rounds"), "nobody means that");
    wrong(&["--program", "epoll=x"], "taken by a stage");
    wrong(&["--program", "a=x", "--program", "a=y"], "given twice");
    wrong(&["--urls", "/no/such/file"], "cannot read /no/such/file");
}

#[test]
fn an_invalid_url_is_named_with_its_line() {
    wrong(&["http://127.0.0.1:1/", "https://example.com/"], "plain HTTP");
    wrong(&["example.com"], "http://example.com");
    wrong(&["http://"], "it has no host");
    wrong(&["threads"], "did you mean --stage threads?");
    wrong(&["list"], "\"list\" is neither a command nor a URL: did you mean --list?");
    wrong(&["rounds"], "did you mean --rounds?");
    wrong(&["delya"], "did you mean --delay?");
    for run in ["run", "urn", "compare"] {
        wrong(&[run], "a command nor a URL: did you mean stage-runner alone, which runs all");
    }
    wrong(&["quantum"], "stage-runner --help lists the commands; if it is a host, write http://q");
    wrong(&["http//x"], "\"http//x\" is not a URL to fetch: a colon follows the http");
    wrong(&["http//x"], ": write http://x\n");
    wrong(&["http:/x"], ": write http://x\n");
    wrong(&["help"], "did you mean --help?");
    wrong(&["stie"], "did you mean stage-runner site?");
    wrong(&["stie", "--pages", "5"], "did you mean stage-runner site?");
    wrong(&["http://127.0.0.1:1/", "epol"], "did you mean --stage epoll?");
    wrong(&["all"], "did you mean --stage all?");
    wrong(&["localhost"], "write http://localhost");
    wrong(&["http://a/\u{1b}[2J"], "U+001B");
    let urls = file("bad-urls", "http://127.0.0.1:1/\n# not this\n\nftp://example.com/\n");
    wrong(&["--urls", &urls], "bad-urls, line 4: ");
    let ended = run_with_stdin(&["--urls", "-"], "http://a:99999/\n").code(2);
    assert!(ended.stderr.contains("stdin, line 1: ") && ended.stderr.contains("99999"));
}

#[test]
fn the_exit_status_says_whether_every_page_came() {
    quick(&[]).code(0);
    let site = Site::start(Config { pages: 1, ..Config::default() }).unwrap();
    let fault = |name: &str| site.fault_url(name).expect(name);
    run(&["-s", "1,5", &site.url("/no-such-page")]).code(0).says("arrived here");
    run(&["-s", "1,5", &fault("garbage")]).code(1).says("malformed");
    run(&["-s", "epoll", "http://no-such-host.invalid/"]).code(1).says("resolve");
}

#[test]
fn an_empty_list_of_urls_is_nothing_to_do() {
    let empty = file("no-urls", "\n# none\r\n");
    run(&["--urls", &empty]).code(0).says("Nothing to fetch.");
    run(&["--urls", &empty, "-s", "epoll"]).code(0).says("Nothing to fetch.");
    let json = run(&["--urls", &empty, "--format", "json"]).code(0).json();
    assert!(json["runs"].as_array().unwrap().iter().all(|run| run["status"] == "ok"), "{json}");
}

#[test]
fn urls_come_in_their_order_from_arguments_files_and_stdin() {
    let site =
        Site::start(Config { pages: 3, delay: std::time::Duration::ZERO, ..Config::default() });
    let site = site.unwrap();
    let urls: Vec<String> = site.page_urls().collect();
    let list = format!("\u{feff}{}\r\n {} \n", urls[1], urls[0]);
    let args = [&urls[2], "--urls", "-", "-s", "blocking", "--format", "jsonl"];
    let lines = run_with_stdin(&args, &list).code(0).json_lines();
    let got: Vec<_> = lines.iter().map(|line| line["url"].as_str().unwrap()).collect();
    assert_eq!(got, [&urls[2], &urls[1], &urls[0]]);
}

#[test]
fn a_list_of_urls_may_have_comments_and_come_from_powershell() {
    let site =
        Site::start(Config { pages: 2, delay: Duration::ZERO, ..Config::default() }).unwrap();
    let list = format!("# both\n{} # slow?\n{}#part\n", site.url("/1"), site.url("/2"));
    let args = ["-s", "blocking", "--format", "jsonl", "--urls"];
    let utf_16 = |unit: fn(u16) -> [u8; 2]| {
        let units = "\u{feff}".encode_utf16().chain(list.encode_utf16());
        units.flat_map(unit).collect::<Vec<u8>>()
    };
    for bytes in [list.clone().into_bytes(), utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes)] {
        let path = file("list", "");
        fs::write(&path, bytes).unwrap();
        let lines = run(&[&args[..], &[&path]].concat()).code(0).json_lines();
        let got: Vec<_> = lines.iter().map(|line| line["url"].as_str().unwrap()).collect();
        assert_eq!(got, [site.url("/1"), site.url("/2")]);
    }
    let path = file("latin-1", "");
    fs::write(&path, b"http://127.0.0.1/\xe9\n").unwrap();
    wrong(&["--urls", &path], "latin-1 is not text in UTF-8 or UTF-16");
}

#[test]
fn the_steps_inside_of_a_chapter_run_by_their_names() {
    let names = ["yield-from-flat", "async-await-by-hand"];
    let args = ["--pages", "3", "--delay", "0", "-s", &names.join(","), "--format", "json"];
    let json = run(&args).code(0).json();
    let stages: Vec<_> = json["runs"].as_array().unwrap().iter().map(|run| &run["stage"]).collect();
    assert_eq!(stages, names);
}

#[test]
fn chapters_come_in_ranges() {
    let args = ["--pages", "1", "--delay", "0", "-s", "6-8", "--format", "json"];
    let json = run(&args).code(0).json();
    let stages: Vec<_> = json["runs"].as_array().unwrap().iter().map(|run| &run["stage"]).collect();
    assert_eq!(stages, ["generator-task", "yield-from", "async-await"]);
}

#[test]
#[cfg(unix)]
fn too_few_descriptors_are_told() {
    let runner = env!("CARGO_BIN_EXE_stage-runner");
    let script = format!(
        "ulimit -n 64; exec {runner} -s epoll -c 100 --pages 100 --delay 200ms --deadline 3s"
    );
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).stdin(std::process::Stdio::null());
    let ended = super::support::ended(shell).code(1);
    let told = "A process has 64 descriptors here, too few for 100 fetches at once: ulimit -n";
    let ended = ended.says(&format!("{told}\n164, as root, allows them."));
    assert_eq!(ended.stderr, "", "the table says it");
    let limited = |most: u32, args: &str| {
        let args = format!("-s epoll --pages 100 --delay 200ms --deadline 3s {args}");
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {most}; exec {runner} {args}")]);
        super::support::ended(shell)
    };
    limited(64, "-c 100 --format json").code(1).notes(told);
    limited(64, "-c 100 --format markdown").code(1).says(told);
    limited(164, "-c 100").code(0);
    limited(74, "-c 10").code(0);

    let helps = "a larger limit on descriptors helps (ulimit -n)";
    let allows = "a process has 12 descriptors here, and this needs 74: ulimit -n 74, as root,";
    for (most, command, words) in [(12, "-s epoll", allows), (5, "site", helps)] {
        let script = format!("ulimit -n {most}; exec {runner} {command}");
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &script]).stdin(std::process::Stdio::null());
        let ended = super::support::ended(shell).code(1);
        ended.notes(words);
    }
}

#[test]
fn notes_go_to_stderr_and_quiet_means_quiet() {
    let args = ["--pages", "3", "--delay", "800ms", "-s", "blocking,epoll"];
    let ended = run(&args).code(0).notes("This will take about");
    assert!(!ended.stdout.contains("will take"));
    let quiet = run(&["--pages", "2", "--delay", "10ms", "-s", "blocking,epoll", "-q"]).code(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn a_deadline_or_a_size_that_no_page_keeps_is_told_with_its_option() {
    let slow = ["--pages", "2", "--delay", "20min", "--deadline", "2s"];
    let ended = run(&[&slow[..], &["-s", "blocking,epoll"]].concat()).code(1);
    // One page after the other and all at once: 4 s and 2 s.
    let ended = ended.notes("This will take about 6 s.").says("A fetch has 2 s (--deadline).");
    assert!(!ended.says("--deadline 1205s").stdout.contains("--jitter"));
    let ended = run(&["--pages", "2", "--delay", "3s", "--deadline", "50ms", "-s", "epoll"]);
    assert!(!ended.code(1).says("--deadline 8s").stdout.contains("--jitter"));

    let large = ["--pages", "2", "--delay", "0", "--size", "11MiB"];
    for stages in ["epoll", "blocking,epoll"] {
        let ended = run(&[&large[..], &["-s", stages]].concat()).code(1);
        let ended = ended.says("and a body 10 MB (--max-body).").says("--max-body 11MiB");
        assert!(!ended.stdout.contains("--jitter"), "{}", ended.stdout);
    }
    run(&[&large[..], &["-s", "epoll", "--max-body", "11MiB"]].concat()).code(0).says("--jitter");

    let head = ["--pages", "2", "--delay", "0", "-s", "epoll", "--max-head"];
    let ended = run(&[&head[..], &["50"]].concat()).code(1).says("--max-head 64KiB");
    assert!(!ended.stdout.contains("--max-body 1"), "{}", ended.stdout);
    let ended = run(&[&head[..], &["4KiB", "--max-body", "50"]].concat()).code(1);
    assert!(!ended.says("--max-body 1MiB").stdout.contains("--max-head 64"), "the head fits");
    run(&[&head[..], &["64KiB"]].concat()).code(0);
}

#[test]
fn a_crawl_that_did_not_start_says_so() {
    let args = ["-s", "process-pool", "-c", "600", "--pages", "600", "--delay", "0"];
    let ended = run(&args).code(1).says("(the crawl did not start:\n600 processes are more");
    assert!(!ended.stdout.contains("cannot wait for sockets"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("started 0"), "{}", ended.stdout);
}

#[test]
fn help_list_version_completions_and_manual() {
    run(&["--help"]).code(0).says("Examples:").says("Exit status").says("--concurrency");
    run(&["--version"]).code(0).says(env!("CARGO_PKG_VERSION"));
    let list = run(&["--list"]).code(0);
    let stages = stage_runner::stages::STAGES.iter().filter(|stage| !stage.hidden);
    assert_eq!(list.stdout.lines().count(), stages.clone().count(), "{}", list.stdout);
    for (stage, line) in stages.zip(list.stdout.lines()) {
        let of_stage = line.contains(stage.name) && line.contains(stage.summary);
        let number = stage.number.map_or("-".to_owned(), |number| number.to_string());
        assert!(of_stage && line.starts_with(&number), "{line}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        run(&["completions", shell]).code(0).says("stage-runner").says("concurrency");
    }
    run(&["completions", "tcl"]).code(2);
    run(&["man"]).code(0).says(".TH stage-runner");
}

#[test]
fn every_stage_of_a_chapter_and_each_once() {
    let json =
        run(&["--pages", "1", "--delay", "0", "-s", "5,callbacks,select", "--format", "json"]);
    let json = json.code(0).json();
    let stages: Vec<_> = json["runs"].as_array().unwrap().iter().map(|run| &run["stage"]).collect();
    let polling = cfg!(target_os = "linux").then_some("polling");
    assert!(stages.into_iter().eq(["select", "poll", "epoll"].into_iter().chain(polling)));
}
