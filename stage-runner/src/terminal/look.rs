//! What the terminal can show: width, characters, colors.

use std::env;
use std::io::{self, IsTerminal};

use clap::ValueEnum;

use crate::views::Style;
use crate::words;

/// Without a terminal and without `COLUMNS`, results are this wide.
const COLUMNS: usize = 80;

/// When to use colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// Which characters to draw with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Charset {
    Auto,
    Unicode,
    Ascii,
}

/// How results look on stdout.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// What screens are drawn with.
    pub style: Style,
    /// The height in lines: where it is known, what was printed can be drawn again.
    pub height: Option<usize>,
    /// Whether to keep to ASCII.
    pub ascii: bool,
    /// Whether to use colors.
    pub color: anstream::ColorChoice,
}

impl Look {
    /// Finds out what stdout can show, as far as the command line leaves it open.
    pub fn new(color: Color, charset: Charset) -> Look {
        let is_terminal = io::stdout().is_terminal();
        let size = terminal_size::terminal_size_of(io::stdout()).filter(|_| is_terminal);
        let columns = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let width = size.map(|(width, _)| usize::from(width.0)).or(columns).unwrap_or(COLUMNS);
        Look {
            style: Style { width: width.clamp(1, 1000) },
            height: size.map(|(_, height)| usize::from(height.0)).filter(|_| can_move_cursor()),
            ascii: match charset {
                Charset::Auto => !(is_terminal && shows_unicode()),
                Charset::Unicode => false,
                Charset::Ascii => true,
            },
            color: match color {
                Color::Auto => anstream::ColorChoice::Auto,
                Color::Always => anstream::ColorChoice::Always,
                Color::Never => anstream::ColorChoice::Never,
            },
        }
    }

    /// A line in the characters that this terminal has.
    pub fn line(&self, text: &str) -> String {
        if self.ascii { words::ascii(text) } else { text.to_owned() }
    }
}

/// How many columns stderr has now: it may be a terminal where stdout is none.
pub fn stderr_columns() -> usize {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map_or(COLUMNS, |(width, _)| usize::from(width.0))
}

/// Whether what was written can be written over: every terminal but the oldest.
pub fn can_move_cursor() -> bool {
    if cfg!(windows) {
        is_new_windows_console()
    } else {
        env::var_os("TERM").is_some_and(|t| t != "dumb")
    }
}

fn shows_unicode() -> bool {
    if cfg!(windows) {
        return is_new_windows_console();
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(|name| env::var(name).ok());
    let locale = locale.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// The old console cannot be told apart from inside, but the new ones say who they are.
fn is_new_windows_console() -> bool {
    ["WT_SESSION", "TERM_PROGRAM", "ConEmuANSI", "TERM"]
        .iter()
        .any(|name| env::var_os(name).is_some())
}
