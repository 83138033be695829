//! Runs an exercise through, up to its verdict.

use crate::rules::{BASICS, CameTo, Evidence, Finding, Given, Value};
use crate::verdict::{Item, Mark, Outcome, RunVerdict, Verdict};
use crate::{Ending, Exercise, Observed, Run, control};

/// What a rule on time found is believed where so many of three runs say it.
const AGREE: usize = 2;

/// One run that is to take place.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Which.
    pub run: &'a Run,
    /// Its number, from 0.
    pub number: usize,
    /// Why it takes place again: a finding on time, which has to be seen twice.
    pub again: bool,
}

/// Checks a program: `observe` runs it, and `share` tells the share of a core that a program gets
/// now, as [`control::share_of_a_core`] does.
///
/// The first rule that finds something decides. What a rule on time finds counts only if the
/// machine was not too busy, before and after, and if two of three runs find it.
///
/// # Errors
/// That of `observe`.
pub fn check<E>(
    exercise: &Exercise,
    observe: &mut dyn FnMut(Attempt<'_>) -> Result<Observed, E>,
    share: &mut dyn FnMut() -> f64,
) -> Result<Verdict, E> {
    let mut before = Vec::new();
    let mut runs: Vec<RunVerdict> = exercise.runs.iter().map(not_yet_run).collect();
    let mut not_judged = None;
    for (number, run) in exercise.runs.iter().enumerate() {
        let (mut found, mut content) = (0, 0);
        let judged = loop {
            let again = found + content > 0;
            let share_before = if run.has_time_rules() { share() } else { 1.0 };
            let observed = observe(Attempt { run, number, again })?;
            let share = if run.has_time_rules() { share().min(share_before) } else { 1.0 };
            let mut judged = judge(run, observed, &before);
            match judged.finding {
                None => content += 1,
                Some((_, false)) => break judged,
                Some((_, true)) if share < control::ENOUGH => {
                    judged.finding = None;
                    judged.not_judged = Some(control::too_busy(share));
                    judged.mark(Mark::NotMet, Mark::NotJudged);
                    break judged;
                }
                Some((_, true)) => found += 1,
            }
            if found == 0 || found == AGREE || content == AGREE {
                break judged;
            }
        };
        runs[number].rules = judged.rules;
        if let Some((finding, _)) = judged.finding {
            return Ok(Verdict { outcome: Outcome::NotYet { run: number, finding }, runs });
        }
        if not_judged.is_none() {
            not_judged = judged.not_judged.map(|why| Outcome::NotJudged { run: number, why });
        }
        before.push(judged.observed);
    }
    Ok(Verdict { outcome: not_judged.unwrap_or(Outcome::Passed), runs })
}

/// The verdict on a program that cannot run, with a reason of its own: it does not compile.
pub fn not_run(exercise: &Exercise, reason: &str, words: String) -> Verdict {
    let finding = Finding { reason: reason.to_owned(), words };
    let runs = exercise.runs.iter().map(not_yet_run).collect();
    Verdict { outcome: Outcome::NotYet { run: 0, finding }, runs }
}

/// The verdict on a program that could not be started here.
pub fn not_judged(exercise: &Exercise, why: String) -> Verdict {
    let runs = exercise.runs.iter().map(not_yet_run).collect();
    Verdict { outcome: Outcome::NotJudged { run: 0, why }, runs }
}

/// What the rules of a run came to.
struct JudgedRun {
    rules: Vec<Item>,
    /// The first thing that was found, and whether it is a time.
    finding: Option<(Finding, bool)>,
    not_judged: Option<String>,
    observed: Observed,
}

impl JudgedRun {
    fn mark(&mut self, from: Mark, to: Mark) {
        for item in self.rules.iter_mut().filter(|item| item.mark == from) {
            item.mark = to;
        }
    }
}

fn not_yet_run(run: &Run) -> RunVerdict {
    let rules = all_rules(run).map(|given| item(&given, Mark::Open)).collect();
    RunVerdict { says: run.says.clone(), rules }
}

fn judge(run: &Run, observed: Observed, before: &[Observed]) -> JudgedRun {
    let evidence = Evidence { run: &observed, before };
    let (mut rules, mut found, mut not_judged) = (Vec::new(), None, None);
    for given in all_rules(run) {
        let did_not_run = matches!(evidence.run.ending, Ending::NotHere(_)) && !rules.is_empty();
        if found.is_some() || did_not_run {
            rules.push(item(&given, Mark::Open));
            continue;
        }
        let mut came = given.judge(&evidence);
        if given.rule.name == BASICS.name {
            came = run.renamed(came);
        }
        let mark = match came.came_to {
            CameTo::Fine => Mark::Met,
            CameTo::Found(finding) => {
                found = Some((finding, given.rule.is_time));
                Mark::NotMet
            }
            CameTo::NotJudged(why) => {
                not_judged.get_or_insert(why);
                Mark::NotJudged
            }
        };
        rules.push(Item { measured: came.measured, ..item(&given, mark) });
    }
    JudgedRun { rules, finding: found, not_judged, observed }
}

/// The basics, and what the exercise asks for.
fn all_rules(run: &Run) -> impl Iterator<Item = Given> {
    let basics = Given {
        rule: &BASICS,
        value: Value::Nothing,
        more: Vec::new(),
        or_else: None,
        says: None,
        margins: None,
    };
    std::iter::once(basics).chain(run.rules.iter().cloned())
}

fn item(given: &Given, mark: Mark) -> Item {
    let (right, wrong) = given.margins.unzip();
    Item { rule: given.rule.name, label: given.label(), mark, measured: None, right, wrong }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::rules::by_hand::{connection, run};

    const EXERCISE: &str = r#"
        name = "two at a time"
        chapter = 3
        question = "?"
        start = "gaps"
        concurrency = 1
        [[run]]
        says = "first"
        paths = ["/1", "/2"]
        rules = [{ connections = 2 }, { free-place-median-ms = 100, right = 1, wrong = 200 }]
        [[run]]
        says = "second"
        paths = ["/1", "/2"]
        instead = { hung = "place-lost" }
        rules = [{ threads = 9 }]
    "#;

    /// Two pages, the second `gap` ms after the first; or a run that hangs.
    fn observed(gap: u64) -> Observed {
        let second = [10 + gap, 11 + gap, 20 + gap];
        let seen = run(vec![connection("/1", [0, 1, 10]), connection("/2", second)]);
        let mut observed = Observed { concurrency: 1, ..seen };
        observed.process.threads = Some(Vec::new());
        observed
    }

    fn checked(gaps: &[u64], ending: Ending, share: f64) -> (Verdict, usize) {
        let exercise = Exercise::parse("x", EXERCISE).unwrap();
        let mut runs = 0;
        let mut observe = |attempt: Attempt<'_>| {
            runs += 1;
            let gap = gaps.get(runs - 1).copied().unwrap_or(1);
            let ending = if attempt.number == 1 { ending.clone() } else { Ending::Well };
            Ok::<_, Infallible>(Observed { ending, ..observed(gap) })
        };
        let verdict = check(&exercise, &mut observe, &mut || share);
        (verdict.unwrap_or_else(|never| match never {}), runs)
    }

    fn words(verdict: &Verdict) -> String {
        match &verdict.outcome {
            Outcome::Passed => "passed".to_owned(),
            Outcome::NotYet { run, finding } => format!("{} in {run}", finding.reason),
            Outcome::NotJudged { run, .. } => format!("not judged in {run}"),
        }
    }

    #[test]
    fn every_run_is_judged_up_to_the_first_finding() {
        let (verdict, runs) = checked(&[], Ending::Well, 1.0);
        assert_eq!((words(&verdict).as_str(), runs), ("passed", 2));
        let hung = Ending::Hung(std::time::Duration::from_secs(4));
        let (verdict, _) = checked(&[], hung, 1.0);
        assert_eq!(words(&verdict), "place-lost in 1", "as this run calls it");
        let marks: Vec<Mark> = verdict.runs[1].rules.iter().map(|item| item.mark).collect();
        assert_eq!(marks, [Mark::NotMet, Mark::Open]);
    }

    #[test]
    fn a_time_must_be_seen_twice() {
        let (verdict, runs) = checked(&[150, 150], Ending::Well, 1.0);
        assert_eq!((words(&verdict).as_str(), runs), ("gaps in 0", 2));
        assert_eq!(verdict.runs[0].rules[2].measured, Some(150.0));
        let (verdict, runs) = checked(&[150, 1, 1], Ending::Well, 1.0);
        assert_eq!((words(&verdict).as_str(), runs), ("passed", 4), "once is chance");
        let (verdict, runs) = checked(&[150, 1, 150], Ending::Well, 1.0);
        assert_eq!((words(&verdict).as_str(), runs), ("gaps in 0", 3));
    }

    #[test]
    fn a_busy_machine_decides_nothing() {
        let (verdict, _) = checked(&[150, 150], Ending::Well, 0.33);
        assert_eq!(words(&verdict), "not judged in 0");
        let Outcome::NotJudged { why, .. } = &verdict.outcome else { unreachable!() };
        assert!(why.contains("gets 33 % of one"), "{why}");
        let (verdict, _) = checked(&[], Ending::Well, 0.33);
        assert_eq!(words(&verdict), "passed", "what is content in spite of it is content");
    }
}
