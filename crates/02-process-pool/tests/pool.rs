//! What a pool of processes promises when something happens to one of its
//! processes.
//!
//! The pool starts this very program again, so there is no test harness:
//! `main` begins with the hook, as in every program that uses the pool, and
//! then plays the part that it is asked for.

use std::env;
use std::num::NonZeroUsize;
use std::panic::catch_unwind;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crawl::{ErrorKind, Limits, Outcome, Target, Url};
use practice_site::{Config, Site};
use stage_02_process_pool::{
    MAX_WORKERS, Pool, become_worker_if_asked, crawl,
};

/// The environment variable that tells this program which part to play.
const PART: &str = "POOL_TEST_PART";

/// What the pool tells a worker by, for the liar that plays one.
const ASKED: &str = "WAYS_TO_WAIT_PROCESS_POOL_WORKER";

fn main() -> ExitCode {
    let part = env::var(PART).unwrap_or_default();
    if part == "forgot the hook" {
        return forgot_the_hook();
    }
    if part == "hands on its pipe" {
        return hands_on_its_pipe();
    }
    if let Some(lie) = part.strip_prefix("liar ") {
        return if env::var_os(ASKED).is_some() {
            tell(lie)
        } else {
            deceived()
        };
    }
    become_worker_if_asked();
    if part == "parent" {
        return parent();
    }

    let tests: [(&str, fn()); 5] = [
        (
            "more_than_512_workers_are_refused",
            more_than_512_workers_are_refused,
        ),
        (
            "there_are_no_more_workers_than_targets",
            there_are_no_more_workers_than_targets,
        ),
        (
            "without_the_hook_there_is_an_error",
            without_the_hook_there_is_an_error,
        ),
        ("a_worker_that_lies_is_ended", a_worker_that_lies_is_ended),
        ("a_pool_without_workers_says_so", a_pool_without_workers_says_so),
    ];
    #[cfg(target_os = "linux")]
    let tests = [&tests[..], &with_signals::TESTS].concat();
    #[cfg(not(target_os = "linux"))]
    println!("skipped: what finds workers in /proc, which only Linux has");
    run(&tests)
}

/// As the usual harness would, as far as people and CI look at it.
fn run(tests: &[(&str, fn())]) -> ExitCode {
    let filter = env::args()
        .nth(1)
        .filter(|word| !word.starts_with('-'))
        .unwrap_or_default();
    let wanted = tests.iter().filter(|(name, _)| name.contains(&filter));
    let (mut passed, mut failed) = (0, 0);
    for (name, test) in wanted {
        let is_ok = catch_unwind(test).is_ok();
        println!("test {name} ... {}", if is_ok { "ok" } else { "FAILED" });
        *if is_ok { &mut passed } else { &mut failed } += 1;
    }
    let result = if failed == 0 { "ok" } else { "FAILED" };
    let filtered = tests.len() - passed - failed;
    println!(
        "\ntest result: {result}. {passed} passed; {failed} failed; \
         0 ignored; 0 measured; \
         {filtered} filtered out"
    );
    ExitCode::from(u8::from(failed > 0))
}

fn site() -> Site {
    Site::start(Config { delay: Duration::ZERO, ..Config::default() })
        .expect("a free port")
}

fn targets(site: &Site, paths: &[&str]) -> Vec<Target> {
    let target = |path: &&str| {
        Target::new(
            Url::parse(&site.url(path)).expect("a URL of the site"),
            site.address(),
        )
    };
    paths.iter().map(target).collect()
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
    let error = Pool::new(MAX_WORKERS + 1)
        .err()
        .expect("that is too many")
        .to_string();
    assert!(
        error.contains("513") && error.contains("512 at most"),
        "{error}"
    );

    let site = site();
    let paths = vec!["/1"; MAX_WORKERS + 1];
    let error = crawl(&targets(&site, &paths), &limits(1000), &mut |_| {
        panic!("nothing runs")
    });
    assert!(
        error
            .expect_err("that is too many")
            .to_string()
            .contains("512 at most")
    );
}

