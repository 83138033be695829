//! What does a process cost: its start, or each switch to it? Chapter 2.

use std::time::Duration;

use practice_site::Config;

use super::seen::{Cell, Seen, wall_us};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Range, Trouble};
use crate::results::Run;

pub const EXPERIMENT: Experiment = Experiment {
    name: "what-is-paid",
    chapter: 2,
    scene: "Ten pages and then a hundred, 50 ms away each. Ten may be in flight at once.",
    parties: &[
        ("thread-pool", "ten threads of one process"),
        ("process-pool", "ten processes, which the pool starts first"),
    ],
    question: "Processes take longer than threads: what takes the time?",
    choices: &[
        "each switch between processes, so each page costs the same extra time",
        "the work: processes compute more slowly than threads",
        "their start, so a page costs less extra time where there are more pages",
    ],
    right: 2,
    run,
    rounds: 3,
    ranges: &[
        Range {
            unit: "times the extra time for each of 10 pages as for each of 100",
            healthy: 2.0..=f64::INFINITY,
            form: Form::Ratio,
            judged: Judged::IfQuiet,
        },
        Range {
            unit: "processes started for 10 pages",
            healthy: 10.0..=10.0,
            form: Form::Count,
            judged: Judged::Always,
        },
        Range { unit: "for 100", healthy: 10.0..=10.0, form: Form::Count, judged: Judged::Always },
    ],
    parts: &[],
    needs_python: NeedsPython::No,
    look: ("crates/02-process-pool/src/process.rs", "fn start_with"),
    next: "stage-runner -s process-pool --pages 100; stage-runner take 2b",
    sources: &[("stage-runner/src/experiments/what_is_paid.rs", include_str!("what_is_paid.rs"))],
};

/// An extra time that is less than this for each page cannot be told from none.
const LEAST_US: f64 = 10.0;

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    let pools = |pages| {
        let site = Config { pages, delay: Duration::from_millis(50), ..Config::default() };
        lab.compare(&["thread-pool", "process-pool"], 10, site)
    };
    let few = pools(10)?;
    let many = pools(100)?;
    let extra = |runs: &[Run], pages: f64| {
        ((wall_us(&runs[1]) as f64 - wall_us(&runs[0]) as f64) / pages).max(LEAST_US)
    };
    let started = |run: &Run| run.figures().processes_started;
    let row = |run: &Run| {
        vec![Cell::wall(run), Cell::cpu(run), Cell::Count(Some(started(run).unwrap_or(0)))]
    };
    let count = |started: Option<u64>| {
        let started = started.map(|started| started as f64);
        started.ok_or_else(|| "process-pool did not report it".to_owned())
    };
    Ok(Seen {
        columns: vec!["wall", "CPU", "processes started"],
        rows: vec![
            ("thread-pool, 10 pages", row(&few[0])),
            ("process-pool, 10 pages", row(&few[1])),
            ("thread-pool, 100 pages", row(&many[0])),
            ("process-pool, 100 pages", row(&many[1])),
        ],
        measures: vec![
            Ok(extra(&few, 10.0) / extra(&many, 100.0)),
            count(started(&few[1])),
            count(started(&many[1])),
        ],
    })
}
