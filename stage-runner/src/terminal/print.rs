//! Results on stdout, below the notes and the live line.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use super::look::Look;
use super::progress;

/// Prints lines as this terminal can show them.
///
/// # Errors
/// What stdout said.
pub fn lines(look: &Look, lines: &[String]) -> io::Result<()> {
    progress::set_aside(|| {
        let mut stdout = anstream::AutoStream::new(io::stdout().lock(), look.color);
        for line in lines {
            writeln!(stdout, "{}", look.line(line).trim_end())?;
        }
        stdout.flush()
    })
}

/// Prints bytes as they are.
///
/// # Errors
/// What stdout said.
pub fn bytes(bytes: &[u8]) -> io::Result<()> {
    progress::set_aside(|| {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    })
}

/// The exit status of what has been printed, or could not be: a reader that has gone away is no
/// error.
pub fn status(result: io::Result<bool>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            progress::warn(&format!("error: cannot write the results: {error}"));
            ExitCode::FAILURE
        }
    }
}
