//! The command that an entrant is.

use std::env;
use std::process::Command;

use crate::lineup::Entrant;
use crate::results::Fault;

/// The command of an entrant: its own, or this very program for a stage of the table.
///
/// # Errors
/// This program does not know where it is.
pub fn command(entrant: &Entrant) -> Result<Command, Fault> {
    if let [program, arguments @ ..] = &entrant.command[..] {
        let mut command = Command::new(program);
        command.args(arguments);
        return Ok(command);
    }
    let runner = env::current_exe().map_err(|error| Fault::NotStarted {
        program: "stage-runner".to_owned(),
        why: format!("its own file was not found: {error}"),
    })?;
    let mut command = Command::new(runner);
    command.args(["run-stage", &entrant.name]);
    Ok(command)
}
