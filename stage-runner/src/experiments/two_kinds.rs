//! How long do ten pages take, one after another and together? Chapter 1.

use std::time::Duration;

use practice_site::Config;

use super::seen::{Cell, Seen, wall_ratio};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Range, Trouble};

pub const EXPERIMENT: Experiment = Experiment {
    name: "two-kinds",
    chapter: 1,
    scene: "Ten pages, 100 ms away each. Ten may be in flight at once.",
    parties: &[
        ("blocking", "one page after another, asleep in each call"),
        ("thread-pool", "ten threads, each asleep in its own call"),
        ("epoll", "one thread, which asks the system which socket is ready"),
    ],
    question: "Ten pages of 100 ms each: who takes how long?",
    choices: &[
        "blocking and epoll 1 s: each has one thread; thread-pool 0.1 s",
        "blocking 1 s, epoll 0.5 s, thread-pool 0.1 s",
        "blocking 1 s; thread-pool and epoll 0.1 s",
    ],
    right: 2,
    run,
    rounds: 3,
    ranges: &[
        Range {
            unit: "times as long for blocking as for epoll",
            healthy: 5.0..=15.0,
            form: Form::Ratio,
            judged: Judged::Always,
        },
        Range {
            unit: "times as long for thread-pool as for epoll",
            healthy: 0.8..=1.3,
            form: Form::Ratio,
            judged: Judged::IfQuiet,
        },
    ],
    parts: &[],
    needs_python: NeedsPython::No,
    look: ("crates/05-callbacks/src/event_loop.rs", "fn run"),
    next: "stage-runner experiment unordered; stage-runner experiment memory",
    sources: &[("stage-runner/src/experiments/two_kinds.rs", include_str!("two_kinds.rs"))],
};

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    let site = Config { pages: 10, delay: Duration::from_millis(100), ..Config::default() };
    let runs = lab.compare(&["blocking", "thread-pool", "epoll"], 10, site)?;
    let [blocking, threads, epoll] = &runs[..] else { unreachable!("a run for each stage") };
    let row = |run| vec![Cell::wall(run), Cell::cpu(run)];
    Ok(Seen {
        columns: vec!["wall", "CPU"],
        rows: vec![
            ("blocking", row(blocking)),
            ("thread-pool", row(threads)),
            ("epoll", row(epoll)),
        ],
        measures: vec![wall_ratio(blocking, epoll), wall_ratio(threads, epoll)],
    })
}
