//! What a check of an exercise came to.

use classroom::{Exercise, LEVELS, Mark, Outcome, RunVerdict, Verdict};

use crate::views::Style;
use crate::views::style::{Ink, paint};
use crate::words::{self, joined, padded, wrapped};

/// How far the lines below the first are set in.
const INDENT: usize = 4;

/// The exercise, its verdict, and what each run came to. `language` is that of the program, where
/// there are several.
pub fn lines(
    exercise: &Exercise,
    language: Option<&str>,
    verdict: &Verdict,
    style: &Style,
) -> Vec<String> {
    let mut lines = vec![head(exercise, language, verdict, style.width)];
    let (word, ink, words) = match &verdict.outcome {
        Outcome::Passed => {
            ("passed".to_owned(), Ink::Arrived, format!("all rules of {} are met", exercise.id))
        }
        Outcome::NotYet { finding, .. } => {
            (format!("not yet ({})", finding.reason), Ink::Failed, finding.words.clone())
        }
        Outcome::NotJudged { why, .. } => ("not judged".to_owned(), Ink::Strong, why.clone()),
    };
    let sentence = words::escaped(&format!("{word}: {}.", words.trim_end_matches('.')));
    let room = style.width.saturating_sub(INDENT).max(20);
    let mut said = wrapped(&sentence, room, 0);
    // The words of the verdict may be broken where the screen is narrow.
    if let Some(rest) = said[0].strip_prefix(&word).map(str::to_owned) {
        said[0] = paint(ink, &word) + &rest;
    }
    lines.extend(said.into_iter().map(|line| format!("{}{line}", " ".repeat(INDENT))));
    for run in &verdict.runs {
        lines.extend(run_lines(run, style.width));
    }
    lines
}

/// What stands for a program on a command line.
#[derive(Clone, Debug, Default)]
pub struct Typed<'a> {
    /// The exercise.
    pub which: &'a str,
    /// Its language, where there are several.
    pub language: Option<&'a str>,
    /// The program, where it is another one than the one that was taken.
    pub command: &'a [String],
}

impl Typed<'_> {
    fn solution(&self) -> String {
        let language = self.language.map(|name| format!(" --language {name}"));
        format!("stage-runner solution {}{}", self.which, language.unwrap_or_default())
    }

    fn check(&self) -> String {
        let mut typed = format!("stage-runner check {}", self.which);
        if let Some(name) = self.language {
            typed += &format!(" --language {name}");
        }
        if !self.command.is_empty() {
            typed += " --";
        }
        for word in self.command {
            let quote = if word.contains(' ') { "\"" } else { "" };
            typed += &format!(" {quote}{}{quote}", words::escaped(word));
        }
        typed
    }
}

/// What to try next.
pub fn next(
    exercise: &Exercise,
    typed: &Typed<'_>,
    verdict: &Verdict,
    style: &Style,
) -> Vec<String> {
    super::next(&what_next(exercise, typed, verdict), style.width)
}

/// Which exercise, and which of its runs decided.
fn head(exercise: &Exercise, language: Option<&str>, verdict: &Verdict, width: usize) -> String {
    let language = language.map(|language| format!(", in {language}")).unwrap_or_default();
    let name = format!("{}  {}{language}", exercise.id, exercise.name);
    let all = verdict.runs.len();
    let run = match &verdict.outcome {
        Outcome::Passed => format!("all of {}", words::plural(all as u64, "run")),
        Outcome::NotYet { run, .. } | Outcome::NotJudged { run, .. } => {
            format!("run {} of {all}", run + 1)
        }
    };
    let room = width.saturating_sub(words::width(&run));
    format!("{}{}", paint(Ink::Strong, &padded(&name, room.max(words::width(&name) + 2))), run)
}

/// What a run is about, and its rules with their marks.
fn run_lines(run: &RunVerdict, width: usize) -> Vec<String> {
    let mark = |mark| match mark {
        Mark::Met => "✓",
        Mark::NotMet => "✗",
        Mark::NotJudged => "?",
        Mark::Open => "–",
    };
    let rules: Vec<String> =
        run.rules.iter().map(|rule| format!("{} {}", mark(rule.mark), rule.label)).collect();
    let indent = " ".repeat(INDENT);
    let room = width.saturating_sub(INDENT + 2);
    let rules = joined(&rules, "   ", room).into_iter().map(|line| format!("{indent}  {line}"));
    std::iter::once(format!("{indent}{}:", run.says)).chain(rules).collect()
}

