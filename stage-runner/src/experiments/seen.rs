//! What was seen: a table for people, and measures to judge.

use classroom::control::ENOUGH;

use super::experiment::{Experiment, Form, Judged, Range};
use crate::results::Run;
use crate::words;

/// What one run of a scene came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The titles of the columns, without the first, which has the names.
    pub columns: Vec<&'static str>,
    /// The rows: a name, and a cell for each column.
    pub rows: Vec<(&'static str, Vec<Cell>)>,
    /// One for each range of the experiment.
    pub measures: Vec<Measure>,
}

/// A number to judge, or the reason why there is none.
pub type Measure = Result<f64, String>;

/// A number that not every system tells.
pub fn told(number: Option<f64>) -> Measure {
    number.ok_or_else(|| "this machine does not tell it".to_owned())
}

/// The measures of a language: these numbers, or for each the reason why the language is left out.
pub fn each<const N: usize>(numbers: Result<[f64; N], String>) -> Vec<Measure> {
    match numbers {
        Ok(numbers) => numbers.map(Ok).into(),
        Err(why) => vec![Err(why); N],
    }
}

/// The cells of a row; a row that is left out says so in each.
pub fn row_of<T, const N: usize>(told: &Result<T, String>, row: fn(&T) -> [Cell; N]) -> Vec<Cell> {
    match told {
        Ok(told) => row(told).into(),
        Err(_) => vec![Cell::Text("left out".to_owned()); N],
    }
}

/// A figure of the table, or words.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Microseconds that passed.
    Time(u64),
    /// Nanoseconds that passed: of a single call.
    Nanoseconds(f64),
    /// Microseconds of CPU time.
    Cpu(Option<u64>),
    /// Bytes of memory.
    Bytes(Option<u64>),
    /// Something that was counted.
    Count(Option<u64>),
    /// A ratio, or a mean.
    Number(f64),
    /// Words: those of the first round.
    Text(String),
}

/// What became of one measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As the chapter says.
    AsExpected,
    /// Something else was seen here.
    NotHere,
    /// The machine is too busy to judge a time.
    TooBusy,
    /// There is no number: its [`Measure`] says why.
    Unknown,
}

/// What all rounds came to, and how it is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Medians of all rounds.
    pub seen: Seen,
    /// How many rounds ran.
    pub rounds: u32,
    /// The share of a core that a program gets here: the least that was seen.
    pub share_of_a_core: f64,
    /// A verdict for each measure.
    pub verdicts: Vec<Verdict>,
}

impl Cell {
    /// The wall time of a run.
    pub fn wall(run: &Run) -> Cell {
        Cell::Time(wall_us(run))
    }

    /// The CPU time of a run.
    pub fn cpu(run: &Run) -> Cell {
        Cell::Cpu(run.cpu_us())
    }

    fn number(&self) -> Option<f64> {
        match *self {
            Cell::Time(number) => Some(number as f64),
            Cell::Cpu(number) | Cell::Bytes(number) | Cell::Count(number) => {
                number.map(|number| number as f64)
            }
            Cell::Number(number) | Cell::Nanoseconds(number) => Some(number),
            Cell::Text(_) => None,
        }
    }

    fn with_number(&self, number: Option<f64>) -> Cell {
        let whole = number.map(|number| number.round() as u64);
        match self {
            Cell::Time(_) => Cell::Time(whole.unwrap_or(0)),
            Cell::Cpu(_) => Cell::Cpu(whole),
            Cell::Bytes(_) => Cell::Bytes(whole),
            Cell::Count(_) => Cell::Count(whole),
            Cell::Number(_) => Cell::Number(number.unwrap_or(0.0)),
            Cell::Nanoseconds(_) => Cell::Nanoseconds(number.unwrap_or(0.0)),
            Cell::Text(text) => Cell::Text(text.clone()),
        }
    }
}

/// How long a run took, in microseconds.
pub fn wall_us(run: &Run) -> u64 {
    run.usage.wall_us.unwrap_or_else(|| run.last_finish_us())
}

/// The wall time of one run in those of another.
pub fn wall_ratio(one: &Run, other: &Run) -> Measure {
    Ok(wall_us(one) as f64 / wall_us(other).max(1) as f64)
}

/// The CPU time of one run in those of another. What is too short to be counted is taken for
/// 0.1 ms.
pub fn cpu_ratio(one: &Run, other: &Run) -> Measure {
    let least = |cpu: u64| cpu.max(100) as f64;
    told(one.cpu_us().zip(other.cpu_us()).map(|(one, other)| least(one) / least(other)))
}

