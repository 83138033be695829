//! A panic in a fetch is the death of its loop, on a thread and in a
//! process: what the loop had taken is fetched by the next one.

use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crawl::{ErrorKind, Limits, Outcome, Target, Url};
use libtest_mimic::{Arguments, Trial};
use practice_site::{Config, Site};
use stage_09_asyncio::current_task;
use stage_10_many_loops::{crawl_on, processes};

/// So many panics are still to come. In a worker process each fetch panics.
static LEFT: AtomicU32 = AtomicU32::new(u32::MAX);

fn main() -> ExitCode {
    // The recorder calls this while a fetch takes a note, but also while a
    // loop itself does, outside of all tasks.
    recorder::begin(0, || {
        let less = |left: u32| left.checked_sub(1);
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        let must_panic = current_task().is_some()
            && LEFT.fetch_update(set, get, less).is_ok();
        assert!(!must_panic, "this panic is a part of the test");
        None
    });
    processes::become_worker_if_asked();
    let arguments =
        Arguments { test_threads: Some(1), ..Arguments::from_args() };
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    let trials = vec![
        trial("a_loop_that_panics_is_replaced", replaced),
        trial("two_panics_are_the_end_of_a_target", given_up),
        trial("so_they_are_in_a_process", in_a_process),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

type CrawlOn = fn(
    usize,
    &[Target],
    &Limits,
    &mut dyn FnMut(Outcome),
) -> io::Result<()>;

/// Crawls with two loops, while so many fetches panic: the kind of each
/// outcome, of which each target has one.
fn kinds(
    crawl_on: CrawlOn,
    count: usize,
    panics: u32,
) -> Vec<Option<ErrorKind>> {
    LEFT.store(panics, Ordering::Relaxed);
    let (ended, end) = channel();
    thread::spawn(move || {
        let site = Site::start(Config::default()).unwrap();
        let url = Url::parse(&site.url("/1?delay=5ms")).unwrap();
        let targets = vec![Target::new(url, site.address()); count];
        let mut kinds = vec![None; count];
        let mut done = |outcome: Outcome| {
            let kind = outcome.result.err().map(|error| error.kind);
            let before = kinds[outcome.target].replace(kind);
            assert_eq!(before, None, "target {} twice", outcome.target);
        };
        crawl_on(2, &targets, &Limits::default(), &mut done).unwrap();
        let kinds = kinds.into_iter().map(|kind| kind.expect("an outcome"));
        ended.send(kinds.collect()).unwrap();
    });
    end.recv_timeout(Duration::from_secs(30)).expect("the crawl ends")
}

fn replaced() {
    assert_eq!(kinds(crawl_on, 60, 1), [None; 60]);
}

fn given_up() {
    let died = Some(ErrorKind::WorkerDied);
    assert_eq!(kinds(crawl_on, 1, 2), [died]);
    assert_eq!(kinds(crawl_on, 1, u32::MAX), [died]);
    // Some may end in between; none is without an outcome.
    kinds(crawl_on, 60, 20);
}

fn in_a_process() {
    let crawl_on: CrawlOn = |processes, targets, limits, done| {
        processes::crawl_on(processes, targets, limits, done).map(drop)
    };
    assert_eq!(kinds(crawl_on, 3, 0), [Some(ErrorKind::WorkerDied); 3]);
}
