//! What does an async function do when it is called? Chapter 9.

use std::io;
use std::time::Duration;

use practice_site::{Config, Site};
use stage_09_asyncio as asyncio;

use super::seen::{Cell, Seen, each, row_of};
use super::watching::{address, get, requests};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Numbers, Part, Range, Trouble};

pub const EXPERIMENT: Experiment = Experiment {
    name: "cold",
    chapter: 9,
    scene: "An async function fetches a page. A program calls it three times, and then sleeps 200 ms.",
    parties: &[
        ("called", "keeps what the calls return, and awaits none of it"),
        ("awaited", "awaits what each call has returned"),
    ],
    question: "Three calls and no await: how many requests does the site see?",
    choices: &[
        "3: each call sends its request, and only the answer has to be awaited",
        "1: the first call runs until it has to wait",
        "0",
    ],
    right: 2,
    run,
    rounds: 1,
    ranges: &[
        range("requests for three calls in Python", 0.0),
        range("when each is awaited", 3.0),
        range("requests for three calls in Rust", 0.0),
        range("when each is awaited", 3.0),
    ],
    parts: &[("rust", Part::Plays(play))],
    needs_python: NeedsPython::InPart,
    look: ("crates/09-asyncio/src/task.rs", "pub fn create_task"),
    next: "stage-runner experiment in-turn",
    sources: &[
        ("stage-runner/src/experiments/get.py", include_str!("get.py")),
        ("stage-runner/src/experiments/cold.py", include_str!("cold.py")),
        ("stage-runner/src/experiments/cold.rs", include_str!("cold.rs")),
    ],
};

const fn range(unit: &'static str, count: f64) -> Range {
    Range { unit, healthy: count..=count, form: Form::Count, judged: Judged::Always }
}

const PYTHON: &str = concat!(include_str!("get.py"), include_str!("cold.py"));

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    let delay = Duration::from_millis(20);
    let site = Site::start(Config { events: true, delay, ..Config::default() })?;
    let at = site.address().to_string();
    let seen = |language: &str, what: &str| {
        match language {
            "Python" => lab.python(PYTHON, &[what, &at])?,
            _ => lab.play("rust", &[what, &at])?,
        };
        Ok::<_, Trouble>(requests(&site.take_events()))
    };
    let both = |language| Ok([seen(language, "called")?, seen(language, "awaited")?]);
    let python = lab.in_python(|| both("Python"))?;
    let rust = Ok(both("Rust")?);
    let row = |counts| row_of(counts, |counts: &[u64; 2]| counts.map(|one| Cell::Count(Some(one))));
    let numbers = |counts: [u64; 2]| counts.map(|count| count as f64);
    Ok(Seen {
        columns: vec!["called", "awaited"],
        rows: vec![("requests, Python", row(&python)), ("requests, Rust", row(&rust))],
        measures: [each(python.map(numbers)), each(rust.map(numbers))].concat(),
    })
}

fn play(arguments: &[String]) -> io::Result<Numbers> {
    let at = address(arguments.get(1))?;
    let calls = [get(at, "/1"), get(at, "/2"), get(at, "/3")];
    let is_awaited = arguments[0] == "awaited";
    asyncio::run(async move {
        if is_awaited {
            for call in calls {
                call.await?;
            }
        } else {
            asyncio::sleep(Duration::from_millis(200)).await;
            drop(calls); // nothing of them has run
        }
        Ok(Numbers::new())
    })?
}
