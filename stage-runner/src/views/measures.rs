//! What a sweep measures at each step, for its tables and its chart.

use crate::results::sweep::{Point, Track};
use crate::words;

/// Why the first columns are high.
pub const FEW: &str = "With few in flight, what a crawl costs as a whole is shared by few.";

/// What is measured at each step, and what the number is called.
pub struct Measure {
    /// What stands above it.
    pub title: &'static str,
    /// The number.
    pub of: fn(&Point) -> Option<f64>,
    /// The number in words.
    pub text: fn(f64) -> String,
}

/// All of them.
pub const MEASURES: [Measure; 3] = [
    Measure { title: "wall time over the delay of a page", of: |p| p.over_delay, text: ratio },
    Measure { title: "CPU time for each fetch", of: |p| p.cpu_per_fetch_us, text: cpu },
    Measure {
        title: "memory for each fetch in flight",
        of: |p| p.memory_per_fetch_bytes,
        text: |bytes| words::bytes(bytes.round() as u64),
    },
];

/// Three digits.
fn ratio(ratio: f64) -> String {
    match ratio {
        ..9.995 => format!("{ratio:.2}"),
        ..99.95 => format!("{ratio:.1}"),
        _ => words::count(ratio.round() as u64),
    }
}

/// To the microsecond where that is what stages differ in.
fn cpu(us: f64) -> String {
    match us {
        ..999.5 => format!("{us:.0} µs"),
        _ => words::duration(us.round() as u64),
    }
}

/// Where the first pages came before the last fetch had begun, the step was not what it says.
pub fn not_all_at_once(track: &Track) -> Option<String> {
    let mut points = track.points.iter().rev().filter(|_| !track.entrant.is_one_at_a_time());
    let point = points.find(|point| point.most_in_flight < point.in_flight)?;
    let count = |number: usize| words::count(number as u64);
    let (most, all) = (count(point.most_in_flight), count(point.in_flight));
    let name = track.title();
    Some(format!(
        "{name} had {most} of {all} in flight at most: pages came before the last fetch began. A longer --delay helps."
    ))
}
