//! `stage-runner check`: runs a program as an exercise asks for, and says what was seen.
//!
//! `tasks` finds out what is to be checked, `desk` checks one after the other and shows and keeps
//! the verdicts, `attempt` comes to one verdict.

mod attempt;
mod desk;
mod tasks;

use std::io;
use std::process::ExitCode;

use classroom::{Outcome, Verdict};

use self::desk::Desk;
use self::tasks::tasks;
use super::workplace::Workplace;
use crate::cli::exercises::CheckOptions;
use crate::cli::wrong_in;
use crate::system::{processes, signals};
use crate::terminal::look::{Color, Look};
use crate::terminal::{print, progress};
use crate::views::json::Checked;

/// The exit status of a check that could not judge.
const NOT_JUDGED: u8 = 3;

/// Checks what the command line asks for.
pub fn run(options: &CheckOptions) -> ExitCode {
    let look = Look::new(Color::Auto, options.charset);
    progress::set_up(false, look.ascii);
    if !options.programs.is_empty() {
        return super::check_program::run(&options.programs, options.format, look);
    }
    let workplace = Workplace::new(&options.work);
    let tasks = tasks(options, &workplace);
    if super::watch_signals().is_err() {
        return ExitCode::from(NOT_JUDGED);
    }
    processes::raise_descriptor_limit();
    let desk = Desk { workplace, options, look };
    let checked = match tasks {
        Err(why) => Err(Stop::NotStarted(why)),
        Ok(tasks) if options.watch => {
            let [Ok(task)] = &tasks[..] else { unreachable!("--watch is about one exercise") };
            desk.watch(task)
        }
        Ok(tasks) => desk.all(&tasks),
    };
    progress::end();
    match checked {
        _ if signals::asked() => ExitCode::from(signals::exit_status()),
        Ok(status) => status,
        Err(Stop::Printing(error)) => print::status(Err(error)),
        Err(Stop::NotStarted(why)) => {
            progress::warn(&format!("error: {why}"));
            ExitCode::from(2)
        }
        Err(Stop::NoRoom(why)) => {
            progress::warn(&format!("error: {why}"));
            ExitCode::from(NOT_JUDGED)
        }
        Err(Stop::Interrupted) => ExitCode::from(signals::exit_status()),
    }
}

fn wrong<T>(message: String) -> T {
    wrong_in("check", message)
}

/// Why a check ends early.
enum Stop {
    NotStarted(String),
    /// The runner itself got too little from the system.
    NoRoom(String),
    Printing(io::Error),
    Interrupted,
}

/// One that is not yet right decides, then one that was not judged. Without any exercise, nothing
/// was judged.
fn status(checked: &[Checked]) -> ExitCode {
    let verdicts: Vec<&Verdict> = checked.iter().filter_map(|one| one.verdict.as_ref()).collect();
    if verdicts.iter().any(|verdict| matches!(verdict.outcome, Outcome::NotYet { .. })) {
        return ExitCode::FAILURE;
    }
    match !verdicts.is_empty() && verdicts.iter().all(|verdict| verdict.is_passed()) {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(NOT_JUDGED),
    }
}
