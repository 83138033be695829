//! In which order do pages end whose delays differ? Chapter 5.

use std::time::Duration;

use practice_site::Config;

use super::seen::{Cell, Seen};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Range, Trouble};
use crate::results::Run;

pub const EXPERIMENT: Experiment = Experiment {
    name: "unordered",
    chapter: 5,
    scene: "Ten pages, each 30 to 330 ms away. Ten may be in flight at once.",
    parties: &[
        ("blocking", "asks for page 2 when page 1 is there"),
        ("epoll", "asks for all pages, and takes whichever is ready"),
    ],
    question: "Pages of different delays: in which order do they end?",
    choices: &[
        "in both: 1 to 10, the order in which they were asked for",
        "in blocking 1 to 10; in epoll the one with the shortest delay first",
        "in both: the one with the shortest delay first",
    ],
    right: 1,
    run,
    rounds: 1,
    ranges: &[
        Range {
            unit: "pairs out of order in blocking",
            healthy: 0.0..=0.0,
            form: Form::Count,
            judged: Judged::Always,
        },
        Range {
            unit: "in epoll, of 45",
            healthy: 5.0..=45.0,
            form: Form::Count,
            judged: Judged::Always,
        },
    ],
    parts: &[],
    needs_python: NeedsPython::No,
    look: ("crates/05-callbacks/src/event_loop.rs", "fn run"),
    next: "stage-runner -s blocking,epoll --jitter 300ms; stage-runner take 9b",
    sources: &[("stage-runner/src/experiments/unordered.rs", include_str!("unordered.rs"))],
};

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    // The delays come from the seed of the site, so they are the same on every machine.
    let [delay, jitter] = [30, 300].map(Duration::from_millis);
    let site = Config { pages: 10, delay, jitter, ..Config::default() };
    let runs = lab.compare(&["blocking", "epoll"], 10, site)?;
    let [blocking, epoll] = &runs[..] else { unreachable!("a run for each stage") };
    let row = |run| vec![Cell::Text(order(run)), Cell::Count(Some(out_of_order(run)))];
    Ok(Seen {
        columns: vec!["pages, as they ended", "pairs out of order"],
        rows: vec![("blocking", row(blocking)), ("epoll", row(epoll))],
        measures: [blocking, epoll].map(|run| Ok(out_of_order(run) as f64)).into(),
    })
}

/// The numbers of the pages, in the order in which they ended.
fn order(run: &Run) -> String {
    let mut ended: Vec<_> = run.reported().collect();
    ended.sort_by_key(|outcome| outcome.finished_us);
    let numbers = ended.iter().map(|outcome| (outcome.target + 1).to_string());
    numbers.collect::<Vec<_>>().join(" ")
}

/// How many pairs of pages there are of which the later one ended first.
fn out_of_order(run: &Run) -> u64 {
    let finished: Vec<_> = run.reported().map(|outcome| outcome.finished_us).collect();
    let pairs = (0..finished.len()).flat_map(|a| (a + 1..finished.len()).map(move |b| (a, b)));
    pairs.filter(|(a, b)| finished[*a] > finished[*b]).count() as u64
}
