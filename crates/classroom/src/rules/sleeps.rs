//! How often the program goes to sleep, by its pages.

use super::{Evidence, Given, Judged, NOT_TOLD, Rule, Takes};

/// It is not woken for nothing.
pub(super) const SLEEPS_PER_PAGE: Rule = Rule {
    name: "sleeps-per-page",
    about: "all threads of the program together go to sleep at most N times for each page",
    takes: Takes::Number,
    more: &[],
    reasons: &["sleeps"],
    is_time: false,
    label: |given| format!("at most {} sleeps a page", given.number()),
    judge: sleeps_per_page,
};

fn sleeps_per_page(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let Some(sleeps) = run.process.sleeps else { return Judged::not_judged(NOT_TOLD) };
    let a_page = sleeps as f64 / run.paths.len().max(1) as f64;
    let judged = if a_page <= given.number() {
        Judged::fine()
    } else {
        let pages = run.paths.len();
        let words = format!("its threads went to sleep {sleeps} times for {pages} pages");
        Judged::found("sleeps", words)
    };
    judged.measured(a_page)
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;

    #[test]
    fn sleeps_are_counted_by_the_page() {
        let rule = given("sleeps-per-page", Value::Number(15.0));
        let mut run = run(vec![connection("/1", [0, 1, 50]), connection("/2", [0, 1, 50])]);
        assert_eq!(reason(&rule, &run), "not judged");
        run.process.sleeps = Some(20);
        assert_eq!(reason(&rule, &run), "fine");
        run.process.sleeps = Some(100);
        assert_eq!(reason(&rule, &run), "sleeps");
    }
}