fn there_are_no_more_workers_than_targets() {
    let (site, mut outcomes) = (site(), Vec::new());
    crawl(&targets(&site, &["/1", "/2"]), &limits(1000), &mut |outcome| {
        outcomes.push(outcome)
    })
    .expect("1,000 workers for 2 targets are 2 processes");
    assert_eq!(words(&outcomes), ["page", "page"]);
}

/// Every program that is started says so in a line: that is how a fork bomb
/// would show.
fn without_the_hook_there_is_an_error() {
    let me = env::current_exe().expect("tests have a path");
    let begun = Instant::now();
    let run = Command::new(me)
        .env(PART, "forgot the hook")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(
        said.contains("does main begin with become_worker_if_asked()?"),
        "{said}"
    );
    assert!(
        said.contains("a worker process cannot have workers"),
        "{said}"
    );
    assert_eq!(
        said.matches("started").count(),
        1 + 4,
        "one program and its workers: {said}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "it took {:?}",
        begun.elapsed()
    );
}

fn a_pool_without_workers_says_so() {
    let nowhere = "127.0.0.1:9".parse().expect("an address");
    let targets = [Target::new(
        Url::parse("http://127.0.0.1:9/").expect("a URL"),
        nowhere,
    )];
    let mut pool = Pool::new(0).expect("it starts nothing");
    let error = pool
        .crawl(&targets, &limits(1), &mut |_| ())
        .expect_err("nobody can fetch");
    assert!(error.to_string().contains("without workers"), "{error}");
}

