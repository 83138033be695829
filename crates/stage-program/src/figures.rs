//! Numbers of a stage's own.

use std::collections::BTreeMap;
use std::time::Duration;

/// The names that the known figures have in the protocol.
const FAILED_READS: &str = "failed reads";
const WORKERS: &str = "workers";
const WORKERS_ASKED_FOR: &str = "workers asked for";
const PROCESSES_STARTED: &str = "processes started";
const SLOWEST_START: &str = "slowest start in µs";

/// What only the stage itself can tell about its crawl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extra {
    /// Numbers of its own.
    pub figures: Figures,
    /// Memory that its worker processes had for themselves alone, where that is known.
    pub workers_private_bytes: Option<u64>,
}

/// A stage without figures of its own and without worker processes.
impl Default for Extra {
    fn default() -> Extra {
        Extra { figures: Figures::default(), workers_private_bytes: Some(0) }
    }
}

/// The numbers of a stage's own: in the protocol, `figures` by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How often it asked a socket that was not ready. Counted by [`run`](crate::run) from the
    /// outcomes.
    pub failed_reads: Option<u64>,
    /// How many workers a pool had, at any time.
    pub workers: Option<u64>,
    /// How many it asked the system for.
    pub workers_asked_for: Option<u64>,
    /// How many worker processes it started: one that dies is replaced.
    pub processes_started: Option<u64>,
    /// How long the slowest of them took to start.
    pub slowest_start: Option<Duration>,
    /// Others, by the name under which they are shown.
    pub others: BTreeMap<String, u64>,
}

impl From<BTreeMap<String, u64>> for Figures {
    fn from(mut by_name: BTreeMap<String, u64>) -> Figures {
        Figures {
            failed_reads: by_name.remove(FAILED_READS),
            workers: by_name.remove(WORKERS),
            workers_asked_for: by_name.remove(WORKERS_ASKED_FOR),
            processes_started: by_name.remove(PROCESSES_STARTED),
            slowest_start: by_name.remove(SLOWEST_START).map(Duration::from_micros),
            others: by_name,
        }
    }
}

impl From<Figures> for BTreeMap<String, u64> {
    fn from(figures: Figures) -> BTreeMap<String, u64> {
        let slowest = figures.slowest_start.map(|time| time.as_micros() as u64);
        let known = [
            (FAILED_READS, figures.failed_reads),
            (WORKERS, figures.workers),
            (WORKERS_ASKED_FOR, figures.workers_asked_for),
            (PROCESSES_STARTED, figures.processes_started),
            (SLOWEST_START, slowest),
        ];
        let known = known.into_iter().filter_map(|(name, n)| Some((name.to_owned(), n?)));
        figures.others.into_iter().chain(known).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_come_back_from_their_names() {
        let figures = Figures {
            failed_reads: Some(3),
            workers: Some(2),
            workers_asked_for: Some(20),
            processes_started: Some(2),
            slowest_start: Some(Duration::from_micros(1300)),
            others: BTreeMap::from([("cups of coffee".to_owned(), 2)]),
        };
        let by_name: BTreeMap<String, u64> = figures.clone().into();
        assert_eq!(by_name.len(), 6);
        assert_eq!(by_name["slowest start in µs"], 1300);
        assert_eq!(Figures::from(by_name), figures);
        assert_eq!(BTreeMap::from(Figures::default()), BTreeMap::new());
    }
}
