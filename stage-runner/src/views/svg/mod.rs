//! Pictures that need nothing beside them: for a wall, a README, a book.

mod replay;
mod sweep;

pub use replay::{Drawn, replay};
pub use sweep::sweep;

/// Text from outside, so that it is nothing but text.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '&' => safe += "&amp;",
            '"' => safe += "&quot;",
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}
