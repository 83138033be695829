//! What a program asked of the system: a line for each call.

use crate::results::system_calls::{Called, SystemCalls};
use crate::views::Style;
use crate::words::{self, wrapped};

/// So many are told one by one.
const TOLD: usize = 10;

/// How far the lines stand to the right.
const INDENT: usize = 4;

/// A heading and the calls, the most frequent first. `says` is what the run was about.
pub fn lines(says: &str, calls: &SystemCalls, style: &Style) -> Vec<String> {
    let since = if calls.from_the_first_socket { "first socket" } else { "start" };
    let pages = words::plural(calls.pages as u64, "page");
    let says = words::escaped(says);
    let heading = format!("system calls from its {since} on ({says}; {pages}, under strace):");
    let room = style.width.saturating_sub(INDENT).max(20);
    let mut lines = wrapped(&heading, room, 0);
    let (told, rest) = calls.calls.split_at(calls.calls.len().min(TOLD));
    let times = |call: &Called| words::count(call.times);
    let widest = told.iter().map(|call| times(call).len()).max().unwrap_or(0);
    for call in told {
        let line = format!("  {:>widest$} {}{}", times(call), call.name, failures(call));
        lines.extend(wrapped(&line, room, widest + 4));
    }
    if !rest.is_empty() {
        let times = words::count(rest.iter().map(|call| call.times).sum());
        let kinds = words::plural(rest.len() as u64, "other kind");
        lines.push(format!("  {times:>widest$} of {kinds}"));
    }
    lines.into_iter().map(|line| format!("{}{line}", " ".repeat(INDENT))).collect()
}

/// How often it failed, and with what: `, 12 of them EAGAIN`.
fn failures(call: &Called) -> String {
    let failures = call.failed.iter().map(|(error, times)| match call.times == *times {
        true => format!(", all of them {error}"),
        false => format!(", {} of them {error}", words::count(*times)),
    });
    failures.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_come_first_and_the_rest_in_one_line() {
        let called = |name: &str, times, failed: &[(&str, u64)]| Called {
            name: name.to_owned(),
            times,
            failed: failed.iter().map(|(error, times)| ((*error).to_owned(), *times)).collect(),
        };
        let mut calls = vec![
            called("recvfrom", 12_431, &[("EAGAIN", 12_401)]),
            called("connect", 10, &[("EINPROGRESS", 10)]),
        ];
        calls.extend((0..10).map(|number| called(&format!("call{number}"), 2, &[])));
        let calls = SystemCalls { pages: 10, from_the_first_socket: true, calls };
        let lines = lines("long pages", &calls, &Style { width: 80 });
        assert_eq!(lines.len(), 12, "{lines:#?}");
        let expected = [
            "    system calls from its first socket on (long pages; 10 pages, under strace):",
            "      12,431 recvfrom, 12,401 of them EAGAIN",
            "          10 connect, all of them EINPROGRESS",
            "           2 call0",
        ];
        assert_eq!(lines[..4], expected);
        assert_eq!(lines[11], "           4 of 2 other kinds");
    }
}
