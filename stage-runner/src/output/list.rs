//! `--list`: the stages, a line each.

use crate::stages::STAGES;

/// Number, name, how it waits, aliases and chapter of each stage.
pub fn lines(width: usize) -> Vec<String> {
    let longest = STAGES.iter().map(|stage| stage.name.len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for stage in STAGES {
        let indent = " ".repeat(4 + longest + 2);
        let skipped = match (stage.available)() {
            Ok(()) => String::new(),
            Err(reason) => format!(" (not here: {reason})"),
        };
        let line =
            format!("{:>2}  {:<longest$}  {}{skipped}", stage.number, stage.name, stage.summary);
        lines.extend(super::wrapped(&line, width, indent.len()));
        let aliases = match stage.aliases {
            [] => String::new(),
            aliases => format!("also {}; ", aliases.join(", ")),
        };
        let more = format!("{aliases}{}", stage.source.trim_end_matches("/src"));
        lines.push(format!("{indent}{more}"));
    }
    lines
}
