//! What does one more waiting fetch keep in memory? Chapter 5.

use std::time::Duration;

use practice_site::Config;

use super::seen::{Cell, Seen, told};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Range, Trouble};
use crate::results::Run;

pub const EXPERIMENT: Experiment = Experiment {
    name: "memory",
    chapter: 5,
    scene: "A thousand pages, 1 s away each, all at once.",
    parties: &[
        ("thread-pool", "a thousand threads, each asleep in its own call"),
        ("epoll", "one thread, and a callback for each page"),
    ],
    question: "How much more memory does a fetch that waits keep in a thread than in a callback?",
    choices: &[
        "as much: the page and its socket are what counts",
        "about twice as much",
        "more than twenty times as much",
    ],
    right: 2,
    run,
    rounds: 1,
    ranges: &[Range {
        unit: "times the memory for one more fetch that waits",
        healthy: 20.0..=f64::INFINITY,
        form: Form::Ratio,
        judged: Judged::Always,
    }],
    parts: &[],
    needs_python: NeedsPython::No,
    look: ("crates/05-callbacks/src/lib.rs", "struct Fetch"),
    next: "stage-runner sweep -s thread-pool,epoll --per-decade 1",
    sources: &[("stage-runner/src/experiments/memory.rs", include_str!("memory.rs"))],
};

const FETCHES: usize = 1000;

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    let site = Config { pages: FETCHES, delay: Duration::from_secs(1), ..Config::default() };
    let runs = lab.compare(&["thread-pool", "epoll"], FETCHES, site)?;
    let [threads, epoll] = &runs[..] else { unreachable!("a run for each stage") };
    let row = |run| {
        let each = grown(run).map(|bytes| bytes / FETCHES as u64);
        vec![Cell::wall(run), Cell::Bytes(grown(run)), Cell::Bytes(each)]
    };
    let ratio = |one: u64, other: u64| one as f64 / other.max(1) as f64;
    Ok(Seen {
        columns: vec!["wall", "memory", "each fetch"],
        rows: vec![("thread-pool", row(threads)), ("epoll", row(epoll))],
        measures: vec![told(
            grown(threads).zip(grown(epoll)).map(|(one, other)| ratio(one, other)),
        )],
    })
}

/// By how much a crawl has grown its process at most, where the system tells.
fn grown(run: &Run) -> Option<u64> {
    let usage = &run.usage;
    Some(usage.peak_rss_bytes?.saturating_sub(usage.start_rss_bytes?))
}
