//! What a pool of processes promises when something happens to one of its
//! processes.
//!
//! The pool starts this very program again, so there is no test harness:
//! `main` begins with the hook, as in every program that uses the pool, and
//! then plays the part that it is asked for.

use std::num::NonZeroUsize;
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};
use std::{env, io};

use crawl::{ErrorKind, Limits, Outcome, Target, Url};
use libtest_mimic::{Arguments, Trial};
use practice_site::{Config, Site};
use stage_02_process_pool::{
    MAX_WORKERS, Pool, become_worker_if_asked, crawl, crawl_with_figures,
};

/// The environment variable that tells this program which part to play.
const PART: &str = "POOL_TEST_PART";

/// The part of a worker that gives the answer behind these words.
const ANSWERS: &str = "answers ";

/// The environment variable by which a program knows that it was started
/// as a worker.
const ASKED: &str = "WAYS_TO_WAIT_PROCESS_POOL_WORKER";

/// Tests with their names. A panic fails the test.
macro_rules! named {
    ($($test:ident,)*) => {
        vec![$(Trial::test(stringify!($test), || {
            $test();
            Ok(())
        })),*]
    };
}

fn main() -> ExitCode {
    let part = env::var(PART).unwrap_or_default();
    if part == "forgot the hook" {
        return forgot_the_hook();
    }
    if part == "hands on its pipe" {
        return hands_on_its_pipe();
    }
    if let Some(answer) = part.strip_prefix(ANSWERS) {
        return match env::var_os(ASKED) {
            Some(_) => answer_with(answer),
            None => print_outcome(),
        };
    }
    become_worker_if_asked();
    if part == "parent" {
        return parent();
    }

    #[cfg_attr(not(target_os = "linux"), allow(unused_mut))]
    let mut tests = named![
        more_than_512_workers_are_refused,
        there_are_no_more_workers_than_targets,
        without_the_hook_there_is_an_error,
        a_worker_with_an_invalid_answer_is_ended,
        a_pool_without_workers_says_so,
        a_worker_whose_pool_has_ended_says_nothing,
    ];
    #[cfg(target_os = "linux")]
    tests.extend(with_signals::tests());
    #[cfg(not(target_os = "linux"))]
    println!("skipped: what finds workers in /proc, which only Linux has");

    let mut arguments = Arguments::from_args();
    // They look at all processes that this one has started.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, tests).exit_code()
}

fn site() -> Site {
    Site::start(Config { delay: Duration::ZERO, ..Config::default() })
        .expect("a free port")
}

fn targets(site: &Site, paths: &[&str]) -> Vec<Target> {
    let url = |path: &str| Url::parse(&site.url(path)).expect("a URL");
    let target = |path: &&str| Target::new(url(path), site.address());
    paths.iter().map(target).collect()
}

/// A target for what comes to no fetch.
fn never_fetched() -> Target {
    let address = "127.0.0.1:9".parse().expect("an address");
    Target::new(Url::parse("http://127.0.0.1:9/").expect("a URL"), address)
}

/// Starts this program again, in a part of its own.
fn play(part: &str) -> Output {
    let me = env::current_exe().expect("tests have a path");
    Command::new(me).env(PART, part).output().expect("it starts")
}

fn limits(workers: usize) -> Limits {
    let concurrency = NonZeroUsize::new(workers).expect("at least one");
    Limits {
        concurrency,
        deadline: Duration::from_secs(60),
        ..Limits::default()
    }
}

/// How each target ended: `page`, or the kind of its error.
fn words(outcomes: &[Outcome]) -> Vec<String> {
    let mut words = vec![String::new(); outcomes.len()];
    for outcome in outcomes {
        assert_eq!(
            words[outcome.target], "",
            "a second outcome for {}",
            outcome.target
        );
        let kind = outcome.result.as_ref().err().map(|error| error.kind);
        words[outcome.target] =
            kind.map_or("page", ErrorKind::word).to_owned();
    }
    words
}

