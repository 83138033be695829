//! What the program's process did.

use std::time::Duration;

use super::{Evidence, Given, Judged, NOT_TOLD, Parameter, Rule, Takes};
use crate::words::plural;
use crate::{Connection, Observed, Threads};

/// No more threads than asked for.
pub(crate) const THREADS: Rule = Rule {
    name: "threads",
    about: "no process of the program ever has more than N threads of its own at once. The \
            program gets its job when it is at rest, and a process that has one thread then may \
            come to N. One that has several has a runtime with threads, as Node.js and Java do: \
            those do not count, and neither do 4 more that a runtime may start later. Threads that \
            a program starts before it reads its job are taken for those of a runtime",
    takes: Takes::Number,
    more: &[],
    reasons: &["threads"],
    is_time: false,
    label: |given| match given.number() {
        1.0 => "one thread of its own".to_owned(),
        most => format!("at most {most} threads of its own"),
    },
    judge: threads,
};

/// A runtime that has threads of its own starts some of them when they are needed: those that
/// compile, collect garbage, or read files. Node.js starts 4 for the latter.
const STARTED_LATER: u64 = 4;

fn threads(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let Some(processes) = &evidence.run.process.threads else {
        return Judged::not_judged(NOT_TOLD);
    };
    let asked_for = given.number() as u64;
    let mut is_unknown = false;
    for Threads { before_the_job, most } in processes.iter().copied() {
        match before_the_job {
            _ if most <= asked_for => {}
            None => is_unknown = true,
            Some(0 | 1) => {
                let words = format!("{} at once", plural(most as usize, "thread"));
                return Judged::found("threads", words);
            }
            Some(before) if most < before + asked_for + STARTED_LATER => {}
            Some(before) => {
                let words = format!("{most} threads at once, and {before} before it had its job");
                return Judged::found("threads", words);
            }
        }
    }
    match is_unknown {
        true => Judged::not_judged(
            "nobody knows which threads are the runtime's: one of its processes was not at rest \
             before the program got its job",
        ),
        false => Judged::fine(),
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
    let figures = |run: &Observed| {
        let (sleeps, cpu) = (run.process.sleeps?, run.process.cpu?);
        Some((sleeps as f64, cpu, waiting(run)))
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
        return Judged::not_judged("the site saw no longer waiting than in the run before");
    }
    let share = run.1.saturating_sub(less.1).as_secs_f64() / wall;
    let sleeps = (run.0 - less.0).max(0.0) / wall;
    let slept = format!(
        "it went to sleep {} in a second of waiting",
        plural(sleeps.round() as usize, "time")
    );
    let judged = if sleeps > most as f64 {
        Judged::found("spins", slept)
    } else if sleeps >= least as f64 {
        Judged::fine()
    } else if share > SPINS_FROM {
        let words = format!("{slept}, and waiting took {:.0} % of a core", share * 100.0);
        Judged::found("spins", words)
    } else {
        let words = format!("{slept}: a page that has come lies there until it wakes up");
        Judged::found("late", words)
    };
    judged.measured(sleeps)
}

/// From the first connection to the last answer, as the site saw it. The time of the process would
/// not do: on a busy machine the start of an interpreter takes longer in one run than in the other,
/// by as much as the waiting.
fn waiting(run: &Observed) -> Duration {
    let connections = &run.site.connections;
    let first = connections.iter().map(|connection| connection.opened).min();
    let last = connections.iter().filter_map(Connection::over).max();
    last.zip(first).map_or(Duration::ZERO, |(last, first)| last.saturating_sub(first))
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;
    use crate::{Observed, Process, Threads};

    /// A program that took 20 ms to start, and then waited for so long.
    fn waited(waiting: u64, cpu: u64, sleeps: u64) -> Observed {
        let process = Process {
            wall: ms(20 + waiting),
            cpu: Some(ms(cpu)),
            sleeps: Some(sleeps),
            ..Process::default()
        };
        Observed { process, ..run(vec![connection("/1", [20, 20, 20 + waiting])]) }
    }

    /// What is found where each process had so many threads before the job, and then so many.
    fn found(most: f64, processes: &[(Option<u64>, u64)]) -> String {
        let threads =
            processes.iter().map(|&(before_the_job, most)| Threads { before_the_job, most });
        let process = Process { threads: Some(threads.collect()), ..Process::default() };
        reason(&given("threads", Value::Number(most)), &Observed { process, ..Observed::default() })
    }

    #[test]
    fn threads_are_counted() {
        assert_eq!(found(2.0, &[(Some(1), 2)]), "fine");
        assert_eq!(found(1.0, &[(Some(1), 1), (Some(1), 2)]), "threads");
        let untold = Observed::default();
        assert_eq!(reason(&given("threads", Value::Number(1.0)), &untold), "not judged");
    }

    #[test]
    fn the_threads_of_a_runtime_do_not_count() {
        assert_eq!(found(1.0, &[(Some(7), 7)]), "fine");
        assert_eq!(found(1.0, &[(Some(7), 11)]), "fine", "Node.js reads files on four more");
        assert_eq!(found(1.0, &[(Some(7), 12)]), "threads");
        assert_eq!(found(1.0, &[(Some(7), 15)]), "threads");
    }

    #[test]
    fn a_process_that_was_not_at_rest_before_the_job_is_not_judged() {
        assert_eq!(found(1.0, &[(None, 1)]), "fine", "there is nothing to tell apart");
        assert_eq!(found(1.0, &[(None, 9)]), "not judged");
        assert_eq!(found(1.0, &[(None, 9), (Some(1), 2)]), "threads");
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
        // The start of the shorter run took long.
        let mut slow_start = short.clone();
        slow_start[0].process.wall = ms(900);
        assert_eq!(reason_after(&rule, &slow_start, &waited(1100, 60, 530)), "fine");
        assert_eq!(reason_after(&rule, &short, &Observed::default()), "not judged");
        assert_eq!(reason_after(&rule, &short, &short[0]), "not judged");
    }
}
