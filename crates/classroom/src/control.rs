//! The control: what share of a core does a program get here, now?
//!
//! A rule on time, and an experiment whose figure is a time, mean something only where a program
//! that wants a whole core gets most of one.

use std::time::{Duration, Instant};

/// How long [`share_of_a_core`] looks.
pub const LOOKS_FOR: Duration = Duration::from_millis(100);

/// Below this share a time is not judged.
pub const ENOUGH: f64 = 0.7;

/// A step of the loop that took longer than this was interrupted: it takes a thousandth of it
/// otherwise.
const INTERRUPTED: Duration = Duration::from_micros(100);

/// Spins for [`LOOKS_FOR`], and tells which share of that time this thread had a processor: from 0
/// to 1. It asks the clock alone, so that it says the same on every system.
pub fn share_of_a_core() -> f64 {
    let began = Instant::now();
    let mut last = began;
    let mut elsewhere = Duration::ZERO;
    while last - began < LOOKS_FOR {
        let now = Instant::now();
        if now - last > INTERRUPTED {
            elsewhere += now - last;
        }
        last = now;
    }
    1.0 - elsewhere.as_secs_f64() / (last - began).as_secs_f64()
}

/// Why a time was not judged, where a program gets this share of a core.
pub fn too_busy(share: f64) -> String {
    format!(
        "this machine is busy: a program that wants a core gets {:.0} % of one, and a time is \
         judged from {:.0} % on",
        share * 100.0,
        ENOUGH * 100.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_between_nothing_and_all() {
        let share = share_of_a_core();
        assert!((0.0..=1.0).contains(&share), "{share}");
    }
}
