//! An experiment and what was seen, for programs.

use serde::Serialize;

use super::VERSION;
use super::printed::printed;
use crate::experiments::{
    self, Cell, Experiment, Finding, Form, Judged, NeedsPython, Range, Verdict,
};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    experiment: &'a str,
    chapter: u8,
    question: &'a str,
    choices: &'a [&'a str],
    /// The chapter's answer, and the guess: letters.
    answer: char,
    guess: Option<char>,
    rounds: u32,
    share_of_a_core: f64,
    verdict: &'static str,
    /// What came of each measure.
    measures: Vec<Measure<'a>>,
    table: Vec<Row<'a>>,
    /// The chapter's words, a paragraph each.
    why: &'a [String],
}

#[derive(Serialize)]
struct Measure<'a> {
    unit: &'a str,
    /// `count`, or `ratio`: of times, CPU times or memory.
    form: &'static str,
    seen: Option<f64>,
    /// Why there is no number.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    least: f64,
    /// Absent where there is no most.
    #[serde(skip_serializing_if = "Option::is_none")]
    most: Option<f64>,
    judged: &'static str,
    verdict: &'static str,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    figures: Vec<Figure<'a>>,
}

#[derive(Serialize)]
struct Figure<'a> {
    what: &'a str,
    /// `ns`, `us`, `bytes`, or none for what was counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
    value: Option<f64>,
    /// Words, where it has no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

#[derive(Serialize)]
struct List<'a> {
    version: u32,
    experiments: Vec<Listed<'a>>,
}

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    chapter: u8,
    question: &'a str,
    choices: &'a [&'a str],
    /// Without a Python it does not run.
    needs_python: bool,
}

/// What was seen.
pub fn experiment(
    experiment: &Experiment,
    finding: &Finding,
    guess: Option<usize>,
    why: &[String],
) -> Vec<u8> {
    let measures = experiment.ranges.iter().zip(&finding.seen.measures).zip(&finding.verdicts);
    let rows = finding.seen.rows.iter().map(|(name, cells)| Row {
        name,
        figures: finding.seen.columns.iter().zip(cells).map(figure).collect(),
    });
    printed(&Document {
        version: VERSION,
        experiment: experiment.name,
        chapter: experiment.chapter,
        question: experiment.question,
        choices: experiment.choices,
        answer: Experiment::letter(experiment.right),
        guess: guess.map(Experiment::letter),
        rounds: finding.rounds,
        share_of_a_core: finding.share_of_a_core,
        verdict: word(finding.verdict()),
        measures: measures.map(|((range, seen), verdict)| measure(range, seen, *verdict)).collect(),
        table: rows.collect(),
        why,
    })
}

/// The experiments that there are.
pub fn experiments(experiments: &[&Experiment]) -> Vec<u8> {
    let listed = experiments.iter().map(|experiment| Listed {
        name: experiment.name,
        chapter: experiment.chapter,
        question: experiment.question,
        choices: experiment.choices,
        needs_python: experiment.needs_python == NeedsPython::Yes,
    });
    printed(&List { version: VERSION, experiments: listed.collect() })
}

fn measure<'a>(range: &'a Range, seen: &'a experiments::Measure, verdict: Verdict) -> Measure<'a> {
    Measure {
        unit: range.unit,
        form: match range.form {
            Form::Count => "count",
            Form::Ratio => "ratio",
        },
        seen: seen.as_ref().ok().copied(),
        reason: seen.as_ref().err().map(String::as_str),
        least: *range.healthy.start(),
        most: Some(*range.healthy.end()).filter(|most| most.is_finite()),
        judged: match range.judged {
            Judged::Always => "always",
            Judged::IfQuiet => "if quiet",
        },
        verdict: word(verdict),
    }
}

fn figure<'a>((what, cell): (&&'a str, &'a Cell)) -> Figure<'a> {
    let whole = |number: Option<u64>| number.map(|number| number as f64);
    let (unit, value) = match *cell {
        Cell::Time(us) => (Some("us"), Some(us as f64)),
        Cell::Cpu(us) => (Some("us"), whole(us)),
        Cell::Bytes(bytes) => (Some("bytes"), whole(bytes)),
        Cell::Count(count) => (None, whole(count)),
        Cell::Nanoseconds(ns) => (Some("ns"), Some(ns)),
        Cell::Number(number) => (None, Some(number)),
        Cell::Text(_) => (None, None),
    };
    let text = match cell {
        Cell::Text(text) => Some(text.as_str()),
        _ => None,
    };
    Figure { what, unit, value, text }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::AsExpected => "as expected",
        Verdict::NotHere => "not here",
        Verdict::TooBusy => "not judged: too busy",
        Verdict::Unknown => "not judged: no number",
    }
}
