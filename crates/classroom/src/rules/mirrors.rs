//! Two mirrors of one page: the targets 0 and 1, 2 and 3, and so on.

use std::time::Duration;

use super::{Evidence, Given, Judged, Rule, Takes};
use crate::words::{plural, time};
use crate::{Connection, Observed};

/// Every mirror is asked.
pub(super) const MIRRORS_ASKED: Rule = Rule {
    name: "mirrors-asked",
    about: "the targets are pairs of mirrors (0 and 1, 2 and 3, …), and the site gets a request \
            for each of them. Each path of the run must be a different one",
    takes: Takes::Nothing,
    more: &[],
    reasons: &["not-asked"],
    is_time: false,
    label: |_| "both mirrors asked".to_owned(),
    judge: mirrors_asked,
};

fn mirrors_asked(_: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let asked = |target: &usize| of_target(run, *target).is_some();
    let missing: Vec<usize> = (0..run.paths.len()).filter(|target| !asked(target)).collect();
    match missing[..] {
        [] => Judged::fine(),
        [first, ..] => Judged::found(
            "not-asked",
            format!(
                "the site got no request for {} of {}; target {first}, for instance",
                missing.len(),
                plural(run.paths.len(), "mirror")
            ),
        ),
    }
}

/// One page comes of two mirrors.
pub(super) const ONE_PAGE_OF_TWO: Rule = Rule {
    name: "one-page-of-two",
    about: "the targets are pairs of mirrors (0 and 1, 2 and 3, …), and of each pair one is told \
            as a page",
    takes: Takes::Nothing,
    more: &[],
    reasons: &["no-page", "two-pages"],
    is_time: false,
    label: |_| "one page of each two mirrors".to_owned(),
    judge: one_page_of_two,
};

fn one_page_of_two(_: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    for first in (0..run.paths.len()).step_by(2) {
        let pair = [first, first + 1];
        match pair.iter().filter(|target| is_page(run, **target)).count() {
            1 => {}
            0 => {
                let words = format!("both {first} and {} were told as failed", first + 1);
                return Judged::found("no-page", words);
            }
            _ => {
                let words = format!("both {first} and {} were told as pages", first + 1);
                return Judged::found("two-pages", words);
            }
        }
    }
    Judged::fine()
}

/// The mirror that is not needed any more is given up, and only then.
pub(super) const LOSER_GIVES_UP: Rule = Rule {
    name: "loser-gives-up",
    about: "the targets are pairs of mirrors (0 and 1, 2 and 3, …). When one of them has brought \
            the page, the fetch of the other one ends before its own answer is due, and not \
            earlier. Each path of the run must be a different one, and the two mirrors far apart",
    takes: Takes::Nothing,
    more: &[],
    reasons: &["winner-gave-up", "not-given-up"],
    is_time: false,
    label: |_| "the other mirror given up".to_owned(),
    judge: loser_gives_up,
};

fn loser_gives_up(_: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let (mut won, mut to_the_end) = (0, 0);
    for (winner, loser) in races(run) {
        let Some(page_came) = winner.answering else { continue };
        match (loser.gave_up, loser.answering) {
            // Nobody knows yet which of the two brings the page.
            (Some(gave_up), _) if gave_up < page_came => {
                return Judged::found(
                    "winner-gave-up",
                    format!(
                        "{} was given up {} before the other mirror, {}, answered",
                        name(loser),
                        time(page_came - gave_up),
                        name(winner)
                    ),
                );
            }
            (None, Some(_)) => to_the_end += 1,
            _ => {}
        }
        won += 1;
    }
    match to_the_end {
        0 => Judged::fine(),
        _ => Judged::found(
            "not-given-up",
            format!(
                "in {to_the_end} of {}, the site sent both mirrors' answers to their end",
                plural(won, "race")
            ),
        ),
    }
    .measured(to_the_end as f64)
}

/// The mirror that is not needed any more is given up soon.
pub(super) const LOSER_MEDIAN_MS: Rule = Rule {
    name: "loser-median-ms",
    about: "the targets are pairs of mirrors (0 and 1, 2 and 3, …). The median time between the \
            answer of the mirror that brought the page and the moment at which the fetch of the \
            other one was given up is at most N ms. A fetch that is not given up is found by \
            `loser-gives-up` alone",
    takes: Takes::Number,
    more: &[],
    reasons: &["not-given-up"],
    is_time: true,
    label: |_| "the other mirror given up at once".to_owned(),
    judge: loser_median_ms,
};

