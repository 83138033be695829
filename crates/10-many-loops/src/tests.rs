use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crawl::Url;

use super::*;

fn limits(at_once: usize) -> Limits {
    let concurrency = NonZeroUsize::new(at_once).unwrap();
    let deadline = Duration::from_secs(30);
    Limits { concurrency, deadline, ..Limits::default() }
}

/// So many targets that nobody fetches.
fn targets(count: usize) -> Vec<Target> {
    let url = Url::parse("http://127.0.0.1:1/").unwrap();
    vec![Target::new(url, "127.0.0.1:1".parse().unwrap()); count]
}

fn ended(target: usize) -> Outcome {
    let words = "as it should".to_owned();
    Outcome::not_fetched(target, Worker::Main, ErrorKind::Io, words)
}

/// Runs three loops of that kind on 100 targets, ten at once, and gives the
/// kind of each outcome.
fn run_loops(one_loop: &Loop<'_>) -> (Vec<ErrorKind>, io::Result<()>) {
    let mut kinds = vec![None; 100];
    let mut done = |outcome: Outcome| {
        let kind = outcome.result.unwrap_err().kind;
        let before = kinds[outcome.target].replace(kind);
        assert_eq!(before, None, "target {} twice", outcome.target);
    };
    let ended = run(3, &targets(100), &limits(10), &mut done, one_loop);
    (kinds.into_iter().flatten().collect(), ended)
}

#[test]
fn a_loop_that_dies_is_replaced_and_its_targets_go_on() {
    let deaths = AtomicU32::new(0);
    let (kinds, ran) = run_loops(&|list, _, done| {
        // Each has three in flight. One dies with them, once.
        loop {
            let taken: Vec<_> =
                (0..3).filter_map(|_| list.next()).collect();
            if taken.is_empty() {
                return Ok(());
            }
            let is_first = deaths.fetch_add(1, Ordering::Relaxed) == 0;
            assert!(!is_first, "this panic is a part of the test");
            taken.into_iter().for_each(|(target, _)| done(ended(target)));
        }
    });
    ran.unwrap();
    assert_eq!(kinds, vec![ErrorKind::Io; 100]);
}

#[test]
fn a_target_that_kills_is_given_up_after_two_deaths() {
    let met = Mutex::new(0);
    let (kinds, ran) = run_loops(&|list, _, done| {
        for (target, _) in list {
            if target == 50 {
                *met.lock().unwrap() += 1;
                panic!("this panic is a part of the test");
            }
            done(ended(target));
        }
        Ok(())
    });
    ran.unwrap();
    assert_eq!(*met.lock().unwrap(), 2);
    assert_eq!(kinds[50], ErrorKind::WorkerDied);
    let others = kinds.iter().filter(|kind| **kind == ErrorKind::Io);
    assert_eq!(others.count(), 99);
}

#[test]
fn where_no_loop_can_wait_the_error_is_told() {
    let (kinds, ran) = run_loops(&|list, _, _| {
        list.next();
        Err(io::Error::other("it cannot wait"))
    });
    assert!(kinds.is_empty());
    assert_eq!(ran.unwrap_err().to_string(), "it cannot wait");
}

#[test]
fn the_others_do_the_work_of_a_loop_that_cannot_wait() {
    // The first one fails before the others may end.
    let (failed, may_end) = (AtomicU32::new(0), std::sync::Barrier::new(3));
    let (kinds, ran) = run_loops(&|list, _, done| {
        if failed.fetch_add(1, Ordering::Relaxed) == 0 {
            list.next();
            may_end.wait();
            return Err(io::Error::other("it cannot wait"));
        }
        may_end.wait();
        thread::sleep(Duration::from_millis(20));
        list.for_each(|(target, _)| done(ended(target)));
        Ok(())
    });
    ran.unwrap();
    assert_eq!(kinds.len(), 100);
}
