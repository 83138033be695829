//! Whether who connects asks.

use super::{Evidence, Given, Judged, Rule, Takes};
use crate::words::plural;

/// Each connection brings a whole request.
pub(super) const NEVER_ASKED: Rule = Rule {
    name: "never-asked",
    about: "each connection brings a whole request",
    takes: Takes::Nothing,
    more: &[],
    reasons: &["never-asked"],
    is_time: false,
    label: |_| "each connection asks".to_owned(),
    judge: never_asked,
};

fn never_asked(_: &Given, evidence: &Evidence<'_>) -> Judged {
    let connections = &evidence.run.site.connections;
    match connections.iter().filter(|connection| connection.asked.is_none()).count() {
        0 => Judged::fine(),
        silent => {
            let (silent, all) = (plural(silent, "connection"), connections.len());
            let words = format!("on {silent} of {all} the site never had a whole request");
            Judged::found("never-asked", words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;

    #[test]
    fn who_never_asks_is_found() {
        let rule = given("never-asked", Value::Nothing);
        let mut run = run(vec![connection("/1", [0, 1, 50]), connection("/2", [0, 1, 50])]);
        assert_eq!(reason(&rule, &run), "fine");
        run.site.connections[1].asked = None;
        assert_eq!(reason(&rule, &run), "never-asked");
    }
}
