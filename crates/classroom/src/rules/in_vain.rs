//! How often the program asks in vain.

use super::{Evidence, Given, Judged, Rule, Takes};

/// It asks a socket when there is something.
pub(super) const IN_VAIN_PER_PAGE: Rule = Rule {
    name: "in-vain-per-page",
    about: "the program asks its sockets in vain at most N times for each page, by its own figure \
            `failed_reads` (a program that does not tell it is not found)",
    takes: Takes::Number,
    more: &[],
    reasons: &["spins"],
    is_time: false,
    label: |_| "asks when there is something".to_owned(),
    judge: in_vain_per_page,
};

fn in_vain_per_page(given: &Given, evidence: &Evidence<'_>) -> Judged {
    let run = evidence.run;
    let in_vain = run.process.in_vain.unwrap_or(0);
    let a_page = in_vain as f64 / run.paths.len().max(1) as f64;
    if a_page <= given.number() {
        return Judged::fine().measured(a_page);
    }
    let cpu = match run.process.cpu {
        Some(cpu) => format!(", and took {:.2} s of CPU", cpu.as_secs_f64()),
        None => String::new(),
    };
    let words = format!("it asked a socket {in_vain} times in vain{cpu}");
    Judged::found("spins", words).measured(a_page)
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::super::by_hand::*;

    #[test]
    fn questions_in_vain_are_counted_by_the_page() {
        let rule = given("in-vain-per-page", Value::Number(100.0));
        let mut run = run(vec![connection("/1", [0, 1, 50]), connection("/2", [0, 1, 50])]);
        assert_eq!(reason(&rule, &run), "fine");
        run.process.in_vain = Some(200);
        assert_eq!(reason(&rule, &run), "fine");
        run.process.in_vain = Some(100_000);
        assert_eq!(reason(&rule, &run), "spins");
    }
}
