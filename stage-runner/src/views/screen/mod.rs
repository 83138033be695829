//! Results for people at a terminal.

pub mod comparison;
#[cfg(test)]
mod golden;
pub mod list;
mod picture;
pub mod sweep;
pub mod waterfall;

use crate::words::joined;

/// What to try next.
fn next(parts: &[String], width: usize) -> Vec<String> {
    let mut lines = joined(parts, "  |  ", width.saturating_sub(7));
    for (number, line) in lines.iter_mut().enumerate() {
        line.insert_str(0, if number == 0 { "Next:  " } else { "       " });
    }
    lines
}
