//! A number that all fetches share: read, add, set.

use super::{Evidence, Given, Judged, Rule, Takes};
use crate::words::plural;

/// Each page's bytes are added to a counter of the site, and no update is lost.
pub(super) const TALLY: Rule = Rule {
    name: "tally",
    about: "the counter TEXT of the site ends at the sum of the bytes of all pages, by one update \
            (a read, then a `set`) for each page, and no update is read while another is under way",
    takes: Takes::Text,
    more: &[],
    reasons: &["no-tally", "lost-update", "luck"],
    is_time: false,
    label: |_| "no update lost".to_owned(),
    judge: tally,
};

fn tally(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let path = format!("/counter/{}", given.text());
    let set = format!("{path}?set=");
    // In the order in which the requests came, each a read or the value that it sets.
    let mut requests: Vec<_> = run
        .site
        .connections
        .iter()
        .filter_map(|connection| {
            let asked = connection.path.as_deref()?;
            let value = asked.strip_prefix(&set).map(|value| value.parse::<u64>().unwrap_or(0));
            (value.is_some() || asked == path).then_some((connection.asked?, value))
        })
        .collect();
    requests.sort_unstable();
    let updates = requests.iter().filter(|(_, value)| value.is_some()).count();
    if updates < run.paths.len() {
        let pages = plural(run.paths.len(), "page");
        return Judged::found("no-tally", format!("{updates} updates of the counter for {pages}"));
    }
    let (mut under_way, mut overlaps) = (0_i64, 0);
    for (_, value) in &requests {
        match value {
            None => {
                overlaps += usize::from(under_way > 0);
                under_way += 1;
            }
            Some(_) => under_way -= 1,
        }
    }
    let last = requests.iter().rev().find_map(|(_, value)| *value).unwrap_or_default();
    let bytes: u64 = run.outcomes.iter().flatten().filter_map(|outcome| outcome.bytes).sum();
    if last != bytes {
        let words = format!(
            "the counter says {last}, and the pages have {bytes} bytes: {overlaps} updates read it \
             while another was under way"
        );
        return Judged::found("lost-update", words);
    }
    match overlaps {
        0 => Judged::fine(),
        _ => Judged::found(
            "luck",
            format!(
                "the sum is right this time, and {overlaps} updates read the counter while another \
                 was under way"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;
    use crate::Observed;

    /// Two pages of 100 bytes, and requests for the counter, 10 ms apart.
    fn counted(requests: &[&str]) -> Observed {
        let mut run = run(vec![connection("/1", [0, 1, 2]), connection("/2", [0, 1, 2])]);
        for (number, request) in requests.iter().enumerate() {
            let at = 10 * (number as u64 + 1);
            let path = format!("/counter/tally{request}");
            run.site.connections.push(connection(&path, [at, at + 1, at + 5]));
        }
        run
    }

    #[test]
    fn lost_updates_are_found_and_luck_too() {
        let rule = given("tally", Value::Text("tally".to_owned()));
        for (requests, expected) in [
            (&["", "?set=100", "", "?set=200"][..], "fine"),
            (&["", "?set=200"], "no-tally"),
            (&["", "", "?set=100", "?set=100"], "lost-update"),
            (&["", "", "?set=100", "?set=200"], "luck"),
            (&["", "?set=100", "", "?set=300"], "lost-update"),
        ] {
            assert_eq!(reason(&rule, &counted(requests)), expected, "{requests:?}");
        }
    }
}
