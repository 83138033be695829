//! Results for people at a terminal.

pub mod comparison;
pub mod exercises;
pub mod experiment;
#[cfg(test)]
mod golden;
pub mod list;
pub mod museum;
mod picture;
pub mod program_check;
pub mod sweep;
pub mod system_calls;
pub mod trace;
pub mod verdict;
pub mod waterfall;

use crate::words::{self, joined};

/// What to try next.
pub fn next(parts: &[String], width: usize) -> Vec<String> {
    // A command is not broken: on a narrow screen the commands get lines of their own.
    if parts.iter().any(|part| words::width(part) + 7 > width) {
        let lines = joined(parts, "  |  ", width.saturating_sub(2));
        let lines = lines.into_iter().map(|line| format!("  {line}"));
        return std::iter::once("Next:".to_owned()).chain(lines).collect();
    }
    let mut lines = joined(parts, "  |  ", width.saturating_sub(7));
    for (number, line) in lines.iter_mut().enumerate() {
        line.insert_str(0, if number == 0 { "Next:  " } else { "       " });
    }
    lines
}
