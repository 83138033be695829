//! The runner: runs stages and programs, each in a fresh process, and shows what it took.
//!
//! The binary is [`main`]; the rest that is public is for the tests and benchmarks of this
//! workspace.
//!
//! # Layout
//!
//! The folders are floors: each knows only those below it (`tests/house.rs` holds that).
//!
//! - `commands`: what the command line can ask for, a file each; start reading at
//!   `commands/compare.rs`
//! - `cli`: the options and their values
//! - `terminal`: what it can show, and what is written to it while something runs
//! - `views`: results as screens, JSON, Markdown and pictures
//! - `experiments`: a question, a run, and what a healthy machine shows of it, a file each
//! - `measure`: the parent's half of a run; the child's half is [`stage_program`]
//! - `wording`: what the facts of it are called, in words
//! - `results`: what came of it, as plain data
//! - `lineup`: the one table of [`stages`], who takes part, and on which URLs
//! - `system`: what only the system can tell and do
//! - `words`: numbers and lines as people read them

// The modules are private, and inside them `pub` says what a module offers the others.
#![allow(unreachable_pub)]

mod commands;

mod cli;

mod terminal;

mod views;

mod experiments;

mod measure;

mod wording;

pub mod results;

pub mod lineup;

mod system;

mod words;

pub use commands::main;
pub use lineup::stages;
pub use views::json::{ReadError, read_report};
