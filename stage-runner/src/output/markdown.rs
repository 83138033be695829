//! `--format markdown`: a table to paste into a text.

use super::columns::{Column, cell};
use super::sentences;
use crate::session::Session;
use crate::summary::Row;

/// Headline, table and sentences.
pub fn lines(session: &Session<'_>, rows: &[Row<'_>]) -> Vec<String> {
    let columns = Column::all(session, rows, true);
    let mut lines = vec![sentences::headline(session), String::new()];
    let titles = columns.iter().map(|column| column.title());
    lines.push(joined(std::iter::once("stage").chain(titles).map(str::to_owned)));
    let rules = columns.iter().map(|column| if column.is_left() { "---" } else { "---:" });
    lines.push(joined(std::iter::once("---").chain(rules).map(str::to_owned)));
    for row in rows {
        let mut cells = vec![row.name().to_owned()];
        match row.skipped() {
            Some(reason) => {
                cells.push(format!("skipped: {}", safe(reason)));
                cells.resize(columns.len() + 1, String::new());
            }
            None => cells.extend(columns.iter().map(|column| cell(*column, row, rows))),
        }
        lines.push(joined(cells.into_iter()));
    }
    lines.push(String::new());
    for row in rows {
        if let Some(reason) = row.reason().filter(|_| row.skipped().is_none()) {
            lines.push(format!("- {}", safe(&reason)));
        }
    }
    lines.extend(
        sentences::comparison(session, rows).iter().map(|sentence| format!("- {}", safe(sentence))),
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
