//! Processes that fetch, and what becomes of the crawl when one of them is killed.

use std::collections::BTreeSet;

use crawl::protocol::OutcomeLine;
use crawl::{ErrorKind, Worker};

use super::{Evidence, Given, Judged, NOT_TOLD, Rule, Takes};
use crate::Observed;
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
    let workers = run.outcomes.iter().flatten().map(|outcome| outcome.by);
    let named: BTreeSet<u32> = workers.filter_map(process_number).collect();
    if named.len() as u64 > most {
        let words = format!("the program names {} different processes for {pages}", named.len());
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
        // Who was not seen with a connection may have been quick: only a program without workers
        // is wrong.
        seen if seen < least && has_no_workers(run) => Judged::found("too-few-processes", words()),
        seen if seen < least => Judged::not_judged(NOT_SEEN),
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
        if process.workers.is_none() {
            return Judged::not_judged(NOT_TOLD);
        }
        if !has_no_workers(run) {
            return Judged::not_judged(NOT_SEEN);
        }
        let words = "no child process with a connection to the site was seen, so none could be \
                     killed";
        return Judged::found("no-process", words.to_owned());
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

const NOT_SEEN: &str =
    "no worker was seen while it fetched; run it again when the machine is less busy";

fn process_number(by: Worker) -> Option<u32> {
    match by {
        Worker::Process(number) => Some(number),
        Worker::Main | Worker::Thread(_) => None,
    }
}

/// Whether a program fetches without child processes: there was none, or it names threads.
fn has_no_workers(run: &Observed) -> bool {
    let is_thread = |outcome: &OutcomeLine| matches!(outcome.by, Worker::Thread(_));
    run.process.children == Some(0) || run.outcomes.iter().flatten().any(is_thread)
}

/// A worker that dies is replaced.
pub(super) const PLACE_FILLED: Rule = Rule {
    name: "place-filled",
    about: "in a run with `kill-one-worker`, another process is started afterwards, or as many \
            pages as the job allows wait at the same time again",
    takes: Takes::Nothing,
    more: &[],
    reasons: &["place-lost"],
    is_time: false,
    label: |_| "the place filled again".to_owned(),
    judge: place_filled,
};

fn place_filled(_: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let (Some(killed_after), Some(hired)) = (run.process.killed_after, run.process.hired) else {
        return Judged::not_judged(NOT_TOLD);
    };
    // On a busy machine a process may begin to fetch when no page is left: that it was started is
    // enough. Who has started one in advance needs no other.
    let told_next = run.said_at.get(killed_after);
    let later = |opened| told_next.is_some_and(|told| opened > *told);
    let peak = run
        .site
        .peak_waiting(|connection| later(connection.opened) && run.is_for_a_target(connection));
    if hired > 0 || peak >= run.concurrency {
        return Judged::fine();
    }
    if killed_after + 2 * run.concurrency > run.paths.len() {
        return Judged::not_judged("the worker was killed when hardly a page was left");
    }
    let words = format!(
        "one worker was killed after {}, and no other process was started",
        plural(killed_after, "outcome")
    );
    Judged::found("place-lost", words)
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;
    use super::*;
    use crate::{Connection, Process};

    fn with_process(mut run: Observed, workers: Option<usize>, killed: Option<usize>) -> Observed {
        run.process = Process { workers, killed_after: killed, ..Process::default() };
        run
    }

    /// Four pages of these processes.
    fn told_by(by: [u32; 4], seen: Option<usize>) -> Observed {
        let pages = ["/1", "/2", "/3", "/4"].map(|path| connection(path, [0, 1, 50]));
        let mut run = run(pages.to_vec());
        for (outcome, by) in run.outcomes.iter_mut().flatten().zip(by) {
            outcome.by = Worker::Process(by);
        }
        with_process(run, seen, None)
    }

    fn without_children() -> Observed {
        let mut run = told_by([1, 1, 1, 1], Some(0));
        run.outcomes.iter_mut().flatten().for_each(|outcome| outcome.by = Worker::Thread(1));
        run
    }

    #[test]
    fn processes_are_counted_by_name_and_by_sight() {
        let rule = given("workers", Value::Range(1, 2));
        assert_eq!(reason(&rule, &told_by([1, 2, 2, 1], Some(2))), "fine");
        assert_eq!(reason(&rule, &told_by([1, 2, 3, 4], Some(4))), "too-many-processes");
        assert_eq!(reason(&rule, &told_by([1, 2, 3, 4], None)), "too-many-processes");
        assert_eq!(reason(&rule, &told_by([1, 1, 1, 1], Some(4))), "too-many-processes");
        assert_eq!(reason(&rule, &told_by([1, 2, 2, 1], Some(0))), "not judged", "too quick");
        assert_eq!(reason(&rule, &without_children()), "too-few-processes");
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
        assert_eq!(reason(&rule, &told_by([1, 2, 1, 2], Some(0))), "not judged", "too quick");
        assert_eq!(reason(&rule, &without_children()), "no-process");
        assert_eq!(reason(&rule, &told_by([1, 2, 1, 2], None)), "not judged");
    }

    /// Two at once. One worker dies at 50 ms, another page is told at 55 ms, and from 60 ms on so
    /// many wait at once.
    fn afterwards(at_once: u64, hired: usize) -> Observed {
        let died = Connection {
            answering: None,
            answered: None,
            gave_up: Some(ms(50)),
            ..connection("/1", [0, 1, 0])
        };
        let mut all = vec![died, connection("/2", [0, 1, 100])];
        let rows = (0..3).map(|row| 60 + row * 110);
        all.extend(rows.flat_map(|from| {
            (0..at_once).map(move |n| {
                connection(&format!("/{from}-{n}"), [from + n, from + n + 1, from + 100])
            })
        }));
        let mut run = with_process(Observed { concurrency: 2, ..run(all) }, Some(3), Some(1));
        run.process.hired = Some(hired);
        run.said_at = vec![ms(40), ms(55)];
        run
    }

    #[test]
    fn a_killed_worker_is_replaced() {
        let rule = given("place-filled", Value::Nothing);
        assert_eq!(reason(&rule, &afterwards(2, 0)), "fine");
        assert_eq!(reason(&rule, &afterwards(1, 1)), "fine");
        assert_eq!(reason(&rule, &afterwards(1, 0)), "place-lost");
        let mut late = afterwards(1, 0);
        late.process.killed_after = Some(4);
        assert_eq!(reason(&rule, &late), "not judged");
        let not_killed = with_process(afterwards(1, 0), Some(2), None);
        assert_eq!(reason(&rule, &not_killed), "not judged");
    }
}