fn more_than_512_workers_are_refused() {
    let words = "513 processes are more than most systems allow; \
                 ask for 512 at most";
    let refused = Pool::new(MAX_WORKERS + 1).err();
    assert_eq!(refused.expect("that is too many").to_string(), words);

    let targets = vec![never_fetched(); MAX_WORKERS + 1];
    let mut done = |_| panic!("nothing runs");
    let refused = crawl(&targets, &limits(1000), &mut done);
    assert_eq!(refused.expect_err("too many").to_string(), words);
}

fn there_are_no_more_workers_than_targets() {
    let (site, mut outcomes) = (site(), Vec::new());
    let targets = targets(&site, &["/1", "/2"]);
    let mut done = |outcome| outcomes.push(outcome);
    let figures = crawl_with_figures(&targets, &limits(1000), &mut done)
        .expect("1,000 workers for 2 targets are 2 processes");
    assert_eq!((figures.workers, figures.started), (2, 2));
    assert_eq!(words(&outcomes), ["page", "page"]);
}

/// Every program that is started says so in a line: that is how a fork bomb
/// would show.
fn without_the_hook_there_is_an_error() {
    let begun = Instant::now();
    let stderr = play("forgot the hook").stderr;
    let stderr = String::from_utf8_lossy(&stderr);
    let question = "does main begin with become_worker_if_asked()?";
    assert!(stderr.contains(question), "{stderr}");
    let reason = "a worker process cannot have workers";
    assert!(stderr.contains(reason), "{stderr}");
    let started = stderr.matches("started").count();
    assert_eq!(started, 1 + 4, "one program and its workers: {stderr}");
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(5), "it took {took:?}");
}

fn a_pool_without_workers_says_so() {
    let mut pool = Pool::new(0).expect("it starts nothing");
    let nothing = pool.crawl(&[], &limits(1), &mut |_| ());
    nothing.expect("nothing to fetch needs no worker");
    let error = pool.crawl(&[never_fetched()], &limits(1), &mut |_| ());
    let words = "a pool without workers fetches nothing";
    assert_eq!(error.expect_err("nobody can fetch").to_string(), words);
}

/// The answer of a worker is checked like any input: an invalid answer
/// costs the fetch, and nothing else.
fn a_worker_whose_pool_has_ended_says_nothing() {
    let (nobody_reads, output) = io::pipe().expect("a pipe");
    drop(nobody_reads);
    let worker = worker_of_nobody(output, Stdio::piped());
    assert_eq!(worker.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&worker.stderr), "");
}

/// How this program ends as a worker that nobody asks for anything.
fn worker_of_nobody(
    stdout: impl Into<Stdio>,
    stderr: impl Into<Stdio>,
) -> Output {
    let me = env::current_exe().expect("tests have a path");
    let mut worker = Command::new(me)
        .env(ASKED, "1")
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .expect("it starts");
    let kept_open = worker.stdin.take();
    let ended = worker.wait_with_output().expect("it ends");
    drop(kept_open);
    ended
}

fn a_worker_with_an_invalid_answer_is_ended() {
    let check = |answer: &str, reason: &str| {
        let stdout = play(&format!("{ANSWERS}{answer}")).stdout;
        let stdout = String::from_utf8_lossy(&stdout);
        assert!(
            stdout.starts_with("worker-died") && stdout.contains(reason),
            "{answer}: {stdout}"
        );
    };
    check("without end", "a line is too long");
    check(r#"{"number":1}"#, "missing field");
    let other_number = "its answer has another number than the request";
    check(&reply(2, 200, 0), other_number);
    check(&reply(0, 9, 0), "status 9 is not between 200 and 599");
    check(&reply(0, 200, 400_000_000), "its body is larger than the limit");
    check(&reply(0, 200, 10), "unexpected end of file"); // and no body
}

fn reply(number: u64, status: u16, body_bytes: u64) -> String {
    let head = format!(
        r#"{{"status":{status},"location":null,
            "content_encoding":null,"body_bytes":{body_bytes}}}"#
    );
    format!(
        r#"{{"number":{number},"page":{{"Ok":{head}}},
            "connected":null,"sent":null,"first_byte":null,
            "finished":null,"failed_attempts":0}}"#
    )
    .replace('\n', "") // a message is one line
}

