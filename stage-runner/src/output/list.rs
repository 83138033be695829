//! `--list`: the stages, a line each.

use super::columns::UNKNOWN;
use crate::stages::{STAGES, Stage};

/// Number (the yardstick has none), name, aliases, how it waits and chapter of each stage.
pub fn lines() -> Vec<String> {
    let aliases = |stage: &Stage| stage.aliases.join(", ");
    let longest = |text: &dyn Fn(&Stage) -> usize| STAGES.iter().map(text).max().unwrap_or(0);
    let name = longest(&|stage| stage.name.len());
    let alias = longest(&|stage| aliases(stage).len());
    let summary = longest(&|stage| stage.summary.len());
    let line = |stage: &Stage| {
        let skipped = match (stage.available)() {
            Ok(()) if stage.only_by_name => "  (only when it is named)".to_owned(),
            Ok(()) => String::new(),
            Err(reason) => format!("  (not here: {reason})"),
        };
        format!(
            "{}  {:<name$}  {:<alias$}  {:<summary$}  {}{skipped}",
            stage.number.map_or(UNKNOWN.to_owned(), |number| number.to_string()),
            stage.name,
            aliases(stage),
            stage.summary,
            stage.source.trim_end_matches("/src"),
        )
    };
    STAGES.iter().map(line).collect()
}
