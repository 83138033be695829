//! A program's check: a line for each group, with the first of what went wrong.

use crate::results::program_check::{Group, ProgramCheck, Stopped, Verdict};
use crate::views::Style;
use crate::views::style::{Ink, paint};
use crate::words::{self, wrapped};

/// So many failures of a group are told; JSON has all of them.
const TOLD: usize = 2;

/// How far what went wrong stands to the right, where it takes lines of its own.
const INDENT: usize = 6;

/// The whole check.
pub fn lines(check: &ProgramCheck, style: &Style) -> Vec<String> {
    let words = check.entrant.command.iter().map(String::as_str);
    let command = shlex::try_join(words).unwrap_or_else(|_| check.entrant.command.join(" "));
    let command = words::escaped(&command);
    let mut lines = vec![format!("{}: {command}", paint(Ink::Strong, &check.entrant.name))];
    let longest = |text: fn(&Group) -> String| {
        check.groups.iter().map(|group| words::width(&text(group))).max().unwrap_or(0)
    };
    let (name, passed, of) = (longest(|group| group.name.to_owned()), longest(passed), longest(of));
    for group in &check.groups {
        let head = format!(
            "  {}  {:>passed$} of {:>of$}",
            words::padded(group.name, name),
            self::passed(group),
            self::of(group)
        );
        let told = told(group);
        match &told[..] {
            [one] if words::width(&head) + 2 + words::width(one) <= style.width => {
                lines.push(format!("{head}  {one}"));
            }
            told => {
                lines.push(head);
                let width = style.width.saturating_sub(INDENT);
                let told = told.iter().flat_map(|text| wrapped(text, width, 2));
                lines.extend(told.map(|text| format!("{}{text}", " ".repeat(INDENT))));
            }
        }
    }
    lines.extend(wrapped(&verdict(check), style.width, 2));
    lines
}

fn passed(group: &Group) -> String {
    words::count(group.passed as u64)
}

fn of(group: &Group) -> String {
    words::count(group.of as u64)
}

/// The first failures of a group, a text each; what was not judged, and what is not here.
fn told(group: &Group) -> Vec<String> {
    let failures = group.failures.iter().take(TOLD);
    let mut told: Vec<String> =
        failures.map(|failure| format!("{}: {}", failure.case, failure.words)).collect();
    if let more @ 1.. = group.failures.len().saturating_sub(TOLD) {
        told.push(format!("{} more", words::count(more as u64)));
    }
    let open = group.not_judged.iter();
    told.extend(open.map(|open| format!("not judged, {}: {}", open.case, open.words)));
    if !group.left_out.is_empty() {
        told.push(format!("this system cannot produce {}", words::list(&group.left_out)));
    }
    if told.is_empty() {
        told.extend(group.seen.clone());
    }
    told
}

/// The last line: `mine: not yet. 84 of 89 in 14 s.`
fn verdict(check: &ProgramCheck) -> String {
    let name = &check.entrant.name;
    let verdict = match check.stopped {
        Some(Stopped::Interrupted) => "interrupted",
        _ => check.verdict().word(),
    };
    let ink = if check.verdict() == Verdict::NotYet { Ink::Failed } else { Ink::Strong };
    let verdict = paint(ink, verdict);
    let took = words::duration(check.took.as_micros() as u64);
    let (passed, of) = check.passed_of();
    let numbers = match of {
        0 => String::new(),
        _ => format!("{} of {} in {took}", words::count(passed as u64), words::count(of as u64)),
    };
    match &check.stopped {
        None => format!("{name}: {verdict}. {numbers}."),
        Some(stopped) if of == 0 => format!("{name}: {verdict}. {}", stopped.reason()),
        Some(stopped) => format!("{name}: {verdict}. {numbers}. {}", stopped.reason()),
    }
}
