//! Can one thread race with itself? Chapter 9.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use practice_site::{Config, Site};
use stage_09_asyncio as asyncio;

use super::seen::{Cell, Seen, each, row_of};
use super::watching::{address, get};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Numbers, Part, Range, Trouble};

pub const EXPERIMENT: Experiment = Experiment {
    name: "race-across-await",
    chapter: 9,
    scene: "A site keeps a number, 0 at first. Twenty tasks on one thread add 1 to it: each reads \
            the number, adds 1, and sets it, and awaits both answers.",
    parties: &[
        ("without a lock", "all twenty at the same time"),
        ("with a lock", "each holds a lock from before it reads until after it has set"),
    ],
    question: "Twenty tasks on one thread add 1: what does the number come to?",
    choices: &[
        "20: one thread cannot race with itself",
        "1, or hardly more",
        "between 10 and 19: a few updates are lost",
    ],
    right: 1,
    run,
    rounds: 1,
    ranges: &[
        range("at the end without a lock, in Python", 1.0, 6.0),
        range("with a lock", 20.0, 20.0),
        range("at the end without a lock, in Rust", 1.0, 6.0),
        range("with a lock", 20.0, 20.0),
    ],
    parts: &[("rust", Part::Plays(play))],
    needs_python: NeedsPython::InPart,
    look: ("crates/09-asyncio/src/lock.rs", "pub async fn acquire"),
    next: "stage-runner take 3b",
    sources: &[
        ("stage-runner/src/experiments/get.py", include_str!("get.py")),
        ("stage-runner/src/experiments/race_across_await.py", include_str!("race_across_await.py")),
        ("stage-runner/src/experiments/race_across_await.rs", include_str!("race_across_await.rs")),
    ],
};

const fn range(unit: &'static str, least: f64, most: f64) -> Range {
    Range { unit, healthy: least..=most, form: Form::Count, judged: Judged::Always }
}

const TASKS: usize = 20;

const PYTHON: &str = concat!(include_str!("get.py"), include_str!("race_across_await.py"));

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    let counted = |language: &str, what: &str| {
        // A site for each, so that the number begins at 0.
        let delay = Duration::from_millis(20);
        let site = Site::start(Config { delay, ..Config::default() })?;
        let at = site.address().to_string();
        let told = match language {
            "Python" => lab.python(PYTHON, &[what, &at])?,
            _ => lab.play("rust", &[what, &at])?,
        };
        Ok::<_, Trouble>(told["counter"])
    };
    let both =
        |language| Ok([counted(language, "without-a-lock")?, counted(language, "with-a-lock")?]);
    let python = lab.in_python(|| both("Python"))?;
    let rust = Ok(both("Rust")?);
    let row = |told| {
        row_of(told, |numbers: &[f64; 2]| numbers.map(|number| Cell::Count(Some(number as u64))))
    };
    Ok(Seen {
        columns: vec!["without a lock", "with a lock"],
        rows: vec![("Python", row(&python)), ("Rust", row(&rust))],
        measures: [each(python), each(rust)].concat(),
    })
}

fn play(arguments: &[String]) -> io::Result<Numbers> {
    let at = address(arguments.get(1))?;
    let lock = (arguments[0] == "with-a-lock").then(|| Rc::new(asyncio::Lock::new()));
    asyncio::run(async move {
        let all = (0..TASKS).map(|_| add_one(at, lock.clone()));
        let all = asyncio::gather(all.collect::<Vec<_>>()).await;
        all.into_iter().collect::<io::Result<()>>()?;
        Ok(Numbers::from([("counter".to_owned(), read(at).await? as f64)]))
    })?
}

async fn add_one(at: SocketAddr, lock: Option<Rc<asyncio::Lock>>) -> io::Result<()> {
    let _guard = match &lock {
        Some(lock) => Some(lock.acquire().await),
        None => None,
    };
    let number = read(at).await?;
    // While this task awaited the number, the other tasks ran, and read the same one.
    get(at, &format!("/counter/sum?set={}", number + 1)).await?;
    Ok(())
}

async fn read(at: SocketAddr) -> io::Result<u64> {
    get(at, "/counter/sum").await?.parse().map_err(io::Error::other)
}
