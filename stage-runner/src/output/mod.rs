//! What is printed.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use crate::look::Look;
use crate::progress;

pub mod chart;
pub mod columns;
#[cfg(test)]
mod golden;
pub mod json;
pub mod list;
pub mod markdown;
pub mod picture;
pub mod sentences;
pub mod sweep;
pub mod table;
pub mod waterfall;

/// Prints lines as this terminal can show them.
///
/// # Errors
/// What stdout said.
pub fn print(look: &Look, lines: &[String]) -> io::Result<()> {
    progress::set_aside(|| {
        let mut stdout = anstream::AutoStream::new(io::stdout().lock(), look.color);
        for line in lines {
            writeln!(stdout, "{}", look.line(line).trim_end())?;
        }
        stdout.flush()
    })
}

/// Prints bytes as they are; a reader that has gone away is no error.
pub fn print_raw(bytes: &[u8]) -> ExitCode {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => cannot_write(&error),
        _ => ExitCode::SUCCESS,
    }
}

/// Says that the results could not be written.
pub fn cannot_write(error: &io::Error) -> ExitCode {
    progress::warn(&format!("error: cannot write the results: {error}"));
    ExitCode::FAILURE
}

/// Joins parts into as few lines as fit.
pub fn joined(parts: &[String], between: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        let length = |text: &str| text.chars().count();
        match lines.last_mut() {
            Some(line) if length(line) + length(between) + length(part) <= width => {
                line.push_str(between);
                line.push_str(part);
            }
            _ => lines.push(part.clone()),
        }
    }
    lines
}

/// What to try next.
pub fn next(parts: &[String], width: usize) -> Vec<String> {
    let mut lines = joined(parts, "  |  ", width - 7);
    for (number, line) in lines.iter_mut().enumerate() {
        line.insert_str(0, if number == 0 { "Next:  " } else { "       " });
    }
    lines
}

/// Breaks a text at its spaces, so that each line fits.
pub fn wrapped(text: &str, width: usize, indent: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let fits = line.chars().count() + 1 + word.chars().count() <= width;
        if !line.is_empty() && !fits {
            lines.push(std::mem::take(&mut line));
        }
        if line.is_empty() {
            line = " ".repeat(if lines.is_empty() { 0 } else { indent });
        } else {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}
