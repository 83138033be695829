//! An experiment, in plain lines: they are read aloud as well as they are seen.

use crate::experiments::{Cell, Experiment, Finding, Form, NeedsPython, Verdict};
use crate::lineup::sources;
use crate::views::Style;
use crate::views::columns::UNKNOWN;
use crate::words;

/// The list of experiments.
pub fn list(experiments: &[&Experiment], style: &Style) -> Vec<String> {
    let longest = experiments.iter().map(|e| e.name.len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for experiment in experiments {
        let python = match experiment.needs_python {
            NeedsPython::No => "",
            NeedsPython::InPart => " (in part in Python)",
            NeedsPython::Yes => " (needs Python)",
        };
        let name = words::padded(experiment.name, longest);
        let line = format!("{:>2}  {name}  {}{python}", experiment.chapter, experiment.question);
        lines.extend(words::wrapped(&line, style.width, longest + 6));
    }
    lines.push(String::new());
    let usage = "`stage-runner experiment NAME` asks for a guess, runs it, and says why. The \
        first column is the chapter.";
    lines.extend(words::wrapped(usage, style.width, 0));
    lines
}

/// What is run, and the question with its choices.
pub fn question(experiment: &Experiment, style: &Style) -> Vec<String> {
    let scene = format!("Chapter {}. {}", experiment.chapter, experiment.scene);
    let mut lines = words::wrapped(&scene, style.width, 0);
    let longest = experiment.parties.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, what) in experiment.parties {
        let line = format!("  {}  {what}", words::padded(name, longest));
        lines.extend(words::wrapped(&line, style.width, longest + 4));
    }
    lines.push(String::new());
    lines.extend(words::wrapped(&format!("? {}", experiment.question), style.width, 2));
    for (choice, text) in experiment.choices.iter().enumerate() {
        let line = format!("    {}  {text}", Experiment::letter(choice));
        lines.extend(words::wrapped(&line, style.width, 7));
    }
    lines
}

/// What was seen, and the guess beside it.
pub fn seen(
    experiment: &Experiment,
    finding: &Finding,
    guess: Option<usize>,
    style: &Style,
) -> Vec<String> {
    let mut lines = table(finding);
    if finding.rounds > 1 {
        lines.push(format!("  (medians of {} rounds)", finding.rounds));
    }
    lines.push(String::new());
    let mut say = |label: &str, text: &str| {
        lines.extend(words::wrapped(&format!("{label:<13}{text}"), style.width, 13));
    };
    let says = |verdict| {
        let measures = finding.with(experiment, verdict);
        let says = measures.map(|(range, number)| match number {
            Ok(number) => range.says(*number),
            Err(_) => range.unit.to_owned(),
        });
        says.collect::<Vec<_>>().join(", ")
    };
    let verdict = finding.verdict();
    if verdict == Verdict::AsExpected {
        let (right, choice) = (Experiment::letter(experiment.right), right_choice(experiment));
        say("Seen here:", &format!("{right}, {choice}."));
        say("", &format!("{}: as the chapter says.", says(Verdict::AsExpected)));
    } else if finding.verdicts.contains(&Verdict::AsExpected) {
        say("Seen here:", &format!("{}: as the chapter says.", says(Verdict::AsExpected)));
    }
    for (range, number) in finding.with(experiment, Verdict::NotHere) {
        let seen = range.form.text(*number.as_ref().unwrap_or(&0.0));
        say("Not here:", &format!("{} was expected, {seen} was seen.", range.expects()));
    }
    if finding.verdicts.contains(&Verdict::TooBusy) {
        let share = percent(finding.share_of_a_core);
        let too_busy = says(Verdict::TooBusy);
        let why = format!("a program that wants a core gets {share} of one");
        say("Not judged:", &format!("{too_busy}: {why}."));
    }
    for (why, units) in finding.reasons(experiment) {
        say("Not judged:", &format!("{}: {why}.", units.join("; ")));
    }
    if let Some(guess) = guess {
        let choice = experiment.choices[guess];
        say("You guessed:", &format!("{}, {choice}.", Experiment::letter(guess)));
    }
    if verdict == Verdict::NotHere {
        let rounds = (finding.rounds + 1).max(5);
        let again = format!(
            "stage-runner experiment {} --rounds {rounds}; docs/what-the-numbers-mean.md says what \
             can be in the way.",
            experiment.name
        );
        say("Try again:", &again);
    }
    if !finding.verdicts.contains(&Verdict::TooBusy) {
        let share = percent(finding.share_of_a_core);
        lines.push(format!("(A program that wants a core gets {share} of one here.)"));
    }
    lines
}

