//! Processes that fetch, and what becomes of the crawl when one of them is killed.

use std::collections::BTreeSet;

use crawl::ErrorKind;

use super::{Evidence, Given, Judged, NOT_TOLD, Rule, Takes};
use crate::Seen;
use crate::words::plural;

/// As many processes fetch as asked for.
pub(super) const WORKERS: Rule = Rule {
    name: "workers",
    about: "LEAST to MOST different child processes have a connection to the site, over the whole \
            run; and the program does not name more (`by`)",
    takes: Takes::Range,
    more: &[],
    reasons: &["too-few-processes", "too-many-processes"],
    is_time: false,
    label: |given| format!("no more than {} hired", plural(given.range().1 as usize, "worker")),
    judge: workers,
};

fn workers(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let (least, most) = given.range();
    let pages = plural(run.paths.len(), "page");
    let named: BTreeSet<String> =
        run.outcomes.iter().flatten().map(|outcome| outcome.by.to_string()).collect();
    if named.len() as u64 > most {
        let words = format!("the program names {} different workers for {pages}", named.len());
        return Judged::found("too-many-processes", words);
    }
    let Some(workers) = run.process.workers else { return Judged::not_judged(NOT_TOLD) };
    let words = || {
        let workers = match workers {
            1 => "1 child process".to_owned(),
            _ => format!("{workers} child processes"),
        };
        format!("{workers} with a connection to the site seen, for {pages}")
    };
    match workers as u64 {
        seen if seen < least => Judged::found("too-few-processes", words()),
        seen if seen > most => Judged::found("too-many-processes", words()),
        _ => Judged::fine(),
    }
}

/// The death of a worker costs no more than its own page.
pub(super) const LOST_AT_MOST: Rule = Rule {
    name: "lost-at-most",
    about: "in a run with `kill-one-worker`, at most N pages are told as failed, each as \
            `worker-died`",
    takes: Takes::Number,
    more: &[],
    reasons: &["no-process", "lost", "kind"],
    is_time: false,
    label: |given| format!("at most {} lost", plural(given.number() as usize, "page")),
    judge: lost_at_most,
};

fn lost_at_most(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let process = &run.process;
    let Some(killed_after) = process.killed_after else {
        return match process.workers {
            None => Judged::not_judged(NOT_TOLD),
            Some(_) => {
                let words = "no child process with a connection to the site was seen, so none \
                             could be killed";
                Judged::found("no-process", words.to_owned())
            }
        };
    };
    let errors: Vec<_> = run
        .outcomes
        .iter()
        .flatten()
        .filter_map(|outcome| Some((outcome.target, outcome.error.as_ref()?)))
        .collect();
    if errors.len() as f64 > given.number() {
        let (after, lost) = (plural(killed_after, "outcome"), plural(errors.len(), "page"));
        let words = format!("one worker was killed after {after}, and {lost} were told as failed");
        return Judged::found("lost", words);
    }
    match errors.iter().find(|(_, error)| error.kind != ErrorKind::WorkerDied) {
        None => Judged::fine(),
        Some((target, error)) => {
            let path = &run.paths[*target];
            let words = format!("one worker was killed, and {path} was told as {}", error.kind);
            Judged::found("kind", words)
        }
    }
}

/// A worker that dies is replaced.
pub(super) const PLACE_FILLED: Rule = Rule {
    name: "place-filled",
    about: "in a run with `kill-one-worker`, as many pages as the job allows wait at the same time \
            again afterwards. Choose enough pages for a new process to start meanwhile, on a busy \
            machine too: 3 s and more",
    takes: Takes::Nothing,
    more: &[],
    reasons: &["place-lost"],
    is_time: false,
    label: |_| "the place filled again".to_owned(),
    judge: place_filled,
};

