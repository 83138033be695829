//! Is asking all sockets in turn as good as sleeping until one is ready? Chapter 4.

use std::time::Duration;

use practice_site::Config;

use super::seen::{Cell, Seen, cpu_ratio, wall_ratio};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Range, Trouble};

pub const EXPERIMENT: Experiment = Experiment {
    name: "busy-all",
    chapter: 4,
    scene: "Ten pages, 400 ms away each. Ten may be in flight at once.",
    parties: &[
        ("busy-wait-all", "one thread, asks all sockets in turn, again and again"),
        ("epoll", "one thread, sleeps until the system says which socket is ready"),
    ],
    question: "And if one thread asks all sockets in turn: who is sooner now?",
    choices: &[
        "both take the same time; asking uses the CPU all the while",
        "epoll: it does not lose time on questions in vain",
        "busy-wait-all: epoll has to be woken first",
    ],
    right: 0,
    run,
    rounds: 1,
    ranges: &[
        Range {
            unit: "times the wall time of epoll",
            healthy: 0.95..=1.2,
            form: Form::Ratio,
            judged: Judged::IfQuiet,
        },
        Range {
            unit: "times its CPU time",
            healthy: 15.0..=f64::INFINITY,
            form: Form::Ratio,
            judged: Judged::Always,
        },
    ],
    parts: &[],
    needs_python: NeedsPython::No,
    look: ("crates/04-busy-wait/src/all.rs", "fn crawl_all"),
    next: "stage-runner experiment few-or-many; stage-runner take 4a",
    sources: &[("stage-runner/src/experiments/busy_all.rs", include_str!("busy_all.rs"))],
};

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    let site = Config { pages: 10, delay: Duration::from_millis(400), ..Config::default() };
    let runs = lab.compare(&["busy-wait-all", "epoll"], 10, site)?;
    let [busy, epoll] = &runs[..] else { unreachable!("a run for each stage") };
    let row = |run| vec![Cell::wall(run), Cell::cpu(run)];
    Ok(Seen {
        columns: vec!["wall", "CPU"],
        rows: vec![("busy-wait-all", row(busy)), ("epoll", row(epoll))],
        measures: vec![wall_ratio(busy, epoll), cpu_ratio(busy, epoll)],
    })
}