/// Why it is so, where to look, and what next.
pub fn why(
    experiment: &Experiment,
    finding: &Finding,
    paragraphs: &[String],
    style: &Style,
) -> Vec<String> {
    let mut lines = Vec::new();
    if finding.verdict() != Verdict::AsExpected {
        let (right, choice) = (Experiment::letter(experiment.right), right_choice(experiment));
        let says = format!("The chapter says {right}, {choice}.");
        lines.extend(words::wrapped(&says, style.width, 0));
    }
    for paragraph in paragraphs {
        lines.extend(words::wrapped(paragraph, style.width, 0));
    }
    lines.push(String::new());
    let (file, word) = experiment.look;
    let line = sources::find(file).and_then(|source| {
        source.text.lines().position(|line| line.contains(word)).map(|line| line + 1)
    });
    let at = line.map(|line| format!(":{line}")).unwrap_or_default();
    let look = format!("Look:  {file}{at}, `{word}`");
    lines.extend(words::wrapped(&look, style.width, 7));
    lines.extend(words::wrapped(&format!("Next:  {}", experiment.next), style.width, 7));
    lines
}

fn right_choice(experiment: &Experiment) -> &'static str {
    experiment.choices[experiment.right]
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// The rows, their numbers one below the other.
fn table(finding: &Finding) -> Vec<String> {
    let seen = &finding.seen;
    let rows: Vec<(&str, Vec<String>)> =
        seen.rows.iter().map(|(name, cells)| (*name, cells.iter().map(text).collect())).collect();
    let longest = rows.iter().map(|(name, _)| words::width(name)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..seen.columns.len())
        .map(|column| {
            let cells = rows.iter().map(|(_, cells)| words::width(&cells[column]));
            cells.chain([words::width(seen.columns[column])]).max().unwrap_or(0)
        })
        .collect();
    let line = |name: &str, cells: &[String]| {
        let mut line = format!("  {}", words::padded(name, longest));
        for (cell, width) in cells.iter().zip(&widths) {
            line.push_str(&" ".repeat(3 + width - words::width(cell)));
            line.push_str(cell);
        }
        line
    };
    let titles: Vec<String> = seen.columns.iter().map(|title| (*title).to_owned()).collect();
    let rows = rows.iter().map(|(name, cells)| line(name, cells));
    [line("", &titles)].into_iter().chain(rows).collect()
}

fn text(cell: &Cell) -> String {
    let unknown = || UNKNOWN.to_owned();
    match *cell {
        Cell::Time(us) => words::duration(us),
        Cell::Nanoseconds(ns) if ns < 100_000.0 => format!("{:.1} µs", ns / 1e3),
        Cell::Nanoseconds(ns) => words::duration((ns / 1e3) as u64),
        Cell::Cpu(us) => us.map_or_else(unknown, words::cpu),
        Cell::Bytes(bytes) => bytes.map_or_else(unknown, words::bytes),
        Cell::Count(count) => count.map_or_else(unknown, words::count),
        Cell::Number(number) => Form::Ratio.text(number),
        Cell::Text(ref text) => text.clone(),
    }
}

#[cfg(test)]
mod golden {
    use expect_test::expect_file;

    use super::*;
    use crate::experiments::{self, EXPERIMENTS, Seen};

    const NARROW: Style = Style { width: 80 };

