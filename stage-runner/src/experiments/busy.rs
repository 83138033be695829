//! Is asking again and again sooner than sleeping? Chapter 4.

use std::time::Duration;

use practice_site::Config;

use super::seen::{Cell, Seen, cpu_ratio, wall_ratio};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Range, Trouble};

pub const EXPERIMENT: Experiment = Experiment {
    name: "busy",
    chapter: 4,
    scene: "Five pages, 200 ms away each, one after another.",
    parties: &[
        ("blocking", "sleeps in recv until the page is there"),
        ("busy-wait", "asks recv again and again"),
    ],
    question: "Who has all pages sooner: who sleeps, or who asks all the time?",
    choices: &[
        "busy-wait: it notices each page at once",
        "neither: both take the same time",
        "blocking: the busy loop takes the processor from the server",
    ],
    right: 1,
    run,
    rounds: 1,
    ranges: &[
        Range {
            unit: "times the wall time",
            healthy: 0.9..=1.1,
            form: Form::Ratio,
            judged: Judged::IfQuiet,
        },
        Range {
            unit: "times the CPU time",
            healthy: 30.0..=f64::INFINITY,
            form: Form::Ratio,
            judged: Judged::Always,
        },
        Range {
            unit: "questions in vain by busy-wait",
            healthy: 10_000.0..=f64::INFINITY,
            form: Form::Count,
            judged: Judged::Always,
        },
        Range {
            unit: "by blocking",
            healthy: 0.0..=0.0,
            form: Form::Count,
            judged: Judged::Always,
        },
    ],
    parts: &[],
    needs_python: NeedsPython::No,
    look: ("crates/04-busy-wait/src/lib.rs", "fn receive"),
    next: "stage-runner experiment busy-all; stage-runner take 4a",
    sources: &[("stage-runner/src/experiments/busy.rs", include_str!("busy.rs"))],
};

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    let site = Config { pages: 5, delay: Duration::from_millis(200), ..Config::default() };
    let runs = lab.compare(&["blocking", "busy-wait"], 1, site)?;
    let [blocking, busy] = &runs[..] else { unreachable!("a run for each stage") };
    // A stage that never asked in vain has nothing to tell.
    let in_vain = [blocking, busy].map(|run| run.figures().failed_reads.unwrap_or(0));
    let row = |run, in_vain| vec![Cell::wall(run), Cell::cpu(run), Cell::Count(Some(in_vain))];
    Ok(Seen {
        columns: vec!["wall", "CPU", "asked in vain"],
        rows: vec![("blocking", row(blocking, in_vain[0])), ("busy-wait", row(busy, in_vain[1]))],
        measures: vec![
            wall_ratio(busy, blocking),
            cpu_ratio(busy, blocking),
            Ok(in_vain[1] as f64),
            Ok(in_vain[0] as f64),
        ],
    })
}
