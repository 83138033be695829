//! What the workers of a run did, step by step: a recorded run.

use std::fmt;

use crawl::Worker;

pub use crawl::protocol::{Did, State, Tenths};

/// A recorded run.
///
/// Invariant: the steps are in the order in which they began. Those of one worker follow one
/// another and do not overlap. Each number of a worker, of a place and of a target exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Who took part.
    pub workers: Vec<Worker>,
    /// Each place in the code once.
    pub places: Vec<Place>,
    /// What they did.
    pub steps: Vec<Step>,
    /// Steps beyond [`Activity::MAX_STEPS`], which were counted and are not here.
    pub dropped: u64,
}

/// One worker does one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When it began, counted from the begin of the crawl.
    pub from: Tenths,
    /// How long it took.
    pub length: Tenths,
    /// Which worker: an index into [`Activity::workers`].
    pub worker: usize,
    /// What began it.
    pub did: Option<Did>,
    /// What the worker was busy with.
    pub state: State,
    /// Whose code it was: an index into the URLs. `None` is the loop's own.
    pub target: Option<usize>,
    /// Where in the code: an index into [`Activity::places`].
    pub place: Option<usize>,
    /// After `sent` and `received` the bytes, after `asked` how often a socket was asked that was
    /// not ready, after `woken` how many sockets were ready (0: a deadline has passed).
    pub number: Option<u64>,
    /// Whether the thread slept in it.
    pub asleep: bool,
}

/// A place in the code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Its path in the repository; or whatever a program says.
    pub file: String,
    /// Its line, from 1; `None` where a program names none.
    pub line: Option<u32>,
}

impl Activity {
    /// The most steps of a run that are kept.
    pub const MAX_STEPS: usize = 200_000;

    /// The steps of one worker.
    pub fn steps_of(&self, worker: usize) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.worker == worker)
    }

    /// Where a step was.
    pub fn place(&self, step: &Step) -> Option<&Place> {
        step.place.map(|place| &self.places[place])
    }
}

impl Step {
    /// When it ended.
    pub fn to(&self) -> Tenths {
        Tenths(self.from.0.saturating_add(self.length.0))
    }
}

impl From<&str> for Place {
    fn from(text: &str) -> Place {
        let split = text.rsplit_once(':');
        match split.and_then(|(file, line)| Some((file, line.parse().ok()?))) {
            Some((file, line)) => Place { file: file.to_owned(), line: Some(line) },
            None => Place { file: text.to_owned(), line: None },
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_file_and_a_line() {
        let place = |file: &str, line| Place { file: file.to_owned(), line };
        assert_eq!(Place::from("src/a.rs:12"), place("src/a.rs", Some(12)));
        assert_eq!(Place::from(r"C:\a.py:3"), place(r"C:\a.py", Some(3)));
        for odd in ["a.py", "", ":", "a:b", "a:-1"] {
            assert_eq!(Place::from(odd), place(odd, None));
        }
        for text in ["src/a.rs:12", "a.py", ":"] {
            assert_eq!(Place::from(text).to_string(), text);
        }
    }
}
