//! A stage with more and more in flight, until it goes no further.
//!
//! Each run gets a practice site of its own, and so ports of its own: no connection of an earlier
//! run that is still in TIME_WAIT takes one from it. Where there are many in flight, they go to
//! several addresses in turn: 127.0.0.1, 127.0.0.2 and so on.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use crawl::protocol::OutcomeLine;
use crawl::{ErrorKind, Limits, Worker};
use practice_site::{Config, Site};

use super::{Heard, Originals, Work};
use crate::lineup::{Entrant, urls};
use crate::results::sweep::{End, Point, Why};
use crate::results::{Fault, Run, Status, Who, descriptors_for_a_site};
use crate::system::{processes, signals};

/// A stage that waits for one page after the other is not asked to do it for longer than this.
const LONGEST: Duration = Duration::from_secs(10);

/// Beyond its page's delay, a fetch may take this long: ten thousand that start at once take their
/// time.
const PATIENCE: Duration = Duration::from_secs(20);

/// `from`, `to`, and the round numbers between: so many in each decade.
///
/// # Errors
/// There is nothing between them.
pub fn steps(from: usize, to: usize, per_decade: u8) -> Result<Vec<usize>, String> {
    if from > to {
        return Err(format!("--from {from} is more than --to {to}"));
    }
    let round: &[usize] = match per_decade {
        1 => &[1],
        2 => &[1, 3],
        _ => &[1, 2, 5],
    };
    let decades = (0..).map(|power| 10_usize.pow(power)).take_while(|decade| *decade <= to);
    let numbers = decades.flat_map(|decade| round.iter().map(move |round| round * decade));
    let between = numbers.filter(|number| (from..=to).contains(number));
    Ok(between.chain([from, to]).collect::<BTreeSet<_>>().into_iter().collect())
}

/// So many in flight: what that took, or why the stage ends there. A step during which the runner
/// was stopped says nothing about the stage: it is taken again, and `again` is told for how many
/// microseconds the runner stood still.
///
/// # Errors
/// There is no practice site to be had.
pub fn step(
    entrant: &Entrant,
    originals: Option<&Originals>,
    delay: Duration,
    in_flight: usize,
    heard: Heard<'_>,
    again: fn(&Entrant, u64),
) -> io::Result<Result<Point, End>> {
    let end = |why| Ok(Err(End { in_flight, pages: 0, why }));
    if let Err(why) = entrant.available() {
        return end(Why::NotHere(why));
    }
    if let Some(why) = too_long(entrant, delay, in_flight) {
        return end(why);
    }
    if let Some(why) =
        processes::descriptor_limit().and_then(|limit| too_many_for_the_site(in_flight, limit))
    {
        return end(why);
    }
    let run = loop {
        let run = measure(entrant, originals, delay, in_flight, heard)?;
        if run.stopped_us == 0 || signals::asked() {
            break run;
        }
        again(entrant, run.stopped_us);
    };
    if let Some(Fault::NotHere { why }) = run.fault {
        return end(Why::NotHere(why));
    }
    Ok(judge(delay, in_flight, &run))
}

/// What so many fetches should take.
pub fn expected(entrant: &Entrant, delay: Duration, in_flight: usize) -> Duration {
    delay.saturating_mul(if entrant.is_one_at_a_time() { in_flight as u32 } else { 1 })
}

/// Whether a stage is not even asked to do it.
pub fn too_long(entrant: &Entrant, delay: Duration, in_flight: usize) -> Option<Why> {
    let expected = expected(entrant, delay, in_flight);
    (expected > delay.max(LONGEST)).then_some(Why::OneByOne(expected))
}

/// The site needs a few descriptors more than a stage. Without them it would be slow, and that
/// would look like the stage. Where there are too few for the stage as well, it says so itself.
fn too_many_for_the_site(in_flight: usize, limit: usize) -> Option<Why> {
    let needed = descriptors_for_a_site(in_flight);
    let is_short = in_flight < limit && limit < needed;
    is_short.then_some(Why::SiteTooSmall { has: limit, needed })
}

/// A fresh process and a fresh site.
fn measure(
    entrant: &Entrant,
    originals: Option<&Originals>,
    delay: Duration,
    in_flight: usize,
    heard: Heard<'_>,
) -> io::Result<Run> {
    let site = Site::start(site(delay, in_flight))?;
    let urls: Vec<String> = site.page_urls().collect();
    let urls = urls::parse_all(urls.iter().map(String::as_str)).map_err(io::Error::other)?;
    let work = Work {
        wanted: &urls::resolve(urls),
        limits: Limits {
            concurrency: in_flight.try_into().expect("a step is at least 1"),
            deadline: delay.saturating_add(PATIENCE),
            ..Limits::default()
        },
        digest: false,
        originals,
        activity: false,
        stderr_to: None,
    };
    Ok(work.run(0, entrant, 0, heard))
}

