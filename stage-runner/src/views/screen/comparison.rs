//! The comparison: a row for each stage.

use super::picture::{self, Axis, FAILED};
use crate::lineup::{Entrant, Language};
use crate::results::{Report, Row};
use crate::views::columns::{Column, UNKNOWN, cell};
use crate::views::sentences;
use crate::views::style::{Ink, Style, paint};
use crate::words::{self, joined, wrapped};

/// From this width up there are more columns.
const WIDE: usize = 110;

/// The narrowest and the widest picture.
const PICTURE: (usize, usize) = (16, 60);

/// Columns that give way, in this order, where a narrow terminal has no room for them and a
/// picture.
const SPARE: [Column; 3] = [Column::Who, Column::Memory, Column::Cpu];

/// The longest name that is shown whole.
const NAME: usize = 20;

/// What the rows of a comparison are drawn to: a scale and columns, which all rows share.
#[derive(Clone, Debug)]
pub struct Plan {
    style: Style,
    /// Columns of the longest name.
    name: usize,
    axis: Axis,
    columns: Vec<Column>,
}

/// What is about to be compared.
pub fn headline(report: &Report, style: &Style) -> Vec<String> {
    let mut lines = wrapped(&sentences::headline(report), style.width, 0);
    lines.extend((!report.setting.urls.is_empty()).then(String::new));
    lines
}

/// Header and rows.
pub fn table(report: &Report, plan: &Plan) -> Vec<String> {
    let rows = report.rows();
    let mut lines = vec![plan.header()];
    lines.extend(rows.iter().flat_map(|row| plan.row(row, &rows)));
    lines
}

impl Plan {
    /// Whether such a screen has columns that depend on all rows.
    pub fn depends_on_all_rows(style: &Style) -> bool {
        style.width >= WIDE
    }

    /// A plan for the rows that there are, on a scale that reaches at least so far.
    pub fn new(report: &Report, style: &Style, end_us: u64) -> Plan {
        let rows = report.rows();
        let mut columns = Column::all(report, &rows, style.width >= WIDE);
        let above = |index: usize| index.checked_sub(1).map(|above| &report.entrants[above]);
        let label = |(index, entrant)| label(entrant, &report.title(entrant), above(index));
        let names = report.entrants.iter().enumerate().map(label);
        let names = names.map(|name| words::width(&name));
        let name = names.max().unwrap_or(0).clamp(5, NAME);
        let left = |columns: &[Column]| {
            let figures: usize = columns.iter().map(|column| column.width() + 1).sum();
            style.width.saturating_sub(name + 1 + figures + 1)
        };
        for spare in SPARE {
            if left(&columns) < PICTURE.0 {
                columns.retain(|column| *column != spare);
            }
        }
        let left = left(&columns);
        let slowest = rows.iter().filter_map(Row::wall_us).max().unwrap_or(0);
        let axis = Axis { end_us: slowest.max(end_us), columns: left.clamp(PICTURE.0, PICTURE.1) };
        Plan { style: *style, name, axis, columns }
    }

    /// What stands above the rows.
    pub fn header(&self) -> String {
        let mut line = format!("{} {}", words::padded("stage", self.name), self.axis.ruler());
        for column in &self.columns {
            let width = column.width();
            let title = column.title();
            line.push_str(&if column.is_left() {
                format!(" {title:<width$}")
            } else {
                format!(" {title:>width$}")
            });
        }
        paint(Ink::Faint, line.trim_end())
    }

