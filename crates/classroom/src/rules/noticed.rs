//! How soon the program notices what the site has sent.

use std::time::Duration;

use super::{Evidence, Given, Judged, Parameter, Rule, Takes};
use crate::words::plural;

/// A page that the site has sent is noticed soon.
pub(super) const UNNOTICED_MS: Rule = Rule {
    name: "unnoticed-ms",
    about: "a page lies there for at most N ms before the program has it: what its fetch took by \
            the program's own clock, less what its answer took by the site's. Choose the run so \
            that a wrong program is twice as late as N, and N at least 400: then a busy machine \
            does not decide. Each path of the run must be a different one",
    takes: Takes::Number,
    more: &[Parameter {
        name: "of",
        takes: Takes::Number,
        about: "so many pages must lie there for longer; without it one page is enough",
    }],
    reasons: &["unnoticed"],
    is_time: false,
    label: |_| "what was sent is noticed".to_owned(),
    judge: unnoticed_ms,
};

fn unnoticed_ms(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let mut pages = Vec::new();
    for outcome in run.outcomes.iter().flatten() {
        let path = &run.paths[outcome.target];
        let there = run.site.of_path(path).find_map(|seen| Some(seen.answering? - seen.opened));
        if let (Some(there), Some(finished)) = (there, outcome.finished_us) {
            let here = Duration::from_micros(finished.saturating_sub(outcome.started_us));
            pages.push((here.saturating_sub(there), path, there));
        }
    }
    pages.sort_unstable_by(|one, other| other.cmp(one));
    let least = given.number_of("of").map_or(1, |of| of as usize).max(1);
    let Some((unnoticed, path, there)) = pages.get(least - 1) else { return Judged::fine() };
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    let (unnoticed, there) = (millis(*unnoticed), millis(*there));
    if unnoticed <= given.number() {
        return Judged::fine().measured(unnoticed);
    }
    let of_all = match least {
        1 => String::new(),
        _ => format!("{} lay there for long; ", plural(least, "page")),
    };
    let words = format!(
        "{of_all}the site answered {path} {there:.0} ms after the connection, and the program had \
         the page {unnoticed:.0} ms later"
    );
    Judged::found("unnoticed", words).measured(unnoticed)
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;
    use crate::Observed;

    /// Two pages that the site sent after 100 ms, and which the program had at these milliseconds.
    fn had_at(times: [u64; 2]) -> Observed {
        let connections = ["/1", "/2"].map(|path| connection(path, [0, 1, 100]));
        let mut run = run(connections.to_vec());
        for (target, time) in times.into_iter().enumerate() {
            run.outcomes[target] = Some(page(target, 0, time));
        }
        run
    }

    #[test]
    fn pages_that_lie_there_are_found() {
        let mut rule = given("unnoticed-ms", Value::Number(100.0));
        assert_eq!(reason(&rule, &had_at([101, 150])), "fine");
        assert_eq!(reason(&rule, &had_at([101, 300])), "unnoticed");
        rule.more.push(("of", Value::Number(2.0)));
        assert_eq!(reason(&rule, &had_at([101, 300])), "fine", "one is not two");
        assert_eq!(reason(&rule, &had_at([250, 300])), "unnoticed");
    }

    #[test]
    fn what_was_never_answered_is_not_late() {
        let rule = given("unnoticed-ms", Value::Number(100.0));
        let mut run = had_at([900, 900]);
        for connection in &mut run.site.connections {
            connection.answering = None;
        }
        assert_eq!(reason(&rule, &run), "fine");
    }
}
