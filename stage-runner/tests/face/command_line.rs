//! Options, their errors, and the exit status.

use std::fs;

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
fn what_is_wrong_is_said_before_anything_runs() {
    wrong(&["--stage", "epol"], "did you mean epoll?");
    wrong(&["--stage", "epoll,quantum"], "no stage is called \"quantum\": --list shows them");
    wrong(&["--stage", "\u{1b}[2J"], "no stage is called");
    wrong(&["--pages", "5", "http://127.0.0.1:1/"], "--pages is about the practice site");
    wrong(&["--jitter", "5ms", "--urls", "x"], "--jitter is about the practice site");
    wrong(&["-c", "0"], "at least 1 fetch must be in flight");
    wrong(&["-r", "0"], "at least 1 round");
    wrong(&["--pages", "1e3"], "write a whole number in digits");
    wrong(&["--pages", "-3"], "write a whole number in digits");
    wrong(&["--pages", "1000001"], "1,000,000 pages at most");
    wrong(&["--stage", "epoll,"], "the name of a stage is missing");
    wrong(&["--delay", "450"], "write 450ms or 450s");
    wrong(&["--deadline", "0"], "no fetch can end in no time");
    wrong(&["--max-body", "1TiB"], "not a unit of size");
    wrong(&["--format", "xml"], "jsonl");
    wrong(&["--nonsense"], "--nonsense");
    wrong(&["-q", "-v"], "cannot be used with");
    wrong(&["--rounds", "1", "--rounds", "2"], "cannot be used multiple times");
    wrong(&["--program", "mine"], "NAME=COMMAND");
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
fn notes_go_to_stderr_and_quiet_means_quiet() {
    let args = ["--pages", "3", "--delay", "800ms", "-s", "blocking,epoll"];
    let ended = run(&args).code(0).notes("This will take about");
    assert!(!ended.stdout.contains("will take"));
    let quiet = run(&["--pages", "2", "--delay", "10ms", "-s", "blocking,epoll", "-q"]).code(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn help_list_version_completions_and_manual() {
    run(&["--help"]).code(0).says("Examples:").says("Exit status").says("--concurrency");
    run(&["--version"]).code(0).says(env!("CARGO_PKG_VERSION"));
    let list = run(&["--list"]).code(0);
    for (stage, line) in stage_runner::stages::STAGES.iter().zip(list.stdout.lines()) {
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
