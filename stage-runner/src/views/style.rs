//! What a screen is drawn with.

use anstyle::{AnsiColor, Style as Ansi};

/// How much room a screen has. Its lines have colors and characters outside of ASCII; who prints
/// them takes away what the terminal does not have, which never changes their width.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// In columns.
    pub width: usize,
}

/// What a part of a line means, which its color only underlines: no screen needs color to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Nothing special.
    Plain,
    /// A heading, or a legend.
    Faint,
    /// A name.
    Strong,
    /// Asleep.
    Asleep,
    /// Computing.
    Computing,
    /// A page that arrived.
    Arrived,
    /// Something that failed.
    Failed,
}

/// The text in that ink.
pub fn paint(ink: Ink, text: &str) -> String {
    let style = match ink {
        Ink::Plain => return text.to_owned(),
        Ink::Faint | Ink::Asleep => Ansi::new().dimmed(),
        Ink::Strong => Ansi::new().bold(),
        Ink::Computing => AnsiColor::Magenta.on_default(),
        Ink::Arrived => AnsiColor::Green.on_default().bold(),
        Ink::Failed => AnsiColor::Red.on_default().bold(),
    };
    format!("{style}{text}{style:#}")
}