fn loser_median_ms(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let later = |(winner, loser): (&Connection, &Connection)| {
        Some(loser.gave_up?.saturating_sub(winner.answering?))
    };
    let mut waits: Vec<Duration> = races(evidence.run).filter_map(later).collect();
    waits.sort_unstable();
    let Some(median) = waits.get(waits.len() / 2) else { return Judged::fine() };
    let median = median.as_secs_f64() * 1000.0;
    if median <= given.number() {
        return Judged::fine().measured(median);
    }
    let words = format!(
        "in {}, the other mirror was given up {median:.0} ms or more after the page had come, in \
         half of them",
        plural(waits.len(), "race")
    );
    Judged::found("not-given-up", words).measured(median)
}

/// The connections of each pair of which one was told as a page: that one first. A mirror that is
/// a fault takes part in no race.
fn races(run: &Observed) -> impl Iterator<Item = (&Connection, &Connection)> {
    (0..run.paths.len()).step_by(2).filter_map(|first| {
        let (winner, loser) = match (is_page(run, first), is_page(run, first + 1)) {
            (true, false) => (first, first + 1),
            (false, true) => (first + 1, first),
            _ => return None,
        };
        if run.paths.get(loser)?.starts_with("/fault/") {
            return None;
        }
        Some((of_target(run, winner)?, of_target(run, loser)?))
    })
}

fn is_page(run: &Observed, target: usize) -> bool {
    let outcome = run.outcomes.get(target).and_then(Option::as_ref);
    outcome.is_some_and(|outcome| outcome.error.is_none())
}

fn of_target(run: &Observed, target: usize) -> Option<&Connection> {
    run.site.of_path(run.paths.get(target)?).next()
}

fn name(connection: &Connection) -> &str {
    connection.path.as_deref().unwrap_or("a connection")
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;
    use crate::{Connection, Observed};
    use crawl::ErrorKind;

    /// A race of two mirrors: /1 answered at 100 ms and told as the page, and /2 failed.
    fn race(loser: Connection) -> Observed {
        let mut run = run(vec![connection("/1", [0, 1, 100]), loser]);
        run.paths = vec!["/1".to_owned(), "/2".to_owned()];
        run.outcomes = vec![Some(page(0, 0, 100)), Some(failed(1, ErrorKind::Io))];
        run
    }

    fn gave_up(at: u64) -> Connection {
        let open = connection("/2", [0, 1, 1500]);
        Connection { answering: None, answered: None, gave_up: Some(ms(at)), ..open }
    }

    #[test]
    fn a_mirror_that_is_not_asked_is_found() {
        let rule = given("mirrors-asked", Value::Nothing);
        assert_eq!(reason(&rule, &race(gave_up(101))), "fine");
        let not_asked = Connection { path: None, asked: None, ..gave_up(101) };
        assert_eq!(reason(&rule, &race(not_asked)), "not-asked");
    }

    #[test]
    fn each_two_mirrors_bring_one_page() {
        let rule = given("one-page-of-two", Value::Nothing);
        let mut run = race(gave_up(101));
        assert_eq!(reason(&rule, &run), "fine");
        run.outcomes[1] = Some(page(1, 0, 1500));
        assert_eq!(reason(&rule, &run), "two-pages");
        run.outcomes = vec![Some(failed(0, ErrorKind::Io)), Some(failed(1, ErrorKind::Io))];
        assert_eq!(reason(&rule, &run), "no-page");
    }

    #[test]
    fn a_loser_that_is_served_to_the_end_is_found() {
        let rule = given("loser-gives-up", Value::Nothing);
        assert_eq!(reason(&rule, &race(gave_up(101))), "fine");
        assert_eq!(reason(&rule, &race(gave_up(900))), "fine", "busy machines are slow");
        assert_eq!(reason(&rule, &race(connection("/2", [0, 1, 1500]))), "not-given-up");
    }

    #[test]
    fn a_loser_that_is_given_up_much_later_is_found() {
        let rule = given("loser-median-ms", Value::Number(200.0));
        assert_eq!(reason(&rule, &race(gave_up(101))), "fine");
        assert_eq!(reason(&rule, &race(gave_up(700))), "not-given-up");
        let served = race(connection("/2", [0, 1, 1500]));
        assert_eq!(reason(&rule, &served), "fine", "another rule finds that");
    }

    #[test]
    fn nobody_gives_up_before_the_page_is_there() {
        let rule = given("loser-gives-up", Value::Nothing);
        assert_eq!(reason(&rule, &race(gave_up(40))), "winner-gave-up");
    }

    #[test]
    fn a_fault_takes_part_in_no_race() {
        let rule = given("loser-gives-up", Value::Nothing);
        let mut run = race(connection("/fault/reset-before-head", [0, 1, 2]));
        run.paths[1] = "/fault/reset-before-head".to_owned();
        assert_eq!(reason(&rule, &run), "fine");
    }
}
