//! What a program tells of its workers, step by step, each line checked.

use std::collections::HashMap;

use crawl::Worker;
use crawl::protocol::{ActivityLine, MAX_PLACE, SLEPT_FROM};

use super::checked::CLOCKS_DIFFER_US;
use crate::results::{Activity, Did, Place, State, Step, Tenths, WrongLine};
use crate::words;

/// The longest word that is kept of what began a step.
const MAX_WORD: usize = 40;

/// The steps of one run, as they come in.
///
/// Invariant: the steps of each worker are in order and do not overlap.
#[derive(Debug, Default)]
pub struct Recorded {
    activity: Activity,
    workers: HashMap<Worker, usize>,
    /// By worker: when its last step ended.
    ends: Vec<Tenths>,
    places: HashMap<String, usize>,
}

impl Recorded {
    /// Takes a step of a program that has run for so long and has so many targets.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn take(
        &mut self,
        line: ActivityLine,
        targets: usize,
        running_us: u64,
    ) -> Result<(), WrongLine> {
        let (from, to) = (line.from_us, line.to_us);
        if to < from {
            return Err(WrongLine::StepBackwards);
        }
        if let Some(target) = line.target.filter(|target| *target >= targets) {
            return Err(WrongLine::UnknownTarget { target, targets });
        }
        let latest_us = to.micros();
        if latest_us > running_us + CLOCKS_DIFFER_US {
            return Err(WrongLine::FromTheFuture { latest_us, running_us });
        }
        let worker = self.worker(line.by);
        if from < self.ends[worker] {
            return Err(WrongLine::StepOverlaps { by: line.by.to_string() });
        }
        self.ends[worker] = to;
        if self.activity.steps.len() >= Activity::MAX_STEPS {
            self.activity.dropped += 1;
            return Ok(());
        }
        let length = Tenths(to.0 - from.0);
        let place = line.at.as_deref().map(|at| self.place(at));
        self.activity.steps.push(Step {
            from,
            length,
            worker,
            did: line.did.map(|did| match did {
                Did::Other(word) => Did::Other(words::cut(&words::escaped(&word), MAX_WORD)),
                known => known,
            }),
            state: line.state,
            target: line.target,
            place,
            number: line.tries.or(line.bytes).or(line.ready),
            asleep: line.asleep.unwrap_or(is_call(line.state) && length >= SLEPT_FROM),
        });
        Ok(())
    }

    /// The whole, in the order of the workers' names and of the steps' begins; the program had no
    /// room for so many steps more.
    pub fn finish(mut self, dropped: Option<u64>) -> Activity {
        self.activity.dropped += dropped.unwrap_or(0);
        let mut activity = self.activity;
        let mut order: Vec<usize> = (0..activity.workers.len()).collect();
        order.sort_by_key(|worker| activity.workers[*worker]);
        let mut place = vec![0; order.len()];
        for (sorted, worker) in order.iter().enumerate() {
            place[*worker] = sorted;
        }
        activity.workers.sort();
        activity.steps.iter_mut().for_each(|step| step.worker = place[step.worker]);
        activity.steps.sort_by_key(|step| (step.from, step.worker));
        activity
    }

    fn worker(&mut self, by: Worker) -> usize {
        *self.workers.entry(by).or_insert_with(|| {
            self.activity.workers.push(by);
            self.ends.push(Tenths(0));
            self.ends.len() - 1
        })
    }

    fn place(&mut self, at: &str) -> usize {
        let at = words::cut(&words::escaped(at), MAX_PLACE);
        let places = &mut self.activity.places;
        *self.places.entry(at).or_insert_with_key(|at| {
            places.push(Place::from(&**at));
            places.len() - 1
        })
    }
}

/// Whether the worker is in a call that may sleep.
fn is_call(state: State) -> bool {
    match state {
        State::Connecting | State::Sending | State::Receiving | State::Selecting => true,
        State::Starting | State::Spinning | State::Running => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(lines: &[(&str, &str)]) -> Result<Activity, WrongLine> {
        let mut recorded = Recorded::default();
        for (by, rest) in lines {
            let json = format!(r#"{{"by":"{by}","state":"receiving",{rest}}}"#);
            recorded.take(serde_json::from_str(&json).unwrap(), 2, 1000)?;
        }
        Ok(recorded.finish(Some(3)))
    }

    #[test]
    fn steps_are_kept_in_order_and_places_once() {
        let activity = take(&[
            ("thread 2", r#""from_us":5,"to_us":104.9,"at":"a.py:1","target":1"#),
            ("thread 2", r#""from_us":104.9,"to_us":204.9,"at":"a.py:1","did":"sent","bytes":7"#),
            ("thread 1", r#""from_us":0,"to_us":900,"asleep":false"#),
        ]);
        let activity = activity.unwrap();
        assert_eq!(activity.workers, [Worker::Thread(1), Worker::Thread(2)]);
        assert_eq!(activity.places, ["a.py:1"].map(Place::from));
        assert_eq!(activity.dropped, 3);
        let [thread, first, second] = &activity.steps[..] else { panic!("{activity:?}") };
        assert_eq!((thread.worker, thread.asleep, thread.place), (0, false, None));
        assert_eq!((first.worker, first.length, first.target), (1, Tenths(999), Some(1)));
        assert!(!first.asleep);
        assert!(second.asleep, "100 µs and more in a call are sleep");
        assert_eq!((&second.did, second.number), (&Some(Did::Sent), Some(7)));
        assert_eq!((first.place, second.place), (Some(0), Some(0)));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let main = |rest| take(&[("main", rest)]).unwrap_err();
        assert_eq!(main(r#""from_us":5,"to_us":4.9"#), WrongLine::StepBackwards);
        let unknown = WrongLine::UnknownTarget { target: 2, targets: 2 };
        assert_eq!(main(r#""from_us":0,"to_us":1,"target":2"#), unknown);
        let future = WrongLine::FromTheFuture { latest_us: 200_000, running_us: 1000 };
        assert_eq!(main(r#""from_us":0,"to_us":200000"#), future);
        let first = ("main", r#""from_us":0,"to_us":5"#);
        let overlap = take(&[first, ("main", r#""from_us":4.9,"to_us":6"#)]);
        assert_eq!(overlap, Err(WrongLine::StepOverlaps { by: "main".to_owned() }));
        assert!(take(&[first, ("process 1", r#""from_us":0,"to_us":6"#)]).is_ok());
    }

    #[test]
    fn foreign_words_are_escaped_and_cut() {
        let long = "x".repeat(300);
        let at = format!(r#""from_us":0,"to_us":1,"did":"\u001b[2J{long}","at":"\u0007{long}""#);
        let activity = take(&[("main", &at)]).unwrap();
        let Some(Did::Other(did)) = &activity.steps[0].did else { panic!("{activity:?}") };
        let place = activity.places[0].to_string();
        assert!(did.starts_with(r"\u{1b}[2Jxxx") && did.chars().count() <= MAX_WORD, "{did}");
        assert!(place.starts_with(r"\u{7}xxx") && place.chars().count() <= MAX_PLACE, "{place}");
    }

    #[test]
    fn too_many_steps_are_counted() {
        let mut recorded = Recorded::default();
        let json = r#"{"by":"main","state":"running","from_us":0,"to_us":0}"#;
        let line: ActivityLine = serde_json::from_str(json).unwrap();
        for _ in 0..Activity::MAX_STEPS + 2 {
            recorded.take(line.clone(), 0, 0).unwrap();
        }
        let activity = recorded.finish(None);
        assert_eq!((activity.steps.len(), activity.dropped), (Activity::MAX_STEPS, 2));
    }
}
