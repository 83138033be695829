//! `check --program`: how far a program of one's own keeps what a stage promises.

use std::io;
use std::process::ExitCode;

use crate::cli::exercises::CheckFormat;
use crate::cli::wrong_in;
use crate::lineup::{Languages, Program, entrants};
use crate::measure::program_check::check;
use crate::results::program_check::{ProgramCheck, Verdict};
use crate::system::{processes, signals};
use crate::terminal::look::Look;
use crate::terminal::{print, progress};
use crate::views::{json, screen};

/// Checks each program in turn.
pub fn run(programs: &[Program], format: CheckFormat, look: Look) -> ExitCode {
    let entrants = entrants::choose(&[], programs, Languages::Rust);
    let entrants = entrants.unwrap_or_else(|message| wrong_in("check", message));
    if super::watch_signals().is_err() {
        return ExitCode::from(Verdict::NotJudged.exit_status());
    }
    processes::raise_descriptor_limit();

    let mut checks: Vec<ProgramCheck> = Vec::new();
    let mut printed: io::Result<()> = Ok(());
    for entrant in entrants {
        let told = |group: &str, done: usize, of: usize| {
            progress::live(&format!("{}: {group}, {done} of {of}", entrant.name));
        };
        let checked = check(&entrant, &told);
        progress::end();
        if format == CheckFormat::Text {
            let mut lines = screen::program_check::lines(&checked, &look.style);
            if !checks.is_empty() {
                lines.insert(0, String::new());
            }
            printed = print::lines(&look, &lines);
        }
        checks.push(checked);
        if signals::asked() || printed.is_err() {
            break;
        }
    }
    let verdict = checks.iter().map(ProgramCheck::verdict).max().unwrap_or(Verdict::Passed);
    if format == CheckFormat::Json {
        printed = print::bytes(&json::program_checks(&checks, verdict));
    }
    match printed {
        Ok(()) if !signals::asked() => ExitCode::from(verdict.exit_status()),
        printed => super::status(printed.map(|()| true)),
    }
}
