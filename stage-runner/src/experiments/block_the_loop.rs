//! One fetch sleeps: who is late? Chapter 8.

use std::io;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use crawl::{Limits, Outcome, Target};
use practice_site::{Config, Event, Site, What};
use stage_08_async_await::{Executor, Reactor, fetch};

use super::seen::{Cell, Seen};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Part, Range, Trouble};
use crate::results::Run;

pub const EXPERIMENT: Experiment = Experiment {
    name: "block-the-loop",
    chapter: 8,
    scene: "Ten pages at the same time, on the executor of chapter 8. The first is there after \
            50 ms, the others after 100 ms. What is done with the first one takes 300 ms.",
    parties: &[
        ("nobody sleeps", "ten tasks fetch their pages"),
        ("one sleeps", "the same, and the task with the first page calls thread::sleep(300 ms)"),
    ],
    question: "One task blocks the loop for 300 ms: which pages are noticed late?",
    choices: &[
        "none: they arrive at the same time as before",
        "the other nine",
        "only the one whose task sleeps",
    ],
    right: 1,
    run,
    rounds: 1,
    ranges: &[
        Range {
            unit: "pages unnoticed for 150 ms when one sleeps",
            healthy: 4.0..=9.0,
            form: Form::Count,
            judged: Judged::Always,
        },
        Range {
            unit: "when nobody sleeps",
            healthy: 0.0..=0.0,
            form: Form::Count,
            judged: Judged::Always,
        },
    ],
    parts: &[
        ("one-sleeps", Part::Crawls(|targets, limits, done| crawl(targets, limits, done, SLEEPS))),
        (
            "nobody-sleeps",
            Part::Crawls(|targets, limits, done| crawl(targets, limits, done, Duration::ZERO)),
        ),
    ],
    needs_python: NeedsPython::No,
    look: ("crates/08-async-await/src/executor.rs", "fn poll_woken"),
    next: "stage-runner experiment how-often-polled",
    sources: &[
        ("stage-runner/src/experiments/block_the_loop.rs", include_str!("block_the_loop.rs")),
        (
            "crates/08-async-await/src/executor.rs",
            include_str!("../../../crates/08-async-await/src/executor.rs"),
        ),
    ],
};

const PAGES: usize = 10;
const SLEEPS: Duration = Duration::from_millis(300);
const LATE: Duration = Duration::from_millis(150);

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    let site = Site::start(Config { events: true, ..Config::default() })?;
    let concurrency = NonZeroUsize::new(PAGES).expect("more than zero");
    let limits = Limits { concurrency, deadline: Duration::from_secs(20), ..Limits::default() };
    let unnoticed = |part| {
        let urls: Vec<String> = (0..PAGES).map(|index| site.url(&path(index))).collect();
        let run = lab.crawl(part, &urls, &limits)?;
        unnoticed(&run, &site.take_events())
            .ok_or_else(|| Trouble::Failed(format!("{part}: a page did not come")))
    };
    let (nobody, one) = (unnoticed("nobody-sleeps")?, unnoticed("one-sleeps")?);
    let late = |times: &[Duration]| times.iter().filter(|time| **time > LATE).count();
    let row = |times: &[Duration]| {
        let longest = times.iter().max().map_or(0, |time| time.as_micros() as u64);
        vec![Cell::Count(Some(late(times) as u64)), Cell::Time(longest)]
    };
    Ok(Seen {
        columns: vec!["pages late", "longest unnoticed"],
        rows: vec![("nobody sleeps", row(&nobody)), ("one sleeps", row(&one))],
        measures: vec![Ok(late(&one) as f64), Ok(late(&nobody) as f64)],
    })
}

fn path(index: usize) -> String {
    format!("/{}?delay={}", index + 1, if index == 0 { "50ms" } else { "100ms" })
}

/// How long each page was there before its task noticed: the time of its fetch, as the program
/// says, less the time that the site took for it. So the two need no common clock. `None` if a page
/// is missing.
fn unnoticed(run: &Run, events: &[Event]) -> Option<Vec<Duration>> {
    let at_the_site = |index: usize| {
        let is_asked = |event: &&Event| event.what.path() == Some(&path(index));
        let connection = events.iter().find(is_asked)?.connection;
        let of_it = || events.iter().filter(move |event| event.connection == connection);
        let opened = of_it().find(|event| matches!(event.what, What::Opened(_)))?;
        let answering = of_it().find(|event| event.what == What::Answering)?;
        Some(answering.at - opened.at)
    };
    let of_page = |index: usize| {
        let outcome = run.outcomes.get(index)?.as_ref()?;
        let fetch = outcome.finished_us?.saturating_sub(outcome.started_us);
        Some(Duration::from_micros(fetch).saturating_sub(at_the_site(index)?))
    };
    (0..PAGES).map(of_page).collect()
}

/// Chapter 8's crawl, in which the task with the first page sleeps.
fn crawl(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
    sleeps: Duration,
) -> io::Result<()> {
    let reactor = Reactor::new(limits)?;
    let fetches = targets.iter().enumerate().map(|(index, target)| {
        let reactor = &reactor;
        async move {
            let outcome = fetch(index, target, reactor).await;
            if index == 0 {
                thread::sleep(sleeps); // and nobody polls the other nine
            }
            outcome
        }
    });
    Executor::new(&reactor)?.run(fetches, limits.concurrency.get(), done)
}
