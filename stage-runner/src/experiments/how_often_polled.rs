//! How often is a future asked while its page is on the way? Chapter 8.

use std::cell::Cell as Shared;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use crawl::Limits;
use practice_site::{Config, Site};
use stage_08_async_await::{Executor, Reactor, fetch};

use super::seen::{Cell, Seen};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Numbers, Part, Range, Trouble};
use crate::lineup::urls;

pub const EXPERIMENT: Experiment = Experiment {
    name: "how-often-polled",
    chapter: 8,
    scene: "The fetch of chapter 8 is a future. Around it is another one, which counts how often \
            the executor polls it. One page is fetched that is 45 ms away, and one that is 450 ms \
            away.",
    parties: &[],
    question: "How often is the future polled while its page is 450 ms away?",
    choices: &[
        "some thousand times: the executor asks again and again",
        "about 450 times: once every millisecond",
        "two or three times: at its start, and when its socket is ready",
    ],
    right: 2,
    run,
    rounds: 1,
    ranges: &[
        Range {
            unit: "polls for the page 45 ms away",
            healthy: 2.0..=4.0,
            form: Form::Count,
            judged: Judged::Always,
        },
        Range {
            unit: "for the page 450 ms away",
            healthy: 2.0..=4.0,
            form: Form::Count,
            judged: Judged::Always,
        },
    ],
    parts: &[("counted", Part::Plays(|arguments| counted(&arguments.concat())))],
    needs_python: NeedsPython::No,
    look: ("crates/08-async-await/src/executor.rs", "fn poll"),
    next: "stage-runner -s async-await --trace --pages 1",
    sources: &[(
        "stage-runner/src/experiments/how_often_polled.rs",
        include_str!("how_often_polled.rs"),
    )],
};

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    let site = Site::start(Config::default())?;
    let polls = |delay: &str| {
        let numbers = lab.play("counted", &[&site.url(&format!("/1?delay={delay}"))])?;
        Ok::<_, Trouble>((numbers["took_us"] as u64, numbers["polls"]))
    };
    let (near, far) = (polls("45ms")?, polls("450ms")?);
    let row = |(us, polls): (u64, f64)| vec![Cell::Time(us), Cell::Count(Some(polls as u64))];
    Ok(Seen {
        columns: vec!["wall", "polls"],
        rows: vec![("45 ms away", row(near)), ("450 ms away", row(far))],
        measures: vec![Ok(near.1), Ok(far.1)],
    })
}

/// Fetches one page on the executor of chapter 8.
fn counted(url: &str) -> io::Result<Numbers> {
    let url = urls::parse_all([url].into_iter()).map_err(io::Error::other)?;
    let wanted = urls::resolve(url).remove(0);
    let target = wanted.target.map_err(io::Error::other)?;
    let limits = Limits { deadline: Duration::from_secs(10), ..Limits::default() };
    let reactor = Reactor::new(&limits)?;
    let polls = Rc::new(Shared::new(0));
    let inner = Box::pin(fetch(0, &target, &reactor));
    let task = Counted { inner, polls: Rc::clone(&polls) };
    let mut outcome = None;
    Executor::new(&reactor)?.run([task].into_iter(), 1, &mut |ended| outcome = Some(ended))?;
    let outcome = outcome.expect("the executor runs each task to its end");
    outcome.result.map_err(|error| io::Error::other(error.to_string()))?;
    let took = outcome.timeline.finished.unwrap_or_default();
    Ok(Numbers::from([
        ("polls".to_owned(), polls.get() as f64),
        ("took_us".to_owned(), took.as_micros() as f64),
    ]))
}

/// A future that counts how often it is polled, and passes the poll on.
struct Counted<F> {
    inner: Pin<Box<F>>,
    polls: Rc<Shared<u64>>,
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.polls.set(self.polls.get() + 1);
        self.inner.as_mut().poll(context)
    }
}
