//! Checks of programs as one document.

use serde::Serialize;

use super::VERSION;
use crate::results::program_check::{Failure, Group, ProgramCheck, Stopped, Verdict};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    verdict: &'static str,
    programs: Vec<ProgramLine<'a>>,
}

#[derive(Serialize)]
struct ProgramLine<'a> {
    name: &'a str,
    command: &'a [String],
    verdict: &'static str,
    passed: usize,
    of: usize,
    took_us: u64,
    stopped: Option<String>,
    groups: Vec<GroupLine<'a>>,
}

#[derive(Serialize)]
struct GroupLine<'a> {
    name: &'a str,
    passed: usize,
    of: usize,
    seen: Option<&'a str>,
    failures: Vec<FailureLine<'a>>,
    not_judged: Vec<FailureLine<'a>>,
    left_out: &'a [&'static str],
}

#[derive(Serialize)]
struct FailureLine<'a> {
    case: &'a str,
    words: &'a str,
}

/// The checks of all programs as one document.
pub fn program_checks(checks: &[ProgramCheck], verdict: Verdict) -> Vec<u8> {
    super::printed(&Document {
        version: VERSION,
        verdict: verdict.word(),
        programs: checks.iter().map(program_line).collect(),
    })
}

fn program_line(check: &ProgramCheck) -> ProgramLine<'_> {
    let (passed, of) = check.passed_of();
    ProgramLine {
        name: &check.entrant.name,
        command: &check.entrant.command,
        verdict: check.verdict().word(),
        passed,
        of,
        took_us: check.took.as_micros() as u64,
        stopped: check.stopped.as_ref().map(Stopped::reason),
        groups: check.groups.iter().map(group_line).collect(),
    }
}

fn group_line(group: &Group) -> GroupLine<'_> {
    GroupLine {
        name: group.name,
        passed: group.passed,
        of: group.of,
        seen: group.seen.as_deref(),
        failures: group.failures.iter().map(failure_line).collect(),
        not_judged: group.not_judged.iter().map(failure_line).collect(),
        left_out: &group.left_out,
    }
}

fn failure_line(failure: &Failure) -> FailureLine<'_> {
    FailureLine { case: &failure.case, words: &failure.words }
}
