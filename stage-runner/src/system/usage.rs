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

/// How many threads a process has now.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn threads(pid: u32) -> Option<u64> {
    field(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?, "Threads:")
}

/// Whether every thread of a process sleeps now, until something happens: none runs, waits for the
/// processor, or waits for the disk.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn is_asleep(pid: u32) -> bool {
    let sleeps = |thread: std::fs::DirEntry| {
        let status = std::fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        let state = status.lines().find_map(|line| line.strip_prefix("State:"));
        state.is_some_and(|state| state.trim_start().starts_with('S'))
    };
    std::fs::read_dir(format!("/proc/{pid}/task"))
        .is_ok_and(|mut threads| threads.all(|thread| thread.is_ok_and(sleeps)))
}

/// Which of these processes have a TCP socket: those that fetch.
///
/// Each socket is asked for its protocol. The system's table of all connections would say to whom
/// they go, and takes half a second to read where thousands have just been closed.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn with_tcp_sockets(processes: &[u32]) -> Vec<u32> {
    let is_tcp = |descriptor: std::fs::DirEntry| {
        let mut protocol = [0; 32];
        let named = rustix::fs::getxattr(descriptor.path(), PROTOCOL, &mut protocol);
        named.is_ok_and(|bytes| protocol[..bytes].starts_with(b"TCP"))
    };
    let has_one = |pid: &u32| {
        let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
        descriptors.flatten().any(is_tcp)
    };
    processes.iter().copied().filter(has_one).collect()
}

/// What a socket calls the name of its protocol: `TCP`, `TCPv6`, `UNIX-STREAM`.
#[cfg(any(target_os = "linux", target_os = "android"))]
const PROTOCOL: &str = "system.sockprotoname";

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
pub fn threads(_pid: u32) -> Option<u64> {
    None
}

/// Not told here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn is_asleep(_pid: u32) -> bool {
    false
}

/// Not told here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn with_tcp_sockets(_processes: &[u32]) -> Vec<u32> {
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

    #[test]
    fn linux_tells_the_threads_of_a_process_and_whether_all_sleep() {
        let mut asleep = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let began = std::time::Instant::now();
        while !is_asleep(asleep.id()) {
            assert!(began.elapsed().as_secs() < 20, "it does not sleep");
        }
        let threads = (threads(asleep.id()), threads(std::process::id()));
        // The thread that looks runs.
        let is_one_awake = !is_asleep(std::process::id());
        asleep.kill().unwrap();
        asleep.wait().unwrap();
        assert_eq!(threads.0, Some(1));
        assert!(threads.1 > Some(1) && is_one_awake, "{threads:?}");
        assert!(!is_asleep(asleep.id()), "it has ended");
    }

    #[test]
    fn linux_tells_which_process_has_a_tcp_socket() {
        let mut asleep = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let own = std::process::id();
        let found = with_tcp_sockets(&[own, asleep.id()]);
        let descendants = descendants(own).unwrap();
        asleep.kill().unwrap();
        asleep.wait().unwrap();
        drop(socket);
        assert_eq!(found, [own]);
        assert!(descendants.contains(&asleep.id()), "{descendants:?}");
    }
}
