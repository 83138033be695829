//! What the program said of the pages.

use super::{Evidence, Given, Judged, Rule, Takes};
use crate::words::plural;
use corpus::Expected;
use practice_site::FAULTS;

/// Every page came.
pub(super) const OUTCOMES_ALL: Rule = Rule {
    name: "outcomes-all",
    about: "no page is told as failed",
    takes: Takes::Nothing,
    more: &[],
    reasons: &["failed"],
    is_time: false,
    label: |_| "no page failed".to_owned(),
    judge: outcomes_all,
};

fn outcomes_all(_: &Given, evidence: &Evidence<'_>) -> Judged {
    let errors = evidence.run.outcomes.iter().flatten();
    let errors: Vec<_> =
        errors.filter_map(|outcome| Some((outcome.target, outcome.error.as_ref()?))).collect();
    match &errors[..] {
        [] => Judged::fine(),
        [(target, error), ..] => Judged::found(
            "failed",
            format!(
                "{} that the site can serve told as failed; target {target}, for instance: {}, {}",
                plural(errors.len(), "page"),
                error.kind,
                error.message
            ),
        ),
    }
}

/// Each fault is told as what it is.
pub(super) const KINDS_AS_IN_THE_CORPUS: Rule = Rule {
    name: "kinds-as-in-the-corpus",
    about: "each fault of the site is told with the kind of error that the corpus has for it, and \
            each page as a page",
    takes: Takes::Nothing,
    more: &[],
    reasons: &["kind"],
    is_time: false,
    label: |_| "faults told by their kind".to_owned(),
    judge: kinds_as_in_the_corpus,
};

fn kinds_as_in_the_corpus(_: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    for outcome in run.outcomes.iter().flatten() {
        let path = &run.paths[outcome.target];
        let expected = match fault(path).and_then(corpus::find).map(|case| case.expected) {
            Some(Expected::Error { kind, .. }) => Some(kind),
            _ => None,
        };
        let found = outcome.error.as_ref().map(|error| error.kind);
        if found != expected {
            let found = found.map_or("a page".to_owned(), |kind| kind.to_string());
            let words =
                format!("{path} was told as {found}; what happens there: {}", happens(path));
            return Judged::found("kind", words);
        }
    }
    Judged::fine()
}

/// The name of the fault in a path, `/fault/NAME?…`.
fn fault(path: &str) -> Option<&str> {
    path.strip_prefix("/fault/")?.split('?').next()
}

/// What the site does, in its own words.
fn happens(path: &str) -> &str {
    let fault = fault(path).and_then(|name| FAULTS.iter().find(|fault| fault.name == name));
    fault.map_or("the page comes", |fault| fault.summary)
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;
    use crawl::ErrorKind;

    #[test]
    fn a_page_that_failed_is_found() {
        let rule = given("outcomes-all", Value::Nothing);
        let mut run = run(vec![connection("/1", [0, 1, 50]), connection("/2", [0, 1, 50])]);
        assert_eq!(reason(&rule, &run), "fine");
        run.outcomes[1] = Some(failed(1, ErrorKind::Reset));
        assert_eq!(reason(&rule, &run), "failed");
    }

    #[test]
    fn a_fault_is_to_be_told_by_its_kind() {
        let rule = given("kinds-as-in-the-corpus", Value::Nothing);
        let paths = ["/1", "/fault/reset-before-head", "/fault/chunked?pause=5ms"];
        let mut run = run(paths.map(|path| connection(path, [0, 1, 50])).to_vec());
        assert_eq!(reason(&rule, &run), "kind");
        run.outcomes[1] = Some(failed(1, ErrorKind::EmptyReply));
        assert_eq!(reason(&rule, &run), "kind");
        run.outcomes[1] = Some(failed(1, ErrorKind::Reset));
        assert_eq!(reason(&rule, &run), "fine");
        run.outcomes[2] = Some(failed(2, ErrorKind::Reset));
        assert_eq!(reason(&rule, &run), "kind");
    }
}