fn what_next(exercise: &Exercise, typed: &Typed<'_>, verdict: &Verdict) -> Vec<String> {
    match &verdict.outcome {
        Outcome::Passed => {
            vec![typed.solution(), "stage-runner exercises".to_owned()]
        }
        Outcome::NotYet { finding, .. } if exercise.hint(&finding.reason, 1).is_some() => {
            vec![format!("stage-runner hint {}   ({LEVELS} levels)", typed.which)]
        }
        Outcome::NotYet { .. } | Outcome::NotJudged { .. } => {
            vec![typed.check()]
        }
    }
}

#[cfg(test)]
mod tests {
    use classroom::{Finding, Folder, Item};

    use super::*;

    /// 3a, where its second run found something.
    fn place_lost() -> (Exercise, Verdict) {
        let folder = Folder::embedded("3a").expect("it is embedded");
        let exercise = Exercise::read(&folder).expect("a test reads all of them");
        let item = |label: &str, mark| Item {
            rule: "a-rule",
            label: label.to_owned(),
            mark,
            measured: None,
            right: None,
            wrong: None,
        };
        let run = |says: &str, rules| RunVerdict { says: says.to_owned(), rules };
        let first = vec![item("no page failed", Mark::Met), item("no place left free", Mark::Met)];
        let second = vec![
            item("an outcome for each page", Mark::NotMet),
            item("at most 3 at once", Mark::Open),
            item("faults told by their kind", Mark::Open),
        ];
        let finding = Finding {
            reason: "place-lost".to_owned(),
            words: "it came to a stop after 9 of 18 outcomes, and was silent for 4 s".to_owned(),
        };
        let runs = vec![run("long and short pages", first), run("every third page fails", second)];
        (exercise, Verdict { outcome: Outcome::NotYet { run: 1, finding }, runs })
    }

    fn drawn(verdict: &Verdict, exercise: &Exercise, width: usize) -> String {
        let style = Style { width };
        let mut lines = lines(exercise, None, verdict, &style);
        lines.extend(next(exercise, &Typed { which: "3a", ..Typed::default() }, verdict, &style));
        let plain = anstream::adapter::strip_str(&lines.join("\n")).to_string();
        plain.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_verdict_is_one_finding_and_what_was_met() {
        let (exercise, verdict) = place_lost();
        expect_test::expect![[r#"
            3a  three at a time                                                   run 2 of 2
                not yet (place-lost): it came to a stop after 9 of 18 outcomes, and was
                silent for 4 s.
                long and short pages:
                  ✓ no page failed   ✓ no place left free
                every third page fails:
                  ✗ an outcome for each page   – at most 3 at once
                  – faults told by their kind
            Next:  stage-runner hint 3a   (3 levels)"#]]
        .assert_eq(&drawn(&verdict, &exercise, 80));
        let narrow = drawn(&verdict, &exercise, 44);
        assert!(narrow.lines().all(|line| words::width(line) <= 44), "{narrow}");
    }

    #[test]
    fn what_was_not_judged_says_why() {
        let (exercise, verdict) = place_lost();
        let why = classroom::control::too_busy(0.33);
        let verdict = Verdict { outcome: Outcome::NotJudged { run: 0, why }, ..verdict };
        let drawn = drawn(&verdict, &exercise, 80);
        assert!(
            drawn.contains("not judged: this machine is busy: a program that wants"),
            "{drawn}"
        );
        assert!(drawn.contains("Next:  stage-runner check 3a"), "{drawn}");
    }

    #[test]
    fn the_same_program_is_checked_again() {
        let command = ["node", "my own.js"].map(str::to_owned);
        let other = Typed { which: "3a", language: None, command: &command };
        assert_eq!(other.check(), "stage-runner check 3a -- node \"my own.js\"");
        let taken = Typed { which: "3b", language: Some("javascript"), command: &[] };
        assert_eq!(taken.check(), "stage-runner check 3b --language javascript");
        assert_eq!(taken.solution(), "stage-runner solution 3b --language javascript");
    }
}
