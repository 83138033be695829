//! In which order the answers came, and were noticed.

use super::{Evidence, Given, Judged, Rule, Takes};

/// The pages are told as they came.
pub(super) const ORDER_AS_THEY_CAME: Rule = Rule {
    name: "order-as-they-came",
    about: "of all pairs of pages, at most N end in the program the other way round than the site \
            answered them. Each path of the run must be a different one",
    takes: Takes::Number,
    more: &[],
    reasons: &["in-turn"],
    is_time: false,
    label: |_| "noticed in the order in which they came".to_owned(),
    judge: order_as_they_came,
};

fn order_as_they_came(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let mut pages: Vec<_> = run
        .outcomes
        .iter()
        .flatten()
        .filter_map(|outcome| {
            let answered = run.site.of_path(&run.paths[outcome.target]).next()?.answering?;
            Some((answered, outcome.finished_us?))
        })
        .collect();
    pages.sort_unstable();
    let swapped: usize = (0..pages.len())
        .map(|first| pages[first + 1..].iter().filter(|later| later.1 < pages[first].1).count())
        .sum();
    let pairs = pages.len() * pages.len().saturating_sub(1) / 2;
    let judged = match swapped as f64 <= given.number() {
        true => Judged::fine(),
        false => Judged::found(
            "in-turn",
            format!(
                "{swapped} of {pairs} pairs of pages ended the other way round than the site answered them"
            ),
        ),
    };
    judged.measured(swapped as f64)
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;

    #[test]
    fn pages_that_were_noticed_in_another_order_are_counted() {
        let rule = |most: f64| given("order-as-they-came", Value::Number(most));
        let answers = [300, 100, 200].map(|at| connection(&format!("/{at}"), [0, 1, at]));
        let mut run = run(answers.to_vec());
        assert_eq!(reason(&rule(0.0), &run), "fine");
        for (target, finished) in [300, 301, 302].into_iter().enumerate() {
            run.outcomes[target] = Some(page(target, 0, finished));
        }
        assert_eq!(reason(&rule(2.0), &run), "fine");
        assert_eq!(reason(&rule(1.0), &run), "in-turn");
    }
}
