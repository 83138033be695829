//! Builds a student's crate with cargo.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Builds the crate in this folder, and says where its program is.
///
/// It asks no registry: the lock file of the crate is that of the house, and what the house needs
/// is there where the house was built.
///
/// # Errors
/// Cargo is missing, or what it said: the errors of the compiler.
pub fn build(folder: &Path, program: &str) -> Result<PathBuf, String> {
    let mut command = Command::new("cargo");
    command.args(["build", "--offline", "--quiet", "--message-format", "json-render-diagnostics"]);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped());
    let child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            "a crate in Rust is built with cargo, which is not here: https://rustup.rs installs it, \
             and Rust needs a linker (a C compiler's)"
                .to_owned()
        }
        _ => format!("cannot start cargo: {error}"),
    })?;
    // What the compiler says goes to stderr, as it is.
    let built = child.wait_with_output().map_err(|error| format!("cargo: {error}"))?;
    if !built.status.success() {
        return Err(format!("{} does not build", folder.display()));
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let executable = messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_it = message["target"]["name"] == program;
        message["executable"].as_str().filter(|_| is_it).map(PathBuf::from)
    });
    executable.ok_or_else(|| format!("cargo built no program {program} in {}", folder.display()))
}