/// A worker that sends the hello, waits for a request, and answers this.
fn answer_with(answer: &str) -> ExitCode {
    use std::io::{Write, stdin, stdout};
    println!("worker of stage-02-process-pool, version 1");
    stdin().read_line(&mut String::new()).expect("a request");
    if answer == "without end" {
        while stdout().write_all(&[b'x'; 4096]).is_ok() {}
    }
    println!("{answer}");
    ExitCode::SUCCESS
}

/// The pool that gets this answer.
fn print_outcome() -> ExitCode {
    let mut done = |outcome: Outcome| match outcome.result {
        Err(error) => println!("{error}"),
        Ok(page) => println!("{page:?}"),
    };
    let result = crawl(&[never_fetched()], &limits(1), &mut done);
    result.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

fn forgot_the_hook() -> ExitCode {
    eprintln!("started");
    let targets = vec![never_fetched(); 8];
    let mut done = |outcome| eprintln!("{outcome:?}");
    match crawl(&targets, &limits(4), &mut done) {
        Err(error) => eprintln!("{error}"),
        Ok(()) => eprintln!("it worked, which it must not"),
    }
    ExitCode::FAILURE
}

/// A worker whose pipe stays open when it ends: it starts a program, and
/// that one inherits the pipe.
#[expect(
    clippy::zombie_processes,
    reason = "that nobody waits for it is what is tested"
)]
fn hands_on_its_pipe() -> ExitCode {
    if env::var_os(ASKED).is_some() {
        let mut sleep = Command::new("sleep");
        sleep.arg("40").stdin(Stdio::null()).stderr(Stdio::null());
        sleep.spawn().expect("this system has a sleep");
    }
    forgot_the_hook()
}

/// Waits with four workers for pages that never come, until somebody kills
/// it.
fn parent() -> ExitCode {
    let site = env::var("POOL_TEST_SITE").expect("the site's address");
    let url = Url::parse(&format!("http://{site}/fault/never-answer"))
        .expect("a URL");
    let targets =
        vec![Target::new(url, site.parse().expect("an address")); 4];
    let mut pool = Pool::new(4).expect("4 are few");
    pool.warm_up().expect("this program becomes a worker");
    println!("ready");
    pool.crawl(&targets, &limits(4), &mut |_| ()).expect("the pool works");
    ExitCode::SUCCESS
}

#[cfg(target_os = "linux")]
mod with_signals {
    use super::*;
    use std::fs;
    use std::io::{BufRead, BufReader};
    use std::process::Child;
    use std::thread;

    use rustix::process::{Pid, Signal, kill_process};

    pub(super) fn tests() -> Vec<Trial> {
        named![
            a_pipe_that_stays_open_does_not_keep_the_pool,
            a_stopped_worker_is_given_up,
            a_killed_worker_costs_its_fetch,
            a_killed_worker_spares_the_others,
            a_worker_killed_while_idle_costs_nothing,
            a_warm_pool_starts_nothing,
            workers_end_with_a_parent_that_is_killed,
            workers_end_with_the_pool,
            a_worker_that_cannot_speak_ends,
        ]
    }

    /// Long enough for every worker to be in the middle of its fetch.
    const A_MOMENT: Duration = Duration::from_millis(300);

