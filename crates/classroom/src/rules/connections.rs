//! How many connections the site saw, and how many of them at once.

use std::time::Duration;

use super::{Evidence, Given, Judged, Rule, Takes};
use crate::words::plural;

/// As many connections as asked for.
pub(super) const CONNECTIONS: Rule = Rule {
    name: "connections",
    about: "the site sees LEAST to MOST connections",
    takes: Takes::Range,
    more: &[],
    reasons: &["connects"],
    is_time: false,
    label: |given| match given.range() {
        (least, most) if least == most => format!("{least} connections"),
        (least, most) => format!("{least} to {most} connections"),
    },
    judge: connections,
};

fn connections(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let (least, most) = given.range();
    let (seen, pages) = (evidence.run.site.connections.len(), evidence.run.paths.len());
    match seen as u64 {
        seen if (least..=most).contains(&seen) => Judged::fine(),
        _ => {
            let (seen, pages) = (plural(seen, "connection"), plural(pages, "page"));
            Judged::found("connects", format!("the site saw {seen} for {pages}"))
        }
    }
}

/// As many requests at once as asked for.
pub(super) const PEAK_WAITING: Rule = Rule {
    name: "peak-waiting",
    about: "of the pages of the run, LEAST to MOST wait for their answer at the same time, at the \
            busiest moment",
    takes: Takes::Range,
    more: &[],
    reasons: &["too-few", "too-many"],
    is_time: false,
    label: |given| match given.range() {
        (least, most) if least == most => format!("{least} at once, never more"),
        (..=1, most) => format!("at most {most} at once"),
        (least, most) => format!("{least} to {most} at once"),
    },
    judge: peak_waiting,
};

fn peak_waiting(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let (least, most) = given.range();
    match run.site.peak_waiting(|connection| run.is_for_a_target(connection)) as u64 {
        peak if peak < least => Judged::found(
            "too-few",
            format!("the site never saw more than {peak} of its requests at once"),
        ),
        peak if peak > most => {
            let allowed = match run.concurrency as u64 == most {
                true => format!("the job allows {most}"),
                false => format!("at most {most} are asked for"),
            };
            let words = format!("the site saw {peak} of its requests at once, and {allowed}");
            Judged::found("too-many", words)
        }
        _ => Judged::fine(),
    }
}

/// No more connections open at once than asked for.
pub(super) const PEAK_OPEN: Rule = Rule {
    name: "peak-open",
    about: "at most N connections are open and without an answer at the same time, whether they \
            have asked for something or not",
    takes: Takes::Number,
    more: &[],
    reasons: &["too-many-connections"],
    is_time: false,
    label: |given| format!("at most {} connections open", given.number()),
    judge: peak_open,
};

fn peak_open(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let site = &evidence.run.site;
    let (open, waiting) = (site.peak_open(|_| true), site.peak_waiting(|_| true));
    if open as f64 <= given.number() {
        return Judged::fine();
    }
    Judged::found(
        "too-many-connections",
        format!("no more than {waiting} requests at once, but {open} connections were open"),
    )
}

/// A place that becomes free is taken soon.
pub(super) const FREE_PLACE_MEDIAN_MS: Rule = Rule {
    name: "free-place-median-ms",
    about: "the median time for which a place stays free while pages are left is at most N ms, \
            where the connection number k + concurrency takes the place of the answer number k",
    takes: Takes::Number,
    more: &[],
    reasons: &["gaps"],
    is_time: true,
    label: |_| "no place left free".to_owned(),
    judge: free_place_median_ms,
};

