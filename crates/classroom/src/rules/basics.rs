//! What every exercise asks for, before any of its rules.

use super::{CameTo, Evidence, Finding, Given, Judged, Rule, Takes};
use crate::Ending;
use crate::words::{plural, time};

/// The reasons are in the order in which they are looked for: a program that hangs has no exit
/// status, and one that crashed has no outcome for some of its pages.
pub const BASICS: Rule = Rule {
    name: "basics",
    about: "every run asks for this first: the program is not silent for too long, says nothing \
            but lines of the protocol, ends with exit status 0, and tells an outcome for each page",
    takes: Takes::Nothing,
    more: &[],
    reasons: &["hung", "protocol", "crashed", "missing"],
    is_time: false,
    label: |_| "an outcome for each page".to_owned(),
    judge,
};

fn judge(_: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let (told, all) = (run.outcomes.len() - run.missing(), run.outcomes.len());
    let last_words = match &run.stderr {
        Some(line) => format!(". The last line that it printed to stderr (-v shows all): {line}"),
        None => String::new(),
    };
    match &run.ending {
        Ending::Hung(silent) => Judged::found(
            "hung",
            format!(
                "it came to a stop after {told} of {all} outcomes, and was silent for {}",
                time(*silent)
            ),
        ),
        Ending::WrongLine(line) => Judged::found("protocol", line.clone()),
        Ending::Badly(how) => {
            let words = format!("it ended with {how} after {told} of {all} outcomes{last_words}");
            Judged::found("crashed", words)
        }
        Ending::NotHere(fault) => {
            Judged::not_judged(&format!("this system cannot produce the fault {fault}"))
        }
        Ending::Well if run.missing() > 0 => {
            let missing = plural(run.missing(), "page");
            let words = format!("it ended, and {missing} of {all} had no outcome{last_words}");
            Judged::found("missing", words)
        }
        Ending::Well => Judged::fine(),
    }
}

/// Renames what the basics found, as a run has it.
pub(crate) fn renamed(judged: Judged, to: impl Fn(&str) -> Option<String>) -> Judged {
    match judged.came_to {
        CameTo::Found(Finding { reason, words }) => {
            let reason = to(&reason).unwrap_or(reason);
            Judged { came_to: CameTo::Found(Finding { reason, words }), ..judged }
        }
        _ => judged,
    }
}