    /// A worker may take 10 s until its hello. Then the pool gives up,
    /// whichever program still has the pipe.
    fn a_pipe_that_stays_open_does_not_keep_the_pool() {
        let begun = Instant::now();
        let stderr = play("hands on its pipe").stderr;
        let stderr = String::from_utf8_lossy(&stderr);
        let reason = "this program does not become a worker";
        assert!(stderr.contains(reason), "{stderr}");
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(25), "it took {took:?}");
    }

    /// The children of a process, zombies included, and whether they are
    /// zombies.
    fn children(parent: u32) -> Vec<(i32, bool)> {
        let mut children = Vec::new();
        let processes = fs::read_dir("/proc").expect("Linux has it");
        for entry in processes.flatten() {
            let name = entry.file_name();
            let Ok(pid) = name.to_string_lossy().parse() else { continue };
            // `PID (NAME) STATE PPID …`, where the name may hold anything.
            let stat = fs::read_to_string(entry.path().join("stat"));
            let Ok(stat) = stat else { continue };
            let after_name = stat.rsplit_once(") ").expect("a name ends").1;
            let mut fields = after_name.split(' ');
            let is_zombie = fields.next() == Some("Z");
            if fields.next() == Some(&parent.to_string()) {
                children.push((pid, is_zombie));
            }
        }
        children
    }

    fn my_children() -> Vec<i32> {
        pids(std::process::id())
    }

    fn the_only_child() -> i32 {
        let children = my_children();
        assert_eq!(children.len(), 1, "one worker: {children:?}");
        children[0]
    }

    fn pids(parent: u32) -> Vec<i32> {
        children(parent).into_iter().map(|(pid, _)| pid).collect()
    }

    fn kill(pid: i32) {
        send(Signal::KILL, pid);
    }

    fn kill_soon(pid: i32) {
        thread::spawn(move || (thread::sleep(A_MOMENT), kill(pid)));
    }

    fn send(signal: Signal, pid: i32) {
        let pid = Pid::from_raw(pid).expect("a process has a number");
        kill_process(pid, signal).expect("our own child takes signals");
    }

    fn no_child_is_left() {
        let left = children(std::process::id());
        assert!(left.is_empty(), "left (true: a zombie): {left:?}");
    }

    fn a_killed_worker_costs_its_fetch() {
        let (site, mut outcomes) = (site(), Vec::new());
        let paths = ["/1", "/fault/never-answer", "/2", "/3"];
        let mut pool = Pool::new(1).expect("one is few");
        let mut done = |outcome: Outcome| {
            if outcome.target == 0 {
                kill_soon(the_only_child());
            }
            outcomes.push(outcome);
        };
        pool.crawl(&targets(&site, &paths), &limits(1), &mut done)
            .expect("the pool goes on");
        let ends = words(&outcomes);
        assert_eq!(ends, ["page", "worker-died", "page", "page"]);
        let died = outcomes[1].result.as_ref().unwrap_err();
        let how = "process 1 ended (signal: 9 (SIGKILL))";
        assert!(died.message.contains(how), "{died}");
        the_only_child(); // its replacement, and no zombie
        let figures = pool.stop();
        assert_eq!((figures.workers, figures.started), (1, 2));
        no_child_is_left();
    }

    fn a_stopped_worker_is_given_up() {
        let (site, mut outcomes) = (site(), Vec::new());
        let limits =
            Limits { deadline: Duration::from_secs(1), ..limits(1) };
        let paths = ["/1", "/fault/never-answer", "/3"];
        let mut pool = Pool::new(1).expect("one is few");
        let mut done = |outcome: Outcome| {
            if outcome.target == 0 {
                send(Signal::STOP, the_only_child());
            }
            outcomes.push(outcome);
        };
        pool.crawl(&targets(&site, &paths), &limits, &mut done)
            .expect("the pool goes on");
        assert_eq!(words(&outcomes), ["page", "worker-died", "page"]);
        let died = outcomes[1].result.as_ref().unwrap_err();
        assert!(died.message.contains("it does not answer"), "{died}");

        send(Signal::STOP, the_only_child()); // its replacement
        pool.stop();
        no_child_is_left();
    }

    fn a_killed_worker_spares_the_others() {
        let (site, mut outcomes) = (site(), Vec::new());
        let mut pool = Pool::new(4).expect("4 are few");
        pool.warm_up().expect("workers start");
        let victim = my_children()[2];
        kill_soon(victim);
        let slow = targets(&site, &["/1?delay=1s"; 4]);
        let mut done = |outcome| outcomes.push(outcome);
        pool.crawl(&slow, &limits(4), &mut done).expect("it goes on");
        let mut ends = words(&outcomes);
        ends.sort_unstable();
        assert_eq!(ends, ["page", "page", "page", "worker-died"]);
        drop(pool);
        no_child_is_left();
    }

    fn a_worker_killed_while_idle_costs_nothing() {
        let (site, mut outcomes) = (site(), Vec::new());
        let mut pool = Pool::new(2).expect("2 are few");
        pool.warm_up().expect("workers start");
        my_children().into_iter().for_each(kill);
        thread::sleep(A_MOMENT);
        let pages = targets(&site, &["/1"; 10]);
        let mut done = |outcome| outcomes.push(outcome);
        pool.crawl(&pages, &limits(2), &mut done)
            .expect("it replaces both");
        assert_eq!(words(&outcomes), ["page"; 10]);
        let figures = pool.stop();
        assert_eq!((figures.workers, figures.started), (2, 4));
        no_child_is_left();
    }

    fn a_warm_pool_starts_nothing() {
        let (site, mut outcomes) = (site(), Vec::new());
        let mut pool = Pool::new(5).expect("5 are few");
        assert!(my_children().is_empty(), "it starts them when needed");
        pool.warm_up().expect("workers start");
        let warm = my_children();
        assert_eq!(warm.len(), 5);
        for _ in 0..2 {
            let pages = targets(&site, &["/1"; 20]);
            let mut done = |outcome| {
                assert_eq!(my_children(), warm);
                outcomes.push(outcome);
            };
            pool.crawl(&pages, &limits(5), &mut done).expect("it works");
            assert_eq!(words(&outcomes), ["page"; 20]);
            outcomes.clear();
        }
        let figures = pool.stop();
        assert_eq!(figures.started, 5);
        assert!(figures.longest_start > Duration::ZERO);
        assert!(figures.private_bytes > Some(0));
        no_child_is_left();
    }

    fn workers_end_with_a_parent_that_is_killed() {
        let site = site();
        let mut parent = start_parent(&site);
        let workers = pids(parent.id());
        assert_eq!(workers.len(), 4);
        thread::sleep(A_MOMENT);
        parent.kill().expect("it runs");
        parent.wait().expect("it was killed");
        let killed = Instant::now();
        // A zombie has ended as well: perhaps no process waits for it.
        let is_alive = |pid: &i32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat"))
                .unwrap_or_default();
            stat.rsplit_once(") ")
                .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
        };
        while workers.iter().any(is_alive) {
            assert!(
                killed.elapsed() < Duration::from_secs(2),
                "workers outlive their parent"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts this program as a parent, and returns when its workers are
    /// there.
    fn start_parent(site: &Site) -> Child {
        let me = env::current_exe().expect("tests have a path");
        let mut parent = Command::new(me)
            .env(PART, "parent")
            .env("POOL_TEST_SITE", site.address().to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let stdout = parent.stdout.take().expect("it was asked for");
        BufReader::new(stdout).read_line(&mut line).expect("it speaks");
        assert_eq!(line, "ready\n");
        parent
    }

    fn workers_end_with_the_pool() {
        let mut pool = Pool::new(3).expect("3 are few");
        pool.warm_up().expect("workers start");
        assert_eq!(my_children().len(), 3);
        drop(pool);
        no_child_is_left();
    }

    fn a_worker_that_cannot_speak_ends() {
        let full = || {
            let file = fs::OpenOptions::new().write(true).open("/dev/full");
            file.expect("Linux has it")
        };
        let ended = worker_of_nobody(full(), full()).status.code();
        assert_eq!(ended, Some(1), "101 would be a panic");
    }
}
