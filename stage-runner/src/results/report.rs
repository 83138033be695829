//! A comparison, as far as it has come.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::lineup::{Entrant, Language, sources};

use super::{Row, Run, Setting, Status};

/// All that a comparison came to. While it runs, its runs are added to it.
#[derive(Clone, Debug)]
pub struct Report {
    /// What all runs have in common.
    pub setting: Setting,
    /// Who takes part, in this order.
    pub entrants: Vec<Entrant>,
    /// In the order in which they ran: round by round.
    pub runs: Vec<Run>,
    /// Whether somebody stopped it.
    pub interrupted: bool,
    /// The hashes of the stages' files in which a recorded step was, by path: a place means
    /// something only in the same file.
    pub sources: BTreeMap<String, String>,
}

impl Report {
    /// Nothing has run yet.
    pub fn new(setting: Setting, entrants: Vec<Entrant>) -> Report {
        Report { setting, entrants, runs: Vec::new(), interrupted: false, sources: BTreeMap::new() }
    }

    /// Adds a run.
    pub fn add(&mut self, run: Run) {
        // A program may name any file, and its code is not ours.
        if self.entrants[run.entrant].language == Language::Rust {
            let places = run.activity.iter().flat_map(|activity| &activity.places);
            self.sources.extend(sources::hashes(places.map(|place| &*place.file)));
        }
        self.runs.push(run);
    }

    /// The source of a recorded place, if this binary was built from the same one.
    pub fn source(&self, path: &str) -> Option<&'static sources::Source> {
        let source = sources::find(path)?;
        (self.sources.get(path)? == &source.hash()).then_some(source)
    }

    /// The rows of all entrants that have run at all.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let row = |(index, entrant)| {
            let runs: Vec<_> = self.runs.iter().filter(|run| run.entrant == index).collect();
            let title = self.title(entrant);
            (!runs.is_empty()).then_some(Row { entrant, runs, title })
        };
        self.entrants.iter().enumerate().filter_map(row).collect()
    }

    /// What an entrant is called among the others: its language is part of it where they have
    /// another one.
    pub fn title<'a>(&self, entrant: &'a Entrant) -> Cow<'a, str> {
        let all_same = self.entrants.iter().all(|other| other.language == entrant.language);
        if all_same { Cow::Borrowed(&entrant.name) } else { entrant.title() }
    }

    /// Whether all went as it should: a stage that was not asked for by name may be skipped.
    pub fn is_fine(&self) -> bool {
        self.runs.iter().all(|run| match run.status {
            Status::Ok => true,
            Status::Failed => false,
            Status::Skipped => !self.entrants[run.entrant].by_name,
        })
    }
}
