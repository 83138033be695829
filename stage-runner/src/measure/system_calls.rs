//! What a program asks of the system, as `strace` sees it: to look at, never to judge. A program
//! that is traced is slower, and takes turns in another order.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::observe::{NotObserved, observe};
use crate::results::system_calls::{Called, SystemCalls};
use crate::system::signals;

/// Why nothing was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotCounted {
    /// What is missing here.
    NotHere(String),
    /// Somebody stopped the runner.
    Interrupted,
}

/// Runs a program once more, as a run of an exercise asks for, and counts its system calls. No
/// worker is killed: under strace the program itself is a child process with a connection.
///
/// # Errors
/// Nothing was counted.
pub fn count(command: &Command, run: &classroom::Run) -> Result<SystemCalls, NotCounted> {
    if !cfg!(target_os = "linux") {
        return Err(not_here("only Linux has strace"));
    }
    let version = Command::new("strace").arg("-V").stdout(Stdio::null()).status();
    if version.is_err() {
        return Err(not_here("strace is missing (on Debian and Ubuntu: apt install strace)"));
    }
    let folder = tempfile::Builder::new().prefix("ways-to-wait-").tempdir();
    let folder = folder.map_err(|error| not_here(&format!("no folder for strace: {error}")))?;
    // Where the process ends early, nobody drops it.
    signals::folder(Some(folder.path().to_owned()));
    let log = folder.path().join("calls");
    let mut run = run.clone();
    run.kill_one_worker = false;
    let observed = observe(traced(command, &log), &run, None, &mut || true);
    let said = fs::read(&log).unwrap_or_default();
    signals::folder(None);
    match observed {
        Err(NotObserved::Interrupted) => Err(NotCounted::Interrupted),
        Err(NotObserved::NotStarted(why) | NotObserved::NoRoom(why)) => {
            Err(NotCounted::NotHere(why))
        }
        // A container may forbid to trace, and then strace says so.
        Ok(observed) if said.is_empty() => {
            let last_word = observed.stderr.unwrap_or_else(|| "strace saw no call".to_owned());
            Err(NotCounted::NotHere(last_word))
        }
        Ok(observed) => Ok(calls(&String::from_utf8_lossy(&said), observed.paths.len())),
    }
}

fn not_here(why: &str) -> NotCounted {
    NotCounted::NotHere(why.to_owned())
}

/// The same command under strace, which follows its threads and child processes.
fn traced(command: &Command, log: &Path) -> Command {
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-s", "0", "-e", "signal=none", "-o"]).arg(log).arg("--");
    traced.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => traced.env(name, value),
            None => traced.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        traced.current_dir(folder);
    }
    traced
}

/// Counts what strace has written: a line for each call, or two where another thread came between.
fn calls(log: &str, pages: usize) -> SystemCalls {
    let is_first = |line: &str| line.contains(" socket(AF_INET");
    let start = log.lines().position(is_first);
    let mut calls: BTreeMap<&str, Called> = BTreeMap::new();
    for line in log.lines().skip(start.unwrap_or(0)) {
        let Some((name, is_begin)) = name(line) else { continue };
        let call = calls.entry(name).or_default();
        call.times += u64::from(is_begin);
        if let Some((_, error)) = line.rsplit_once(" = -1 ") {
            let error = error.split(' ').next().unwrap_or_default();
            *call.failed.entry(error.to_owned()).or_default() += 1;
        }
    }
    let mut calls: Vec<Called> =
        calls.into_iter().map(|(name, call)| Called { name: name.to_owned(), ..call }).collect();
    calls.retain(|call| call.times > 0);
    calls.sort_by_key(|call| Reverse(call.times));
    SystemCalls { pages, from_the_first_socket: start.is_some(), calls }
}

/// The call that a line is about, and whether it begins there.
fn name(line: &str) -> Option<(&str, bool)> {
    let (thread, rest) = line.split_once(' ')?;
    thread.parse::<u32>().ok()?;
    let rest = rest.trim_start();
    if let Some(rest) = rest.strip_prefix("<... ") {
        return Some((rest.split(' ').next()?, false));
    }
    let (name, _) = rest.split_once('(')?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (is_name && !name.is_empty()).then_some((name, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"
7 execve("/usr/bin/python3", ["python3"], 0x0 /* 9 vars */) = 0
7 read(3, ""..., 832) = 832
7 socket(AF_UNIX, SOCK_STREAM, 0) = 3
7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 4
7 connect(4, {sa_family=AF_INET}, 16) = -1 EINPROGRESS (Operation now in progress)
7 recvfrom(4, ""..., 65536, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)
7 recvfrom(4, ""..., 65536, 0, NULL, NULL <unfinished ...>
8 futex(0x0, FUTEX_WAIT_PRIVATE, 0, NULL) = ? ERESTARTSYS (To be restarted)
7 <... recvfrom resumed>) = -1 EAGAIN (Resource temporarily unavailable)
7 recvfrom(4, ""..., 65536, 0, NULL, NULL) = 120
7 +++ exited with 0 +++
"#;

    fn called(name: &str, times: u64, failed: &[(&str, u64)]) -> Called {
        let failed = failed.iter().map(|(error, times)| ((*error).to_owned(), *times)).collect();
        Called { name: name.to_owned(), times, failed }
    }

    #[test]
    fn calls_count_from_the_first_network_socket_on() {
        let counted = calls(LOG, 1);
        let expected = [
            called("recvfrom", 3, &[("EAGAIN", 2)]),
            called("connect", 1, &[("EINPROGRESS", 1)]),
            called("futex", 1, &[]),
            called("socket", 1, &[]),
        ];
        assert_eq!(counted.calls, expected);
        assert!(counted.from_the_first_socket);
    }

    #[test]
    fn a_program_without_a_socket_of_its_own_counts_from_its_start() {
        let counted = calls("7 execve() = 0\n7 io_uring_enter(3, 1, 1, 0) = 1\n", 1);
        assert_eq!(counted.calls.len(), 2);
        assert!(!counted.from_the_first_socket);
    }
}
