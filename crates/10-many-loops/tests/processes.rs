//! What becomes of the targets of a worker process that dies.
//!
//! The pool starts this very program again, so there is no test harness:
//! `main` begins with the hook, as in every program that uses the pool.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use stage_10_many_loops::processes::become_worker_if_asked;

fn main() -> ExitCode {
    become_worker_if_asked();
    // They look at all processes that this one has started.
    let arguments =
        Arguments { test_threads: Some(1), ..Arguments::from_args() };
    libtest_mimic::run(&arguments, trials()).exit_code()
}

#[cfg(not(target_os = "linux"))]
fn trials() -> Vec<Trial> {
    println!("skipped: what finds workers in /proc, which only Linux has");
    Vec::new()
}

#[cfg(target_os = "linux")]
fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            linux::no_child_is_left();
            Ok(())
        })
    };
    vec![
        trial("what_a_killed_worker_had_is_fetched", linux::killed),
        trial("two_deaths_are_the_end_of_a_target", linux::killed_twice),
        trial("a_stopped_worker_is_replaced", linux::stopped),
        trial("the_digest_comes_from_the_worker", linux::digest),
    ]
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::num::NonZeroUsize;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use crawl::{ErrorKind, Limits, Outcome, Target, Url};
    use practice_site::{Config, Site};
    use rustix::process::{Pid, Signal, kill_process};
    use stage_10_many_loops::processes::crawl_on;

    fn site() -> Site {
        Site::start(Config::default()).expect("a free port")
    }

    fn target(site: &Site, path: &str) -> Target {
        let url = Url::parse(&site.url(path)).expect("a URL");
        Target::new(url, site.address())
    }

    fn limits(at_once: usize) -> Limits {
        Limits {
            concurrency: NonZeroUsize::new(at_once).expect("not zero"),
            deadline: Duration::from_secs(20),
            ..Limits::default()
        }
    }

    fn children() -> Vec<i32> {
        let tasks = fs::read_dir("/proc/self/task").expect("Linux has it");
        let of = |task: fs::DirEntry| {
            fs::read_to_string(task.path().join("children")).ok()
        };
        let children: Vec<String> =
            tasks.flatten().filter_map(of).collect();
        let pids = children.iter().flat_map(|line| line.split(' '));
        pids.filter_map(|pid| pid.parse().ok()).collect()
    }

    fn send(signal: Signal) {
        let pid = Pid::from_raw(children()[0]).expect("a process");
        kill_process(pid, signal).expect("our own child takes signals");
    }

    pub(super) fn no_child_is_left() {
        assert_eq!(children(), [0; 0]);
    }

    /// One of two workers is killed half way, with ten fetches in flight:
    /// each target still has its page, once, and only what the worker had
    /// is fetched a second time.
    pub(super) fn killed() {
        println!();
        let mut twice_in_all = 0;
        for round in 1..=5 {
            let requests = Arc::new(AtomicUsize::new(0));
            let to_us = Arc::clone(&requests);
            let site =
                Site::start_reporting(Config::default(), move |_| {
                    to_us.fetch_add(1, Ordering::Relaxed);
                })
                .expect("a free port");
            // Not all slots end a fetch in the same moment.
            let delay = |number| 20 + number * 7 % 20;
            let path = |number| format!("/1?delay={}ms", delay(number));
            let page = |number| target(&site, &path(number));
            let targets: Vec<_> = (0..400).map(page).collect();
            let mut ended = vec![0; targets.len()];
            let mut count = 0;
            let mut done = |outcome: Outcome| {
                assert!(outcome.result.is_ok(), "{outcome:?}");
                ended[outcome.target] += 1;
                count += 1;
                if count == 200 {
                    // So that what the worker got last is on its way.
                    thread::sleep(Duration::from_millis(5));
                    send(Signal::KILL);
                }
            };
            let figures =
                crawl_on(2, &targets, &limits(20), &mut done).unwrap();
            let missing = ended.iter().filter(|times| **times == 0).count();
            let twice = requests.load(Ordering::Relaxed) - targets.len();
            println!(
                "round {round}: {count} outcomes, {missing} missing, \
                 {twice} fetched twice",
            );
            assert_eq!(ended, [1; 400]);
            assert!(twice <= 10, "{twice} fetched twice");
            twice_in_all += twice;
            assert_eq!((figures.workers, figures.started), (2, 3));
        }
        // On a busy machine a worker may once have none in flight.
        assert!(twice_in_all > 0, "the workers died with nothing to do");
    }

    /// The worker dies with the same target twice, and with the target that
    /// was handed over with it.
    pub(super) fn killed_twice() {
        let site = site();
        let paths = ["/1", "/fault/never-answer", "/2", "/3", "/4"];
        let targets = paths.map(|path| target(&site, path));
        let mut kinds = [None; 5];
        let mut done = |outcome: Outcome| {
            let kind = outcome.result.err().map(|error| error.kind);
            let before = kinds[outcome.target].replace(kind);
            assert_eq!(before, None, "target {} twice", outcome.target);
            if outcome.target == 0 || outcome.target == 2 {
                // The next page may come before this is done.
                send(Signal::KILL);
            }
        };
        let figures = crawl_on(1, &targets, &limits(2), &mut done).unwrap();
        assert_eq!(figures.started, 3);
        assert_eq!(kinds[1], Some(Some(ErrorKind::WorkerDied)));
        assert!(kinds.iter().all(Option::is_some), "{kinds:?}");
    }

    /// It does not answer and does not end. The pool ends it.
    pub(super) fn stopped() {
        let site = site();
        let targets = vec![target(&site, "/1?delay=20ms"); 20];
        let limits =
            Limits { deadline: Duration::from_secs(1), ..limits(2) };
        let mut count = 0;
        let mut done = |outcome: Outcome| {
            assert!(outcome.result.is_ok(), "{outcome:?}");
            count += 1;
            if count == 10 {
                send(Signal::STOP);
            }
        };
        let figures = crawl_on(1, &targets, &limits, &mut done).unwrap();
        assert_eq!((count, figures.started), (20, 2));
    }

    pub(super) fn digest() {
        let site = site();
        let targets = [target(&site, "/1?delay=0ms&size=0")];
        let limits = Limits { digest: true, ..limits(1) };
        let mut sha256 = None;
        let mut done = |outcome: Outcome| sha256 = outcome.sha256;
        crawl_on(1, &targets, &limits, &mut done).unwrap();
        // What is known of no bytes at all.
        let of_nothing = [0xe3, 0xb0, 0xc4, 0x42];
        assert_eq!(sha256.unwrap()[..4], of_nothing);
    }
}
