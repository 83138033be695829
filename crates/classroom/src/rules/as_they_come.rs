//! In which order, and how soon, the program tells what the site has answered.

use std::time::Duration;

use super::{Evidence, Given, Judged, Parameter, Rule, Takes};
use crate::Observed;

/// The outcomes are told in the order of the answers.
pub(super) const TOLD_IN_ORDER: Rule = Rule {
    name: "told-in-order",
    about: "of all pairs of pages, at most N are told the other way round than the site answered \
            them. Each path of the run must be a different one",
    takes: Takes::Number,
    more: &[Parameter {
        name: "apart",
        takes: Takes::Time,
        about: "pairs of answers that are less than this apart do not count; without it all do",
    }],
    reasons: &["out-of-order"],
    is_time: false,
    label: |_| "told in the order in which they came".to_owned(),
    judge: told_in_order,
};

fn told_in_order(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let apart = given.time_of("apart").unwrap_or_default();
    // In the order in which they were told.
    let answers: Vec<Duration> = told(evidence.run).map(|(answering, _)| answering).collect();
    let (mut pairs, mut swapped) = (0, 0);
    for (at, first) in answers.iter().enumerate() {
        for second in &answers[at + 1..] {
            pairs += usize::from(first.abs_diff(*second) >= apart);
            swapped += usize::from(*first >= *second + apart && first != second);
        }
    }
    let judged = match swapped as f64 <= given.number() {
        true => Judged::fine(),
        false => Judged::found(
            "out-of-order",
            format!(
                "{swapped} of {pairs} pairs of pages were told the other way round than the site \
                 answered them"
            ),
        ),
    };
    judged.measured(swapped as f64)
}

/// The outcomes are told while others are still to come.
pub(super) const TOLD_BEFORE_THE_LAST: Rule = Rule {
    name: "told-before-the-last",
    about: "at least N outcomes have been told when the site begins its last answer",
    takes: Takes::Number,
    more: &[],
    reasons: &["held-back"],
    is_time: false,
    label: |_| "told as soon as they came".to_owned(),
    judge: told_before_the_last,
};

fn told_before_the_last(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let answers = run.site.connections.iter().filter_map(|connection| connection.answering);
    let Some(last) = answers.max() else { return Judged::fine() };
    let before = run.said_at.iter().filter(|said| **said < last).count();
    let judged = match before as f64 >= given.number() {
        true => Judged::fine(),
        false => Judged::found(
            "held-back",
            format!(
                "when the site began its last answer, {before} of {} outcomes had been told",
                run.paths.len()
            ),
        ),
    };
    judged.measured(before as f64)
}

/// When the site answered and when the program told of it, in the order in which it told.
fn told(run: &Observed) -> impl Iterator<Item = (Duration, Duration)> {
    run.said.iter().zip(&run.said_at).filter_map(|(target, said)| {
        let answering = run.site.of_path(run.paths.get(*target)?).next()?.answering?;
        Some((answering, *said))
    })
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;
    use crate::Observed;

    /// Pages that were answered at 100, 200 and 300 ms, told in this order and at these times.
    fn told(said: [(usize, u64); 3]) -> Observed {
        let answers = [100, 200, 300].map(|at| connection(&format!("/{at}"), [0, 1, at]));
        let mut run = run(answers.to_vec());
        run.said = said.iter().map(|(target, _)| *target).collect();
        run.said_at = said.iter().map(|(_, at)| ms(*at)).collect();
        run
    }

    #[test]
    fn pairs_that_were_told_the_other_way_round_are_counted() {
        let rule = |most: f64| given("told-in-order", Value::Number(most));
        assert_eq!(reason(&rule(0.0), &told([(0, 101), (1, 201), (2, 301)])), "fine");
        let backwards = told([(2, 301), (1, 302), (0, 303)]);
        assert_eq!(reason(&rule(2.0), &backwards), "out-of-order");
        assert_eq!(reason(&rule(3.0), &backwards), "fine");
    }

    #[test]
    fn answers_that_are_close_together_have_no_order() {
        let mut rule = given("told-in-order", Value::Number(0.0));
        rule.more.push(("apart", Value::Time(ms(150))));
        let neighbors = told([(1, 201), (0, 202), (2, 301)]);
        assert_eq!(reason(&rule, &neighbors), "fine");
        assert_eq!(reason(&rule, &told([(2, 301), (1, 302), (0, 303)])), "out-of-order");
    }

    #[test]
    fn outcomes_that_are_kept_to_the_end_are_found() {
        let rule = given("told-before-the-last", Value::Number(2.0));
        assert_eq!(reason(&rule, &told([(0, 101), (1, 201), (2, 301)])), "fine");
        assert_eq!(reason(&rule, &told([(0, 101), (1, 299), (2, 900)])), "fine");
        assert_eq!(reason(&rule, &told([(0, 101), (1, 301), (2, 302)])), "held-back");
    }
}
