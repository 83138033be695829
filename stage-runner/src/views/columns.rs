//! The figures of a row: what the comparison and the Markdown table have in common.

use crate::results::{Report, Row, WorkerKind};
use crate::words;

/// A figure that this system does not give.
pub const UNKNOWN: &str = "–";

/// One figure of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Column {
    Who,
    Wall,
    Spread,
    Cpu,
    Memory,
    Failed,
    Faster,
    Processes,
    Switches,
    OneASecond,
}

impl Column {
    /// The columns that these rows need.
    pub fn all(report: &Report, rows: &[Row<'_>], wide: bool) -> Vec<Column> {
        let spread = report.setting.rounds >= 3;
        let failed = rows.iter().any(|row| row.failed() > 0);
        let columns = [
            (Column::Who, true),
            (Column::Wall, true),
            (Column::Spread, spread),
            (Column::Cpu, true),
            (Column::Memory, true),
            (Column::Failed, failed),
            (Column::Faster, wide),
            (Column::Processes, wide),
            (Column::Switches, wide),
            (Column::OneASecond, wide),
        ];
        columns.into_iter().filter_map(|(column, shown)| shown.then_some(column)).collect()
    }

    /// What stands above it.
    pub fn title(self) -> &'static str {
        match self {
            Column::Who => "who waits",
            Column::Wall => "wall",
            Column::Spread => "spread",
            Column::Cpu => "CPU",
            Column::Memory => "memory",
            Column::Failed => "failed",
            Column::Faster => "× as fast",
            Column::Processes => "procs",
            Column::Switches => "switches",
            Column::OneASecond => "at 1 op/s",
        }
    }

    /// Whether it is words and not a number.
    pub fn is_left(self) -> bool {
        self == Column::Who
    }

    /// How wide it is, without the space before it.
    pub fn width(self) -> usize {
        match self {
            Column::Who => 12,
            Column::Wall | Column::Cpu | Column::Memory => 6,
            Column::OneASecond => 12,
            other => words::width(other.title()),
        }
    }
}

/// One figure of one row among all rows.
pub fn cell(column: Column, row: &Row<'_>, rows: &[Row<'_>]) -> String {
    let doubts = row.shown().doubts;
    let figure = |figure: Option<u64>, words: fn(u64) -> String, doubted: bool| match figure {
        None => UNKNOWN.to_owned(),
        Some(figure) if doubted => format!("~{}", words(figure)),
        Some(figure) => words(figure),
    };
    match column {
        Column::Who => short_who(row),
        Column::Wall => figure(row.wall_us(), words::duration, doubts.wall),
        Column::Spread => match row.spread() {
            None => UNKNOWN.to_owned(),
            Some(share) => format!("{:.1}%", share * 100.0),
        },
        Column::Cpu => figure(row.cpu_us(), words::cpu, doubts.cpu),
        Column::Memory => figure(row.memory_bytes(), words::bytes, doubts.memory),
        Column::Failed => match row.failed() {
            0 => String::new(),
            failed => words::count(failed as u64),
        },
        Column::Faster => times_as_fast(row, rows).unwrap_or(UNKNOWN.to_owned()),
        Column::Processes => figure(row.processes(), words::count, false),
        Column::Switches => figure(row.switches(), words::count, false),
        Column::OneASecond => figure(row.wall_us(), words::one_a_second, doubts.wall),
    }
}

/// Who waits, in the width of its column where that can be.
fn short_who(row: &Row<'_>) -> String {
    let Some(who) = row.who() else { return UNKNOWN.to_owned() };
    let whole = who.to_string();
    match who.kind {
        _ if words::width(&whole) <= Column::Who.width() => whole,
        WorkerKind::Process => format!("{} procs", who.count),
        WorkerKind::Thread => format!("{} threads", who.count),
    }
}

/// How many times as fast as the slowest that fetched the same pages.
fn times_as_fast(row: &Row<'_>, rows: &[Row<'_>]) -> Option<String> {
    let slowest = rows.iter().filter(|row| row.is_ok()).filter_map(Row::wall_us).max()?;
    let wall = row.wall_us().filter(|wall| *wall > 0 && row.is_ok())?;
    let times = slowest as f64 / wall as f64;
    Some(if times < 99.5 { format!("{times:.1}") } else { format!("{times:.0}") })
}
