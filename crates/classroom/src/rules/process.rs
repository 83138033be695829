//! What the program's process did.

use std::time::Duration;

use super::{Evidence, Given, Judged, NOT_TOLD, Parameter, Rule, Takes};
use crate::words::plural;

/// No more threads than asked for.
pub(super) const THREADS: Rule = Rule {
    name: "threads",
    about: "no process of the program ever has more than N threads at once",
    takes: Takes::Number,
    more: &[],
    reasons: &["threads"],
    is_time: false,
    label: |given| match given.number() {
        1.0 => "one thread".to_owned(),
        most => format!("at most {most} threads"),
    },
    judge: threads,
};

fn threads(given: &Given, evidence: &Evidence<'_>) -> Judged {
    match evidence.run.process.peak_threads {
        None => Judged::not_judged(NOT_TOLD),
        Some(threads) if threads as f64 <= given.number() => Judged::fine(),
        Some(threads) => {
            Judged::found("threads", format!("{} at once", plural(threads as usize, "thread")))
        }
    }
}

/// It sleeps as often as asked for.
pub(super) const SLEEPS_PER_SECOND: Rule = Rule {
    name: "sleeps-per-second",
    about: "while it waits, the program goes to sleep LEAST to MOST times a second. What waiting \
            costs is what more waiting adds: with `less-run`, the same job with short pages is \
            subtracted, and with it the start of an interpreter",
    takes: Takes::Range,
    more: &[Parameter {
        name: "less-run",
        takes: Takes::Number,
        about: "the number of the earlier run that is subtracted, from 1; without it none is",
    }],
    reasons: &["spins", "late"],
    is_time: false,
    label: |_| "sleeps between two rounds".to_owned(),
    judge: sleeps_per_second,
};

/// Who sleeps less often than asked for, and takes this share of a core, does something else
/// meanwhile.
const SPINS_FROM: f64 = 0.04;

fn sleeps_per_second(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let (least, most) = given.range();
    let figures = |run: &crate::Observed| {
        let (sleeps, cpu) = (run.process.sleeps?, run.process.cpu?);
        Some((sleeps as f64, cpu, run.process.wall))
    };
    let less = match given.number_of("less-run") {
        None => Some((0.0, Duration::ZERO, Duration::ZERO)),
        Some(number) => evidence.before.get(number as usize - 1).and_then(figures),
    };
    let (Some(run), Some(less)) = (figures(evidence.run), less) else {
        return Judged::not_judged(NOT_TOLD);
    };
    let wall = run.2.saturating_sub(less.2).as_secs_f64();
    if wall <= 0.0 {
        return Judged::not_judged("the run did not take longer than the one before it");
    }
    let share = run.1.saturating_sub(less.1).as_secs_f64() / wall;
    let sleeps = (run.0 - less.0).max(0.0) / wall;
    let judged = if sleeps > most as f64 {
        let words = format!("it went to sleep {sleeps:.0} times in a second of waiting");
        Judged::found("spins", words)
    } else if sleeps >= least as f64 {
        Judged::fine()
    } else if share > SPINS_FROM {
        let words = format!(
            "it went to sleep {sleeps:.0} times in a second of waiting, and waiting took {:.0} % of a core",
            share * 100.0
        );
        Judged::found("spins", words)
    } else {
        let words = format!(
            "it went to sleep {sleeps:.0} times in a second of waiting: a page that has come lies \
             there until it wakes up"
        );
        Judged::found("late", words)
    };
    judged.measured(sleeps)
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;
    use crate::{Observed, Process};

    fn waited(wall: u64, cpu: u64, sleeps: u64) -> Observed {
        let process = Process {
            wall: ms(wall),
            cpu: Some(ms(cpu)),
            sleeps: Some(sleeps),
            peak_threads: Some(2),
            ..Process::default()
        };
        Observed { process, ..Observed::default() }
    }

    #[test]
    fn threads_are_counted() {
        assert_eq!(reason(&given("threads", Value::Number(2.0)), &waited(1, 1, 1)), "fine");
        assert_eq!(reason(&given("threads", Value::Number(1.0)), &waited(1, 1, 1)), "threads");
        let untold = Observed::default();
        assert_eq!(reason(&given("threads", Value::Number(1.0)), &untold), "not judged");
    }

    #[test]
    fn the_sleeps_of_more_waiting_are_counted() {
        let mut rule = given("sleeps-per-second", Value::Range(50, 1800));
        rule.more.push(("less-run", Value::Number(1.0)));
        let short = [waited(100, 50, 30)];
        for (sleeps, cpu, expected) in
            [(530, 60, "fine"), (3030, 200, "spins"), (31, 1050, "spins"), (40, 55, "late")]
        {
            let found = reason_after(&rule, &short, &waited(1100, cpu, sleeps));
            assert_eq!(found, expected, "{sleeps} sleeps");
        }
        assert_eq!(reason_after(&rule, &short, &Observed::default()), "not judged");
        assert_eq!(reason_after(&rule, &short, &short[0]), "not judged");
    }
}
