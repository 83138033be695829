//! A recorded run in the document: its steps as rows, one a line.

use std::borrow::Cow;

use crawl::Worker;
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::results::{Activity, Did, Place, State, Step, Tenths};

/// What the numbers of a row are, in this order. Reading goes by the names: later versions may have
/// more of them.
const COLUMNS: [&str; 9] =
    ["from_us", "length_us", "worker", "did", "state", "target", "place", "number", "asleep"];

#[derive(Serialize, Deserialize)]
pub(super) struct ActivityLine<'a> {
    workers: Cow<'a, [Worker]>,
    places: Vec<String>,
    /// Steps that were only counted.
    #[serde(default)]
    dropped: u64,
    columns: Vec<Cow<'a, str>>,
    rows: Rows<'a>,
}

/// Steps to be written, or rows that were read.
#[derive(Deserialize)]
#[serde(from = "Vec<Vec<Value>>")]
enum Rows<'a> {
    Steps(&'a [Step]),
    Read(Vec<Vec<Value>>),
}

impl From<Vec<Vec<Value>>> for Rows<'_> {
    fn from(rows: Vec<Vec<Value>>) -> Self {
        Rows::Read(rows)
    }
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Rows::Steps(steps) = self else {
            return Err(S::Error::custom("what was read is a report, and written as one"));
        };
        serializer.collect_seq(steps.iter().map(row))
    }
}

/// In the order of [`COLUMNS`].
fn row(step: &Step) -> impl Serialize {
    let Step { from, length, worker, did, state, target, place, number, asleep } = step;
    (from, length, worker, did, state, target, place, number, asleep)
}

impl<'a> ActivityLine<'a> {
    pub(super) fn new(activity: &'a Activity) -> ActivityLine<'a> {
        ActivityLine {
            workers: Cow::Borrowed(&activity.workers),
            places: activity.places.iter().map(Place::to_string).collect(),
            dropped: activity.dropped,
            columns: COLUMNS.map(Cow::Borrowed).to_vec(),
            rows: Rows::Steps(&activity.steps),
        }
    }

    /// What was recorded of a run of so many URLs, or what is wrong with it.
    pub(super) fn read(self, urls: usize) -> Result<Activity, String> {
        let Rows::Read(rows) = self.rows else { return Err("it was not read".to_owned()) };
        if rows.len() > Activity::MAX_STEPS {
            let (rows, most) = (rows.len(), Activity::MAX_STEPS);
            return Err(format!("there are {rows} rows, and {most} is the most"));
        }
        let mut at = [None; COLUMNS.len()];
        for (at, name) in at.iter_mut().zip(COLUMNS) {
            *at = self.columns.iter().position(|column| column == name);
        }
        let (workers, places) = (self.workers.len(), self.places.len());
        let mut steps = Vec::with_capacity(rows.len());
        let mut ends = vec![Tenths(0); workers];
        for (number, row) in rows.into_iter().enumerate() {
            let step = read_row(row, &at).and_then(|step| {
                check(&step, workers, places, urls)?;
                let end = &mut ends[step.worker];
                let last = steps.last().map_or(Tenths(0), |last: &Step| last.from);
                if step.from < last {
                    return Err("it begins before the row above it".to_owned());
                }
                if step.from < *end {
                    return Err("it begins before its worker's last step ends".to_owned());
                }
                *end = step.to();
                Ok(step)
            });
            steps.push(step.map_err(|why| format!("row {number}: {why}"))?);
        }
        Ok(Activity {
            workers: self.workers.into_owned(),
            places: self.places.iter().map(|place| Place::from(&**place)).collect(),
            steps,
            dropped: self.dropped,
        })
    }
}

fn read_row(mut row: Vec<Value>, at: &[Option<usize>; COLUMNS.len()]) -> Result<Step, String> {
    let mut take = |column: usize| at[column].and_then(|at| row.get_mut(at)).map(Value::take);
    Ok(Step {
        from: needed::<Tenths>(take(0), 0)?,
        length: needed::<Tenths>(take(1), 1)?,
        worker: needed::<usize>(take(2), 2)?,
        did: needed::<Option<Did>>(take(3), 3)?,
        state: needed::<State>(take(4), 4)?,
        target: needed::<Option<usize>>(take(5), 5)?,
        place: needed::<Option<usize>>(take(6), 6)?,
        number: needed::<Option<u64>>(take(7), 7)?,
        asleep: needed::<bool>(take(8), 8)?,
    })
}

fn needed<T: for<'de> Deserialize<'de>>(value: Option<Value>, column: usize) -> Result<T, String> {
    let name = COLUMNS[column];
    let value = value.ok_or_else(|| format!("it has no {name}"))?;
    serde_json::from_value(value).map_err(|error| format!("its {name}: {error}"))
}

fn check(step: &Step, workers: usize, places: usize, urls: usize) -> Result<(), String> {
    let numbers = [
        ("worker", Some(step.worker), workers),
        ("place", step.place, places),
        ("target", step.target, urls),
    ];
    match numbers.into_iter().find(|(_, number, of)| number.is_some_and(|number| number >= *of)) {
        Some((what, number, of)) => {
            Err(format!("{what} {} of {of} (from 0)", number.unwrap_or_default()))
        }
        None => Ok(()),
    }
}