    #[track_caller]
    fn golden(name: &str, lines: &[String]) {
        let text: String = lines.iter().map(|line| format!("{}\n", line.trim_end())).collect();
        for line in text.lines() {
            assert!(words::width(line) <= NARROW.width, "{line}");
        }
        assert!(words::ascii(&text).is_ascii() && !text.contains('\u{1b}'), "plain lines");
        let path = format!("{}/tests/screens/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        expect_file![path].assert_eq(&text);
    }

    fn busy() -> &'static Experiment {
        experiments::find("busy").expect("it is in the table")
    }

    /// What busy shows, with such ratios of time and of CPU time.
    fn found(wall: f64, cpu: Option<f64>, rounds: usize, share: f64) -> Finding {
        let not_told = || "this machine does not tell it".to_owned();
        let seen = Seen {
            columns: vec!["wall", "CPU", "asked in vain"],
            rows: vec![
                ("blocking", vec![Cell::Time(1_003_000), Cell::Cpu(Some(950)), count(0)]),
                (
                    "busy-wait",
                    vec![
                        Cell::Time((1_003_000.0 * wall) as u64),
                        Cell::Cpu(cpu.map(|cpu| (950.0 * cpu) as u64)),
                        count(1_247_281),
                    ],
                ),
            ],
            measures: vec![Ok(wall), cpu.ok_or_else(not_told), Ok(1_247_281.0), Ok(0.0)],
        };
        Finding::judge(busy(), &vec![seen; rounds], share)
    }

    fn count(number: u64) -> Cell {
        Cell::Count(Some(number))
    }

    #[test]
    fn the_list() {
        golden("experiments", &list(EXPERIMENTS, &NARROW));
    }

    #[test]
    fn the_question() {
        golden("experiment-question", &question(busy(), &NARROW));
        for experiment in EXPERIMENTS {
            let lines = question(experiment, &NARROW);
            assert!(lines.iter().all(|line| words::width(line) <= NARROW.width), "{lines:?}");
        }
    }

    #[test]
    fn what_was_seen() {
        let screen = |finding: &Finding, guess| seen(busy(), finding, guess, &NARROW);
        golden("experiment-seen", &screen(&found(1.01, Some(880.0), 1, 0.97), Some(0)));
        golden("experiment-busy-machine", &screen(&found(1.62, Some(310.0), 1, 0.33), None));
        golden("experiment-not-here", &screen(&found(1.02, Some(4.0), 3, 0.81), Some(1)));
        golden("experiment-not-told", &screen(&found(1.02, None, 1, 0.81), None));
    }

    /// Nothing of an experiment with counts only is left unjudged, so no such line has told it.
    #[test]
    fn counts_on_a_busy_machine() {
        let unordered = experiments::find("unordered").expect("it is in the table");
        let row = |order: &str, pairs| vec![Cell::Text(order.to_owned()), count(pairs)];
        let round = Seen {
            columns: vec!["pages, as they ended", "pairs out of order"],
            rows: vec![
                ("blocking", row("1 2 3 4 5 6 7 8 9 10", 0)),
                ("epoll", row("8 6 1 9 3 10 4 7 2 5", 27)),
            ],
            measures: vec![Ok(0.0), Ok(27.0)],
        };
        let finding = Finding::judge(unordered, &[round], 0.33);
        golden("experiment-busy-counts", &seen(unordered, &finding, None, &NARROW));
    }

    /// Where the answer was not seen, the chapter's is told, as the chapter's.
    #[test]
    fn why_it_is_so() {
        let told = |finding: &Finding| {
            let text = why(busy(), finding, &["Because.".to_owned()], &NARROW);
            text.join("\n")
        };
        let healthy = told(&found(1.01, Some(880.0), 1, 0.97));
        assert!(healthy.starts_with("Because.\n\nLook:  crates/04-busy-wait/src/lib.rs:"));
        assert!(healthy.ends_with(&format!("Next:  {}", busy().next)), "{healthy}");
        let other = told(&found(1.01, Some(4.0), 1, 0.97));
        assert!(other.starts_with("The chapter says b, neither: both take"), "{other}");
    }
}
