//! `--format markdown`: a table to paste into a text.

use super::columns::{Column, cell};
use super::sentences;
use crate::results::Report;

/// Headline, table and sentences.
pub fn lines(report: &Report) -> Vec<String> {
    let rows = &report.rows();
    let columns = Column::all(report, rows, true);
    let mut lines = vec![sentences::headline(report), String::new()];
    let titles = columns.iter().map(|column| column.title());
    lines.push(joined(std::iter::once("stage").chain(titles).map(str::to_owned)));
    let rules = columns.iter().map(|column| if column.is_left() { "---" } else { "---:" });
    lines.push(joined(std::iter::once("---").chain(rules).map(str::to_owned)));
    for row in rows {
        let mut cells = vec![row.name().to_owned()];
        match row.skipped() {
            Some(why) => {
                cells.push(format!("skipped: {}", safe(&why.to_string())));
                cells.resize(columns.len() + 1, String::new());
            }
            None => cells.extend(columns.iter().map(|column| cell(*column, row, rows))),
        }
        lines.push(joined(cells.into_iter()));
    }
    lines.push(String::new());
    for row in rows {
        if let Some(fault) = row.fault().filter(|_| row.skipped().is_none()) {
            lines.push(format!("- {}", safe(&fault.of(row.name()))));
        }
    }
    lines.extend(
        sentences::comparison(report, rows).iter().map(|sentence| format!("- {}", safe(sentence))),
    );
    lines
}

fn joined(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

/// Text from outside must not become markup.
fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '|' | '<' | '>' | '`' | '*' | '[' | ']' | '\\') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}