fn site(delay: Duration, in_flight: usize) -> Config {
    let destinations = urls::destinations(in_flight);
    Config { destinations, pages: in_flight, delay, ..Config::default() }
}

/// Whether so many were too many.
fn judge(delay: Duration, in_flight: usize, run: &Run) -> Result<Point, End> {
    let end = |why| End { in_flight, pages: run.pages(), why };
    if run.status != Status::Ok {
        return Err(end(failure(run)));
    }
    if let Some(processes) = small_pool(run).filter(|processes| *processes < in_flight as u64) {
        return Err(end(Why::SmallPool(processes)));
    }
    if let Some(who) = too_few_workers(run) {
        return Err(end(Why::TooFewWorkers(who)));
    }
    let usage = run.usage.clone();
    let fetches = in_flight as f64;
    let most_in_flight = run.most_in_flight();
    let grown = usage.start_rss_bytes.zip(usage.peak_rss_bytes);
    let grown = grown.map(|(start, peak)| peak.saturating_sub(start));
    let memory = grown.zip(usage.workers_private_bytes).map(|(own, workers)| own + workers);
    Ok(Point {
        in_flight,
        most_in_flight,
        over_delay: usage.wall_us.map(|wall| wall as f64 / delay.as_micros() as f64),
        cpu_per_fetch_us: run.cpu_us().map(|cpu| cpu as f64 / fetches),
        memory_per_fetch_bytes: memory.map(|bytes| bytes as f64 / most_in_flight.max(1) as f64),
        usage,
    })
}

/// What went wrong: with the program as a whole, or the commonest error.
fn failure(run: &Run) -> Why {
    if let Some(fault) = &run.fault {
        return Why::Fault(fault.clone(), run.stderr.last().cloned());
    }
    let mut kinds: BTreeMap<&str, (usize, ErrorKind, &str)> = BTreeMap::new();
    for error in run.reported().filter_map(|outcome| outcome.error.as_ref()) {
        kinds.entry(error.kind.word()).or_insert((0, error.kind, &error.message)).0 += 1;
    }
    let commonest = kinds.into_values().max_by_key(|(count, ..)| *count);
    let (_, kind, message) = commonest.expect("a run without a fault fails by its pages");
    Why::Pages(kind, message.to_owned())
}

/// How many processes a pool in Python has started: it has a limit of its own, and starts none
/// while another one is idle.
fn small_pool(run: &Run) -> Option<u64> {
    let figures = run.figures().others;
    let started = figures.iter().filter(|(name, _)| name.starts_with("processes started by "));
    Some(started.map(|(_, processes)| processes).sum()).filter(|processes| *processes > 0)
}

/// A pool goes on with fewer workers where the system gives no more: then so many were never in
/// flight. The last worker began before the first page came, so that it is not the shortness of the
/// delay. Workers that wait for several pages each, such as loops, are enough at any number.
fn too_few_workers(run: &Run) -> Option<Who> {
    let mut began: BTreeMap<Worker, u64> = BTreeMap::new();
    for outcome in run.reported() {
        let first = began.entry(outcome.by).or_insert(outcome.started_us);
        *first = outcome.started_us.min(*first);
    }
    if began.contains_key(&Worker::Main) || waits_for_several(run) {
        return None;
    }
    let finished = |outcome: &OutcomeLine| outcome.finished_us;
    let all_began = began.values().max() < run.reported().filter_map(finished).min().as_ref();
    Who::of(run).filter(|_| began.len() < run.outcomes.len() && all_began)
}