    /// A row among all rows, and below it what has no column.
    pub fn row(&self, row: &Row<'_>, rows: &[Row<'_>]) -> Vec<String> {
        let at = rows.iter().position(|other| std::ptr::eq(other.entrant, row.entrant));
        let above = at.and_then(|at| at.checked_sub(1)).map(|above| rows[above].entrant);
        let name = label(row.entrant, row.name(), above);
        let name = words::padded(&words::cut(&name, self.name), self.name);
        if let Some(why) = row.skipped() {
            let why = format!("skipped: {}", words::escaped(&why.to_string()));
            let mut lines = self.below_row(&why);
            lines[0].replace_range(..self.name, &paint(Ink::Strong, &name));
            return lines;
        }
        let mut line = format!("{} {}", paint(Ink::Strong, &name), self.picture(row));
        for column in &self.columns {
            let (width, cell) = (column.width(), cell(*column, row, rows));
            // A doubted figure takes the space before it for its mark.
            line.push_str(&if column.is_left() {
                format!(" {cell:<width$}")
            } else {
                format!("{cell:>w$}", w = width + 1)
            });
        }
        let mut lines = vec![line.trim_end().to_owned()];
        if let Some(fault) = row.fault() {
            lines.extend(self.below_row(&fault.of(row.name())));
        } else if row.failed() > 0 && !self.columns.contains(&Column::Failed) {
            let failed = words::plural(row.failed() as u64, "page");
            lines.extend(self.below_row(&format!("{failed} failed")));
        }
        lines
    }

    fn below_row(&self, text: &str) -> Vec<String> {
        let indent = self.name + 1;
        let lines = wrapped(text, self.style.width.saturating_sub(indent), 0);
        lines.into_iter().map(|line| format!("{}{line}", " ".repeat(indent))).collect()
    }

    fn picture(&self, row: &Row<'_>) -> String {
        let axis = &self.axis;
        let run = row.shown();
        let wall = row.wall_us().unwrap_or(0);
        let is_cut = axis.columns_to(wall) > axis.columns && !run.wall_includes_start;
        let is_drawn = run.reported().any(|outcome| outcome.finished_us.is_some());
        // Where the wall time is the program's whole life, its start is in it, and that is not
        // sleep after the last page.
        let end = if run.wall_includes_start { run.last_finish_us().min(wall) } else { wall };
        let length = if is_drawn { axis.columns_to(end).clamp(1, axis.columns) } else { 0 };
        let (work, runnable) = (row.work().unwrap_or(0.0), row.runnable().unwrap_or(0.0));
        let mut cells = picture::shares(length, work, runnable);
        let ended = |is_page: bool| {
            let of_kind = run.reported().filter(move |outcome| outcome.error.is_none() == is_page);
            of_kind.filter_map(|outcome| outcome.finished_us).collect::<Vec<u64>>()
        };
        for failed in ended(false) {
            let column = axis.column_of(failed).min(length.saturating_sub(1));
            if let Some(cell) = cells.get_mut(column) {
                *cell = FAILED;
            }
        }
        let mut arrivals = ended(true);
        if is_cut {
            arrivals.retain(|arrival| axis.columns_to(*arrival) < axis.columns);
        }
        picture::write_arrivals(&mut cells, axis, &arrivals);
        if is_cut && let Some(last) = cells.last_mut() {
            *last = ('>', Ink::Plain);
        }
        cells.resize(axis.columns, picture::EMPTY);
        picture::painted(&cells)
    }
}

/// What an entrant is called in the first column. Below the same stage in Rust, the language alone
/// says what is different.
fn label(entrant: &Entrant, title: &str, above: Option<&Entrant>) -> String {
    let is_below_itself = above.is_some_and(|above| above.name == entrant.name);
    match entrant.language {
        Language::Python if is_below_itself => "  in Python".to_owned(),
        _ => title.to_owned(),
    }
}

/// What stands below the rows: what the characters mean, what the numbers say, what to try next.
pub fn below(report: &Report, plan: &Plan) -> Vec<String> {
    let rows = &report.rows();
    let width = plan.style.width;
    let mut lines = vec![String::new()];
    let legend = legend(report, rows, plan);
    if !legend.is_empty() {
        lines.extend(legend);
        lines.push(String::new());
    }
    if report.interrupted {
        let (ran, all) = (rows.len(), report.entrants.len());
        let what = if report.setting.python.is_some() { "rows" } else { "stages" };
        lines.push(format!("Interrupted: {ran} of {all} {what} had begun."));
    }
    for sentence in sentences::comparison(report, rows) {
        lines.extend(wrapped(&sentence, width, 2));
    }
    let next = super::next(&sentences::next(report, rows), width);
    lines.extend((!next.is_empty()).then(String::new));
    lines.extend(next);
    lines
}

/// What the characters mean, as far as they were drawn.
fn legend(report: &Report, rows: &[Row<'_>], plan: &Plan) -> Vec<String> {
    let pictures: String = rows.iter().map(|row| plan.picture(row)).collect();
    let ran = || rows.iter().filter(|row| row.skipped().is_none());
    let most = report.setting.urls.len();
    let mut parts = Vec::new();
    for (drawn, meaning) in [
        (pictures.contains('░'), "░ asleep"),
        (pictures.contains('█'), "█ computing"),
        (pictures.contains('▒'), "▒ waiting for a processor"),
        (pictures.contains('x'), "x failed"),
        (pictures.contains('>'), "> goes on"),
    ] {
        parts.extend(drawn.then(|| meaning.to_owned()));
    }
    if ran().any(|row| row.shown().pages() > 0) {
        parts.push(match most {
            1 => "1: the page arrived here".to_owned(),
            _ => format!("1, {most}: pages that arrived here"),
        });
    }
    let mut lines = joined(&parts, "   ", plan.style.width);
    let mixed = |row: &&Row<'_>| {
        let awake = row.work().unwrap_or(0.0) + row.runnable().unwrap_or(0.0);
        (0.05..0.95).contains(&awake)
    };
    let mut notes = Vec::new();
    if ran().any(|row| mixed(&row)) {
        notes.push("How much of each state is measured; it is drawn spread evenly.".to_owned());
    }
    notes.extend(sentences::may_be_runnable(&ran().collect::<Vec<_>>()));
    notes.extend(ran().filter_map(sentences::includes_start));
    lines.extend(notes.iter().flat_map(|note| wrapped(note, plan.style.width, 2)));
    if ran().any(|row| row.shown().doubts.any()) {
        lines.push("~ reported by the program itself; the system saw otherwise".to_owned());
    }
    if report.setting.machine.os != "linux" && ran().any(|row| row.memory_bytes().is_none()) {
        lines.push(format!("{UNKNOWN} this system does not tell"));
    }
    lines
}
