//! What a recorded step is to a reader: one of a few kinds.

use std::collections::BTreeSet;

use crate::results::{Activity, Did, State, Step};

/// Whoever asks no more often than this has not asked again and again: an event loop, too, asks in
/// vain now and then.
const NOW_AND_THEN: u64 = 10;

/// What a worker does during a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the words of `Kind::WORDS` say what they mean")]
pub enum Kind {
    Starting,
    Begun,
    Connect,
    Connecting,
    Connected,
    Send,
    Sent,
    Parked,
    Receive,
    Resumed,
    Checks,
    Received,
    CallFailed,
    Done,
    Failed,
    Slept,
    Woken,
    Asked,
    Spun,
    Ran,
    Others,
}

impl Kind {
    /// The words by which the page's script knows them, in the order of the kinds.
    pub const WORDS: [&str; 21] = [
        "starting",
        "begun",
        "connect",
        "connecting",
        "connected",
        "send",
        "sent",
        "parked",
        "receive",
        "resumed",
        "checks",
        "received",
        "callFailed",
        "done",
        "failed",
        "slept",
        "woken",
        "asked",
        "spun",
        "ran",
        "others",
    ];

    /// The kind of a step; of one that ends a fetch it matters whether the fetch failed.
    pub fn of(step: &Step, has_failed: bool) -> Kind {
        match (&step.did, step.state) {
            (_, State::Starting) => Kind::Starting,
            (Some(Did::Finished), _) if has_failed => Kind::Failed,
            (Some(Did::Finished), _) => Kind::Done,
            (Some(Did::Begun), _) => Kind::Begun,
            (Some(Did::Connecting), _) => Kind::Connecting,
            (Some(Did::Failed), _) => Kind::CallFailed,
            (Some(Did::Connected), _) => Kind::Connected,
            (Some(Did::Sent), _) => Kind::Sent,
            (Some(Did::Parked), _) => Kind::Parked,
            (Some(Did::Resumed), State::Receiving) => Kind::Resumed,
            (Some(Did::Resumed), _) => Kind::Checks,
            (Some(Did::Received), _) => Kind::Received,
            (Some(Did::Asked), _) if step.number.unwrap_or(0) <= NOW_AND_THEN => Kind::Asked,
            (Some(Did::Asked), _) | (_, State::Spinning) => Kind::Spun,
            (Some(Did::Woken), _) => Kind::Woken,
            (Some(Did::Slept), _) | (_, State::Selecting) => Kind::Slept,
            (_, State::Connecting) => Kind::Connect,
            (_, State::Sending) => Kind::Send,
            (_, State::Receiving) => Kind::Receive,
            (_, State::Running) => Kind::Ran,
        }
    }
}

/// Whether code ran in this step: the worker was there, and not asleep.
pub fn is_awake(step: &Step) -> bool {
    !step.asleep && step.state != State::Starting
}

/// A worker was woken.
pub struct Wake {
    /// The number of the step with which it goes on.
    pub step: usize,
    /// For these pages: those with a step before the same worker waits again. A page that begins
    /// then was not waiting.
    pub targets: Vec<usize>,
}

/// The wakes of all workers, in the order in which they came.
pub fn wakes(activity: &Activity) -> Vec<Wake> {
    let mut wakes: Vec<Wake> = Vec::new();
    // By worker: its last wake, until it waits again, and the pages that have begun since.
    let mut open: Vec<Option<usize>> = vec![None; activity.workers.len()];
    let mut begun: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); activity.workers.len()];
    for (number, step) in activity.steps.iter().enumerate() {
        let (open, begun) = (&mut open[step.worker], &mut begun[step.worker]);
        match (Kind::of(step, false), step.target) {
            (Kind::Woken, _) => {
                *open = Some(wakes.len());
                begun.clear();
                wakes.push(Wake { step: number, targets: Vec::new() });
            }
            (Kind::Slept, _) => *open = None,
            (Kind::Begun, Some(target)) => {
                begun.insert(target);
            }
            (_, Some(target)) if !begun.contains(&target) => {
                let targets = open.map(|at| &mut wakes[at].targets);
                if let Some(targets) = targets.filter(|targets| !targets.contains(&target)) {
                    targets.push(target);
                }
            }
            _ => {}
        }
    }
    wakes
}

/// The workers that have a lane of their own: the only one; of several, those that wait for many
/// sockets in a loop. Any other worker sleeps in a call of its page, and is seen there.
pub fn lanes(activity: &Activity) -> Vec<usize> {
    let mut is_loop = vec![activity.workers.len() == 1; activity.workers.len()];
    for step in &activity.steps {
        is_loop[step.worker] |= matches!(Kind::of(step, false), Kind::Slept | Kind::Woken);
    }
    (0..is_loop.len()).filter(|worker| is_loop[*worker]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Tenths;
    use crate::views::sample;

    #[test]
    fn what_a_step_is_follows_from_its_word_and_its_state() {
        let kind = |did: Option<Did>, state: State, number: Option<u64>, has_failed: bool| {
            let step = Step { did, state, number, ..sample::activity().steps[0].clone() };
            Kind::WORDS[Kind::of(&step, has_failed) as usize]
        };
        for (did, state, word) in [
            (None, State::Starting, "starting"),
            (Some(Did::Begun), State::Running, "begun"),
            (Some(Did::Calling), State::Connecting, "connect"),
            (Some(Did::Calling), State::Receiving, "receive"),
            (Some(Did::Resumed), State::Receiving, "resumed"),
            (Some(Did::Resumed), State::Running, "checks"),
            (Some(Did::Slept), State::Selecting, "slept"),
            (None, State::Selecting, "slept"),
            (Some(Did::Woken), State::Running, "woken"),
            (Some(Did::Finished), State::Running, "done"),
            (Some(Did::Other("brewed".to_owned())), State::Sending, "send"),
        ] {
            assert_eq!(kind(did, state, None, false), word);
        }
        assert_eq!(kind(Some(Did::Finished), State::Running, None, true), "failed");
        assert_eq!(kind(Some(Did::Asked), State::Spinning, Some(1), false), "asked");
        assert_eq!(kind(Some(Did::Asked), State::Spinning, Some(9_000), false), "spun");
        assert_eq!(kind(None, State::Running, None, false), "ran");
    }

    /// A loop hands a finished page over and begins the next one, before it goes on with others.
    #[test]
    fn a_page_that_begins_after_a_wake_was_not_woken() {
        let step = |worker, target, did: Did, from| Step {
            from: Tenths(from),
            worker,
            did: Some(did),
            target,
            ..sample::activity().steps[0].clone()
        };
        let steps = vec![
            step(0, None, Did::Woken, 0),
            step(1, None, Did::Woken, 5),
            step(0, Some(0), Did::Finished, 10),
            step(0, Some(9), Did::Begun, 20),
            step(1, Some(7), Did::Resumed, 25),
            step(0, Some(9), Did::Parked, 30),
            step(0, Some(1), Did::Resumed, 40),
            step(0, None, Did::Slept, 50),
            step(0, Some(2), Did::Resumed, 60),
        ];
        let workers = vec![crawl::Worker::Thread(1), crawl::Worker::Thread(2)];
        let activity = Activity { workers, places: Vec::new(), steps, dropped: 0 };
        let wakes: Vec<_> = wakes(&activity).into_iter().map(|it| (it.step, it.targets)).collect();
        assert_eq!(wakes, [(0, vec![0, 1]), (1, vec![7])]);
        assert_eq!(lanes(&activity), [0, 1]);
    }
}
