//! Three awaits, one below the other: do they run together? Chapter 9.

use std::io;
use std::time::Duration;

use practice_site::{Config, Site};
use stage_09_asyncio as asyncio;

use super::seen::{Cell, Seen, each, row_of};
use super::watching::{address, get, most_at_once, span};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Numbers, Part, Range, Trouble};

pub const EXPERIMENT: Experiment = Experiment {
    name: "in-turn",
    chapter: 9,
    scene: "A coroutine fetches three pages, each 300 ms away.",
    parties: &[
        ("in turn", "await get(1), and below it await get(2), and below it await get(3)"),
        ("gathered", "await gather(get(1), get(2), get(3))"),
    ],
    question: "Three awaits of 300 ms, one below the other: how long do they take?",
    choices: &[
        "900 ms: the sum",
        "300 ms: they are async, so they run together",
        "600 ms: the first runs alone, the others run together",
    ],
    right: 0,
    run,
    rounds: 1,
    ranges: &[
        ratio("times as long in turn, in Python"),
        at_once("page at a time in turn", 1.0),
        at_once("gathered", 3.0),
        ratio("times as long in turn, in Rust"),
        at_once("page at a time in turn", 1.0),
        at_once("gathered", 3.0),
    ],
    parts: &[("rust", Part::Plays(play))],
    needs_python: NeedsPython::InPart,
    look: ("crates/09-asyncio/src/gather.rs", "pub fn gather"),
    next: "stage-runner experiment race-across-await",
    sources: &[
        ("stage-runner/src/experiments/get.py", include_str!("get.py")),
        ("stage-runner/src/experiments/in_turn.py", include_str!("in_turn.py")),
        ("stage-runner/src/experiments/in_turn.rs", include_str!("in_turn.rs")),
    ],
};

const fn ratio(unit: &'static str) -> Range {
    Range { unit, healthy: 2.0..=3.3, form: Form::Ratio, judged: Judged::Always }
}

const fn at_once(unit: &'static str, count: f64) -> Range {
    Range { unit, healthy: count..=count, form: Form::Count, judged: Judged::Always }
}

const PYTHON: &str = concat!(include_str!("get.py"), include_str!("in_turn.py"));

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    let delay = Duration::from_millis(300);
    let site = Site::start(Config { events: true, delay, ..Config::default() })?;
    let at = site.address().to_string();
    let seen = |language: &str, what: &str| {
        match language {
            "Python" => lab.python(PYTHON, &[what, &at])?,
            _ => lab.play("rust", &[what, &at])?,
        };
        let events = site.take_events();
        Ok::<_, Trouble>((span(&events).as_micros() as u64, most_at_once(&events)))
    };
    let both = |language| Ok((seen(language, "in-turn")?, seen(language, "gathered")?));
    let python = lab.in_python(|| both("Python"))?;
    let rust = Ok(both("Rust")?);
    let in_turn = |told| row_of(told, |(in_turn, _)| cells(in_turn));
    let gathered = |told| row_of(told, |(_, gathered)| cells(gathered));
    Ok(Seen {
        columns: vec!["first to last", "at once"],
        rows: vec![
            ("Python, in turn", in_turn(&python)),
            ("Python, gathered", gathered(&python)),
            ("Rust, in turn", in_turn(&rust)),
            ("Rust, gathered", gathered(&rust)),
        ],
        measures: [each(python.map(numbers)), each(rust.map(numbers))].concat(),
    })
}

/// How long it was from the first to the last, in microseconds, and how many waited at once.
type Way = (u64, u64);

fn cells(&(us, at_once): &Way) -> [Cell; 2] {
    [Cell::Time(us), Cell::Count(Some(at_once))]
}

/// The measures of one language.
fn numbers((in_turn, gathered): (Way, Way)) -> [f64; 3] {
    [in_turn.0 as f64 / gathered.0 as f64, in_turn.1 as f64, gathered.1 as f64]
}

fn play(arguments: &[String]) -> io::Result<Numbers> {
    let at = address(arguments.get(1))?;
    let gathered = arguments[0] == "gathered";
    asyncio::run(async move {
        if gathered {
            let all = asyncio::gather([get(at, "/1"), get(at, "/2"), get(at, "/3")]).await;
            all.into_iter().collect::<io::Result<Vec<_>>>()?;
        } else {
            get(at, "/1").await?;
            get(at, "/2").await?;
            get(at, "/3").await?;
        }
        Ok(Numbers::new())
    })?
}
