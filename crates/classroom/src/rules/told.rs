//! What single pages were told as.

use super::{Evidence, Given, Judged, Parameter, Rule, Takes};

/// A page is told with this status, or as this kind of error.
pub(super) const TOLD_AS: Rule = Rule {
    name: "told-as",
    about: "each page is told with the status TEXT, or with the kind of error TEXT: `404`, `reset`",
    takes: Takes::Text,
    more: &[Parameter {
        name: "of",
        takes: Takes::Text,
        about: "only pages whose path contains this text; without it all of them",
    }],
    reasons: &["kind"],
    is_time: false,
    label: |_| "told as what it is".to_owned(),
    judge: told_as,
};

fn told_as(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let of = given.text_of("of").unwrap_or_default();
    for outcome in run.outcomes.iter().flatten() {
        let path = &run.paths[outcome.target];
        let found = match (&outcome.error, outcome.status) {
            (Some(error), _) => error.kind.to_string(),
            (None, Some(status)) => status.to_string(),
            (None, None) => "neither a page nor an error".to_owned(),
        };
        if path.contains(of) && found != given.text() {
            let what = if outcome.error.is_some() { "" } else { "a page with status " };
            return Judged::found("kind", format!("{path} was told as {what}{found}"));
        }
    }
    Judged::fine()
}

#[cfg(test)]
mod tests {
    use crawl::ErrorKind;

    use super::super::Value;
    use super::super::by_hand::*;

    #[test]
    fn pages_and_errors_are_told_as_what_they_are() {
        let mut run = run(vec![connection("/1", [0, 1, 50]), connection("/2", [0, 1, 50])]);
        let rule = |text: &str, of: &str| {
            let mut rule = given("told-as", Value::Text(text.to_owned()));
            rule.more.push(("of", Value::Text(of.to_owned())));
            rule
        };
        assert_eq!(reason(&rule("200", "/"), &run), "fine");
        assert_eq!(reason(&rule("404", "/2"), &run), "kind");
        run.outcomes[1] = Some(failed(1, ErrorKind::EmptyReply));
        assert_eq!(reason(&rule("200", "/1"), &run), "fine");
        assert_eq!(reason(&rule("empty-reply", "/2"), &run), "fine");
        assert_eq!(reason(&rule("reset", "/2"), &run), "kind");
    }
}
