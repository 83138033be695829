//! What a sweep came to: each stage with more and more in flight, until it goes no further.

use std::borrow::Cow;
use std::time::Duration;

use crawl::ErrorKind;
use crawl::protocol::Usage;

use super::{Build, Fault, Machine, Who};
use crate::lineup::Entrant;

/// What was asked for, and what came of it so far.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// How long each page takes: nothing is faster.
    pub delay: Duration,
    /// How many are in flight, from few to many.
    pub steps: Vec<usize>,
    /// Which runner it was.
    pub build: Build,
    /// Where it ran.
    pub machine: Machine,
    /// The version of the Python that ran the originals, if any took part.
    pub python: Option<String>,
    /// A track for each stage, in their order; those that were not reached are not in it.
    pub tracks: Vec<Track>,
    /// Whether somebody stopped it.
    pub interrupted: bool,
}

/// How far one stage came, in one language.
#[derive(Clone, Debug)]
pub struct Track {
    /// Which stage.
    pub entrant: Entrant,
    /// What it took at each step that went well.
    pub points: Vec<Point>,
    /// Why it went no further, unless it went all the way.
    pub end: Option<End>,
}

/// One run in which every page came.
#[derive(Clone, Debug)]
pub struct Point {
    /// How many fetches there were, all to be in flight at once.
    pub in_flight: usize,
    /// How many were.
    pub most_in_flight: usize,
    /// What it took.
    pub usage: Usage,
    /// The wall time over the delay of a page.
    pub over_delay: Option<f64>,
    /// CPU time of both kinds for each fetch, in microseconds.
    pub cpu_per_fetch_us: Option<f64>,
    /// What memory grew by for each fetch in flight, worker processes included.
    pub memory_per_fetch_bytes: Option<f64>,
}

/// Where a stage ends, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The step that it did not manage.
    pub in_flight: usize,
    /// Pages that came all the same.
    pub pages: usize,
    /// What ended it.
    pub why: Why,
}

/// What ended a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It waits for one page after the other, and that would take so long.
    OneByOne(Duration),
    /// It got only these of the workers that it needs.
    TooFewWorkers(Who),
    /// Its pool started no more processes than these, by a rule of its own.
    SmallPool(u64),
    /// It could have gone on, but the practice site could not: a process has only so many
    /// descriptors.
    SiteTooSmall {
        /// How many.
        has: usize,
        /// How many it would need.
        needed: usize,
    },
    /// The program as a whole failed; its last words, where it had some, say more than a signal.
    Fault(Fault, Option<String>),
    /// Pages did not come: the commonest kind of error, in the words of the first page that met it.
    Pages(ErrorKind, String),
    /// It cannot run on this system.
    NotHere(String),
}

impl Why {
    /// The word for it in JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Why::OneByOne(_) => "one-by-one",
            Why::TooFewWorkers(_) | Why::SmallPool(_) => "too-few-workers",
            Why::SiteTooSmall { .. } => "site-too-small",
            Why::Fault(..) | Why::Pages(..) => "failed",
            Why::NotHere(_) => "skipped",
        }
    }
}

impl Track {
    /// What it is called: `epoll in Python`.
    pub fn title(&self) -> Cow<'_, str> {
        self.entrant.title()
    }

    /// That it ends somewhere is what a sweep is about; that it never began is not.
    pub fn is_fine(&self) -> bool {
        match &self.end {
            Some(end) if self.points.is_empty() => {
                matches!(end.why, Why::NotHere(_) | Why::OneByOne(_)) && !self.entrant.by_name
            }
            _ => true,
        }
    }
}