impl Seen {
    /// The median of each figure of several rounds. All rounds have the same table.
    ///
    /// # Panics
    /// There is no round.
    pub fn median(rounds: &[Seen]) -> Seen {
        let mut middle = rounds.first().expect("at least one round").clone();
        for (at, (_, cells)) in middle.rows.iter_mut().enumerate() {
            for (column, cell) in cells.iter_mut().enumerate() {
                let all = rounds.iter().map(|round| round.rows[at].1[column].number());
                *cell = cell.with_number(median(all.map(|number| number.ok_or(()))).ok());
            }
        }
        for (at, measure) in middle.measures.iter_mut().enumerate() {
            *measure = median(rounds.iter().map(|round| round.measures[at].clone()));
        }
        middle
    }
}

/// The one in the middle; of two, the lower: it was seen. Where one is missing, so is the median.
fn median<E>(numbers: impl Iterator<Item = Result<f64, E>>) -> Result<f64, E> {
    let mut numbers = numbers.collect::<Result<Vec<f64>, E>>()?;
    numbers.sort_by(f64::total_cmp);
    Ok(numbers[(numbers.len() - 1) / 2])
}

impl Finding {
    /// Judges what several rounds came to on a machine that gives this share of a core.
    pub fn judge(experiment: &Experiment, rounds: &[Seen], share_of_a_core: f64) -> Finding {
        let seen = Seen::median(rounds);
        let judge = |(range, measure): (&Range, &Measure)| match (measure, range.judged) {
            (Err(_), _) => Verdict::Unknown,
            (_, Judged::IfQuiet) if share_of_a_core < ENOUGH => Verdict::TooBusy,
            (Ok(measure), _) if range.healthy.contains(measure) => Verdict::AsExpected,
            _ => Verdict::NotHere,
        };
        let verdicts = experiment.ranges.iter().zip(&seen.measures).map(judge).collect();
        Finding { seen, rounds: rounds.len() as u32, share_of_a_core, verdicts }
    }

    /// What became of the whole: the worst of its verdicts.
    pub fn verdict(&self) -> Verdict {
        let has = |verdict: &Verdict| self.verdicts.contains(verdict);
        let worst = [Verdict::NotHere, Verdict::TooBusy, Verdict::Unknown].into_iter().find(has);
        worst.unwrap_or(Verdict::AsExpected)
    }

    /// The measures with a verdict, their ranges beside them.
    pub fn with<'a>(
        &'a self,
        experiment: &'a Experiment,
        verdict: Verdict,
    ) -> impl Iterator<Item = (&'a Range, &'a Measure)> {
        let all = experiment.ranges.iter().zip(&self.seen.measures).zip(&self.verdicts);
        all.filter(move |(_, is)| **is == verdict).map(|((range, measure), _)| (range, measure))
    }

    /// Why there are no numbers: each reason once, with what was not measured because of it.
    pub fn reasons<'a>(&'a self, experiment: &'a Experiment) -> Vec<(&'a str, Vec<&'static str>)> {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for (range, measure) in self.with(experiment, Verdict::Unknown) {
            let Err(why) = measure else { continue };
            match reasons.iter_mut().find(|(reason, _)| reason == why) {
                Some((_, units)) => units.push(range.unit),
                None => reasons.push((why, vec![range.unit])),
            }
        }
        reasons
    }
}

impl Range {
    /// A number of this measure, with what it counts: `880 times the CPU`.
    pub fn says(&self, number: f64) -> String {
        format!("{} {}", self.form.text(number), self.unit)
    }

    /// What is healthy: `at least 30 times the CPU`.
    pub fn expects(&self) -> String {
        let (least, most) = (*self.healthy.start(), *self.healthy.end());
        let text = bound;
        let numbers = match () {
            () if least == most => text(least),
            () if most.is_infinite() => format!("at least {}", text(least)),
            () if least == 0.0 => format!("at most {}", text(most)),
            () => format!("{} to {}", text(least), text(most)),
        };
        format!("{numbers} {}", self.unit)
    }
}

impl Form {
    /// A number that was seen.
    pub fn text(self, number: f64) -> String {
        match (self, number.abs()) {
            (Form::Count, _) | (_, 100.0..) => words::count(number.max(0.0).round() as u64),
            (Form::Ratio, 9.995..) => format!("{number:.1}"),
            (Form::Ratio, _) => format!("{number:.2}"),
        }
    }
}

/// The end of a range, with no more digits than it has.
fn bound(number: f64) -> String {
    if number.fract() == 0.0 { words::count(number as u64) } else { format!("{number}") }
}
