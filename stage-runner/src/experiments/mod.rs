//! Experiments: a question, a guess, a run, what was seen here, and why.
//!
//! # How to write one
//!
//! An experiment is one file, which ends up in [`EXPERIMENTS`]: `busy.rs` is a short one on stages,
//! `lost_update.rs` one with programs of its own. The file has a `pub const EXPERIMENT`, with the
//! texts, the ranges of what a healthy machine shows, and a function `run`. That function gets a
//! [`Lab`], in which stages, parts and Python scripts run, each in a fresh process, and returns
//! [`Seen`]: a table for people, and a number for each range.
//!
//! - A [`Part`] is a program of the scene's own, as a hidden mode of this binary. One that
//!   [plays](Part::Plays) prints numbers; one that [crawls](Part::Crawls) is a stage.
//! - A range on counts is judged always. So is a ratio of times, if right and wrong are five times
//!   apart. Any other time is judged only if the machine is quiet ([`Judged`]).
//! - A choice is a mistake that people make; the right one is not always in the same place.
//! - *Why* stands in the chapter, in a block that begins with `<!-- experiment NAME -->`:
//!   [`why()`] takes it from there.
//!
//! - `docs/experiments.md` lists it.
//!
//! `tests.rs` and the runner's `tests/experiments.rs` hold all of this.

mod experiment;
mod lab;
mod seen;
#[cfg(test)]
mod tests;
mod why;

mod async_cpu;
mod block_the_loop;
mod busy;
mod busy_all;
mod cold;
mod drip;
mod few_or_many;
mod gil;
mod how_often_polled;
mod in_turn;
mod lost_update;
mod memory;
mod race_across_await;
mod two_kinds;
mod unordered;
mod what_is_paid;

mod watching;

use crate::lineup::stages;

pub use experiment::{Experiment, Form, Judged, NeedsPython, Numbers, Part, Range};
pub use lab::{Lab, Trouble, UNAVAILABLE};
pub use seen::{Cell, Finding, Measure, Seen, Verdict};
pub use why::why;

/// All experiments, in the order of the chapters.
pub const EXPERIMENTS: &[&Experiment] = &[
    // Chapter 1.
    &two_kinds::EXPERIMENT,
    &drip::EXPERIMENT,
    // Chapter 2.
    &what_is_paid::EXPERIMENT,
    // Chapter 3.
    &lost_update::EXPERIMENT,
    &gil::EXPERIMENT,
    // Chapter 4.
    &busy::EXPERIMENT,
    &busy_all::EXPERIMENT,
    // Chapter 5.
    &unordered::EXPERIMENT,
    &memory::EXPERIMENT,
    &few_or_many::EXPERIMENT,
    // Chapter 8.
    &block_the_loop::EXPERIMENT,
    &how_often_polled::EXPERIMENT,
    // Chapter 9.
    &cold::EXPERIMENT,
    &in_turn::EXPERIMENT,
    &race_across_await::EXPERIMENT,
    &async_cpu::EXPERIMENT,
];

/// The experiment of that name.
pub fn find(name: &str) -> Option<&'static Experiment> {
    let name = name.trim().to_lowercase().replace('_', "-");
    EXPERIMENTS.iter().find(|experiment| experiment.name == name).copied()
}

/// The names among which somebody may have meant one who wrote this word: the nearest, or else
/// those in which the word is.
pub fn nearest(word: &str) -> Vec<&'static str> {
    let word = word.trim().to_lowercase();
    let names = || EXPERIMENTS.iter().map(|experiment| experiment.name);
    match stages::nearest(&word, names()) {
        Some(name) => vec![name],
        None if word.len() < 3 => Vec::new(),
        None => names().filter(|name| name.contains(&word) || word.contains(name)).collect(),
    }
}

/// The part of an experiment that `EXPERIMENT:PART` names, if it crawls.
pub fn crawling_part(name: &str) -> Option<stages::Crawl> {
    let (experiment, part) = name.split_once(':')?;
    match find(experiment)?.part(part)? {
        Part::Crawls(crawl) => Some(*crawl),
        Part::Plays(_) => None,
    }
}
