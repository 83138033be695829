//! Timeouts, as the system's calls take them.

use std::io;
use std::thread;
use std::time::Duration;

use rustix::event::Timespec;

/// Some systems count milliseconds in 32 bits and refuse longer timeouts; a
/// wait may end early instead.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) fn timespec(timeout: Option<Duration>) -> Option<Timespec> {
    Timespec::try_from(timeout?.min(LONGEST)).ok()
}

/// A wait for no socket at all, which Windows does not allow.
pub(crate) fn sleep(timeout: Option<Duration>) -> io::Result<()> {
    thread::sleep(timeout.unwrap_or(LONGEST));
    Ok(())
}
