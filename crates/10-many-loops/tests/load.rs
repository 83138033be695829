//! Who is free takes the next target: the load is even, and a slow page
//! holds up no other. On threads and in processes.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use crawl::{Limits, Outcome, Target, Url, Worker};
use libtest_mimic::{Arguments, Trial};
use practice_site::{Config, Site};
use stage_10_many_loops::{crawl_on, processes};

fn main() -> ExitCode {
    processes::become_worker_if_asked();
    // One at a time: the others would take the processors.
    let arguments =
        Arguments { test_threads: Some(1), ..Arguments::from_args() };
    let processes: CrawlOn = |processes, targets, limits, done| {
        processes::crawl_on(processes, targets, limits, done).map(drop)
    };
    let trial = |name: &str, test: fn(CrawlOn), crawl_on: CrawlOn| {
        Trial::test(name, move || {
            test(crawl_on);
            Ok(())
        })
    };
    let trials = vec![
        trial("the_load_of_threads_is_even", is_even, crawl_on),
        trial("the_load_of_processes_is_even", is_even, processes),
        trial("a_slow_page_holds_no_thread", slow_page, crawl_on),
        trial("a_slow_page_holds_no_process", slow_page, processes),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

type CrawlOn = fn(
    usize,
    &[Target],
    &Limits,
    &mut dyn FnMut(Outcome),
) -> io::Result<()>;

fn target(site: &Site, path: &str) -> Target {
    Target::new(Url::parse(&site.url(path)).unwrap(), site.address())
}

/// With two loops, and so many fetches at once: which targets ended, in
/// their order, and who fetched them.
fn crawl(
    crawl_on: CrawlOn,
    at_once: usize,
    targets: &[Target],
) -> Vec<(usize, Worker)> {
    let concurrency = NonZeroUsize::new(at_once).unwrap();
    let deadline = Duration::from_secs(30);
    let limits = Limits { concurrency, deadline, ..Limits::default() };
    let mut ended = Vec::new();
    crawl_on(2, targets, &limits, &mut |outcome| {
        assert_eq!(outcome.result.unwrap().status, 200);
        ended.push((outcome.target, outcome.by));
    })
    .unwrap();
    assert_eq!(ended.len(), targets.len());
    ended
}

/// 50 pages for each slot, all equally slow. A busy machine may keep one
/// loop waiting for a processor, so the median of five rounds counts.
fn is_even(crawl_on: CrawlOn) {
    let site = Site::start(Config::default()).unwrap();
    let targets = vec![target(&site, "/1?delay=20ms&size=100"); 500];
    let mut ratios = [0; 5].map(|_| {
        let mut shares = BTreeMap::new();
        for (_, by) in crawl(crawl_on, 10, &targets) {
            *shares.entry(by).or_insert(0) += 1;
        }
        assert_eq!(shares.len(), 2, "{shares:?}");
        let (most, least) = (shares.values().max(), shares.values().min());
        f64::from(*most.unwrap()) / f64::from(*least.unwrap())
    });
    ratios.sort_by(f64::total_cmp);
    assert!(ratios[2] <= 1.10, "largest over smallest share: {ratios:?}");
}

/// Each loop has room for one fetch, and one of them gets the slow page:
/// the other loop fetches all others meanwhile.
fn slow_page(crawl_on: CrawlOn) {
    let site = Site::start(Config::default()).unwrap();
    let mut targets = vec![target(&site, "/1?delay=10ms"); 20];
    targets.insert(0, target(&site, "/1?delay=1500ms"));
    let mut ended = crawl(crawl_on, 2, &targets);
    let (last, slow) = ended.pop().unwrap();
    assert_eq!(last, 0, "{ended:?}");
    let by_slow = ended.iter().filter(|(_, by)| *by == slow);
    assert_eq!(by_slow.count(), 0, "{ended:?}");
}