/// What a worker says is checked like any input: it costs the fetch, and
/// nothing else.
fn a_worker_that_lies_is_ended() {
    let check = |lie: &str, reason: &str| {
        let me = env::current_exe().expect("tests have a path");
        let part = format!("liar {lie}");
        let run =
            Command::new(me).env(PART, part).output().expect("it starts");
        let told = String::from_utf8_lossy(&run.stdout);
        assert!(
            told.starts_with("worker-died") && told.contains(reason),
            "{lie}: {told}"
        );
    };
    check("without end", "a line is too long");
    check(r#"{"number":1}"#, "missing field");
    check(
        &reply(2, 200, 0),
        "its answer has another number than the request",
    );
    check(&reply(1, 9, 0), "status 9 is not between 200 and 599");
    check(&reply(1, 200, 400_000_000), "its body is larger than the limit");
    check(&reply(1, 200, 10), "ended"); // and then there is no body
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

/// A worker that says hello, waits to be asked, and lies.
fn tell(lie: &str) -> ExitCode {
    use std::io::{Write, stdin, stdout};
    println!("worker of stage-02-process-pool, version 1");
    stdin().read_line(&mut String::new()).expect("it is asked");
    if lie == "without end" {
        while stdout().write_all(&[b'x'; 4096]).is_ok() {}
    }
    println!("{lie}");
    ExitCode::SUCCESS
}

fn deceived() -> ExitCode {
    let nowhere = "127.0.0.1:9".parse().expect("an address");
    let targets = [Target::new(
        Url::parse("http://127.0.0.1:9/").expect("a URL"),
        nowhere,
    )];
    let told =
        crawl(&targets, &limits(1), &mut |outcome| match outcome.result {
            Err(error) => println!("{error}"),
            Ok(page) => println!("{page:?}"),
        });
    told.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

fn forgot_the_hook() -> ExitCode {
    eprintln!("started");
    let nowhere = "127.0.0.1:9".parse().expect("an address");
    let url = Url::parse("http://127.0.0.1:9/").expect("a URL");
    let targets = vec![Target::new(url, nowhere); 8];
    match crawl(&targets, &limits(4), &mut |outcome| {
        eprintln!("{outcome:?}")
    }) {
        Err(error) => eprintln!("{error}"),
        Ok(()) => eprintln!("it worked, which it must not"),
    }
    ExitCode::FAILURE
}

/// The program that it starts has its output, which for a worker is the
/// pipe to the pool.
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

    pub(super) const TESTS: [(&str, fn()); 8] = [
        (
            "a_pipe_that_stays_open_keeps_nobody",
            a_pipe_that_stays_open_keeps_nobody,
        ),
        ("a_stopped_worker_is_given_up", a_stopped_worker_is_given_up),
        (
            "a_killed_worker_costs_its_fetch",
            a_killed_worker_costs_its_fetch,
        ),
        (
            "a_killed_worker_spares_the_others",
            a_killed_worker_spares_the_others,
        ),
        (
            "a_worker_killed_while_idle_costs_nothing",
            a_worker_killed_while_idle_costs_nothing,
        ),
        ("a_warm_pool_starts_nothing", a_warm_pool_starts_nothing),
        (
            "workers_go_with_a_parent_that_is_killed",
            workers_go_with_a_parent_that_is_killed,
        ),
        ("workers_go_with_the_pool", workers_go_with_the_pool),
    ];

    /// Long enough for every worker to be in the middle of its fetch.
    const A_MOMENT: Duration = Duration::from_millis(300);

    /// Not longer than a worker may take to say hello: then the pool gives
    /// up, whoever still has the pipe.
    fn a_pipe_that_stays_open_keeps_nobody() {
        let me = env::current_exe().expect("tests have a path");
        let begun = Instant::now();
        let run = Command::new(me)
            .env(PART, "hands on its pipe")
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(
            said.contains("this program does not become a worker"),
            "{said}"
        );
        assert!(
            begun.elapsed() < Duration::from_secs(25),
            "it took {:?}",
            begun.elapsed()
        );
    }

    /// The children of a process, zombies included, and whether they are
    /// zombies.
    fn children(parent: u32) -> Vec<(i32, bool)> {
        let mut children = Vec::new();
        for entry in fs::read_dir("/proc").expect("Linux has it").flatten()
        {
            let Ok(pid) = entry.file_name().to_string_lossy().parse()
            else {
                continue;
            };
            // `PID (NAME) STATE PPID …`, where the name may hold anything.
            let Ok(stat) = fs::read_to_string(entry.path().join("stat"))
            else {
                continue;
            };
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
        children(std::process::id())
            .into_iter()
            .map(|(pid, _)| pid)
            .collect()
    }

    fn kill(pid: i32) {
        send(Signal::KILL, pid);
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
        pool.crawl(
            &targets(&site, &paths),
            &limits(1),
            &mut |outcome: Outcome| {
                if outcome.target == 0 {
                    let [worker] = my_children()[..] else {
                        panic!("one worker")
                    };
                    thread::spawn(move || {
                        (thread::sleep(A_MOMENT), kill(worker))
                    });
                }
                outcomes.push(outcome);
            },
        )
        .expect("the pool goes on");
        assert_eq!(
            words(&outcomes),
            ["page", "worker-died", "page", "page"]
        );
        let died = outcomes[1].result.as_ref().unwrap_err();
        assert!(
            died.message.contains("process 1 ended (signal: 9 (SIGKILL))"),
            "{died}"
        );
        assert_eq!(
            my_children().len(),
            1,
            "its replacement, and no zombie"
        );
        assert_eq!(pool.stop().started, 2);
        no_child_is_left();
    }

    fn a_stopped_worker_is_given_up() {
        let (site, mut outcomes) = (site(), Vec::new());
        let limits =
            Limits { deadline: Duration::from_secs(1), ..limits(1) };
        let paths = ["/1", "/fault/never-answer", "/3"];
        let mut pool = Pool::new(1).expect("one is few");
        pool.crawl(
            &targets(&site, &paths),
            &limits,
            &mut |outcome: Outcome| {
                if outcome.target == 0 {
                    let [worker] = my_children()[..] else {
                        panic!("one worker")
                    };
                    send(Signal::STOP, worker);
                }
                outcomes.push(outcome);
            },
        )
        .expect("the pool goes on");
        assert_eq!(words(&outcomes), ["page", "worker-died", "page"]);
        let died = outcomes[1].result.as_ref().unwrap_err();
        assert!(died.message.contains("it does not answer"), "{died}");

        let [worker] = my_children()[..] else { panic!("its replacement") };
        send(Signal::STOP, worker);
        pool.stop();
        no_child_is_left();
    }

    fn a_killed_worker_spares_the_others() {
        let (site, mut outcomes) = (site(), Vec::new());
        let mut pool = Pool::new(4).expect("4 are few");
        pool.warm_up().expect("workers start");
        let victim = my_children()[2];
        thread::spawn(move || (thread::sleep(A_MOMENT), kill(victim)));
        let slow = ["/1?delay=1s"; 4];
        pool.crawl(&targets(&site, &slow), &limits(4), &mut |outcome| {
            outcomes.push(outcome)
        })
        .expect("the pool goes on");
        let words = words(&outcomes);
        assert_eq!(
            words.iter().filter(|word| *word == "worker-died").count(),
            1,
            "{words:?}"
        );
        assert_eq!(
            words.iter().filter(|word| *word == "page").count(),
            3,
            "{words:?}"
        );
        drop(pool);
        no_child_is_left();
    }

    fn a_worker_killed_while_idle_costs_nothing() {
        let (site, mut outcomes) = (site(), Vec::new());
        let mut pool = Pool::new(2).expect("2 are few");
        pool.warm_up().expect("workers start");
        my_children().into_iter().for_each(kill);
        thread::sleep(A_MOMENT);
        let pages = ["/1"; 10];
        pool.crawl(&targets(&site, &pages), &limits(2), &mut |outcome| {
            outcomes.push(outcome)
        })
        .expect("both are replaced");
        assert_eq!(words(&outcomes), ["page"; 10]);
        assert_eq!(pool.stop().started, 4);
        no_child_is_left();
    }

    fn a_warm_pool_starts_nothing() {
        let (site, mut outcomes) = (site(), Vec::new());
        let mut pool = Pool::new(5).expect("5 are few");
        assert!(
            my_children().is_empty(),
            "a pool starts its workers when they are needed"
        );
        pool.warm_up().expect("workers start");
        let warm = my_children();
        assert_eq!(warm.len(), 5);
        for _ in 0..2 {
            let pages = ["/1"; 20];
            pool.crawl(
                &targets(&site, &pages),
                &limits(5),
                &mut |outcome| {
                    assert_eq!(my_children(), warm);
                    outcomes.push(outcome);
                },
            )
            .expect("the pool works");
            assert_eq!(words(&outcomes), ["page"; 20]);
            outcomes.clear();
        }
        let figures = pool.stop();
        assert_eq!(figures.started, 5);
        assert!(
            figures.longest_start > Duration::ZERO
                && figures.private_bytes > Some(0)
        );
        no_child_is_left();
    }

    fn workers_go_with_a_parent_that_is_killed() {
        let site = site();
        let mut parent = start_parent(&site);
        let workers: Vec<_> =
            children(parent.id()).into_iter().map(|(pid, _)| pid).collect();
        assert_eq!(workers.len(), 4);
        thread::sleep(A_MOMENT);
        parent.kill().expect("it runs");
        parent.wait().expect("it was killed");
        let killed = Instant::now();
        // Nobody may be there to bury an orphan: a zombie is gone as well.
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

    fn workers_go_with_the_pool() {
        let mut pool = Pool::new(3).expect("3 are few");
        pool.warm_up().expect("workers start");
        assert_eq!(my_children().len(), 3);
        drop(pool);
        no_child_is_left();
    }
}
