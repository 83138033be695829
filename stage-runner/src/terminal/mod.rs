//! The terminal: what it can show, results on stdout, and notes and the live line on stderr.

pub mod countdown;
pub mod file;
pub mod look;
pub mod print;
pub mod progress;
pub mod redraw;