fn free_place_median_ms(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let opened = run.site.connections.iter().map(|connection| connection.opened);
    let mut free: Vec<Duration> =
        run.site.connections.iter().filter_map(|connection| connection.over()).collect();
    free.sort_unstable();
    let mut waits: Vec<Duration> = opened
        .skip(run.concurrency)
        .zip(free)
        .map(|(opened, free)| opened.saturating_sub(free))
        .collect();
    waits.sort_unstable();
    let Some(median) = waits.get(waits.len() / 2) else { return Judged::fine() };
    let median = median.as_secs_f64() * 1000.0;
    if median <= given.number() {
        return Judged::fine().measured(median);
    }
    let words = format!(
        "of the {} times that a place became free while pages were left, it stayed so for {median:.0} ms or more in half of them",
        waits.len()
    );
    Judged::found("gaps", words).measured(median)
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;
    use super::super::{CameTo, Evidence};
    use crate::Connection;

    /// Six pages of 100 ms in two rows: while the second begins `gap` ms after the first has ended.
    fn two_rows(gap: u64) -> Vec<Connection> {
        let row = |from: u64, first: u64| {
            (first..first + 3)
                .map(move |number| connection(&format!("/{number}"), [from, from + 1, from + 101]))
        };
        row(0, 1).chain(row(101 + gap, 4)).collect()
    }

    #[test]
    fn connections_are_counted() {
        let run = run(two_rows(1));
        assert_eq!(reason(&given("connections", Value::Range(6, 6)), &run), "fine");
        assert_eq!(reason(&given("connections", Value::Range(7, 9)), &run), "connects");
        assert_eq!(reason(&given("connections", Value::Range(1, 5)), &run), "connects");
    }

    #[test]
    fn who_waits_at_once_is_counted() {
        let run = run(two_rows(1));
        assert_eq!(reason(&given("peak-waiting", Value::Range(3, 3)), &run), "fine");
        assert_eq!(reason(&given("peak-waiting", Value::Range(4, 5)), &run), "too-few");
        assert_eq!(reason(&given("peak-waiting", Value::Range(1, 2)), &run), "too-many");
    }

    /// A rule may ask for fewer than the job allows, and must not say that the job does.
    #[test]
    fn the_words_name_what_the_job_allows_and_what_was_asked_for() {
        let words = |most, concurrency| {
            let run = crate::Observed { concurrency, ..run(two_rows(1)) };
            let given = given("peak-waiting", Value::Range(1, most));
            match given.judge(&Evidence { run: &run, before: &[] }).came_to {
                CameTo::Found(finding) => finding.words,
                other => panic!("{other:?}"),
            }
        };
        let seen = "the site saw 3 of its requests at once";
        assert_eq!(words(2, 2), format!("{seen}, and the job allows 2"));
        assert_eq!(words(2, 6), format!("{seen}, and at most 2 are asked for"));
    }

    #[test]
    fn what_is_no_page_of_the_run_does_not_wait_for_one() {
        let mut run = run(two_rows(1));
        run.site.connections.push(connection("/counter/tally", [0, 1, 90]));
        assert_eq!(reason(&given("peak-waiting", Value::Range(3, 3)), &run), "fine");
        assert_eq!(reason(&given("peak-open", Value::Number(3.0)), &run), "too-many-connections");
    }

    #[test]
    fn a_connection_that_has_not_asked_is_open_too() {
        let mut run = run(two_rows(1));
        assert_eq!(reason(&given("peak-open", Value::Number(3.0)), &run), "fine");
        run.site.connections[3].opened = ms(50);
        assert_eq!(reason(&given("peak-open", Value::Number(3.0)), &run), "too-many-connections");
        assert_eq!(reason(&given("peak-waiting", Value::Range(3, 3)), &run), "fine");
    }

    #[test]
    fn a_place_that_stays_free_is_found() {
        let rule = given("free-place-median-ms", Value::Number(100.0));
        assert_eq!(reason(&rule, &run(two_rows(1))), "fine");
        assert_eq!(reason(&rule, &run(two_rows(150))), "gaps");
        assert_eq!(
            reason(&rule, &run(two_rows(1)[..3].to_vec())),
            "fine",
            "no place is taken again"
        );
    }
}
