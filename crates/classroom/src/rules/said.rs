//! What the errors of the pages say.

use super::{Evidence, Given, Judged, Rule, Takes};

/// A program that counts something by itself tells what is wrong in its errors: so does the scene
/// of an exercise in Rust.
pub(super) const NO_ERROR_SAYS: Rule = Rule {
    name: "no-error-says",
    about: "no page is told with an error whose message contains TEXT",
    takes: Takes::Text,
    more: &[],
    reasons: &["said"],
    is_time: false,
    label: |given| format!("no error says: {}", given.text()),
    judge: no_error_says,
};

fn no_error_says(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let errors = evidence.run.outcomes.iter().flatten().filter_map(|told| told.error.as_ref());
    match errors.map(|error| &error.message).find(|message| message.contains(given.text())) {
        None => Judged::fine(),
        Some(message) => Judged::found("said", message.clone()),
    }
}

#[cfg(test)]
mod tests {
    use crawl::ErrorKind;

    use super::super::Value;
    use super::super::by_hand::*;

    #[test]
    fn an_error_that_says_it_is_found() {
        let mut run = run(vec![connection("/1", [0, 1, 50]), connection("/2", [0, 1, 50])]);
        let rule = given("no-error-says", Value::Text("polled".to_owned()));
        assert_eq!(reason(&rule, &run), "fine");
        let mut told = failed(1, ErrorKind::Io);
        run.outcomes[1] = Some(told.clone());
        assert_eq!(reason(&rule, &run), "fine");
        told.error.as_mut().unwrap().message = "it was polled 3 x".to_owned();
        run.outcomes[1] = Some(told);
        assert_eq!(reason(&rule, &run), "said");
    }
}
