//! `--list`: the stages, a line each.

use crate::lineup::{Original, Stage};
use crate::views::columns::UNKNOWN;

/// Number (the yardstick has none), name, aliases, languages, how it waits and chapter of each
/// stage, and why it cannot run here.
pub fn lines(stages: &[(&Stage, Result<(), String>)]) -> Vec<String> {
    let aliases = |stage: &Stage| stage.aliases.join(", ");
    let longest = |text: &dyn Fn(&Stage) -> usize| {
        stages.iter().map(|(stage, _)| text(stage)).max().unwrap_or(0)
    };
    let name = longest(&|stage| stage.name.len());
    let alias = longest(&|stage| aliases(stage).len());
    let summary = longest(&|stage| stage.summary.len());
    let line = |(stage, available): &(&Stage, Result<(), String>)| {
        let skipped = match available {
            Ok(()) if stage.only_by_name => "  (only when it is named)".to_owned(),
            Ok(()) => String::new(),
            Err(reason) => format!("  (not here: {reason})"),
        };
        format!(
            "{}  {:<name$}  {:<alias$}  {:<12}  {:<summary$}  {}{skipped}",
            stage.number.map_or(UNKNOWN.to_owned(), |number| number.to_string()),
            stage.name,
            aliases(stage),
            if Original::of(stage.name).is_some() { "Rust, Python" } else { "Rust" },
            stage.summary,
            stage.source.trim_end_matches("/src"),
        )
    };
    stages.iter().map(line).collect()
}
