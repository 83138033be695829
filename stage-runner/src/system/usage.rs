//! What the system tells about other processes. What it does not tell is `None`, never 0.

pub use stage_program::system::{Cpu, children};

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

/// A process and its descendants now, from outside.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn family(pid: u32) -> Option<Family> {
    let mut family = Family::default();
    let mut left = vec![pid];
    while let Some(pid) = left.pop() {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        // One that has ended, and was not waited for yet, has no memory any more.
        let Some(rss) = field(&status, "VmRSS:") else { continue };
        let Some(threads) = field(&status, "Threads:") else { continue };
        family.rss_bytes += rss * 1024;
        family.threads += threads;
        family.processes += 1;
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.unwrap_or_default();
        left.extend(children.split(' ').filter_map(|pid| pid.parse::<u32>().ok()));
    }
    (family.processes > 0).then_some(family)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Not told here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn family(_pid: u32) -> Option<Family> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn linux_tells_what_a_process_and_its_children_take() {
        let family = family(std::process::id()).unwrap();
        assert!(family.processes >= 1 && family.threads >= 1 && family.rss_bytes > 100_000);
    }
}
