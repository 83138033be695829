//! The runner: runs stages and programs, each in a fresh process, and shows what it took.
//!
//! The binary is [`main`]; the rest is public for the tests of this workspace.
//!
//! # Layout
//!
//! In the order in which a run meets them:
//!
//! - `cli`: the command line
//! - [`stages`]: the one table of stages; `entrants`: who takes part of them, and which programs
//! - `targets`: from URLs to addresses; `site`: the practice site, alone
//! - `session`: all runs, round by round; `clock`: how long they will take
//! - `sweep`: the same stages with more and more in flight
//! - `run`: what one run came to; `conversation`: the parent's half of it; `ledger` checks what the child says, and
//!   `costs` what it says it cost
//! - `child`: the child's half, which is [`stage_program`]; `usage` and `family`: what the system tells and does about processes
//! - `summary`: medians; `output`: sentences, pictures and formats
//! - `text`, `look`, `progress`, `interrupt`: the terminal

// The modules are private, and inside them `pub` says what a module offers the others.
#![allow(unreachable_pub)]

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

mod cli;

mod entrants;
pub mod stages;

mod site;
mod targets;

mod clock;
mod session;
mod sweep;

mod run;

mod conversation;
mod costs;
mod ledger;

mod child;
mod family;
mod usage;

mod output;
mod summary;

mod interrupt;
mod look;
mod progress;
mod text;

use cli::{Cli, Command};

/// Does what the command line asks for.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        None => session::run(&cli.run),
        Some(Command::Site { site, listen, port }) => site::serve(&site, listen, port),
        Some(Command::Sweep(options)) => sweep::run(&options),
        Some(Command::RunStage { name }) => child::run(&name),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "stage-runner", &mut script);
            output::print_raw(&script)
        }
        Some(Command::Man) => {
            let mut page = Vec::new();
            let rendered = clap_mangen::Man::new(Cli::command()).render(&mut page);
            rendered.expect("a vector takes everything");
            output::print_raw(&page)
        }
    }
}