fn place_filled(_: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    if run.process.killed_after.is_none() {
        return Judged::not_judged(NOT_TOLD);
    }
    // The site sees the death as a client that gives up. If the worker had just got its answer,
    // it sees nothing, and there is nothing to judge by.
    let deaths = run.site.connections.iter().filter_map(|connection| connection.gave_up);
    let Some(death) = deaths.min() else { return Judged::fine() };
    let later = run.site.connections.iter().filter(|connection| connection.opened > death);
    let later = Seen { connections: later.cloned().collect() };
    match later.peak_waiting(|connection| run.is_for_a_target(connection)) {
        peak if peak >= run.concurrency => Judged::fine(),
        peak => Judged::found(
            "place-lost",
            format!(
                "one worker was killed, and afterwards no more than {} waited at once; the job \
                 allows {}",
                plural(peak, "page"),
                run.concurrency
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use crawl::Worker;

    use super::super::Value;
    use super::super::by_hand::*;
    use super::*;
    use crate::{Connection, Observed, Process};

    fn with_process(mut run: Observed, workers: Option<usize>, killed: Option<usize>) -> Observed {
        run.process = Process { workers, killed_after: killed, ..Process::default() };
        run
    }

    /// Four pages of these workers.
    fn told_by(by: [u32; 4], seen: Option<usize>) -> Observed {
        let pages = ["/1", "/2", "/3", "/4"].map(|path| connection(path, [0, 1, 50]));
        let mut run = run(pages.to_vec());
        for (outcome, by) in run.outcomes.iter_mut().flatten().zip(by) {
            outcome.by = Worker::Process(by);
        }
        with_process(run, seen, None)
    }

    #[test]
    fn processes_are_counted_by_name_and_by_sight() {
        let rule = given("workers", Value::Range(1, 2));
        assert_eq!(reason(&rule, &told_by([1, 2, 2, 1], Some(2))), "fine");
        assert_eq!(reason(&rule, &told_by([1, 2, 3, 4], Some(4))), "too-many-processes");
        assert_eq!(reason(&rule, &told_by([1, 2, 3, 4], None)), "too-many-processes");
        assert_eq!(reason(&rule, &told_by([1, 1, 1, 1], Some(4))), "too-many-processes");
        assert_eq!(reason(&rule, &told_by([1, 2, 2, 1], Some(0))), "too-few-processes");
        assert_eq!(reason(&rule, &told_by([1, 2, 2, 1], None)), "not judged");
    }

    #[test]
    fn a_killed_worker_costs_one_page() {
        let rule = given("lost-at-most", Value::Number(1.0));
        let lost = |kinds: &[ErrorKind]| {
            let mut run = with_process(told_by([1, 2, 1, 2], None), Some(2), Some(1));
            for (target, kind) in kinds.iter().enumerate() {
                run.outcomes[target] = Some(failed(target, *kind));
            }
            run
        };
        assert_eq!(reason(&rule, &lost(&[])), "fine");
        assert_eq!(reason(&rule, &lost(&[ErrorKind::WorkerDied])), "fine");
        assert_eq!(reason(&rule, &lost(&[ErrorKind::Io])), "kind");
        assert_eq!(reason(&rule, &lost(&[ErrorKind::WorkerDied; 2])), "lost");
        assert_eq!(reason(&rule, &told_by([1, 2, 1, 2], Some(0))), "no-process");
        assert_eq!(reason(&rule, &told_by([1, 2, 1, 2], None)), "not judged");
    }

    /// Two at once. One worker dies at 50 ms, and from 51 ms on so many wait at once.
    fn afterwards(at_once: u64) -> Observed {
        let died = Connection {
            answering: None,
            answered: None,
            gave_up: Some(ms(50)),
            ..connection("/1", [0, 1, 0])
        };
        let mut all = vec![died, connection("/2", [0, 1, 100])];
        all.extend((0..at_once).map(|n| connection(&format!("/{}", n + 3), [60 + n, 61 + n, 160])));
        let run = Observed { concurrency: 2, ..run(all) };
        with_process(run, Some(3), Some(1))
    }

    #[test]
    fn a_killed_worker_is_replaced() {
        let rule = given("place-filled", Value::Nothing);
        assert_eq!(reason(&rule, &afterwards(2)), "fine");
        assert_eq!(reason(&rule, &afterwards(1)), "place-lost");
        let not_killed = with_process(afterwards(1), Some(2), None);
        assert_eq!(reason(&rule, &not_killed), "not judged");
    }
}
