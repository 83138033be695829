//! Both languages come to the report that the site says is right, and a crawl can be interrupted.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use practice_site::{Config, Site, linked_answer};

const CRAWLER: &str = env!("CARGO_BIN_EXE_crawler");

fn start(seed: u64) -> (Site, String) {
    let site = Site::start(Config::default()).expect("loopback has a free port");
    let url = site.url(&format!("/linked/{seed}/page/0"));
    (site, url)
}

fn host(site: &Site) -> String {
    site.address().to_string()
}

/// The report of a run that must succeed.
#[track_caller]
fn report(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("the program is there");
    assert!(status.success(), "{status}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("a report is text")
}

fn quick(url: &str) -> Vec<&str> {
    vec![url, "--delay", "1", "--backoff", "10"]
}

#[test]
fn the_report_is_what_the_site_says() {
    for seed in [1, 2, 2016] {
        let (site, url) = start(seed);
        let answer = linked_answer(seed, &host(&site));
        let reported = report(Command::new(CRAWLER).args(quick(&url)));
        assert_eq!(reported, answer, "seed {seed}");
        // The order in which the pages come must not matter.
        let one_by_one = ["--at-once", "1"];
        let reported = report(Command::new(CRAWLER).args(quick(&url)).args(one_by_one));
        assert_eq!(reported, answer, "seed {seed}, one by one");
    }
}

/// The crawler in Python, if this machine has one that is new enough.
fn python() -> Option<Command> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let find = folder.join("../../scripts/find-python");
    let found = Command::new("bash").arg(find).arg("3.11").output();
    let Some(found) = found.ok().filter(|found| found.status.success()) else {
        assert!(std::env::var_os("CI").is_none(), "CI needs Python 3.11");
        eprintln!("skipped: no Python 3.11");
        return None;
    };
    let python = String::from_utf8(found.stdout).expect("a path is text");
    let mut twin = Command::new(python.trim());
    twin.arg(folder.join("crawler.py"));
    Some(twin)
}

#[test]
fn the_report_of_python_is_the_same() {
    if python().is_none() {
        return;
    }
    let twin = |url: &str| report(python().expect("it is there").args(quick(url)));
    for seed in [1, 2016] {
        let (site, url) = start(seed);
        assert_eq!(twin(&url), linked_answer(seed, &host(&site)), "seed {seed}");
        drop(site);
        let alone = report(Command::new(CRAWLER).args(quick(&url)));
        assert_eq!(twin(&url), alone, "nobody listens");
    }
}

#[test]
fn two_hosts_are_crawled_side_by_side() {
    let destinations = NonZeroUsize::new(2).expect("2 is not zero");
    let config = Config { destinations, ..Config::default() };
    let site = Site::start(config).expect("loopback has two addresses or ports");
    let hosts: Vec<String> = site.destinations().iter().map(ToString::to_string).collect();
    let urls = hosts.iter().map(|host| format!("http://{host}/linked/5/page/0"));
    let reported =
        report(Command::new(CRAWLER).args(urls).args(["--delay", "1", "--backoff", "10"]));
    for host in &hosts {
        for line in linked_answer(5, host).lines().skip(1) {
            assert!(reported.lines().any(|it| it == line), "no {line:?} in {reported}");
        }
    }
}

#[test]
fn each_page_is_asked_for_once_and_robots_txt_first() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let to_us = Arc::clone(&asked);
    let site = Site::start_reporting(Config::default(), move |arrival| {
        let line = arrival.request.unwrap_or_default().to_owned();
        to_us.lock().unwrap().push((Instant::now(), line));
    });
    let site = site.expect("loopback has a free port");
    let url = site.url("/linked/2016/page/0");
    report(Command::new(CRAWLER).args([&url, "--delay", "20", "--attempts", "1"]));
    let asked = asked.lock().unwrap();
    assert!(asked[0].1.starts_with("GET /robots.txt "), "{:?}", asked[0]);
    let mut times = BTreeMap::<&str, u32>::new();
    asked.iter().for_each(|(_, line)| *times.entry(line).or_default() += 1);
    assert!(times.values().all(|times| *times == 1), "{times:?}");
    assert!(!times.keys().any(|line| line.contains("/private/")), "{times:?}");
    // So many polite delays of 20 ms lie between the first and the last.
    let took = asked[asked.len() - 1].0 - asked[0].0;
    let least = Duration::from_millis(20) * u32::try_from(asked.len() - 2).unwrap();
    assert!(took >= least, "{} requests in {took:?}", asked.len());
}

#[test]
fn a_start_that_is_not_there_is_broken() {
    let (site, _) = start(1);
    let url = site.url("/linked/1/gone/1");
    let reported = report(Command::new(CRAWLER).arg(&url));
    assert!(reported.contains(&format!("broken: {url} (status 404), a start\n")), "{reported}");
    drop(site);
    // Nobody answers now: robots.txt cannot be had, so nothing may be fetched.
    let reported = report(Command::new(CRAWLER).args(quick(&url)));
    let broken = format!("broken: {url} (robots.txt: connect), a start\n");
    assert!(reported.contains(&broken), "{reported}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_a_report() {
    use std::io::Read;
    use std::process::Stdio;
    use std::thread;

    let (_site, url) = start(2016);
    // With this delay the crawl would take minutes.
    let mut child = Command::new(CRAWLER)
        .args([&url, "--delay", "2000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program is there");
    thread::sleep(Duration::from_millis(500));
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill is there").success());
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("it did not end");
        }
        thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(130));
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert!(stdout.starts_with("fetched: "), "{stdout}");
    assert!(stderr.contains("interrupted: "), "{stderr}");
}

#[cfg(unix)]
#[test]
fn the_second_ctrl_c_ends_it_at_once() {
    example_check::second_ctrl_c::ends_at_once(&mut Command::new(CRAWLER));
    if let Some(mut python) = python() {
        example_check::second_ctrl_c::ends_at_once(&mut python);
    }
}
