//! Many pages in one job: how many at once, which end by their deadline, and a thousand.

use std::collections::BTreeSet;
use std::io;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use corpus::Expected;
use crawl::protocol::OutcomeLine;
use crawl::{ErrorKind, Limits};
use practice_site::{Event, Site, What};

use super::faults::{differences, in_words};
use super::{Checking, fault_in_words, leave_if_busy, watched_site};
use crate::results::program_check::{Group, Stopped};
use crate::results::{Fault, Run};
use crate::words;

/// A page of the site.
const PAGE: Expected =
    Expected::Page { status: 200, bytes: 1024, location: None, content_encoding: None };

/// How long each page takes whose number at once is counted.
const DELAY: Duration = Duration::from_millis(200);

/// How many may be fetched at once, and how many pages there are.
const AT_ONCE: [(usize, usize); 3] = [(1, 4), (3, 12), (10, 30)];

const DEADLINE: Duration = Duration::from_secs(1);

/// Fetches that end by their deadline, one for each clock that is not that of the whole fetch: it
/// starts when connected, at the first byte, or again with each piece. A program that keeps no time
/// while it connects tells of the others first.
const SLOW: [&str; 4] = ["never-answer", "stall-in-body", "drip-body", "connect-hangs"];

/// A deadline is looked at as often as this before it counts as missed: a busy machine passes.
const TRIES: usize = 3;

const THOUSAND: usize = 1000;

/// Asks for all of it, and adds the groups.
pub fn check(checking: &Checking<'_>, groups: &mut Vec<Group>) -> io::Result<Option<Stopped>> {
    let parts: [fn(&Checking<'_>) -> io::Result<Group>; 3] = [concurrency, deadline, thousand];
    for part in parts {
        let group = part(checking)?;
        if checking.over().is_some() {
            break; // what was asked last was not answered to its end
        }
        groups.push(group);
    }
    Ok(None)
}

// How many at once.

/// Never more than the job allows, as the site sees it. Fewer are no mistake.
fn concurrency(checking: &Checking<'_>) -> io::Result<Group> {
    let mut group = Group::new("no more at once than asked");
    let mut seen = Vec::new();
    for (done, (limit, pages)) in AT_ONCE.into_iter().enumerate() {
        let site = watched_site(pages)?;
        let delay = DELAY.as_millis();
        let urls = pages_of(&site, pages, &format!("?delay={delay}ms"));
        let run = checking.run(&urls, limits(limit), false, &mut |_| {});
        let events = site.events();
        let most = most_at_once(&events);
        let wrong = wrong_pages(&run, connections(&events)).or_else(|| {
            (most > limit).then(|| format!("the site had {most} connections waiting at once"))
        });
        group.add(format!("{limit} of {pages} pages"), wrong);
        seen.push(most.to_string());
        (checking.told)(group.name, done + 1, AT_ONCE.len());
    }
    group.seen = Some(format!("seen: {}", words::list(&refs(&seen))));
    Ok(group)
}

fn refs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

/// The most connections that waited at the site at the same time. One waits until its answer
/// begins: only after that can a program have given its place to another.
fn most_at_once(events: &[Event]) -> usize {
    let mut waiting = BTreeSet::new();
    let mut most = 0;
    for event in events {
        match event.what {
            What::Opened(_) => waiting.insert(event.connection),
            What::Answering | What::GaveUp | What::Closed => waiting.remove(&event.connection),
            _ => false,
        };
        most = most.max(waiting.len());
    }
    most
}

fn connections(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event.what, What::Opened(_))).count()
}

/// What is wrong where only pages were asked for, each once.
fn wrong_pages(run: &Run, connections: usize) -> Option<String> {
    if let Some(fault) = &run.fault {
        return Some(fault_in_words(fault, run));
    }
    let outcomes = run.reported();
    let mut wrong =
        outcomes.filter_map(|outcome| wrong_page(outcome).map(|words| (outcome, words)));
    if let Some((outcome, words)) = wrong.next() {
        return Some(format!("page {}: {words}{}", outcome.target + 1, and_more(wrong.count())));
    }
    let pages = run.outcomes.len();
    (connections != pages).then(|| {
        let connections = words::plural(connections as u64, "connection");
        format!("the site had {connections} for {pages} pages")
    })
}

/// Adds the pages that the program told nothing of, with the one reason for all of them.
fn add_lost(group: &mut Group, lost: usize, run: &Run) {
    if let Some(fault) = run.fault.as_ref().filter(|_| lost > 0) {
        group.add(format!("{lost} without an outcome"), Some(fault_in_words(fault, run)));
        group.of += lost - 1;
    }
}

fn and_more(others: usize) -> String {
    match others {
        0 => String::new(),
        others => format!("; {} more", words::count(others as u64)),
    }
}

