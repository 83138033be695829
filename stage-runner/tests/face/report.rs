//! The page and the pictures of a run, and what is wrong with a file that is none.

use std::fs;
use std::path::PathBuf;

#[cfg(target_os = "linux")]
use super::support::{command, ended};
use super::support::{run, run_with_stdin};

const QUICK: [&str; 6] = ["--pages", "3", "--delay", "30ms", "-s", "blocking,epoll"];

/// A folder of its own for a test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("ways-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_run_becomes_a_page_and_so_does_its_json() {
    let folder = Folder::new("page");
    let (page, later, picture) =
        (folder.path("page.html"), folder.path("later.html"), folder.path("picture.svg"));
    let ended = run(&[&QUICK[..], &["--report", &page, "--format", "json"]].concat());
    let ended = ended.code(0).notes("The report is in ");
    let result = folder.path("result.json");
    fs::write(&result, &ended.stdout).unwrap();
    run(&["report", &result, "-o", &later]).code(0).notes("The report is in ");
    assert_eq!(folder.read("page.html"), folder.read("later.html"), "both show the same run");
    let html = folder.read("page.html");
    assert!(html.contains("3 pages, each 30 ms away"), "the headline");
    for shown in
        ["\"parts\":[{\"from\"", "exchange.received(", "\"epoll_wait\"", "data-stage=\"1\""]
    {
        assert!(html.contains(shown) || cfg!(not(target_os = "linux")), "{shown}");
    }

    run(&["picture", &result, "-s", "epoll,blocking", "-o", &picture]).code(0);
    let svg = folder.read("picture.svg");
    let drawn = roxmltree::Document::parse(&svg).unwrap();
    let done = drawn.descendants().filter(|node| node.attribute("class") == Some("got"));
    assert_eq!(done.count(), 2 * 3 + 1, "a dot for each page, and one in the legend");
    run(&["picture", &result, "-s", "poll", "-o", &picture])
        .code(2)
        .notes("no stage of the result is called \"poll\"; it has blocking and epoll");
}

#[test]
fn a_result_without_a_recording_is_a_page_without_replay() {
    let folder = Folder::new("unrecorded");
    let json = run(&[&QUICK[..], &["--format", "json"]].concat()).code(0).stdout;
    let page = folder.path("page.html");
    run_with_stdin(&["report", "-", "-o", &page], &json).code(0);
    let html = folder.read("page.html");
    assert!(html.contains("There is nothing to step through"));
    assert!(html.contains("Two kinds of time"));
    let picture = folder.path("picture.svg");
    run_with_stdin(&["picture", "-", "-o", &picture], &json)
        .code(2)
        .notes("nothing was recorded of blocking");
}

#[test]
fn a_file_that_is_not_a_result_is_told() {
    let folder = Folder::new("wrong");
    let page = folder.path("page.html");
    let wrong = |text: &str, why: &str| {
        run_with_stdin(&["report", "-", "-o", &page], text).code(2).notes(why)
    };
    wrong("", "stdin ends too early to be JSON; `stage-runner --format json");
    wrong("{\"version\": 1,", "stdin ends too early to be JSON");
    wrong("hello", "stdin is not JSON (line 1, column 1)");
    wrong("[1, 2]", "stdin is JSON, but not a result of stages");
    wrong("{\"name\": \"package\"}", "stdin is JSON, but not a result of stages");
    let json = run(&[&QUICK[..], &["--format", "json"]].concat()).code(0).stdout;
    let other = json.replacen("\"version\": 1", "\"version\": 2", 1);
    wrong(&other, "a report of version 2: this reads 1");
    let odd = json.replacen("\"outcomes\": [", "\"outcomes\": [7, ", 1);
    let ended = wrong(&odd, "stdin is not a result that can be read");
    assert!(!ended.stderr.contains("struct"), "no word of Rust: {}", ended.stderr);
    run(&["report", "/no/such/file", "-o", &page]).code(2).notes("cannot read /no/such/file: ");
    assert!(!folder.0.join("page.html").exists(), "nothing was written");
}

#[test]
fn where_the_page_cannot_go_is_told_before_anything_runs() {
    let folder = Folder::new("target");
    let place = folder.path("");
    let args = [&QUICK[..], &["--report", &place]].concat();
    let ended = run(&args).code(2).notes("it is a folder; name a file in it");
    assert_eq!(ended.stdout, "", "nothing has run");
    let args = [&QUICK[..], &["--report", "/no/such/folder/page.html"]].concat();
    run(&args).code(2).notes("cannot write /no/such/folder/page.html: ");
}

/// A full disk is noticed at the end only: then the page is lost, and not the result.
#[cfg(target_os = "linux")]
#[test]
fn a_page_that_cannot_be_written_costs_no_result() {
    let args = [&QUICK[..], &["--report", "/dev/full", "--format", "json"]].concat();
    let ended = ended(command(&args)).code(1);
    let ended = ended.notes("error: cannot write /dev/full: No space left on device");
    assert_eq!(ended.json()["runs"].as_array().unwrap().len(), 2);
}
