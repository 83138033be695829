//! How often the site was asked for the same page.

use super::{Evidence, Given, Judged, Parameter, Rule, Takes};

/// Each page is asked for as often as it should be.
pub(super) const ASKED: Rule = Rule {
    name: "asked",
    about: "the site is asked LEAST to MOST times for each page. Each path of the run must be a \
            different one",
    takes: Takes::Range,
    more: &[Parameter {
        name: "of",
        takes: Takes::Text,
        about: "only pages whose path contains this text; without it all of them",
    }],
    reasons: &["too-seldom", "too-often"],
    is_time: false,
    label: |given| match given.range() {
        (_, 1) => "no page asked for twice".to_owned(),
        _ => "asked as often as it should be".to_owned(),
    },
    judge: asked,
};

fn asked(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let (least, most) = given.range();
    let of = given.text_of("of").unwrap_or_default();
    for path in run.paths.iter().filter(|path| path.contains(of)) {
        let asked = run.site.of_path(path).count() as u64;
        if !(least..=most).contains(&asked) {
            let times = match asked {
                0 => "was never asked".to_owned(),
                1 => "was asked once".to_owned(),
                more => format!("was asked {more} times"),
            };
            let reason = if asked < least { "too-seldom" } else { "too-often" };
            return Judged::found(reason, format!("the site {times} for {path}"));
        }
    }
    Judged::fine()
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;

    #[test]
    fn requests_for_a_page_are_counted() {
        let mut run =
            run(vec![connection("/1", [0, 1, 50]), connection("/flaky/ada?fails=1", [0, 1, 50])]);
        let again = connection("/flaky/ada?fails=1", [51, 52, 100]);
        run.site.connections.push(again);

        let all = |range| given("asked", range);
        assert_eq!(reason(&all(Value::Range(1, 2)), &run), "fine");
        assert_eq!(reason(&all(Value::Range(2, 2)), &run), "too-seldom");
        assert_eq!(reason(&all(Value::Range(0, 1)), &run), "too-often");

        let mut flaky = given("asked", Value::Range(2, 2));
        flaky.more.push(("of", Value::Text("/flaky/".to_owned())));
        assert_eq!(reason(&flaky, &run), "fine");
    }
}
