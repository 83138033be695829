//! What becomes of a number that several threads change without a lock? Chapter 3.

use stage_03_thread_pool::counter::{count_with_lock, count_without_lock};

use super::seen::{Cell, Seen};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Numbers, Part, Range, Trouble};

pub const EXPERIMENT: Experiment = Experiment {
    name: "lost-update",
    chapter: 3,
    scene: "Ten threads add 1 to one number, 10,000 times each. The number begins at 0.",
    parties: &[
        ("without a lock", "read the number, add 1, write it back"),
        ("with a lock", "the same, while no other thread may"),
    ],
    question: "Ten threads add 1 without a lock: what does the number come to?",
    choices: &[
        "less than 100,000, perhaps much less",
        "100,000 on most runs: a switch between two steps is rare",
        "100,000: adding 1 is a single step",
    ],
    right: 0,
    run,
    rounds: 1,
    ranges: &[
        Range {
            unit: "of 100,000 updates lost without a lock",
            healthy: 100.0..=100_000.0,
            form: Form::Count,
            judged: Judged::Always,
        },
        Range {
            unit: "lost with a lock",
            healthy: 0.0..=0.0,
            form: Form::Count,
            judged: Judged::Always,
        },
    ],
    parts: &[
        ("without-lock", Part::Plays(|_| Ok(counted(count_without_lock)))),
        ("with-lock", Part::Plays(|_| Ok(counted(count_with_lock)))),
    ],
    needs_python: NeedsPython::No,
    look: ("crates/03-thread-pool/src/counter.rs", "fn add_one"),
    next: "stage-runner experiment race-across-await; stage-runner take 3b",
    sources: &[
        ("stage-runner/src/experiments/lost_update.rs", include_str!("lost_update.rs")),
        (
            "crates/03-thread-pool/src/counter.rs",
            include_str!("../../../crates/03-thread-pool/src/counter.rs"),
        ),
    ],
};

const THREADS: usize = 10;
const TIMES: u64 = 10_000;
const ALL: u64 = THREADS as u64 * TIMES;

/// What a way to count comes to.
fn counted(count: fn(usize, u64) -> u64) -> Numbers {
    Numbers::from([("counted".to_owned(), count(THREADS, TIMES) as f64)])
}

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    let without = lab.play("without-lock", &[])?["counted"];
    let with = lab.play("with-lock", &[])?["counted"];
    let row = |counted: f64| {
        let counted = counted as u64;
        vec![Cell::Count(Some(counted)), Cell::Count(Some(ALL - counted.min(ALL)))]
    };
    Ok(Seen {
        columns: vec!["the number", "updates lost"],
        rows: vec![("without a lock", row(without)), ("with a lock", row(with))],
        measures: vec![Ok(ALL as f64 - without), Ok(ALL as f64 - with)],
    })
}
