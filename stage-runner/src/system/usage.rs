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
    for pid in [pid].into_iter().chain(descendants(pid)?) {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        // One that has ended, and was not waited for yet, has no memory any more.
        let Some(rss) = field(&status, "VmRSS:") else { continue };
        let Some(threads) = field(&status, "Threads:") else { continue };
        family.rss_bytes += rss * 1024;
        family.threads += threads;
        family.processes += 1;
    }
    (family.processes > 0).then_some(family)
}

/// The processes that a process has started, and those that they have started, now.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn descendants(pid: u32) -> Option<Vec<u32>> {
    let mut found = Vec::new();
    let mut left = vec![pid];
    while let Some(pid) = left.pop() {
        // Each thread has children of its own.
        let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { continue };
        for thread in threads.flatten() {
            let children = std::fs::read_to_string(thread.path().join("children"));
            let children = children.unwrap_or_default();
            left.extend(children.split(' ').filter_map(|pid| pid.parse::<u32>().ok()));
        }
        found.extend(&left[..]);
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

/// Which of these processes have a TCP connection to this port of this machine, over IPv4.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn connected_to(port: u16, processes: &[u32]) -> Vec<u32> {
    const ESTABLISHED: &str = "01";
    if processes.is_empty() {
        return Vec::new();
    }
    // Number, local, remote, state, queues, timer, retransmissions, user, timeout, inode.
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let remote = format!(":{port:04X}");
    let sockets: Vec<String> = table
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let is_it = fields.len() > 9 && fields[2].ends_with(&remote);
            (is_it && fields[3] == ESTABLISHED).then(|| format!("socket:[{}]", fields[9]))
        })
        .collect();
    let has_one = |pid: &u32| {
        let Ok(descriptors) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        descriptors.flatten().any(|descriptor| {
            let link = std::fs::read_link(descriptor.path()).unwrap_or_default();
            sockets.iter().any(|socket| link.as_os_str() == socket.as_str())
        })
    };
    processes.iter().copied().filter(has_one).collect()
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

/// Not told here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn descendants(_pid: u32) -> Option<Vec<u32>> {
    None
}

/// Not told here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn connected_to(_port: u16, _processes: &[u32]) -> Vec<u32> {
    Vec::new()
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
