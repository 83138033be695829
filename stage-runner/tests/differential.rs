//! The same random pages on every stage: whatever they are, all stages must come to the same.
//!
//! The pages are random, the test is not: a seed decides. Another one can be given as
//! `DIFFERENTIAL_SEED`, and a failure says with which it came.

mod runner;

use std::thread;
use std::time::Duration;

use corpus::{CASES, Case};
use crawl::protocol::OutcomeLine;
use practice_site::{Config, Site};
use runner::{agreement, run, word};

const SEED: u64 = 2016;
const SETS: usize = 200;
/// One in so many sets has a page that never comes.
const ONE_STALLS_IN: usize = 25;
/// Sets that one process of each stage fetches: starting a process for each set would take longest.
const SETS_AT_ONCE: usize = 50;

#[test]
fn every_stage_comes_to_the_same() {
    let seed = std::env::var("DIFFERENTIAL_SEED");
    let seed = seed.map_or(SEED, |seed| seed.parse().expect("DIFFERENTIAL_SEED is a number"));
    let config = Config { delay: Duration::ZERO, pages: 1000, ..Config::default() };
    let site = Site::start(config).expect("loopback has a free port");
    let mut random = Random(seed);
    let sets = (0..SETS).map(|number| set(&mut random, number % ONE_STALLS_IN == 0, &site));

    // Those with a page that never comes must not wait long for it, and the others are not hurried:
    // a slow machine is no difference between stages.
    let (stalling, coming): (Vec<_>, Vec<_>) =
        sets.enumerate().partition(|(number, _)| number % ONE_STALLS_IN == 0);
    thread::scope(|scope| {
        for sets in coming.chunks(SETS_AT_ONCE) {
            let concurrency = random.between(1, 30);
            scope.spawn(move || check(sets, "30s", concurrency, seed));
        }
    });
    check(&stalling, "500ms", 10, seed);
}

/// A URL, and the outcome as far as its words promise one.
#[derive(Clone, Debug)]
struct Wish {
    url: String,
    promised: Option<String>,
}

/// Five to ten pages, whole and broken.
fn set(random: &mut Random, with_a_stall: bool, site: &Site) -> Vec<Wish> {
    let pages = random.between(5, 10);
    let mut set: Vec<_> = (0..pages)
        .map(|_| match random.one_in(3) {
            // Where deadlines are short, an answer without end may not reach its limit in time.
            true if with_a_stall => {
                broken_page(random, site, |case| !case.is_slow() && !case.is_long)
            }
            true => broken_page(random, site, |case| !case.is_slow()),
            false => page(random, site),
        })
        .collect();
    if with_a_stall {
        let at = random.between(0, pages - 1) as usize;
        set[at] = broken_page(random, site, Case::is_slow);
    }
    set
}

fn page(random: &mut Random, site: &Site) -> Wish {
    let mut query = String::new();
    // Mostly short: two stages fetch one page after another, and we wait for them.
    let longest = random.choose(&[0, 0, 0, 1, 1, 5, 20]);
    query += &format!("delay={}ms", random.between(0, longest));
    let largest = random.choose(&[0, 1, 100, 1500, 5000, 70_000, 300_000]);
    let size = random.between(largest / 2, largest);
    query += &format!("&size={size}");
    query += random.choose(&["", "&chunked=1", "&close=1"]);
    if random.one_in(2) {
        // At most forty pieces of the body.
        let piece = random.between(1, 200).max(size / 40);
        query += &format!("&cut={piece}&pace={}us", random.between(0, 300));
    }
    let status = random.choose(&[200, 200, 200, 200, 204, 301, 304, 404, 500, 599]);
    query += &format!("&status={status}");

    let number = random.between(1, 1000);
    let bytes = if matches!(status, 204 | 304) { 0 } else { size };
    let promised = match bytes > MAX_BODY {
        true => "too-large".to_owned(),
        false => format!("{status}, {bytes} bytes"),
    };
    Wish { url: site.url(&format!("/{number}?{query}")), promised: Some(promised) }
}

/// Some pages are over it.
const MAX_BODY: u64 = 200_000;

fn broken_page(random: &mut Random, site: &Site, filter: fn(&Case) -> bool) -> Wish {
    let known = CASES.iter().filter(|case| case.is_fault() && filter(case));
    let known: Vec<_> = known.filter_map(|case| Some((case, case.url(site)?))).collect();
    let (case, plain_url) = &known[random.index(known.len())];
    let mut parameters = format!("delay={}ms", random.between(0, 3));
    if random.one_in(2) {
        let piece = if case.is_long { 4096 } else { random.between(1, 100) };
        parameters += &format!("&cut={piece}&pace={}us", random.between(0, 200));
    }
    let url = case.url_with(site, &parameters).unwrap_or(plain_url.clone());
    Wish { url, promised: None }
}

fn check(sets: &[(usize, Vec<Wish>)], deadline: &str, concurrency: u64, seed: u64) {
    let wishes = || sets.iter().flat_map(|(number, set)| set.iter().map(move |w| (number, w)));
    let urls: Vec<_> = wishes().map(|(_, wish)| wish.url.clone()).collect();
    let (concurrency, max_body) = (concurrency.to_string(), MAX_BODY.to_string());
    let options = ["--digest", "--deadline", deadline, "-c", &concurrency, "--max-body", &max_body];
    let runs = run("all", &options, &urls);

    let mut wrong = Vec::new();
    for (at, (number, wish)) in wishes().enumerate() {
        let agreement = agreement(&runs, |run| what_came(&run.outcomes[at]));
        let (first, _) = agreement.first_key_value().expect("stages ran");
        let is_promised = wish.promised.as_ref().is_none_or(|promised| first.starts_with(promised));
        if agreement.len() > 1 || !is_promised {
            wrong.push(format!("set {number}, {wish:?}: {agreement:#?}"));
        }
    }
    let wrong_ones = wrong.join("\n");
    assert!(wrong.is_empty(), "DIFFERENTIAL_SEED={seed}, -c {concurrency}:\n{wrong_ones}");
}

/// All that must be the same. Where the time decided, it also decided how many bytes came.
fn what_came(outcome: &OutcomeLine) -> String {
    let word = word(outcome);
    match &outcome.error {
        None => format!("{word}, {:?} {:?}", outcome.sha256, outcome.location),
        Some(_) if word == "timeout" => word,
        Some(error) => format!("{word}, {} of {:?} bytes", error.bytes, error.expected_bytes),
    }
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Both ends included.
    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }

    fn choose<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.index(among.len())]
    }

    fn index(&mut self, length: usize) -> usize {
        self.between(0, length as u64 - 1) as usize
    }
}
