//! What the terminal can show: width, characters, colours.

use std::env;
use std::io::{self, IsTerminal};

use anstyle::{AnsiColor, Style};

use crate::cli::{Charset, Color};

/// Without a terminal and without `COLUMNS`, results are this wide.
const COLUMNS: usize = 80;

/// Narrower, the pictures say nothing any more; lines then wrap.
const AT_LEAST: usize = 60;

/// How results look on stdout.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// In columns.
    pub width: usize,
    /// In lines: where it is known, what was printed can be drawn again.
    pub height: Option<usize>,
    /// Whether to keep to ASCII.
    pub ascii: bool,
    /// Whether to use colours.
    pub color: anstream::ColorChoice,
}

impl Look {
    /// Finds out what stdout can show, as far as the command line leaves it open.
    pub fn new(color: Color, charset: Charset) -> Look {
        let is_terminal = io::stdout().is_terminal();
        let size = is_terminal.then(terminal_size::terminal_size).flatten();
        let columns = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let width = size.map(|(width, _)| usize::from(width.0)).or(columns).unwrap_or(COLUMNS);
        Look {
            width: width.clamp(AT_LEAST, 1000),
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
        if self.ascii { ascii(text) } else { text.to_owned() }
    }
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

/// The same text in ASCII, in as many columns.
pub fn ascii(text: &str) -> String {
    let plain = |c| match c {
        '░' => '.',
        '█' => '#',
        '–' => '-',
        'µ' => 'u',
        '×' => 'x',
        '…' => '~',
        c if c.is_ascii() => c,
        _ => '?',
    };
    text.chars().map(plain).collect()
}

/// What a part of a line means, which its colour only underlines: no screen needs colour to be read.
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
        Ink::Faint | Ink::Asleep => Style::new().dimmed(),
        Ink::Strong => Style::new().bold(),
        Ink::Computing => AnsiColor::Magenta.on_default(),
        Ink::Arrived => AnsiColor::Green.on_default().bold(),
        Ink::Failed => AnsiColor::Red.on_default().bold(),
    };
    format!("{style}{text}{style:#}")
}
