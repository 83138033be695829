//! What an experiment is: a question, its choices, a scene, and what a healthy machine shows.

use std::collections::BTreeMap;
use std::io;
use std::ops::RangeInclusive;

use super::Seen;
use super::lab::{Lab, Trouble};
use crate::lineup::stages::Crawl;

/// A question that a run answers.
pub struct Experiment {
    /// Its name on the command line, and in the book.
    pub name: &'static str,
    /// The chapter whose page says why.
    pub chapter: u8,
    /// What is run, in a sentence or two.
    pub scene: &'static str,
    /// Who takes part, as the rows of the table name them, and what each does.
    pub parties: &'static [(&'static str, &'static str)],
    /// What is asked.
    pub question: &'static str,
    /// The answers to choose from: `a`, `b` and so on.
    pub choices: &'static [&'static str],
    /// Which of the choices is right: an index.
    pub right: usize,
    /// Runs it once.
    pub run: fn(&Lab) -> Result<Seen, Trouble>,
    /// How often it runs if nobody says otherwise.
    pub rounds: u32,
    /// What a healthy machine shows: a range for each of the measures that `run` returns.
    pub ranges: &'static [Range],
    /// Programs of the scene's own, each for a fresh process.
    pub parts: &'static [(&'static str, Part)],
    /// Whether it needs a Python.
    pub needs_python: NeedsPython,
    /// Where to look: a file of the repository, and a word in it.
    pub look: (&'static str, &'static str),
    /// What to try next.
    pub next: &'static str,
    /// The files of the scene: the path in the repository, and the text.
    pub sources: &'static [(&'static str, &'static str)],
}

/// What an experiment uses Python for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeedsPython {
    /// Nothing.
    No,
    /// Some of its rows, which are left out where there is no Python: see [`Lab::in_python`].
    InPart,
    /// All that it shows, so that it cannot run without one.
    Yes,
}

/// Numbers that a program of a scene has found, by name.
pub type Numbers = BTreeMap<String, f64>;

/// A program of a scene's own.
pub enum Part {
    /// It takes arguments, and prints numbers. See [`Lab::play`].
    Plays(fn(&[String]) -> io::Result<Numbers>),
    /// It crawls, as a stage does. See [`Lab::crawl`].
    Crawls(Crawl),
}

/// What a healthy machine shows of one measure.
pub struct Range {
    /// What the measure counts, in words that follow the number: `times the CPU`.
    pub unit: &'static str,
    /// The least and the most that is healthy.
    pub healthy: RangeInclusive<f64>,
    /// How the number is written.
    pub form: Form,
    /// When it is judged.
    pub judged: Judged,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A whole number: `1,247,281`.
    Count,
    /// A ratio in three digits or so: `9.87`.
    Ratio,
}

/// When a measure is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// On every machine, however busy: counts, and ratios whose right and wrong values are five
    /// times apart.
    Always,
    /// Only where a program that wants a core gets most of one: times.
    IfQuiet,
}

impl Experiment {
    /// The letter of a choice: `a`.
    pub fn letter(choice: usize) -> char {
        (b'a' + choice as u8) as char
    }

    /// The letters of all choices: `a, b, c`.
    pub fn letters(&self) -> String {
        let letters = (0..self.choices.len()).map(|choice| Experiment::letter(choice).to_string());
        letters.collect::<Vec<_>>().join(", ")
    }

    /// The choice that somebody means who wrote this: its letter.
    pub fn choice(&self, word: &str) -> Option<usize> {
        let word = word.trim().to_lowercase();
        (0..self.choices.len()).find(|choice| word == Experiment::letter(*choice).to_string())
    }

    /// A program of the scene's own, by its name.
    pub fn part(&self, name: &str) -> Option<&'static Part> {
        self.parts.iter().find_map(|(part, program)| (*part == name).then_some(program))
    }
}
