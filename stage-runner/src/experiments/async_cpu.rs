//! Does async compute faster? Chapter 9.

use std::thread;
use std::time::{Duration, Instant};
use std::{hint, io};

use stage_program::system;

use super::seen::{Cell, Measure, Seen, told as told_here};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Range, Trouble};

pub const EXPERIMENT: Experiment = Experiment {
    name: "async-cpu",
    chapter: 9,
    scene: "Four times the SHA-256 of 96 MiB, in Python.",
    parties: &[
        ("loop", "four coroutines that are gathered on one event loop"),
        ("threads", "four threads; hashlib releases the GIL while it computes"),
    ],
    question: "Four hashes on one event loop: how many cores do they use?",
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
    needs_python: NeedsPython::Yes,
    look: ("crates/09-asyncio/examples/blocking_work.rs", "to_thread"),
    next: "stage-runner experiment gil",
    sources: &[
        ("stage-runner/src/experiments/async_cpu.py", PYTHON),
        ("stage-runner/src/experiments/async_cpu.rs", include_str!("async_cpu.rs")),
    ],
};

/// Two threads that compute must get so many cores, or those of Python are not judged.
const ENOUGH: f64 = 1.7;

const PYTHON: &str = include_str!("async_cpu.py");

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    let before = cores_here()?;
    let told = lab.python(PYTHON, &[])?;
    let here = before.zip(cores_here()?).map(|(before, after)| f64::min(before, after));
    let us = |name: &str| (told[name] * 1e6) as u64;
    let cores = |way: &str| told[&format!("{way}_cpu")] / told[&format!("{way}_wall")].max(1e-6);
    let row = |way: &str| {
        let (wall, cpu) = (us(&format!("{way}_wall")), us(&format!("{way}_cpu")));
        vec![Cell::Time(wall), Cell::Cpu(Some(cpu)), Cell::Number(cores(way))]
    };
    Ok(Seen {
        columns: vec!["wall", "CPU", "cores used"],
        rows: vec![("loop", row("loop")), ("threads", row("threads"))],
        measures: vec![Ok(cores("loop")), of_threads(cores("threads"), here)],
    })
}

/// The cores that four threads of Python use. Where two threads get no more than one core,
/// four of Python cannot show that they use more.
fn of_threads(cores: f64, here: Option<f64>) -> Measure {
    match told_here(here)? {
        ENOUGH.. => Ok(cores),
        few => Err(format!("two threads get {few:.2} cores here, and {ENOUGH} are needed")),
    }
}

/// How many cores two threads get together that compute for 100 ms; `None` where the system does
/// not tell CPU times.
///
/// # Errors
/// The system gives no thread.
fn cores_here() -> io::Result<Option<f64>> {
    let (cpu, begun) = (system::process(), Instant::now());
    let compute = || {
        while begun.elapsed() < Duration::from_millis(100) {
            hint::spin_loop();
        }
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            thread::Builder::new().spawn_scoped(scope, compute)?;
        }
        io::Result::Ok(())
    })?;
    let took = begun.elapsed().as_micros();
    let used = system::process().zip(cpu).map(|(after, before)| after - before);
    Ok(used.map(|used| used.total_us() as f64 / took as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_cores_are_missing_that_is_the_reason() {
        assert_eq!(of_threads(1.9, Some(1.7)), Ok(1.9));
        let why = of_threads(1.0, Some(1.016)).unwrap_err();
        assert_eq!(why, "two threads get 1.02 cores here, and 1.7 are needed");
        assert_eq!(of_threads(1.9, None).unwrap_err(), "this machine does not tell it");
    }
}
