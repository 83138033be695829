//! The command that an entrant is.

use std::process::Command;

use crate::lineup::Entrant;
use crate::results::Fault;
use crate::system::processes;

/// The command of an entrant: its own, or this very program for a stage of the table.
///
/// # Errors
/// This program cannot be started again.
pub fn command(entrant: &Entrant) -> Result<Command, Fault> {
    if let [program, arguments @ ..] = &entrant.command[..] {
        let mut command = Command::new(program);
        command.args(arguments);
        return Ok(command);
    }
    let mut command = processes::this_program().map_err(|why| Fault::NotStarted {
        program: "stage-runner".to_owned(),
        why: why.to_string(),
    })?;
    command.args(["run-stage", &entrant.name]);
    Ok(command)
}
