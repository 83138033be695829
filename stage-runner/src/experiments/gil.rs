//! Do threads help a Python program? Chapter 3.

use super::seen::{Cell, Seen};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Range, Trouble};

pub const EXPERIMENT: Experiment = Experiment {
    name: "gil",
    chapter: 3,
    scene: "Python has a lock, the GIL, that a thread must hold to run Python code. Four times the \
            same work, one after another and on four threads.",
    parties: &[("waits", "each sleeps 200 ms"), ("sums", "each adds up 1,500,000 numbers")],
    question: "What do four Python threads make quicker?",
    choices: &[
        "neither: only one thread can run at a time",
        "the waits, and not the sums",
        "both: four threads run at the same time",
    ],
    right: 1,
    run,
    rounds: 1,
    ranges: &[
        Range {
            unit: "cores used by four threads that add up",
            healthy: 0.0..=1.15,
            form: Form::Ratio,
            judged: Judged::Always,
        },
        Range {
            unit: "times as quick for waits",
            healthy: 2.0..=4.4,
            form: Form::Ratio,
            judged: Judged::Always,
        },
    ],
    parts: &[],
    needs_python: NeedsPython::Yes,
    look: ("docs/03-thread-pool.md", "What about the GIL?"),
    next: "stage-runner experiment async-cpu",
    sources: &[
        ("stage-runner/src/experiments/gil.py", PYTHON),
        ("stage-runner/src/experiments/gil.rs", include_str!("gil.rs")),
    ],
};

const PYTHON: &str = include_str!("gil.py");

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    let told = lab.python(PYTHON, &[])?;
    let number = |work: &str, what: &str| told[&format!("{work}_{what}")];
    let times = |work| number(work, "in_turn") / number(work, "on_threads").max(1e-6);
    let cores = |work| number(work, "cpu") / number(work, "on_threads").max(1e-6);
    let us = |seconds: f64| Cell::Time((seconds * 1e6) as u64);
    let row = |work| {
        let walls = [us(number(work, "in_turn")), us(number(work, "on_threads"))];
        [&walls[..], &[Cell::Number(times(work)), Cell::Number(cores(work))]].concat()
    };
    Ok(Seen {
        columns: vec!["in turn", "four threads", "times as quick", "cores used"],
        rows: vec![("waits", row("wait")), ("sums", row("add"))],
        measures: vec![Ok(cores("add")), Ok(times("wait"))],
    })
}
