//! What a sweep came to: each stage with more and more in flight, until it goes no further.

use std::borrow::Cow;
use std::time::Duration;

use crawl::ErrorKind;
use crawl::protocol::Usage;

use super::{Build, Fault, Machine, Who};
use crate::lineup::Entrant;
use crate::words;

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

impl End {
    /// Why it ends there, in words.
    pub fn reason(&self) -> String {
        let in_flight = words::count(self.in_flight as u64);
        match &self.why {
            Why::OneByOne(time) => {
                let time = words::roughly(*time);
                format!("one page after the other: {in_flight} would take {time}")
            }
            Why::TooFewWorkers(Who { kind, count }) => {
                let workers = words::plural(*count, kind.noun());
                format!("the system gave it {workers} of {in_flight}")
            }
            Why::SmallPool(most) => {
                let processes = words::plural(*most, "process");
                format!("its pool started {processes} and no more")
            }
            Why::SiteTooSmall { has, needed } => format!(
                "a process has {} descriptors here, too few for a site with {in_flight} \
                 connections: ulimit -n {needed}, as root, allows them",
                words::count(*has as u64)
            ),
            Why::Fault(fault, last_words) => {
                let joint = if matches!(fault, Fault::WrongLine { .. }) { "its " } else { "" };
                let last_words = last_words.as_ref().map(|line| format!(" ({line})"));
                words::escaped(&format!("{joint}{fault}{}", last_words.unwrap_or_default()))
            }
            Why::Pages(ErrorKind::Io, message) => words::escaped(message),
            Why::Pages(kind, message) => words::escaped(&format!("{kind}: {message}")),
            Why::NotHere(why) => why.clone(),
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

impl Sweep {
    /// Tracks that end at the same step for the same reason, together.
    pub fn common_ends(&self) -> Vec<(Vec<&Track>, &End)> {
        let mut ends: Vec<(Vec<&Track>, &End)> = Vec::new();
        for track in &self.tracks {
            let Some(end) = &track.end else { continue };
            let is_same =
                |other: &End| other.in_flight == end.in_flight && other.reason() == end.reason();
            match ends.iter_mut().find(|(_, other)| is_same(other)) {
                Some((tracks, _)) => tracks.push(track),
                None => ends.push((vec![track], end)),
            }
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::WorkerKind;

    #[test]
    fn an_end_says_why() {
        let gone = Fault::Interrupted;
        for (why, reason) in [
            (
                Why::OneByOne(Duration::from_secs(20)),
                "one page after the other: 1,000 would take 20 s",
            ),
            (
                Why::TooFewWorkers(Who { kind: WorkerKind::Thread, count: 900 }),
                "the system gave it 900 threads of 1,000",
            ),
            (
                Why::SiteTooSmall { has: 1024, needed: 1064 },
                "a process has 1,024 descriptors here, too few for a site with 1,000 connections: \
                 ulimit -n 1064, as root, allows them",
            ),
            (Why::Fault(gone, Some("oh\u{7} no".to_owned())), r"interrupted (oh\u{7} no)"),
            (Why::Pages(ErrorKind::Io, "no socket".to_owned()), "no socket"),
            (Why::Pages(ErrorKind::Timeout, "late".to_owned()), "timeout: late"),
        ] {
            assert_eq!(End { in_flight: 1000, pages: 0, why }.reason(), reason);
        }
    }
}
