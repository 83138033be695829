//! Three workers, a real Redis, and one of the workers is killed half way: nothing is lost.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use practice_site::{Config, Site};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_many-machines");
const PAGES: usize = 1000;
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that keeps nothing on disk, until this is dropped.
struct Server {
    child: Child,
    address: String,
    _folder: TempDir,
}

impl Server {
    /// `None` if this machine has no Redis.
    fn start() -> Option<Server> {
        let folder = TempDir::new().expect("a folder for temporary files");
        let free = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = free.local_addr().expect("it is bound").port().to_string();
        drop(free);
        let child = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        let address = format!("127.0.0.1:{port}");
        let server = Server { child, address, _folder: folder };
        let started = Instant::now();
        while TcpStream::connect(&server.address).is_err() {
            assert!(started.elapsed() < PATIENCE, "redis-server does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        Some(server)
    }

    /// The first line of an answer: a number without its colon, or the size of an array.
    fn ask(&self, command: &str) -> i64 {
        let mut socket = TcpStream::connect(&self.address).expect("Redis listens");
        writeln!(socket, "{command}\r").expect("Redis takes a command");
        let mut line = String::new();
        BufReader::new(socket).read_line(&mut line).expect("Redis answers");
        line.trim()[1..].parse().unwrap_or_else(|_| panic!("{command}: {line}"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(["--redis", &self.address]).args(arguments);
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[&str], input: &str) -> String {
        let mut command = self.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program is there");
        child.stdin.take().unwrap().write_all(input.as_bytes()).expect("it reads its input");
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn worker(&self, name: &str) -> Child {
        self.command(&["work", name, "--idle", "1500"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program is there")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

/// Waits until this is so.
#[track_caller]
fn until(mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "it takes more than {PATIENCE:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// How many targets it claimed from others, in its own words.
fn claimed(worker: Child) -> u32 {
    let output = worker.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let words = String::from_utf8(output.stdout).unwrap();
    let (_, claimed) = words.rsplit_once(" outcomes, ").expect("a worker says what it did");
    claimed.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn nothing_is_lost_when_a_worker_is_killed() {
    let Some(server) = Server::start() else {
        assert!(env::var_os("CI").is_none(), "CI needs redis-server");
        eprintln!("skipped: no redis-server (apt install redis-server)");
        return;
    };
    let asked = Arc::new(Mutex::new(BTreeMap::<String, u32>::new()));
    let to_us = Arc::clone(&asked);
    let config = Config { pages: PAGES, delay: Duration::from_millis(20), ..Config::default() };
    let site = Site::start_reporting(config, move |arrival| {
        let line = arrival.request.unwrap_or_default().to_owned();
        *to_us.lock().unwrap().entry(line).or_default() += 1;
    })
    .expect("loopback has a free port");

    let urls: Vec<String> = site.page_urls().collect();
    let filled = server.run(&["fill"], &urls.join("\n"));
    assert_eq!(filled, format!("{PAGES} targets added\n"));
    let mut workers: Vec<Child> = ["a", "b", "c"].iter().map(|name| server.worker(name)).collect();

    // Half way, kill one while it has targets: stop it first, to be sure that it has.
    until(|| server.ask("HLEN outcomes") >= 400);
    let mut killed = workers.pop().unwrap();
    let of_killed = "XPENDING targets crawlers - + 100 c";
    until(|| {
        signal(&killed, "-STOP");
        let has_some = server.ask(of_killed) > 0;
        if !has_some {
            signal(&killed, "-CONT");
        }
        has_some
    });
    // A command that it has sent may still be on its way.
    thread::sleep(Duration::from_millis(50));
    let left = server.ask(of_killed);
    let outcomes = server.ask("HLEN outcomes");
    signal(&killed, "-KILL");
    assert!(!killed.wait().unwrap().success());
    assert!(left > 0, "it had acknowledged everything after all");
    assert!(outcomes < 1000, "too late: {outcomes} outcomes");

    let claimed: u32 = workers.into_iter().map(claimed).sum();
    assert!(i64::from(claimed) >= left, "{claimed} claimed of {left}");
    let report = server.run(&["report"], "");
    assert!(report.starts_with("1000 of 1000 outcomes, 0 pending\n"), "{report}");
    assert!(!report.contains("failed: "), "{report}");

    // Each page that the site was asked for twice is told as such.
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), PAGES);
    for (line, times) in asked.iter().filter(|(_, times)| **times > 1) {
        let path = line.split(' ').nth(1).unwrap();
        let url = site.url(path);
        let line = report.lines().find(|line| line.ends_with(&format!(": {url}")));
        let told = line.and_then(|line| line.split(' ').nth(1)?.parse().ok());
        // A fetch that was begun may not have come as far as the site.
        assert!(told.is_some_and(|told: u32| told >= *times), "{url}, {times} times: {report}");
    }
    println!("{left} were left, {claimed} claimed; {}", report.lines().count() - 1);
}

/// Filling again is a new crawl of the same list. What was fetched before does not count.
#[test]
fn the_same_list_can_be_crawled_again_and_again() {
    let Some(server) = Server::start() else {
        assert!(env::var_os("CI").is_none(), "CI needs redis-server");
        eprintln!("skipped: no redis-server (apt install redis-server)");
        return;
    };
    let asked = Arc::new(Mutex::new(0));
    let to_us = Arc::clone(&asked);
    let config = Config { pages: 20, delay: Duration::from_millis(1), ..Config::default() };
    let site = Site::start_reporting(config, move |_| *to_us.lock().unwrap() += 1)
        .expect("loopback has a free port");
    let urls: Vec<String> = site.page_urls().collect();
    for crawl in 1..=5 {
        server.run(&["fill"], &urls.join("\n"));
        let report = server.run(&["report"], "");
        assert_eq!(report, "0 of 20 outcomes, 0 pending\n", "crawl {crawl}");
        server.run(&["work", "a"], "");
        let report = server.run(&["report"], "");
        assert_eq!(report, "20 of 20 outcomes, 0 pending\n", "crawl {crawl}");
        assert_eq!(*asked.lock().unwrap(), crawl * 20);
    }
    // Added four times, and then worked on: fetched four times, and told as such.
    for _ in 0..4 {
        server.run(&["fill"], &urls[0]);
    }
    server.run(&["work", "a"], "");
    let report = server.run(&["report"], "");
    let often = format!("20 of 20 outcomes, 0 pending\nfetched 4 times: {}\n", urls[0]);
    assert_eq!(report, often);
}

#[test]
fn a_target_that_kills_its_workers_is_given_up() {
    let Some(server) = Server::start() else {
        assert!(env::var_os("CI").is_none(), "CI needs redis-server");
        eprintln!("skipped: no redis-server (apt install redis-server)");
        return;
    };
    // Its page never comes: each worker is killed while it waits for it.
    let config = Config { delay: Duration::from_secs(60), ..Config::default() };
    let site = Site::start(config).expect("loopback has a free port");
    server.run(&["fill"], &site.url("/1"));
    for (begun, name) in ["a", "b", "c"].iter().enumerate() {
        let arguments = ["work", name, "--deadline", "60000", "--idle", "200"];
        let mut worker = server.command(&arguments).spawn().expect("the program is there");
        // To add nothing is to ask for the number.
        let fetches = format!("HINCRBY fetches {} 0", site.url("/1"));
        until(|| server.ask("HLEN fetches") == 1 && server.ask(&fetches) == begun as i64 + 1);
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
    let last = server.command(&["work", "d", "--idle", "200"]).stdout(Stdio::null()).status();
    assert!(last.unwrap().success());
    let report = server.run(&["report"], "");
    assert!(report.starts_with("1 of 1 outcomes, 0 pending\n"), "{report}");
    assert!(report.contains("/1: worker-died: "), "{report}");
}

#[test]
fn a_slow_worker_is_taken_for_a_dead_one_and_it_does_no_harm() {
    let Some(server) = Server::start() else {
        assert!(env::var_os("CI").is_none(), "CI needs redis-server");
        eprintln!("skipped: no redis-server (apt install redis-server)");
        return;
    };
    let config = Config { delay: Duration::from_secs(3), ..Config::default() };
    let site = Site::start(config).expect("loopback has a free port");
    server.run(&["fill"], &site.url("/1"));
    let start = |name| server.command(&["work", name, "--idle", "300"]).spawn().unwrap();
    let mut workers = [start("a"), start("b")];
    workers.iter_mut().for_each(|worker| assert!(worker.wait().unwrap().success()));
    let report = server.run(&["report"], "");
    let twice = format!("1 of 1 outcomes, 0 pending\nfetched 2 times: {}\n", site.url("/1"));
    assert_eq!(report, twice);
}

#[test]
fn a_server_may_be_given_by_its_name() {
    let Some(server) = Server::start() else {
        assert!(env::var_os("CI").is_none(), "CI needs redis-server");
        eprintln!("skipped: no redis-server (apt install redis-server)");
        return;
    };
    // The name may stand for ::1 as well, where this server does not listen.
    let by_name = server.address.replace("127.0.0.1", "localhost");
    let output = Command::new(PROGRAM).args(["--redis", &by_name, "report"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn without_a_server_it_says_so() {
    for nowhere in ["127.0.0.1:1", "localhost:1", "without-a-port"] {
        let output = Command::new(PROGRAM).args(["--redis", nowhere, "report"]).output().unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(words.contains(&format!("no Redis at {nowhere}: ")), "{words}");
        assert!(words.contains("; start one, or give --redis HOST:PORT"), "{words}");
    }
}