fn wrong_page(outcome: &OutcomeLine) -> Option<String> {
    let difference = differences(&PAGE, outcome).into_iter().next()?;
    Some(in_words(&difference, outcome))
}

// The deadline.

/// Fetches that end by their deadline, between pages that come: each of the pages is there, and
/// each of the others ends at its time.
fn deadline(checking: &Checking<'_>) -> io::Result<Group> {
    let mut group = Group::new("deadline, each its own");
    let site = watched_site(SLOW.len())?;
    let mut names = Vec::new();
    let mut urls = Vec::new();
    for (at, name) in SLOW.into_iter().enumerate() {
        let page = at + 1;
        names.push(format!("page {page}"));
        urls.push(site.url(&format!("/{page}?delay=100ms")));
        match corpus::find(name).and_then(|case| case.url(&site)) {
            None => group.left_out.push(name),
            Some(url) => {
                names.push(name.to_owned());
                urls.push(url);
            }
        }
    }

    let limits = Limits { deadline: DEADLINE, ..limits(4) };
    for try_ in 1..=TRIES {
        let began = Instant::now();
        let mut heard = vec![None; urls.len()];
        let run = checking.run(&urls, limits, false, &mut |outcome| {
            heard[outcome.target] = Some(began.elapsed());
        });
        (checking.told)(group.name, try_, TRIES);
        group = Group { left_out: group.left_out, ..Group::new(group.name) };
        let (mut lost, mut lacked_time) = (0, matches!(run.fault, Some(Fault::Hung { .. })));
        for (outcome, (name, heard)) in run.outcomes.iter().zip(names.iter().zip(&heard)) {
            let Some(outcome) = outcome else {
                lost += 1;
                continue;
            };
            let timed_out =
                matches!(&outcome.error, Some(error) if error.kind == ErrorKind::Timeout);
            let wrong = match name.starts_with("page ") {
                true => wrong_page(outcome),
                false => no_timeout(outcome).or_else(|| untimely(outcome, *heard)),
            };
            lacked_time |= wrong.is_some() && timed_out;
            group.add(name, wrong);
        }
        add_lost(&mut group, lost, &run);
        if !lacked_time || checking.over().is_some() {
            return Ok(group);
        }
    }
    leave_if_busy(&mut group);
    Ok(group)
}

fn no_timeout(outcome: &OutcomeLine) -> Option<String> {
    match &outcome.error {
        Some(error) if error.kind == ErrorKind::Timeout => None,
        _ => {
            let (kind, phase, bytes, expected_bytes) = (ErrorKind::Timeout, None, None, None);
            let expected = Expected::Error { kind, phase, bytes, expected_bytes };
            let difference = differences(&expected, outcome).into_iter().next()?;
            Some(in_words(&difference, outcome))
        }
    }
}

/// What is wrong with the time at which a fetch ended that had to end by its deadline. A program
/// need not say when it ended: then what counts is when it was heard, with the program's start.
fn untimely(outcome: &OutcomeLine, heard: Option<Duration>) -> Option<String> {
    let finished = outcome.finished_us.map(Duration::from_micros);
    let slack = if finished.is_some() { Duration::ZERO } else { DEADLINE };
    let took = finished.or(heard)?.saturating_sub(Duration::from_micros(outcome.started_us));
    let (least, most) = (DEADLINE * 9 / 10, DEADLINE * 2 + slack);
    let is_fine = (least..most).contains(&took);
    (!is_fine).then(|| {
        let took = words::duration(took.as_micros() as u64);
        format!("ended after {took}, and its deadline was {}", words::plain(DEADLINE))
    })
}

// A thousand pages.

fn thousand(checking: &Checking<'_>) -> io::Result<Group> {
    let mut group = Group { is_one: true, ..Group::new("1,000 pages") };
    let site = watched_site(THOUSAND)?;
    let urls = pages_of(&site, THOUSAND, "");
    let mut done = 0;
    let run = checking.run(&urls, limits(20), false, &mut |_| {
        done += 1;
        (checking.told)("1,000 pages", done, THOUSAND);
    });
    for outcome in run.reported() {
        group.add(format!("page {}", outcome.target + 1), wrong_page(outcome));
    }
    add_lost(&mut group, THOUSAND - run.reported().count(), &run);
    if group.failures.is_empty()
        && let Some(wrong) = wrong_pages(&run, connections(&site.events()))
    {
        group.passed -= 1;
        group.of -= 1;
        group.add("all pages", Some(wrong));
    }
    Ok(group)
}

// Both.

fn limits(concurrency: usize) -> Limits {
    let concurrency = NonZeroUsize::new(concurrency).expect("more than zero");
    Limits { concurrency, ..corpus::limits() }
}

fn pages_of(site: &Site, pages: usize, query: &str) -> Vec<String> {
    (1..=pages).map(|page| site.url(&format!("/{page}{query}"))).collect()
}
