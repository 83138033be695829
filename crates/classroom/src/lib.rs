//! The classroom: exercises as data, and rules that judge a program by what is seen from outside.
//!
//! An exercise is a program that works badly, and the runs in which it shows that. The runner
//! starts the program against a practice site that notes its events, and hands over what was seen;
//! the rules of the exercise judge it. Nothing here starts a program or a site: every function is
//! one of data, so each rule is tested with observations that a test has made by hand.
//!
//! ```
//! use classroom::{Exercise, Folder, Verdict};
//!
//! let folder = Folder::embedded("3a").expect("an exercise of the house");
//! let exercise = Exercise::read(&folder)?;
//! assert_eq!(exercise.name, "three at a time");
//! assert!(exercise.reasons().contains("too-many"));
//! # Ok::<(), classroom::Wrong>(())
//! ```
//!
//! # Layout
//!
//! - `exercise`: what `exercise.toml` says, checked
//! - `folder`: the files of an exercise, embedded or on the disk
//! - `museum`: a piece of the museum, which is an exercise with a bug in a stage
//! - `observed`: what was seen of one run: the program's words, the site's events, the process
//! - `rules`: the named functions that judge a run, a file each; [`RULES`] is their table
//! - `check`: runs an exercise through, up to its verdict
//! - `verdict`: what came of it, as data
//! - `progress`: what a student has done so far, as a file that people can read
//! - `control`: the share of a core that a program gets here

mod exercise;

mod folder;
mod museum;

mod observed;

mod rules;

mod check;

mod verdict;

mod progress;

pub mod control;

mod words;

pub use check::{Attempt, check, not_judged, not_run};
pub use exercise::{Exercise, LEVELS, Run, Rust, Wrong};
pub use folder::{EXERCISES, Folder};
pub use museum::Piece;
pub use observed::{Connection, Ending, Observed, Process, Seen, Threads};
pub use progress::{Entry, Progress};
pub use rules::{
    BASICS, CameTo, Evidence, Finding, Given, Judged, Parameter, RULES, Rule, Takes, Value,
    table_of_rules,
};
pub use verdict::{Item, Mark, Outcome, RunVerdict, Verdict};
