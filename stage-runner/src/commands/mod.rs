//! What the command line can ask for, a file each.

use std::io;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::{self, Cli, Command};
use crate::system::signals;
use crate::terminal::print;

mod compare;
mod list;
mod run_stage;
mod site;
mod sweep;

/// Does what the command line asks for.
pub fn main() -> ExitCode {
    let cli = cli::parse();
    match cli.command {
        None if cli.run.list => list::run(&cli.run),
        None => compare::run(&cli.run),
        Some(Command::Site { site, listen, port, verbose }) => {
            site::run(&site, listen, port, verbose)
        }
        Some(Command::Sweep(options)) => sweep::run(&options),
        Some(Command::RunStage { name }) => run_stage::run(&name),
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

/// The exit status of a command that Ctrl-C can end early.
fn status(result: io::Result<bool>) -> ExitCode {
    match result {
        _ if signals::asked() => ExitCode::from(signals::EXIT),
        result => print::status(result),
    }
}
