//! What a run cost: what the program reported, and what the system saw.

use crawl::protocol::Usage;

use crate::results::Doubts;
use crate::system::usage::{Cpu, Family};

/// What the system tells about a finished child.
pub fn from_outside(lifetime_us: u64, cpu: Option<Cpu>, seen: Option<Family>) -> Usage {
    let seen = seen.filter(|seen| seen.processes > 0);
    Usage {
        wall_us: Some(lifetime_us),
        user_us: cpu.map(|cpu| cpu.user_us),
        system_us: cpu.map(|cpu| cpu.system_us),
        peak_rss_bytes: seen.map(|seen| seen.rss_bytes),
        threads: seen.map(|seen| seen.threads),
        processes: seen.map(|seen| seen.processes),
        voluntary_switches: cpu.and_then(|cpu| cpu.switches).map(|switches| switches.0),
        involuntary_switches: cpu.and_then(|cpu| cpu.switches).map(|switches| switches.1),
        ..Usage::default()
    }
}

/// What was reported, and what was seen where nothing was.
pub fn complete(reported: Usage, seen: Usage) -> Usage {
    let says_cpu = reported.user_us.is_some() || reported.system_us.is_some();
    Usage {
        wall_us: reported.wall_us.or(seen.wall_us),
        user_us: if says_cpu { reported.user_us } else { seen.user_us },
        system_us: if says_cpu { reported.system_us } else { seen.system_us },
        peak_rss_bytes: reported.peak_rss_bytes.or(seen.peak_rss_bytes),
        threads: reported.threads.or(seen.threads),
        processes: reported.processes.or(seen.processes),
        voluntary_switches: reported.voluntary_switches.or(seen.voluntary_switches),
        involuntary_switches: reported.involuntary_switches.or(seen.involuntary_switches),
        ..reported
    }
}

/// Where what a program reported cannot be what the system saw. The system saw its whole life, so
/// up to half a second of CPU more is its start.
pub fn doubts(reported: &Usage, seen: &Usage, last_finish: Option<u64>) -> Doubts {
    const START_US: u64 = 500_000;
    const SAMPLING_BYTES: u64 = 64 << 20;
    let cpu = |usage: &Usage| Some(usage.user_us?.saturating_add(usage.system_us?));
    let wall = |wall: u64| {
        wall > seen.wall_us.unwrap_or(u64::MAX).saturating_add(10_000)
            || last_finish.is_some_and(|last| wall.saturating_add(1_000) < last)
    };
    let is_other_cpu =
        |(said, seen): (u64, u64)| said > seen + 20_000 || seen > said.saturating_mul(2) + START_US;
    let is_other_memory =
        |(said, seen): (u64, u64)| seen > said.saturating_mul(2).saturating_add(SAMPLING_BYTES);
    Doubts {
        wall: reported.wall_us.is_some_and(wall),
        cpu: cpu(reported).zip(cpu(seen)).is_some_and(is_other_cpu),
        memory: reported.peak_rss_bytes.zip(seen.peak_rss_bytes).is_some_and(is_other_memory),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(wall: u64, cpu: u64, memory: u64) -> Usage {
        Usage {
            wall_us: Some(wall),
            user_us: Some(cpu),
            system_us: Some(0),
            peak_rss_bytes: Some(memory),
            ..Usage::default()
        }
    }

    #[test]
    fn what_cannot_be_is_doubted() {
        let seen = figures(1_000_000, 100_000, 20 << 20);
        let doubted = |reported: &Usage| {
            let doubts = doubts(reported, &seen, Some(450_000));
            (doubts.wall, doubts.cpu, doubts.memory)
        };
        assert_eq!(doubted(&figures(451_000, 2_000, 10 << 20)), (false, false, false));
        assert_eq!(doubted(&Usage::default()), (false, false, false));
        assert_eq!(doubted(&figures(1_100_000, 130_000, 10 << 20)), (true, true, false));
        assert_eq!(doubted(&figures(400_000, 2_000, 10 << 20)), (true, false, false));
        let busy = figures(1_000_000, 900_000, 200 << 20);
        let doubts = doubts(&figures(1_000_000, 10_000, 1 << 20), &busy, None);
        assert!(doubts.cpu && doubts.memory && !doubts.wall);
    }

    #[test]
    fn what_is_not_reported_is_what_was_seen() {
        let seen = figures(5, 6, 7);
        let reported = Usage { wall_us: Some(1), system_us: Some(2), ..Usage::default() };
        let complete = complete(reported, seen);
        assert_eq!((complete.wall_us, complete.peak_rss_bytes), (Some(1), Some(7)));
        assert_eq!(
            (complete.user_us, complete.system_us),
            (None, Some(2)),
            "both or none are seen"
        );
    }
}
