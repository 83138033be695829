//! A number that all fetches share: read, add, set.

use std::time::Duration;

use super::{Evidence, Given, Judged, Rule, Takes};
use crate::words::plural;
use crate::{Connection, Observed};

/// Each page's bytes are added to a counter of the site, and no update is lost.
pub(super) const TALLY: Rule = Rule {
    name: "tally",
    about: "the counter TEXT of the site, at `/counter/TEXT`, ends at the sum of the bytes of all \
            pages, by an update (a read, then a `set`) for each page; and no update begins before \
            the one before it has its answer. Each path of the run must say its `size`",
    takes: Takes::Text,
    more: &[],
    reasons: &["no-tally", "lost-update", "luck"],
    is_time: false,
    label: |_| "no update lost".to_owned(),
    judge: tally,
};

/// A request for the counter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Request {
    asked: Duration,
    /// What it sets; `None` of a read.
    sets: Option<u64>,
    answered: Option<Duration>,
}

fn tally(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let requests = requests(run, given.text());
    let updates = requests.iter().filter(|request| request.sets.is_some()).count();
    if updates < run.paths.len() {
        let (updates, pages) = (plural(updates, "update"), plural(run.paths.len(), "page"));
        return Judged::found("no-tally", format!("{updates} of the counter for {pages}"));
    }
    let all: u64 = run.paths.iter().filter_map(|path| size(path)).sum();
    let last = requests.iter().rev().find_map(|request| request.sets).unwrap_or(0);
    if last != all {
        let words = format!(
            "the counter says {last}, and the pages have {all} bytes: {} read it between the read \
             and the set of another",
            plural(reads_in_between(&requests), "update")
        );
        return Judged::found("lost-update", words);
    }
    match begun_too_early(&requests) {
        0 => Judged::fine(),
        updates => Judged::found(
            "luck",
            format!(
                "the sum is right this time, and {} began before the one before it had its answer",
                plural(updates, "update")
            ),
        ),
    }
}

/// The requests for this counter, in the order in which they came.
fn requests(run: &Observed, counter: &str) -> Vec<Request> {
    let path = format!("/counter/{counter}");
    let set = format!("{path}?set=");
    let connections = run.site.connections.iter();
    let request = |connection: &Connection| {
        let asked = connection.path.as_deref()?;
        let sets = asked.strip_prefix(&set).map(|value| value.parse().unwrap_or(0));
        let is_it = sets.is_some() || asked == path;
        let answered = connection.over();
        is_it.then_some(Request { asked: connection.asked?, sets, answered })
    };
    let mut requests: Vec<Request> = connections.filter_map(request).collect();
    requests.sort_unstable();
    requests
}

/// How many reads came while another update was between its read and its set.
fn reads_in_between(requests: &[Request]) -> usize {
    let (mut under_way, mut found) = (0_usize, 0);
    for request in requests {
        if request.sets.is_some() {
            under_way = under_way.saturating_sub(1);
        } else {
            found += usize::from(under_way > 0);
            under_way += 1;
        }
    }
    found
}

/// How many updates began before the set of the update before them had its answer. A read that is
/// not part of an update, to show the number for example, is no beginning: the last read before a
/// set counts.
fn begun_too_early(requests: &[Request]) -> usize {
    let (mut read, mut set_before, mut found) = (None, None, 0);
    for request in requests {
        if request.sets.is_none() {
            read = Some(request.asked);
            continue;
        }
        found += usize::from(read < set_before);
        set_before = request.answered;
    }
    found
}

/// The size that a path asks for.
fn size(path: &str) -> Option<u64> {
    let (_, query) = path.split_once('?')?;
    query.split('&').find_map(|part| part.strip_prefix("size="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;
    use super::*;

    /// Two pages of 100 and 200 bytes, and requests for the counter, 10 ms apart, each answered
    /// after so many.
    fn counted(requests: &[&str], answered_after: u64) -> Observed {
        let page = |size: u64| connection(&format!("/{size}?size={size}"), [0, 1, 2]);
        let mut run = run(vec![page(100), page(200)]);
        for (number, request) in requests.iter().enumerate() {
            let at = 10 * (number as u64 + 1);
            let path = format!("/counter/tally{request}");
            run.site.connections.push(connection(&path, [at, at + 1, at + 1 + answered_after]));
        }
        run
    }

    #[test]
    fn lost_updates_are_found_and_luck_too() {
        let rule = given("tally", Value::Text("tally".to_owned()));
        let right = &["", "?set=100", "", "?set=300"][..];
        for (requests, answered_after, expected) in [
            (right, 5, "fine"),
            (right, 15, "luck"),
            (&["", "?set=300"], 5, "no-tally"),
            (&["", "", "?set=100", "?set=200"], 5, "lost-update"),
            (&["", "?set=200", "", "?set=300", ""], 5, "fine"),
            (&["", "", "?set=200", "", "?set=300"], 5, "fine"),
        ] {
            let found = reason(&rule, &counted(requests, answered_after));
            assert_eq!(found, expected, "{requests:?}, answered after {answered_after} ms");
        }
    }
}
