//! Whether a fetch ends at its deadline, by counts: what it was told as, what the site had sent,
//! and what was told before it.

use std::time::Duration;

use crawl::ErrorKind;
use crawl::protocol::OutcomeLine;

use super::{Evidence, Given, Judged, Rule, Takes};
use crate::words::time;

/// Pages that take too long are given up.
pub(super) const GIVEN_UP: Rule = Rule {
    name: "given-up",
    about: "each page whose path contains TEXT is told as `timeout`, not before its deadline by \
            the program's own clock, and before the site has sent all of it. Choose pages that \
            take at least three times the deadline",
    takes: Takes::Text,
    more: &[],
    reasons: &["late", "cut-off", "kind"],
    is_time: false,
    label: |_| "given up at the deadline".to_owned(),
    judge: given_up,
};

/// A program may begin its own clock a little later than that of the deadline.
const NEARLY: f64 = 0.9;

fn given_up(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let allowed = time(run.deadline);
    for outcome in run.outcomes.iter().flatten() {
        let path = &run.paths[outcome.target];
        if !path.contains(given.text()) {
            continue;
        }
        let took = took(outcome);
        let Some(error) = &outcome.error else {
            let words = format!(
                "{path} was told as a page{took}; the job allows {allowed} for a whole fetch"
            );
            return Judged::found("late", words);
        };
        if error.kind != ErrorKind::Timeout {
            let words = format!("{path} took too long, and was told as {}", error.kind);
            return Judged::found("kind", words);
        }
        let spent = spent(outcome);
        if spent.is_some_and(|spent| spent < run.deadline.mul_f64(NEARLY)) {
            let words = format!(
                "{path} was told as a timeout{took}; the job allows {allowed} for a whole fetch"
            );
            return Judged::found("cut-off", words);
        }
        if run
            .site
            .of_path(path)
            .any(|connection| connection.answered.is_some() && connection.gave_up.is_none())
        {
            let words = format!(
                "{path} was told as a timeout{took}, when the site had sent all of it; the job \
                 allows {allowed} for a whole fetch"
            );
            return Judged::found("late", words);
        }
    }
    Judged::fine()
}

/// A page that takes too long does not outlast the others.
pub(super) const NOT_TOLD_LAST: Rule = Rule {
    name: "not-told-last",
    about: "the last outcome of all is not that of a page whose path contains TEXT. Choose the \
            other pages so that they take at least one and a half times the deadline together",
    takes: Takes::Text,
    more: &[],
    reasons: &["late"],
    is_time: false,
    label: |_| "given up while others go on".to_owned(),
    judge: not_told_last,
};

fn not_told_last(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let last = run.said.last().and_then(|target| run.outcomes[*target].as_ref());
    match last.filter(|outcome| run.paths[outcome.target].contains(given.text())) {
        None => Judged::fine(),
        Some(outcome) => Judged::found(
            "late",
            format!(
                "{} was told last of all{}; the job allows {} for a whole fetch",
                run.paths[outcome.target],
                took(outcome),
                time(run.deadline)
            ),
        ),
    }
}

/// How long a fetch took by the program's own clock.
fn spent(outcome: &OutcomeLine) -> Option<Duration> {
    let spent = outcome.finished_us?.saturating_sub(outcome.started_us);
    Some(Duration::from_micros(spent))
}

/// The same in words: `, 4.1 s after its fetch began`.
fn took(outcome: &OutcomeLine) -> String {
    let words = |spent| format!(", {} after its fetch began", time(spent));
    spent(outcome).map_or(String::new(), words)
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;
    use super::*;
    use crate::{Connection, Observed};

    /// A page of 4 s, which the client left after this many milliseconds, and a short one.
    fn slow_and_quick(left_at: u64, told: OutcomeLine) -> Observed {
        let mut slow = connection("/1?pace=100ms", [0, 1, 2]);
        if left_at < 4000 {
            slow = Connection { answered: None, gave_up: Some(ms(left_at)), ..slow };
        }
        let mut run = run(vec![slow, connection("/2", [0, 1, 50])]);
        run.outcomes[0] = Some(told);
        run.deadline = ms(500);
        run
    }

    #[test]
    fn a_page_that_takes_too_long_is_given_up() {
        let rule = given("given-up", Value::Text("pace=".to_owned()));
        let timeout = |after: u64| {
            let finished_us = Some(after * 1000);
            OutcomeLine { finished_us, ..failed(0, ErrorKind::Timeout) }
        };
        assert_eq!(reason(&rule, &slow_and_quick(500, timeout(500))), "fine");
        assert_eq!(reason(&rule, &slow_and_quick(4000, page(0, 0, 4000))), "late");
        assert_eq!(reason(&rule, &slow_and_quick(4000, timeout(4000))), "late");
        let mut sent_all_the_same = slow_and_quick(500, timeout(500));
        sent_all_the_same.site.connections[0].answered = Some(ms(4000));
        assert_eq!(reason(&rule, &sent_all_the_same), "fine");
        assert_eq!(reason(&rule, &slow_and_quick(200, timeout(200))), "cut-off");
        assert_eq!(reason(&rule, &slow_and_quick(500, failed(0, ErrorKind::Io))), "kind");
        let other = given("given-up", Value::Text("/fault/".to_owned()));
        assert_eq!(reason(&other, &slow_and_quick(4000, page(0, 0, 4000))), "fine");
    }

    #[test]
    fn a_page_that_takes_too_long_is_not_told_last() {
        let rule = given("not-told-last", Value::Text("pace=".to_owned()));
        let mut run = slow_and_quick(500, failed(0, ErrorKind::Timeout));
        assert_eq!(reason(&rule, &run), "fine");
        run.said = vec![1, 0];
        assert_eq!(reason(&rule, &run), "late");
    }

    #[test]
    fn how_long_it_took_is_told_in_words() {
        assert_eq!(took(&page(0, 100, 4200)), ", 4.1 s after its fetch began");
        assert_eq!(took(&OutcomeLine { finished_us: None, ..page(0, 0, 1) }), "");
    }
}
