//! Fetches that kept an event loop from all others.

use crawl::Worker;
use crawl::protocol::OutcomeLine;

use super::Run;

/// Shorter than this, it may be the system.
const AT_LEAST_US: u64 = 20_000;

/// Whatever moves this close to the end of a fetch has waited for that end.
const AT_ONCE_US: u64 = 2_000;

/// One other fetch may move at the same moment by chance.
const OTHERS: usize = 2;

/// A fetch that seems to have blocked the loop: while it received, no other fetch moved, and as
/// soon as it ended, several did. It is inferred from the times: no program tells that it blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Which fetch.
    pub target: usize,
    /// From when.
    pub from_us: u64,
    /// To when.
    pub to_us: u64,
    /// How many other fetches moved at once when it ended.
    pub moved: usize,
}

impl Blocked {
    /// All such fetches of a run on one thread.
    pub fn all(run: &Run) -> Vec<Blocked> {
        if !run.reported().all(|outcome| outcome.by == Worker::Main) {
            return Vec::new();
        }
        let mut moves: Vec<(u64, usize)> = run.reported().flat_map(moves).collect();
        moves.sort_unstable();
        run.reported().filter_map(|outcome| blocked(run, outcome, &moves)).collect()
    }

    /// How long it took.
    pub fn us(&self) -> u64 {
        self.to_us - self.from_us
    }
}

fn moves(outcome: &OutcomeLine) -> impl Iterator<Item = (u64, usize)> {
    let target = outcome.target;
    let moments = [outcome.connected_us, outcome.first_byte_us, outcome.finished_us];
    moments.into_iter().flatten().map(move |moment| (moment, target))
}

fn blocked(run: &Run, outcome: &OutcomeLine, moves: &[(u64, usize)]) -> Option<Blocked> {
    let (target, from_us, to_us) = (outcome.target, outcome.first_byte_us?, outcome.finished_us?);
    if to_us.saturating_sub(from_us) < AT_LEAST_US {
        return None;
    }
    // In the round of the loop in which it began to block, others may have had their turn before
    // it, and in the round after that, before its end.
    let before = |time: u64| moves.partition_point(|(moment, _)| *moment < time);
    let quiet = &moves[before(from_us + AT_ONCE_US)..before(to_us - AT_ONCE_US)];
    if quiet.iter().any(|(_, other)| *other != target) {
        return None;
    }
    let soon = &moves[before(to_us - AT_ONCE_US)..before(to_us.saturating_add(AT_ONCE_US))];
    let was_waiting = |other: &usize| {
        *other != target
            && run.outcomes[*other].as_ref().is_some_and(|other| other.started_us < from_us)
    };
    let mut moved: Vec<usize> = soon.iter().map(|(_, other)| *other).filter(was_waiting).collect();
    moved.sort_unstable();
    moved.dedup();
    (moved.len() >= OTHERS).then_some(Blocked { target, from_us, to_us, moved: moved.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many pages that come at 450 ms, of which one takes so much longer to receive.
    fn run(by: &str, receiving_us: u64, others_us: u64) -> Run {
        let outcome = |target: usize| {
            let first_byte = if target == 1 { 450_000 } else { others_us + target as u64 * 50 };
            let finished = first_byte + if target == 1 { receiving_us } else { 30 };
            let line = serde_json::json!({
                "target": target, "by": by, "status": 200, "bytes": 1, "error": null,
                "started_us": 10 * target, "connected_us": 200 + target, "sent_us": 300 + target,
                "first_byte_us": first_byte, "finished_us": finished,
            });
            Some(serde_json::from_value(line).unwrap())
        };
        Run { outcomes: (0..5).map(outcome).collect(), ..Run::new(0, 0, 0) }
    }

    #[test]
    fn a_fetch_that_keeps_the_loop_from_the_others_is_found() {
        let blocked = Blocked { target: 1, from_us: 450_000, to_us: 550_000, moved: 4 };
        assert_eq!(Blocked::all(&run("main", 100_000, 550_010)), [blocked]);
        assert_eq!(blocked.us(), 100_000);
        assert_eq!(Blocked::all(&run("main", 100_000, 549_500)), [blocked], "they came before it");
    }

    #[test]
    fn a_slow_page_blocks_nobody() {
        assert_eq!(Blocked::all(&run("main", 100_000, 460_100)), [], "the others came meanwhile");
        assert_eq!(Blocked::all(&run("main", 100_000, 700_000)), [], "nobody waited for its end");
        assert_eq!(Blocked::all(&run("main", 30, 450_040)), [], "it was quick");
        assert_eq!(Blocked::all(&run("thread 1", 100_000, 550_010)), [], "there is no loop");
    }
}
