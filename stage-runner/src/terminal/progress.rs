//! Notes and the live line on stderr: never in the way of the results.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;

use super::look::{can_move_cursor, stderr_columns};
use crate::words;

struct Screen {
    quiet: bool,
    /// Whether a line that is written over and over makes sense here.
    live: bool,
    ascii: bool,
    line: String,
    notes: usize,
}

static SCREEN: Mutex<Screen> =
    Mutex::new(Screen { quiet: false, live: false, ascii: true, line: String::new(), notes: 0 });

/// How to write to stderr from now on.
pub fn set_up(quiet: bool, ascii: bool) {
    let mut screen = screen();
    screen.quiet = quiet;
    screen.ascii = ascii;
    screen.live = !quiet && can_move_cursor() && io::stderr().is_terminal();
}

/// Shows a line until the next one, or until something else is written. Only in a terminal.
pub fn live(line: &str) {
    let mut screen = screen();
    if screen.live {
        line.clone_into(&mut screen.line);
        screen.draw();
    }
}

/// Whether there is a live line at all.
pub fn is_live() -> bool {
    screen().live
}

/// Writes a note, unless the command line asked for quiet.
pub fn note(text: &str) {
    if !screen().quiet {
        warn(text);
    }
}

/// How many notes were written: what was printed before one of them cannot be drawn again.
pub fn notes() -> usize {
    screen().notes
}

/// Writes what must be read.
pub fn warn(text: &str) {
    screen().notes += 1;
    set_aside(|| {
        let text = if screen().ascii { words::ascii(text) } else { text.to_owned() };
        // Nobody is left to tell when stderr is closed.
        let _ = writeln!(io::stderr(), "{text}");
    });
}

/// Takes the live line away while something else is written, and brings it back.
pub fn set_aside<T>(write: impl FnOnce() -> T) -> T {
    screen().clear();
    let result = write();
    screen().draw();
    result
}

/// Takes the live line away for good.
pub fn end() {
    let mut screen = screen();
    screen.clear();
    screen.line.clear();
}

fn screen() -> std::sync::MutexGuard<'static, Screen> {
    SCREEN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Screen {
    fn clear(&self) {
        if self.live && !self.line.is_empty() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    fn draw(&self) {
        if self.live && !self.line.is_empty() {
            let line = if self.ascii { words::ascii(&self.line) } else { self.line.clone() };
            // One column is left free: a full line would scroll.
            let line = words::cut(&line, stderr_columns().saturating_sub(1));
            let _ = write!(io::stderr(), "\r{line}\x1b[K");
        }
    }
}
