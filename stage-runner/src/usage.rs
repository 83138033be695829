//! What the system tells about processes: CPU, memory, threads. What it does not tell is `None`, never 0.

use std::iter::Sum;
use std::ops::Sub;

/// CPU time and context switches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// In the program's own code.
    pub user_us: u64,
    /// In the kernel on its behalf.
    pub system_us: u64,
    /// Voluntary and involuntary context switches.
    pub switches: Option<(u64, u64)>,
}

impl Cpu {
    /// Both kinds: they are split by sampling, so their sum is what can be trusted.
    pub fn total_us(&self) -> u64 {
        self.user_us + self.system_us
    }
}

impl Sub for Cpu {
    type Output = Cpu;

    fn sub(self, earlier: Cpu) -> Cpu {
        let total = self.total_us().saturating_sub(earlier.total_us());
        let user = self.user_us.saturating_sub(earlier.user_us).min(total);
        let switches = self
            .switches
            .zip(earlier.switches)
            .map(|(now, then)| (now.0.saturating_sub(then.0), now.1.saturating_sub(then.1)));
        Cpu { user_us: user, system_us: total - user, switches }
    }
}

impl Sum for Cpu {
    fn sum<I: Iterator<Item = Cpu>>(parts: I) -> Cpu {
        let nothing = Cpu { switches: Some((0, 0)), ..Cpu::default() };
        parts.fold(nothing, |a, b| Cpu {
            user_us: a.user_us + b.user_us,
            system_us: a.system_us + b.system_us,
            switches: a.switches.zip(b.switches).map(|(a, b)| (a.0 + b.0, a.1 + b.1)),
        })
    }
}

/// What one process looks like from outside at one moment, with the processes that it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Family {
    /// Resident memory of all of them.
    pub rss_bytes: u64,
    /// Threads of all of them.
    pub threads: u64,
    /// How many they are.
    pub processes: u64,
}

pub use system::*;

#[cfg(unix)]
mod cpu {
    use super::Cpu;
    use nix::sys::resource::{Usage, UsageWho, getrusage};

    /// This process, and the children that it waited for.
    pub fn process() -> Option<Cpu> {
        Some([of(UsageWho::RUSAGE_SELF)?, children()?].into_iter().sum())
    }

    /// The children that this process waited for.
    pub fn children() -> Option<Cpu> {
        of(UsageWho::RUSAGE_CHILDREN)
    }

    pub(super) fn of(who: UsageWho) -> Option<Cpu> {
        getrusage(who).ok().map(|usage| Cpu {
            user_us: micros(usage.user_time()),
            system_us: micros(usage.system_time()),
            switches: switches(&usage),
        })
    }

    fn micros(time: nix::sys::time::TimeVal) -> u64 {
        time.tv_sec() as u64 * 1_000_000 + time.tv_usec() as u64
    }

    fn switches(usage: &Usage) -> Option<(u64, u64)> {
        let voluntary = u64::try_from(usage.voluntary_context_switches()).ok()?;
        Some((voluntary, u64::try_from(usage.involuntary_context_switches()).ok()?))
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use super::{Cpu, Family};
    use std::fs;

    pub use super::cpu::{children, process};

    /// This thread.
    pub fn this_thread() -> Option<Cpu> {
        super::cpu::of(nix::sys::resource::UsageWho::RUSAGE_THREAD)
    }

    /// Makes the memory of this moment the peak, so that what came before does not count.
    pub fn reset_peak() -> bool {
        fs::write("/proc/self/clear_refs", "5").is_ok()
    }

    /// Resident memory now.
    pub fn resident() -> Option<u64> {
        field("/proc/self/status", "VmRSS:").map(|kib| kib * 1024)
    }

    /// The most resident memory since the start, or since [`reset_peak`].
    pub fn peak_resident() -> Option<u64> {
        field("/proc/self/status", "VmHWM:").map(|kib| kib * 1024)
    }

    /// Threads of this process now.
    pub fn threads() -> Option<u64> {
        field("/proc/self/status", "Threads:")
    }

    /// A process and its descendants now, from outside.
    pub fn family(pid: u32) -> Option<Family> {
        let mut family = Family::default();
        let mut left = vec![pid];
        while let Some(pid) = left.pop() {
            let status = format!("/proc/{pid}/status");
            // One that has ended, and was not waited for yet, has no memory any more.
            let Some(rss) = field(&status, "VmRSS:") else { continue };
            let Some(threads) = field(&status, "Threads:") else { continue };
            family.rss_bytes += rss * 1024;
            family.threads += threads;
            family.processes += 1;
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
            left.extend(
                children.unwrap_or_default().split(' ').filter_map(|pid| pid.parse::<u32>().ok()),
            );
        }
        (family.processes > 0).then_some(family)
    }

    fn field(path: &str, name: &str) -> Option<u64> {
        let status = fs::read_to_string(path).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
mod system {
    use super::{Cpu, Family};
    use nix::time::{ClockId, clock_gettime};

    pub use super::cpu::{children, process};

    /// This thread: its CPU time; its context switches are not told.
    pub fn this_thread() -> Option<Cpu> {
        let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).ok()?;
        let micros = time.tv_sec() as u64 * 1_000_000 + time.tv_nsec() as u64 / 1000;
        Some(Cpu { user_us: micros, ..Cpu::default() })
    }

    /// Not told here: the peak of the whole life would count the reading of the job as the stage's.
    pub fn reset_peak() -> bool {
        false
    }

    /// Not told here.
    pub fn resident() -> Option<u64> {
        None
    }

    /// Not told here.
    pub fn peak_resident() -> Option<u64> {
        None
    }

    /// Not told here.
    pub fn threads() -> Option<u64> {
        None
    }

    /// Not told here.
    pub fn family(_pid: u32) -> Option<Family> {
        None
    }
}

#[cfg(not(unix))]
mod system {
    use super::{Cpu, Family};

    /// Not told here.
    pub fn process() -> Option<Cpu> {
        None
    }

    /// Not told here.
    pub fn children() -> Option<Cpu> {
        None
    }

    /// Not told here.
    pub fn this_thread() -> Option<Cpu> {
        None
    }

    /// Not told here.
    pub fn reset_peak() -> bool {
        false
    }

    /// Not told here.
    pub fn resident() -> Option<u64> {
        None
    }

    /// Not told here.
    pub fn peak_resident() -> Option<u64> {
        None
    }

    /// Not told here.
    pub fn threads() -> Option<u64> {
        None
    }

    /// Not told here.
    pub fn family(_pid: u32) -> Option<Family> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn linux_tells_everything() {
        assert!(process().is_some() && this_thread().is_some() && children().is_some());
        assert!(threads() >= Some(1) && resident() > Some(100_000));
        let family = family(std::process::id()).unwrap();
        assert!(family.processes >= 1 && family.threads >= 1 && family.rss_bytes > 100_000);
    }

    #[test]
    fn the_sum_is_kept_when_the_parts_are_not_exact() {
        let cpu = |user_us, system_us| Cpu { user_us, system_us, switches: Some((0, 0)) };
        assert_eq!((cpu(100, 50) - cpu(120, 10)).total_us(), 20);
        assert_eq!(cpu(0, 0) - cpu(120, 10), cpu(0, 0));
    }
}
