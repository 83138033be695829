//! What the command line can ask for, a file each.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::{self, Cli, Command};
use crate::system::{processes, signals};
use crate::terminal::{file, print, progress};

mod check;
mod check_program;
mod compare;
mod exercises;
mod experiment;
mod hint;
mod list;
mod museum;
mod play_part;
mod python;
mod report;
mod run_stage;
mod rust_crate;
mod site;
mod solution;
mod sweep;
mod take;
mod workplace;

/// Does what the command line asks for.
pub fn main() -> ExitCode {
    signals::at_start();
    processes::note_own_file();
    let cli = match cli::try_parse() {
        Ok(cli) => cli,
        Err(help) if !help.use_stderr() => return print::status(print_help(&help)),
        Err(wrong) => wrong.exit(),
    };
    match cli.command {
        None if cli.run.list => list::run(&cli.run),
        None => compare::run(&cli.run),
        Some(Command::Site { site, listen, port, events, verbose }) => {
            site::run(&site, listen, port, events.as_deref(), verbose)
        }
        Some(Command::Sweep(options)) => sweep::run(&options),
        Some(Command::Experiment(options)) => experiment::run(&options),
        Some(Command::Report { result, output }) => report::run(&result, &output),
        Some(Command::Picture { result, stages, output }) => {
            report::picture(&result, &stages, &output)
        }
        Some(Command::RunStage { name }) => run_stage::run(&name),
        Some(Command::PlayPart { experiment, part, arguments }) => {
            play_part::run(&experiment, &part, &arguments)
        }
        Some(Command::Exercises(options)) => exercises::run(&options),
        Some(Command::Take(options)) => take::run(&options),
        Some(Command::Check(options)) => check::run(&options),
        Some(Command::Hint(options)) => hint::run(&options),
        Some(Command::Solution(options)) => solution::run(&options),
        Some(Command::Museum(options)) => museum::run(&options),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "stage-runner", &mut script);
            print::status(print::bytes(&script).map(|()| true))
        }
        Some(Command::Man) => {
            let mut page = Vec::new();
            let rendered = clap_mangen::Man::new(Cli::command()).render(&mut page);
            rendered.expect("a vector takes everything");
            print::status(print::bytes(&page).map(|()| true))
        }
    }
}

/// Prints `--help` and `--version`. (What clap prints by itself may get lost, and nobody is told.)
fn print_help(help: &clap::Error) -> io::Result<bool> {
    help.print()?;
    io::stdout().flush()?;
    Ok(true)
}

/// Notices from now on what would end this process.
fn watch_signals() -> Result<(), ExitCode> {
    signals::watch().map_err(|error| {
        progress::warn(&format!(
            "error: cannot watch for Ctrl-C: {}",
            processes::with_what_helps(&error)
        ));
        ExitCode::FAILURE
    })
}

/// Writes a page or a picture, and says where it is.
fn saved(what: &str, file: &Path, text: &str) -> ExitCode {
    match file::write(file, text) {
        Ok(()) => {
            progress::note(&format!("The {what} is in {}.", file.display()));
            ExitCode::SUCCESS
        }
        Err(why) => {
            progress::warn(&format!("error: {why}"));
            ExitCode::FAILURE
        }
    }
}

/// The exit status of a command that a signal can end early.
fn status(result: io::Result<bool>) -> ExitCode {
    match result {
        _ if signals::asked() => ExitCode::from(signals::exit_status()),
        result => print::status(result),
    }
}