/// Whether a worker began a page when another one of its own was not yet half over. (A little
/// before its end may be the clock's doing.)
fn waits_for_several(run: &Run) -> bool {
    let mut pages: Vec<_> = run
        .reported()
        .filter_map(|outcome| {
            let half = outcome.finished_us?.saturating_sub(outcome.started_us) / 2;
            Some((outcome.by, outcome.started_us, outcome.started_us + half))
        })
        .collect();
    pages.sort_unstable();
    pages.windows(2).any(|two| two[0].0 == two[1].0 && two[1].1 < two[0].2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineup::{Languages, entrants};
    use crate::results::WorkerKind;

    #[test]
    fn steps_are_round_and_include_both_ends() {
        assert_eq!(steps(1, 100, 1).unwrap(), [1, 10, 100]);
        assert_eq!(steps(1, 10_000, 2).unwrap(), [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000]);
        assert_eq!(steps(4, 70, 3).unwrap(), [4, 5, 10, 20, 50, 70]);
        assert_eq!(steps(7, 7, 3).unwrap(), [7]);
        assert!(steps(8, 7, 3).is_err());
    }

    fn stage(name: &str) -> Entrant {
        entrants::choose(&[name.to_owned()], &[], Languages::Rust).unwrap().remove(0)
    }

    /// So many pages, fetched by as many threads, in a second each.
    fn by_threads(pages: usize, threads: usize) -> Run {
        let outcome = |target: usize| {
            let started = (target / threads * 1_000_000 + target % threads * 20) as u64;
            let by = Worker::Thread((target % threads) as u32 + 1);
            let line = serde_json::json!({
                "target": target, "by": by, "status": 200, "bytes": 0, "error": null,
                "started_us": started, "connected_us": null, "sent_us": null,
                "first_byte_us": null, "finished_us": started + 1_000_000,
            });
            Some(serde_json::from_value(line).unwrap())
        };
        Run { outcomes: (0..pages).map(outcome).collect(), ..Run::new(0, 0, 0) }
    }

    #[test]
    fn a_pool_that_did_not_get_its_threads_ends_there() {
        let threads = Some(Who { kind: WorkerKind::Thread, count: 900 });
        assert_eq!(too_few_workers(&by_threads(1000, 900)), threads);
        assert_eq!(too_few_workers(&by_threads(1000, 1000)), None);
        let mut late = by_threads(1000, 900);
        late.outcomes[0].as_mut().unwrap().finished_us = Some(5_000);
        assert_eq!(too_few_workers(&late), None, "the delay was too short for more");
    }

    #[test]
    fn two_loops_are_enough_for_many_pages() {
        let mut run = by_threads(10, 10);
        for outcome in run.outcomes.iter_mut().flatten() {
            outcome.by = Worker::Thread(outcome.target as u32 % 2 + 1);
        }
        assert_eq!(too_few_workers(&run), None);
        assert!(judge(Duration::from_secs(1), 10, &run).is_ok());
        let pool = by_threads(10, 2);
        assert!(too_few_workers(&pool).is_some());
    }

    #[test]
    fn a_pool_that_takes_no_more_processes_ends_there() {
        let mut run = by_threads(100, 100);
        run.usage.figures.insert("processes started by spawn".to_owned(), 61);
        let judged = |in_flight| judge(Duration::from_secs(1), in_flight, &run);
        assert_eq!(judged(100).unwrap_err().why, Why::SmallPool(61));
        assert!(judged(61).is_ok());
    }

    #[test]
    fn one_page_after_the_other_ends_where_it_takes_too_long() {
        let delay = Duration::from_secs(2);
        for (name, delay, in_flight, seconds) in [
            ("blocking", delay, 5, None),
            ("blocking", delay, 10, Some(20)),
            ("epoll", delay, 10_000, None),
            ("blocking", delay * 60, 1, None), // one page it always does
        ] {
            let why = seconds.map(|seconds| Why::OneByOne(Duration::from_secs(seconds)));
            assert_eq!(too_long(&stage(name), delay, in_flight), why, "{name}, {in_flight}");
        }
    }

    #[test]
    fn a_site_that_could_not_keep_up_is_not_measured() {
        assert_eq!(too_many_for_the_site(1_000, 20_000), None);
        assert_eq!(too_many_for_the_site(1_000, 1_000), None, "the stage will say so");
        let too_small = Why::SiteTooSmall { has: 1_024, needed: 1_064 };
        assert_eq!(too_many_for_the_site(1_000, 1_024), Some(too_small));
    }

    #[test]
    fn many_in_flight_go_to_several_destinations() {
        let hosts = |in_flight| {
            let site = Site::start(site(Duration::from_secs(2), in_flight)).unwrap();
            let mut hosts: BTreeMap<String, usize> = BTreeMap::new();
            for url in site.page_urls() {
                let (host, _) = url.rsplit_once('/').unwrap();
                *hosts.entry(host.to_owned()).or_default() += 1;
            }
            hosts.into_values().collect::<Vec<_>>()
        };
        assert_eq!(hosts(1), [1]);
        assert_eq!(hosts(4_000), [4_000]);
        assert_eq!(hosts(10_000), [3_334, 3_333, 3_333]);
    }
}
