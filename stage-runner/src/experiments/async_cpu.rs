//! Does async compute faster? Chapter 9.

use std::num::NonZero;
use std::thread;

use super::seen::{Cell, Seen};
use super::{Experiment, Form, Judged, Lab, Range, Trouble};

pub const EXPERIMENT: Experiment = Experiment {
    name: "async-cpu",
    chapter: 9,
    scene: "Four times the SHA-256 of 24 MiB, in Python.",
    parties: &[
        ("loop", "four coroutines that are gathered on one event loop"),
        ("threads", "four threads; hashlib releases the GIL while it computes"),
    ],
    question: "How many cores does the event loop use?",
    choices: &[
        "four, or as many as there are: gathered coroutines run at the same time",
        "two: one for the loop, and one for what it waits for",
        "one",
    ],
    right: 2,
    run,
    rounds: 1,
    ranges: &[
        Range {
            unit: "cores used by the event loop",
            healthy: 0.0..=1.1,
            form: Form::Ratio,
            judged: Judged::Always,
        },
        Range {
            unit: "cores used by four threads",
            healthy: 1.4..=4.4,
            form: Form::Ratio,
            judged: Judged::IfQuiet,
        },
    ],
    parts: &[],
    needs_python: true,
    look: ("crates/09-asyncio/examples/blocking_work.rs", "to_thread"),
    next: "stage-runner experiment gil",
    sources: &[
        ("stage-runner/src/experiments/async_cpu.py", PYTHON),
        ("stage-runner/src/experiments/async_cpu.rs", include_str!("async_cpu.rs")),
    ],
};

const PYTHON: &str = include_str!("async_cpu.py");

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    let told = lab.python(PYTHON, &[])?;
    let us = |name: &str| (told[name] * 1e6) as u64;
    let cores = |way: &str| told[&format!("{way}_cpu")] / told[&format!("{way}_wall")].max(1e-6);
    let row = |way: &str| {
        let (wall, cpu) = (us(&format!("{way}_wall")), us(&format!("{way}_cpu")));
        vec![Cell::Time(wall), Cell::Cpu(Some(cpu)), Cell::Number(cores(way))]
    };
    // Where there is only one core, threads cannot use more.
    let has_cores =
        thread::available_parallelism().is_ok_and(|cores| cores > NonZero::<usize>::MIN);
    Ok(Seen {
        columns: vec!["wall", "CPU", "cores used"],
        rows: vec![("loop", row("loop")), ("threads", row("threads"))],
        measures: vec![Some(cores("loop")), has_cores.then(|| cores("threads"))],
    })
}
