//! Stands in for `completion.rs` on systems other than Linux.

use std::io;

use crawl::{Limits, Outcome, Target};

/// Says why the stage cannot run here.
///
/// # Errors
/// Always: the reason.
pub fn available() -> Result<(), String> {
    Err("io_uring is a part of Linux, and this is another system".into())
}

/// Always fails.
///
/// # Errors
/// `Unsupported`, with the words of [`available`].
pub fn crawl(
    _: &[Target],
    _: &Limits,
    _: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    let why = available().expect_err("it is not Linux");
    Err(io::Error::new(io::ErrorKind::Unsupported, why))
}
