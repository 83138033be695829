//! Several loops that share one list of pages.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Evidence, Given, Judged, Rule, Takes};
use crate::Observed;
use crate::words::plural;

/// The loops share the pages evenly.
pub(super) const SHARE_OF_EACH_LOOP: Rule = Rule {
    name: "share-of-each-loop",
    about: "two loops fetch the pages (as `by` tells), and each has LEAST to MOST percent of them. \
            The pages before both have told one do not count: one may have started later. If those \
            are more than half of all, it is not judged",
    takes: Takes::Range,
    more: &[],
    reasons: &["uneven"],
    is_time: false,
    label: |_| "both loops have their share".to_owned(),
    judge: share_of_each_loop,
};

fn share_of_each_loop(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let by: Vec<String> = said_by(run).map(|(by, _)| by).collect();
    let loops: BTreeSet<&String> = by.iter().collect();
    if loops.len() != 2 {
        let names: Vec<&str> = loops.iter().map(|name| name.as_str()).collect();
        let words = format!("the pages were told by {}", names.join(", "));
        return Judged::found("uneven", words);
    }
    let begins = by.iter().position(|name| *name != by[0]).unwrap_or_default();
    if begins * 2 > by.len() {
        return Judged::not_judged(
            "when one of the loops told its first page, most of the pages were over: it started late",
        );
    }
    let mut pages: BTreeMap<&str, u64> = loops.iter().map(|name| (name.as_str(), 0)).collect();
    for name in &by[begins..] {
        *pages.entry(name).or_default() += 1;
    }
    let all = (by.len() - begins) as u64;
    let (least, most) = given.range();
    let share = |pages: u64| pages * 100 / all;
    let judged = match pages.values().all(|pages| (least..=most).contains(&share(*pages))) {
        true => Judged::fine(),
        false => {
            let each: Vec<String> =
                pages.iter().map(|(name, pages)| format!("{name} fetched {pages}")).collect();
            let words = format!("of {all} pages, {}", each.join(", and "));
            Judged::found("uneven", words)
        }
    };
    judged.measured(share(pages.into_values().max().unwrap_or_default()) as f64)
}

/// No loop ends while pages are left.
pub(super) const ASKED_AFTER_A_LOOP_HAS_ENDED: Rule = Rule {
    name: "asked-after-a-loop-has-ended",
    about: "after one of the loops (as `by` tells) has told its last page, at most N pages are \
            still begun by the others",
    takes: Takes::Number,
    more: &[],
    reasons: &["idle"],
    is_time: false,
    label: |_| "no loop idle while pages are left".to_owned(),
    judge: asked_after_a_loop_has_ended,
};

fn asked_after_a_loop_has_ended(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let last_told: BTreeMap<String, Duration> = said_by(run).collect();
    let Some((first_to_end, ended)) = last_told.into_iter().min_by_key(|(_, at)| *at) else {
        return Judged::fine();
    };
    let later = run.site.connections.iter().filter(|connection| connection.opened > ended).count();
    let judged = match later as f64 <= given.number() {
        true => Judged::fine(),
        false => Judged::found(
            "idle",
            format!(
                "{first_to_end} told its last page, and {} of {} were begun after that",
                plural(later, "page"),
                run.paths.len()
            ),
        ),
    };
    judged.measured(later as f64)
}

/// Who told each outcome, and when, in the order in which they were told.
fn said_by(run: &Observed) -> impl Iterator<Item = (String, Duration)> {
    run.said.iter().zip(&run.said_at).filter_map(|(target, at)| {
        let outcome = run.outcomes.get(*target)?.as_ref()?;
        Some((outcome.by.to_string(), *at))
    })
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;
    use crate::Observed;
    use crawl::Worker;

    /// Pages of 10 ms, told by these processes one after another.
    fn told_by(processes: &[u32]) -> Observed {
        let connections = (0..processes.len() as u64)
            .map(|n| connection(&format!("/{n}"), [10 * n, 10 * n + 1, 10 * n + 9]));
        let mut run = run(connections.collect());
        run.said_at = (0..processes.len() as u64).map(|n| ms(10 * n + 9)).collect();
        for (outcome, process) in run.outcomes.iter_mut().flatten().zip(processes) {
            outcome.by = Worker::Process(*process);
        }
        run
    }

    #[test]
    fn one_loop_that_fetches_most_is_found() {
        let rule = given("share-of-each-loop", Value::Range(40, 60));
        assert_eq!(reason(&rule, &told_by(&[1, 2, 1, 2, 2, 1])), "fine");
        assert_eq!(reason(&rule, &told_by(&[1, 2, 1, 1, 1, 1])), "uneven");
        assert_eq!(reason(&rule, &told_by(&[1, 1, 1, 1])), "uneven");
        assert_eq!(reason(&rule, &told_by(&[1, 2, 3])), "uneven");
        let later = told_by(&[1, 1, 1, 1, 2, 1, 2, 1]);
        assert_eq!(reason(&rule, &later), "fine", "one started later");
        let too_late = told_by(&[1, 1, 1, 1, 1, 1, 1, 2, 2, 2]);
        assert_eq!(reason(&rule, &too_late), "not judged");
    }

    #[test]
    fn a_loop_that_ends_while_pages_are_left_is_found() {
        let rule = given("asked-after-a-loop-has-ended", Value::Number(1.0));
        assert_eq!(reason(&rule, &told_by(&[1, 2, 1, 2, 1])), "fine");
        assert_eq!(reason(&rule, &told_by(&[2, 2, 1, 1, 1])), "idle");
    }
}
