//! The command that an entrant is.

use std::process::Command;

use super::Originals;
use crate::lineup::{Entrant, Language, Original};
use crate::results::Fault;
use crate::system::processes;

/// The command of an entrant: its own, or this very program for a stage of the table, or Python for
/// its original.
///
/// # Errors
/// This program cannot be started again; there is no Python.
pub fn command(entrant: &Entrant, originals: Option<&Originals>) -> Result<Command, Fault> {
    let not_started = |program: &str, why: String| Fault::NotStarted {
        program: program.to_owned(),
        why,
        is_shortage: false,
    };
    match (entrant.language, &entrant.command[..]) {
        (_, [program, arguments @ ..]) => {
            let mut command = Command::new(program);
            command.args(arguments);
            Ok(command)
        }
        (Language::Python, []) => {
            let found = originals.zip(Original::of(&entrant.name));
            let (originals, original) =
                found.ok_or_else(|| not_started("python3", "it was not found".to_owned()))?;
            Ok(originals.command(original, &entrant.name))
        }
        (Language::Rust | Language::Program, []) => {
            let this = processes::this_program();
            let mut command = this.map_err(|why| not_started("stage-runner", why.to_string()))?;
            command.args(["run-stage", &entrant.name]);
            Ok(command)
        }
    }
}
