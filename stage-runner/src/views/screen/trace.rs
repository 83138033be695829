//! A recorded run as text: a line a step, or two stages in two columns on one clock.

use std::collections::BTreeSet;

use crate::lineup::Language;
use crate::results::{Activity, Place, Report, Row, Tenths};
use crate::views::sentences;
use crate::views::story::{Moment, Story};
use crate::views::style::{Ink, Style, paint};
use crate::words::{self, padded, wrapped};

/// The columns of the time: `12345.678 ms`.
const TIME: usize = 12;

/// Between two columns.
const GAP: &str = "  ";

/// From this width on, two stages have a column each for their places. Below it, a place
/// stands behind its sentence, or on a line of its own.
const WITH_PLACES: usize = 120;

/// What goes on below a sentence, or belongs to it.
const INDENT: usize = 2;

/// A longer name of a place is cut: `crawl_with_sockets.rs:123` is not.
const PLACE: usize = 26;

/// The steps of the first two stages of a report; or the life of one page, by its index.
pub fn lines(report: &Report, life: Option<usize>, style: &Style) -> Vec<String> {
    let rows = report.rows();
    let mut lines = wrapped(&sentences::headline(report), style.width, 2);
    lines.push(String::new());
    let mut told = Vec::new();
    for row in &rows {
        match Told::of(report, row, life) {
            Ok(it) => told.push(it),
            Err(why) => lines.extend(wrapped(&why, style.width, 2)),
        }
    }
    let width = style.width.saturating_sub(TIME);
    let has_places = told.len() < 2 || style.width >= WITH_PLACES;
    let places = told.iter().flat_map(|it| &it.moments).filter_map(|it| it.place.as_ref());
    let longest = places.map(|place| words::width(&short(place))).max().unwrap_or(0);
    let place = if has_places { longest.min(PLACE) } else { 0 };
    let column = Column { width: width / told.len().max(1), place };
    if told.len() > 1 {
        let names: String = told.iter().map(|it| column.name(it.row.name())).collect();
        lines.push(format!("{}{}", " ".repeat(TIME), paint(Ink::Strong, names.trim_end())));
    }
    let mut all: Vec<(Tenths, usize, &Moment)> = Vec::new();
    for (number, it) in told.iter().enumerate() {
        all.extend(it.moments.iter().map(|moment| (moment.at, number, moment)));
    }
    all.sort_by_key(|(at, number, _)| (*at, *number));
    for (at, number, moment) in all {
        let before = " ".repeat(number * column.width);
        let place = moment.place.as_ref().map(short).unwrap_or_default();
        let cells = column.cells(&moment.sentence, &place);
        for (below, cell) in cells.iter().enumerate() {
            let time = if below == 0 { time(at) } else { " ".repeat(TIME) };
            lines.push(format!("{}{before}{cell}", paint(Ink::Faint, &time)));
        }
    }
    lines.extend((!told.is_empty()).then(String::new));
    let notes = told.iter().flat_map(Told::notes);
    lines.extend(notes.flat_map(|note| wrapped(&note, style.width, 2)));
    lines
}

/// What there is to tell of one stage.
struct Told<'a> {
    row: &'a Row<'a>,
    activity: &'a Activity,
    moments: Vec<Moment>,
}

impl<'a> Told<'a> {
    /// What there is to tell, or why there is nothing.
    fn of(report: &'a Report, row: &'a Row<'a>, life: Option<usize>) -> Result<Told<'a>, String> {
        if let Some(why) = row.skipped() {
            return Err(why.of(row.name()));
        }
        let story = Story::of(report, row).filter(|story| !story.activity.steps.is_empty());
        let Some(story) = story else {
            let name = row.name();
            return Err(match row.fault() {
                Some(fault) => fault.of(name),
                None if row.entrant.language == Language::Python => format!(
                    "{} is not recorded: only stages in Rust are recorded, and programs that print \
                     what docs/protocol.md tells. Write --language rust to see {}.",
                    row.entrant.title(),
                    row.entrant.name
                ),
                None => format!(
                    "{name} told nothing of what its workers did: docs/protocol.md says how"
                ),
            });
        };
        let moments = life.map_or_else(|| story.all(), |target| story.life(target));
        Ok(Told { row, activity: story.activity, moments })
    }

    /// Where the places are, and what is missing.
    fn notes(&self) -> Vec<String> {
        let name = self.row.name();
        let shown = self.moments.iter().filter_map(|moment| moment.place.as_ref());
        let folders: BTreeSet<&str> = shown.filter_map(|place| Some(split(place)?.0)).collect();
        let folders: Vec<&str> = folders.into_iter().collect();
        let mut notes = Vec::new();
        if !folders.is_empty() {
            notes.push(format!("{name}: the places are in {}.", words::list(&folders)));
        }
        if let Some(fault) = self.row.fault() {
            notes.push(fault.of(name));
        }
        if self.activity.dropped > 0 {
            let dropped = words::plural(self.activity.dropped, "step");
            notes.push(format!("{name}: {dropped} more were not recorded, for want of room."));
        }
        notes
    }
}

/// How a stage is set.
struct Column {
    width: usize,
    /// Columns of a place; none, where there is no room for places.
    place: usize,
}

impl Column {
    /// What stands above it.
    fn name(&self, name: &str) -> String {
        let room = self.width.saturating_sub(GAP.len());
        format!("{GAP}{}", padded(&words::cut(name, room), room))
    }

    /// A sentence in as many lines as it takes, and its place: at the right of the first line; or
    /// behind the sentence where there is room, and else below.
    fn cells(&self, sentence: &str, place: &str) -> Vec<String> {
        let room = self.width.saturating_sub(GAP.len());
        let line = |text: &str, width: usize| padded(&words::cut(text, width), width);
        if self.place > 0 {
            let sentences = room.saturating_sub(self.place + GAP.len()).max(20);
            let lines = wrapped(sentence, sentences, INDENT);
            let places = std::iter::once(place).chain(std::iter::repeat(""));
            let cell = |(text, place): (&String, &str)| {
                let (text, place) = (line(text, sentences), line(place, self.place));
                format!("{GAP}{text}{GAP}{place}")
            };
            return lines.iter().zip(places).map(cell).collect();
        }
        let mut lines = wrapped(sentence, room, INDENT);
        match lines.last_mut().filter(|_| !place.is_empty()) {
            Some(last) if words::width(last) + GAP.len() + words::width(place) <= room => {
                let before = room - words::width(place);
                *last = format!("{}{place}", padded(last, before));
            }
            Some(_) => lines.push(format!("{}{place}", " ".repeat(INDENT))),
            None => {}
        }
        lines.iter().map(|text| format!("{GAP}{}", line(text, room))).collect()
    }
}

/// `450.939 ms`, at the right of its column.
fn time(at: Tenths) -> String {
    format!("{:>width$.3} ms", at.micros_f64() / 1e3, width = TIME - 3)
}

/// `executor.rs:71`.
fn short(place: &Place) -> String {
    let text = place.to_string();
    split(place).map_or(text.clone(), |(folder, _)| text[folder.len() + 1..].to_owned())
}

/// The folder of a place, and its file.
fn split(place: &Place) -> Option<(&str, &str)> {
    place.file.rsplit_once('/')
}
