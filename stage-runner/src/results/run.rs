//! One crawl of one entrant: what it came to.

use crawl::protocol::{OutcomeLine, Usage};
use serde::{Deserialize, Serialize};
use stage_program::Figures;

use super::{Activity, Fault};

/// What one crawl of one entrant came to.
#[derive(Clone, Debug)]
pub struct Run {
    /// Which entrant: an index into the report's.
    pub entrant: usize,
    /// Which round, from 0.
    pub round: u32,
    /// How it went as a whole.
    pub status: Status,
    /// Why it was skipped, or what went wrong with the program as a whole.
    pub fault: Option<Fault>,
    /// The exit status of the program, if it came to one.
    pub exit: Option<i32>,
    /// By index into the URLs. Only an interrupted run has gaps; one that was skipped has none at
    /// all.
    pub outcomes: Vec<Option<OutcomeLine>>,
    /// What it cost.
    pub usage: Usage,
    /// Whether the wall time is the whole life of the program, its start included, because it
    /// reported none of its own.
    pub wall_includes_start: bool,
    /// Which of these costs the system saw otherwise.
    pub doubts: Doubts,
    /// For how long the runner itself was stopped meanwhile, and with it the practice site.
    pub stopped_us: u64,
    /// The end of what a failed program printed to stderr.
    pub stderr: Vec<String>,
    /// What its workers did step by step, where that was recorded.
    pub activity: Option<Activity>,
}

/// How a run went as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Every page came.
    Ok,
    /// A page did not come, or the program itself failed.
    Failed,
    /// It could not run here.
    Skipped,
}

/// Figures that a program reported and the system saw otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Doubts {
    pub wall: bool,
    pub cpu: bool,
    pub memory: bool,
}

impl Doubts {
    /// Whether any figure is doubted.
    pub fn any(self) -> bool {
        self != Doubts::default()
    }
}

impl Run {
    /// A run that is about to fetch so many URLs.
    pub fn new(entrant: usize, round: u32, urls: usize) -> Run {
        Run {
            entrant,
            round,
            status: Status::Ok,
            fault: None,
            exit: None,
            outcomes: vec![None; urls],
            usage: Usage::default(),
            wall_includes_start: false,
            doubts: Doubts::default(),
            stopped_us: 0,
            stderr: Vec::new(),
            activity: None,
        }
    }

    /// A run that did not take place.
    pub fn skipped(entrant: usize, round: u32, why: String) -> Run {
        let fault = Some(Fault::NotHere { why });
        Run { status: Status::Skipped, fault, ..Run::new(entrant, round, 0) }
    }

    /// The outcomes that there are, in the order of the URLs.
    pub fn reported(&self) -> impl Iterator<Item = &OutcomeLine> {
        self.outcomes.iter().flatten()
    }

    /// Pages that came.
    pub fn pages(&self) -> usize {
        self.reported().filter(|outcome| outcome.error.is_none()).count()
    }

    /// Pages that did not.
    pub fn failed(&self) -> usize {
        self.reported().filter(|outcome| outcome.error.is_some()).count()
    }

    /// Numbers of the stage's own.
    pub fn figures(&self) -> Figures {
        self.usage.figures.clone().into()
    }

    /// Both kinds of CPU time.
    pub fn cpu_us(&self) -> Option<u64> {
        match (self.usage.user_us, self.usage.system_us) {
            (None, None) => None,
            (user, system) => Some(user.unwrap_or(0).saturating_add(system.unwrap_or(0))),
        }
    }

    /// When the last fetch ended.
    pub fn last_finish_us(&self) -> u64 {
        self.reported().filter_map(|outcome| outcome.finished_us).max().unwrap_or(0)
    }

    /// How long each fetch took that took any time.
    pub fn waits(&self) -> impl Iterator<Item = u64> {
        self.reported().filter_map(wait_us)
    }

    /// The most fetches that were in flight at the same time.
    pub fn most_in_flight(&self) -> usize {
        let mut moments: Vec<(u64, i32)> = Vec::new();
        for outcome in self.reported() {
            if let Some(finished) = outcome.finished_us {
                moments.extend([(outcome.started_us, 1), (finished, -1)]);
            }
        }
        // One that ends in the same microsecond makes room before the next one starts.
        moments.sort_unstable();
        let (mut now, mut most) = (0, 0);
        for (_, change) in moments {
            now += change;
            most = most.max(now);
        }
        most as usize
    }
}

/// How long one fetch took.
pub fn wait_us(outcome: &OutcomeLine) -> Option<u64> {
    Some(outcome.finished_us? - outcome.started_us)
}
