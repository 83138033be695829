//! What the page's script gets: the recorded steps as rows of numbers, and the code around them.
//!
//! Of many pages only some are in it, or the page would be too large for a browser to step through
//! and for a teacher to send. What is left out is counted, and the page says so.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::excerpt::{self, Excerpt};
use super::model::{safe, safe_name};
use crate::lineup::stages::Told;
use crate::lineup::{Entrant, Language, sources};
use crate::results::{Activity, Did, Place, Report, Run, Step, wait_us};
use crate::views::steps::{self, Kind};
use crate::views::terms::Terms;
use crate::words;

/// Up to so many pages are shown whole; of more, these many of each kind, and others at even
/// distances.
const ALL: usize = 24;
const FIRST: usize = 4;
const LAST: usize = 2;
const SLOWEST: usize = 3;
const FAILED: usize = 5;

/// Work for pages that are not shown is drawn as one block where it is no further apart than this
/// share of the wall time.
const GRAIN: u64 = 2_000;

/// The most steps of all stages together: they are merged until they fit, and cut where that is not
/// enough. Of a program there are fewer, because each of its steps may have a worker of its own.
const STEPS: usize = 20_000;
const STEPS_OF_A_PROGRAM: usize = 10_000;

/// The most places, and the most words that only a program knows: of all stages together, and of
/// one. A stage has up to 50 places, and always has room for them.
const NAMES_OF_ALL: usize = 1_000;
const NAMES: usize = 300;
const NAMES_OF_A_STAGE: usize = 50;

/// The most workers that have a lane of their own.
const LANES: usize = 12;

/// Everything that the script needs.
#[derive(Debug, Serialize)]
pub struct Replay {
    /// The words for the kinds of steps.
    kinds: [&'static str; Kind::WORDS.len()],
    /// The stages that were recorded.
    pub stages: Vec<Stage>,
    /// Functions in which something was recorded; several stages may share them.
    code: Vec<File>,
}

/// One recorded run. All times are tenths of a microsecond.
#[derive(Debug, Serialize)]
pub struct Stage {
    name: String,
    chapter: Option<u8>,
    /// What a thread that waits for many sockets sleeps in. Of a program nobody knows.
    call: Option<&'static str>,
    /// What that call tells it.
    told: Option<Told>,
    /// How a page stands aside and goes on, and what the loop does in between.
    parks: &'static str,
    resumes: &'static str,
    then: &'static str,
    wall: u64,
    /// How many pages there were.
    of: usize,
    fetches: Vec<Fetch>,
    workers: Vec<String>,
    /// Workers with a lane of their own.
    lanes: Vec<usize>,
    places: Vec<String>,
    /// What only a program says of its steps.
    words: Vec<String>,
    /// From, length, worker, kind, fetch, place, number, asleep; -1 is none. A ninth number is that
    /// of a word.
    steps: Vec<Row>,
    /// Indexes into the code.
    code: Vec<usize>,
    /// Whether every worker's last step is in it.
    whole: bool,
    /// What has to be known about it.
    notes: Vec<String>,
}

/// A page that is shown.
#[derive(Debug, Serialize)]
struct Fetch {
    /// From 1.
    number: usize,
    path: String,
    /// Who fetched it.
    by: String,
    /// When it ended.
    end: Option<u64>,
    /// Its kind, and the whole sentence.
    error: Option<(String, String)>,
}

/// A file, as far as it is shown.
#[derive(Debug, Serialize)]
struct File {
    path: &'static str,
    parts: Vec<Excerpt<'static>>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Row {
    Known([i64; 8]),
    Named([i64; 9]),
}

/// The runs that can be replayed: of each stage the last one that was recorded whole.
pub fn recorded(report: &Report) -> Vec<&Run> {
    let of = |entrant: usize| {
        let runs = report.runs.iter().rev().filter(move |run| run.entrant == entrant);
        let mut whole = runs.filter(|run| run.fault.is_none());
        whole.find(|run| run.activity.as_ref().is_some_and(|it| !it.steps.is_empty()))
    };
    (0..report.entrants.len()).filter_map(of).collect()
}

impl Replay {
    /// The replay of these runs.
    pub fn new(report: &Report, runs: &[&Run]) -> Replay {
        let mut code = Code::default();
        let budget = STEPS / runs.len().max(1);
        let fitted = runs.iter().filter_map(|run| Fitted::of(report, run, budget));
        let fitted: Vec<Fitted<'_>> = fitted.collect();
        let steps = fitted.iter().map(|it| it.steps.len().min(it.most)).collect();
        let most = Most {
            steps: level(steps, STEPS),
            names: (NAMES_OF_ALL / fitted.len().max(1)).clamp(NAMES_OF_A_STAGE, NAMES),
        };
        let stages = fitted.into_iter().map(|it| stage(report, it, most, &mut code)).collect();
        Replay { kinds: Kind::WORDS, stages, code: code.files(report) }
    }
}

/// The limits of each stage of a page.
#[derive(Clone, Copy)]
struct Most {
    steps: usize,
    names: usize,
}

/// Where these numbers are cut, so that together they are at most `sum`. What the small ones leave
/// goes to the others.
fn level(mut numbers: Vec<usize>, mut sum: usize) -> usize {
    numbers.sort_unstable();
    for (at, number) in numbers.iter().enumerate() {
        let share = sum / (numbers.len() - at);
        if *number > share {
            return share;
        }
        sum -= number;
    }
    usize::MAX
}

/// A run, and its steps as far as merging makes them fit.
struct Fitted<'a> {
    run: &'a Run,
    entrant: &'a Entrant,
    activity: &'a Activity,
    wall: u64,
    shown: Vec<usize>,
    lanes: Vec<usize>,
    steps: Vec<Merged>,
    /// The most steps of such a run.
    most: usize,
    notes: Vec<String>,
}

impl<'a> Fitted<'a> {
    fn of(report: &'a Report, run: &'a Run, budget: usize) -> Option<Fitted<'a>> {
        let entrant = &report.entrants[run.entrant];
        let activity = run.activity.as_ref()?;
        let wall = run.usage.wall_us.unwrap_or(run.last_finish_us()).saturating_mul(10);
        let shown = shown(run);
        let mut notes = Vec::new();
        let mut lanes = steps::lanes(activity);
        if lanes.len() > LANES {
            let all = words::count(lanes.len() as u64);
            notes.push(format!("{LANES} of {all} loops have a lane."));
            lanes.truncate(LANES);
        }
        let steps = fitting(activity, &shown, &lanes, wall, budget);
        let is_ours = entrant.language == Language::Rust;
        let most = if is_ours { STEPS } else { STEPS_OF_A_PROGRAM };
        Some(Fitted { run, entrant, activity, wall, shown, lanes, steps, most, notes })
    }
}

/// The places of all stages, by file; a file's number is its place in the order in which it came.
#[derive(Default)]
struct Code {
    order: Vec<&'static str>,
    lines: BTreeMap<&'static str, BTreeSet<usize>>,
}

impl Code {
    fn add(&mut self, path: &'static str, line: u32) -> usize {
        self.lines.entry(path).or_default().insert(line as usize);
        let known = self.order.iter().position(|known| *known == path);
        known.unwrap_or_else(|| {
            self.order.push(path);
            self.order.len() - 1
        })
    }

    fn files(&self, report: &Report) -> Vec<File> {
        let file = |path: &&'static str| {
            let text = report.source(path).map_or("", |source| source.text);
            File { path, parts: excerpt::around(text, &self.lines[path]) }
        };
        self.order.iter().map(file).collect()
    }
}

fn stage(report: &Report, fitted: Fitted<'_>, most: Most, code: &mut Code) -> Stage {
    let Fitted { run, entrant, activity, wall, shown, lanes, mut steps, mut notes, .. } = fitted;
    let most = Most { steps: most.steps.min(fitted.most), ..most };
    let is_whole = steps.len() <= most.steps && activity.dropped == 0;
    // A sleep is never merged, and there may be very many.
    if steps.len() > most.steps {
        steps.truncate(most.steps);
        let last = steps.last().map_or(0, |step| step.step.from.0);
        let later = activity.steps.iter().filter(|step| step.from.0 > last).count() as u64;
        notes.push(format!(
            "The first {} steps are shown, up to {}; {} are left out, and --format json has them.",
            words::count(most.steps as u64),
            words::duration(last / 10),
            words::plural(later, "later step"),
        ));
    }
    if shown.len() < run.outcomes.len() {
        notes.push(format!(
            "{} of {} pages are shown: the first, the last, the slowest, failed ones, and others \
             at even distances.",
            shown.len(),
            words::count(run.outcomes.len() as u64)
        ));
    }
    if activity.dropped > 0 {
        let dropped = words::plural(activity.dropped, "step");
        notes.push(format!("{dropped} more came after the recording was full."));
    }
    if report.setting.rounds > 1 {
        notes.push(format!(
            "This is round {} of {}; the figures above are medians of all.",
            u64::from(run.round) + 1,
            report.setting.rounds
        ));
    }
    let runnable = run.usage.runnable_us.unwrap_or(0);
    if runnable.saturating_mul(1_000) > wall {
        notes.push(format!(
            "It waited {} for a processor. When, the recording does not say: those times are \
             inside of the blocks.",
            words::duration(runnable)
        ));
    }

    let used: BTreeSet<usize> = steps.iter().filter_map(|step| step.place).collect();
    let places: Vec<usize> = used.iter().copied().take(most.names).collect();
    if used.len() > most.names {
        let more = words::count((used.len() - most.names) as u64);
        notes.push(format!("It names {more} places more, which are left out."));
    }
    let number = |place: usize| places.binary_search(&place).map_or(-1, |at| at as i64);
    let shown_places = places.iter().map(|place| &activity.places[*place]);
    let (files, why) = code_of(report, entrant, shown_places, code);
    notes.extend(why);

    // Only workers with a step that is left.
    let workers: BTreeSet<usize> = steps.iter().map(|step| step.step.worker).collect();
    let workers: Vec<usize> = workers.into_iter().collect();
    let index: BTreeMap<usize, i64> = shown.iter().copied().zip(0..).collect();
    let has_failed = |target: Option<usize>| {
        let outcome = target.and_then(|target| run.outcomes.get(target)?.as_ref());
        outcome.is_some_and(|outcome| outcome.error.is_some())
    };
    let mut vocabulary = Vocabulary { most: most.names, ..Vocabulary::default() };
    let row = |step: &Merged| {
        let kind = if step.is_other {
            Kind::Others
        } else {
            Kind::of(&step.step, has_failed(step.target))
        };
        let fetch = step.target.and_then(|target| index.get(&target)).copied().unwrap_or(-1);
        let numbers = [
            whole(step.step.from.0),
            whole(step.step.length.0),
            workers.binary_search(&step.step.worker).map_or(-1, |at| at as i64),
            kind as i64,
            fetch,
            step.place.map_or(-1, number),
            whole(step.step.number.unwrap_or(0)),
            i64::from(step.step.asleep),
        ];
        match &step.step.did {
            Some(Did::Other(word)) => {
                let [a, b, c, d, e, f, g, h] = numbers;
                Row::Named([a, b, c, d, e, f, g, h, vocabulary.number(word)])
            }
            _ => Row::Known(numbers),
        }
    };
    let rows: Vec<Row> = steps.iter().map(row).collect();
    if vocabulary.words.len() > most.names {
        let most = most.names;
        notes.push(format!("It has more than {most} words of its own: the rest is {OTHER_WORD}."));
    }
    let facts = entrant.stage.as_ref();
    let chapter = facts.and_then(|stage| stage.chapter);
    let terms = Terms::of(chapter, entrant.told());
    Stage {
        name: safe_name(&entrant.name),
        chapter,
        call: call(entrant, &report.setting.machine.os),
        told: terms.told,
        parks: terms.parks_at_length,
        resumes: terms.resumes_at_length,
        then: terms.then,
        wall: wall.min(MOST),
        of: run.outcomes.len(),
        fetches: shown.iter().map(|target| fetch(report, run, *target)).collect(),
        workers: workers.iter().map(|worker| activity.workers[*worker].to_string()).collect(),
        lanes: lanes.iter().filter_map(|lane| workers.binary_search(lane).ok()).collect(),
        places: places.iter().map(|place| safe(&activity.places[*place].to_string())).collect(),
        words: vocabulary.words,
        steps: rows,
        code: files,
        whole: is_whole,
        notes,
    }
}

/// What a number of JavaScript holds.
const MOST: u64 = 1 << 53;

fn whole(number: u64) -> i64 {
    number.min(MOST) as i64
}

fn fetch(report: &Report, run: &Run, target: usize) -> Fetch {
    let outcome = run.outcomes[target].as_ref();
    let error = outcome.and_then(|outcome| outcome.error.as_ref());
    Fetch {
        number: target + 1,
        path: safe(report.setting.short_url(target)),
        by: outcome.map(|outcome| outcome.by.to_string()).unwrap_or_default(),
        end: outcome
            .and_then(|outcome| outcome.finished_us)
            .map(|us| us.saturating_mul(10).min(MOST)),
        error: error.map(|error| {
            let kind = error.kind.to_string();
            let sentence = safe(&format!("{kind}: {}", error.message));
            (kind, sentence)
        }),
    }
}

/// The files of these places, by their numbers, and why there are none or fewer. The place of a
/// program is whatever it says, and never a line of ours.
fn code_of<'a>(
    report: &Report,
    entrant: &Entrant,
    places: impl Iterator<Item = &'a Place>,
    code: &mut Code,
) -> (Vec<usize>, Option<String>) {
    let mut files = BTreeSet::new();
    let (mut changed, mut foreign) = (BTreeSet::new(), false);
    for place in places {
        let is_ours = entrant.language == Language::Rust;
        match (report.source(&place.file).filter(|_| is_ours), place.line) {
            (Some(source), Some(line)) => {
                files.insert(code.add(source.path, line));
            }
            _ if is_ours && sources::find(&place.file).is_some() => {
                changed.insert(&place.file);
            }
            _ => foreign = true,
        }
    }
    let why = if let Some(file) = changed.first() {
        let more = match changed.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!(
            "Its code is not shown: {}{more} was different in the build that recorded this.",
            safe(file)
        ))
    } else if foreign && files.is_empty() {
        Some("The code of a program is not shown: it is not read from disk.".to_owned())
    } else {
        None
    };
    (files.into_iter().collect(), why)
}

/// The words that only a program knows, each once.
#[derive(Default)]
struct Vocabulary {
    most: usize,
    words: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Vocabulary {
    fn number(&mut self, word: &str) -> i64 {
        let known = self.numbers.len();
        let number = *self.numbers.entry(word.to_owned()).or_insert(known.min(self.most));
        if number == self.words.len() {
            self.words.push(if number < self.most {
                safe_name(word)
            } else {
                OTHER_WORD.to_owned()
            });
        }
        number as i64
    }
}

/// For the words of a program that has very many of them.
const OTHER_WORD: &str = "another word";

/// The name of the call in which an event loop sleeps, as far as it is known.
fn call(entrant: &Entrant, os: &str) -> Option<&'static str> {
    // A Python asks whatever its selectors module chooses.
    let told = entrant.told().filter(|_| entrant.language == Language::Rust)?;
    Some(match (told, &*entrant.name, os) {
        (Told::Completion, ..) => "io_uring_enter",
        (_, "select", _) => "select",
        (_, "poll", _) => "poll",
        (_, _, "linux" | "android") => "epoll_wait",
        (_, _, "windows") => "GetQueuedCompletionStatusEx",
        _ => "kevent",
    })
}

/// The pages that are shown.
fn shown(run: &Run) -> Vec<usize> {
    let all = run.outcomes.len();
    if all <= ALL {
        return (0..all).collect();
    }
    let mut shown: BTreeSet<usize> = (0..FIRST).chain(all - LAST..all).collect();
    let failed = run.reported().filter(|outcome| outcome.error.is_some());
    shown.extend(failed.take(FAILED).map(|outcome| outcome.target));
    let mut slowest: Vec<_> = run.reported().collect();
    slowest.sort_by_key(|outcome| std::cmp::Reverse(wait_us(outcome)));
    shown.extend(slowest.iter().take(SLOWEST).map(|outcome| outcome.target));
    // Each of these is a new one at most, so that there is room for all.
    let distances = (0..ALL).map(|at| at * all / ALL).chain(0..all);
    for target in distances {
        if shown.len() >= ALL {
            break;
        }
        shown.insert(target);
    }
    shown.into_iter().collect()
}

/// A step, or several that are drawn as one.
struct Merged {
    step: Step,
    /// Of a page that is shown.
    target: Option<usize>,
    place: Option<usize>,
    /// Whether it stands for pages that are not shown.
    is_other: bool,
    /// Whether no other step may be merged with it.
    is_kept: bool,
}

/// The steps of the shown pages whole, and those of others and of the loop merged until all fit.
fn fitting(
    activity: &Activity,
    shown: &[usize],
    lanes: &[usize],
    wall: u64,
    budget: usize,
) -> Vec<Merged> {
    let kept = kept(activity, shown);
    let mut grain = (wall / GRAIN).max(1);
    loop {
        // A grain of the whole run merges the steps of shown pages, too.
        let all_of_it = grain > wall;
        let steps = merged(activity, shown, lanes, &kept, grain, all_of_it);
        if steps.len() <= budget || grain > wall.saturating_mul(64) {
            return steps;
        }
        grain = grain.saturating_mul(2);
    }
}

/// By the number of a step: whether it stays as it is. Three kinds of steps do: a wake of a shown
/// page; the question before such a wake, which says whether anybody slept; and the next question
/// after it, with which it is over.
fn kept(activity: &Activity, shown: &[usize]) -> Vec<bool> {
    let is_shown = |target: &usize| shown.binary_search(target).is_ok();
    let mut kept = vec![false; activity.steps.len()];
    for wake in steps::wakes(activity) {
        kept[wake.step] = wake.targets.iter().any(is_shown);
    }
    // By worker: its question, if that was its last step; and whether a wake of a shown page is not
    // over.
    let mut asked: Vec<Option<usize>> = vec![None; activity.workers.len()];
    let mut open = vec![false; activity.workers.len()];
    for (number, step) in activity.steps.iter().enumerate() {
        let (asked, open) = (&mut asked[step.worker], &mut open[step.worker]);
        let before = asked.take();
        match Kind::of(step, false) {
            Kind::Slept => {
                kept[number] = std::mem::take(open);
                *asked = Some(number);
            }
            Kind::Woken if kept[number] => {
                *open = true;
                if let Some(before) = before {
                    kept[before] = true;
                }
            }
            _ => {}
        }
    }
    kept
}

fn merged(
    activity: &Activity,
    shown: &[usize],
    lanes: &[usize],
    kept: &[bool],
    grain: u64,
    all_of_it: bool,
) -> Vec<Merged> {
    let is_shown = |target: usize| shown.binary_search(&target).is_ok();
    let hides_some = activity.steps.iter().any(|step| step.target.is_some_and(|it| !is_shown(it)));
    let mut last: Vec<Option<usize>> = vec![None; activity.workers.len()];
    let mut steps: Vec<Merged> = Vec::new();
    for (step, is_kept) in activity.steps.iter().zip(kept.iter().copied()) {
        let target = step.target.filter(|target| is_shown(*target));
        let is_other = step.target.is_some() && target.is_none();
        // Workers of a pool have no lane of their own.
        if is_other && lanes.binary_search(&step.worker).is_err() {
            continue;
        }
        let kind = Kind::of(step, false);
        let is_small = step.length.0 < grain / 4 && !step.asleep && !is_kept && kind != Kind::Spun;
        let may_merge = hides_some && (is_other || target.is_none()) || all_of_it;
        let before = last[step.worker].map(|at| &mut steps[at]);
        if may_merge
            && is_small
            && let Some(before) = before
            && before.target == target
            && !before.step.asleep
            && !before.is_kept
            && (before.is_other || all_of_it || before.step.target.is_none())
            && step.from.0 < before.step.from.0.saturating_add(grain)
        {
            before.is_other |= is_other;
            before.step.length.0 = step.to().0.saturating_sub(before.step.from.0);
            continue;
        }
        last[step.worker] = Some(steps.len());
        let place = step.place.filter(|_| !is_other);
        steps.push(Merged { step: step.clone(), target, place, is_other, is_kept });
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{State, Tenths};
    use crate::views::sample;

    fn replay(report: &Report) -> Replay {
        Replay::new(report, &recorded(report))
    }

    /// A stage and a program, whose one worker did these steps at these places.
    fn recorded_of_both(places: &[&str], steps: Vec<Step>) -> Report {
        let mut report = sample::report("epoll,mine", &["mine=./crawl"]).with_pages(2).run();
        let runs = std::mem::take(&mut report.runs);
        for mut run in runs {
            let mut activity = sample::activity();
            activity.places = places.iter().map(|place| Place::from(*place)).collect();
            activity.steps.clone_from(&steps);
            run.activity = Some(activity);
            report.add(run);
        }
        report
    }

    /// Sleeps, one after the other, each at a place of its own and with a word of its own.
    fn sleeps(number: usize) -> Vec<Step> {
        let sleep = |at: usize| Step {
            from: Tenths(10 * at as u64),
            length: Tenths(10),
            did: Some(Did::Other(format!("nap {at}"))),
            state: State::Selecting,
            target: None,
            place: Some(at),
            asleep: true,
            ..sample::activity().steps[0].clone()
        };
        (0..number).map(sleep).collect()
    }

    /// A program may call its files what it likes, also by the path of one of ours.
    #[test]
    fn the_place_of_a_program_is_not_our_code() {
        let place = "crates/05-callbacks/src/lib.rs:60";
        let mut report = recorded_of_both(&[place], sleeps(1));
        let Replay { stages, code, .. } = replay(&report);
        let [epoll, mine] = &stages[..] else { panic!("{stages:?}") };
        assert_eq!((epoll.code.len(), code.len()), (1, 1));
        assert_eq!((&mine.places[..], mine.code.len()), (&[place.to_owned()][..], 0));
        assert!(mine.notes.concat().contains("The code of a program is not shown"), "{mine:?}");
        report.runs.remove(0);
        assert!(replay(&report).code.is_empty());
    }

    /// Nor does a file that only a program has named have a hash of ours.
    #[test]
    fn what_a_program_names_is_not_among_the_sources() {
        let whole = recorded_of_both(&["crates/05-callbacks/src/lib.rs:60"], sleeps(1));
        let mut report = Report::new(whole.setting.clone(), whole.entrants.clone());
        report.add(whole.runs[1].clone());
        assert!(report.sources.is_empty(), "{:?}", report.sources);
        report.add(whole.runs[0].clone());
        assert_eq!(report.sources.len(), 1);
    }

    #[test]
    fn a_program_with_very_many_steps_is_cut_and_the_page_says_so() {
        let many = Activity::MAX_STEPS;
        let names: Vec<String> = (0..many).map(|at| format!("nap-{at:0>190}.py:1")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut report = recorded_of_both(&names, sleeps(many));
        report.runs.remove(0);
        let replay = replay(&report);
        let mine = &replay.stages[0];
        assert_eq!(mine.steps.len(), STEPS_OF_A_PROGRAM);
        assert_eq!((mine.places.len(), mine.words.len()), (NAMES, NAMES + 1));
        let said = mine.notes.join(" ");
        for part in [
            "The first 10,000 steps are shown, up to 10 ms; 190,000 later steps are left out",
            "It names 9,700 places more, which are left out.",
            "It has more than 300 words of its own: the rest is another word.",
        ] {
            assert!(said.contains(part), "{said}");
        }
        let bytes = crate::views::html::page(&report).len();
        assert!(bytes < 1_000_000, "{bytes} bytes");
        // A file may claim that the run is one of ours.
        report.entrants[1].language = Language::Rust;
        report.runs[0].activity.as_mut().unwrap().steps.truncate(2 * STEPS);
        let claimed = &Replay::new(&report, &recorded(&report)).stages[0];
        assert_eq!((claimed.steps.len(), claimed.places.len()), (STEPS, NAMES));
        // In the text of the page, too, so that a browser shows it.
        assert!(serde_json::to_string(&replay).unwrap().contains("190,000 later steps"));
    }

    /// However many stages there are, and whatever a file claims about them.
    #[test]
    fn all_stages_of_a_page_share_its_room() {
        let stages = ["select", "poll", "epoll", "async-await", "io-uring"];
        let programs: Vec<String> = (1..=5).map(|number| format!("mine{number}=./crawl")).collect();
        let names: Vec<&str> = programs.iter().map(|it| it.split('=').next().unwrap()).collect();
        let all = [&stages[..], &names[..]].concat().join(",");
        let given: Vec<&str> = programs.iter().map(String::as_str).collect();
        let mut report = sample::report(&all, &given).with_pages(2).run();
        let places: Vec<String> = (0..STEPS).map(|at| format!("nap-{at:0>190}.py:1")).collect();
        for run in &mut report.runs {
            run.activity = Some(Activity {
                places: places.iter().map(|place| Place::from(&**place)).collect(),
                steps: sleeps(STEPS),
                ..sample::activity()
            });
        }
        assert_eq!(report.runs.len(), 10);
        let replay = replay(&report);
        for stage in &replay.stages {
            assert_eq!((stage.steps.len(), stage.places.len(), stage.whole), (2_000, 100, false));
            let said = "The first 2,000 steps are shown, up to 2.0 ms; 18,000 later steps";
            assert!(stage.notes.concat().contains(said), "{:?}", stage.notes);
        }
        let bytes = crate::views::html::page(&report).len();
        assert!(bytes < 1_000_000, "{bytes} bytes");

        // What some stages do not need is for the others.
        for run in &mut report.runs[1..] {
            run.activity = Some(sample::activity());
        }
        let stages = Replay::new(&report, &recorded(&report)).stages;
        let numbers: Vec<usize> = stages.iter().map(|stage| stage.steps.len()).collect();
        assert_eq!(numbers, [&[STEPS - 9 * 2][..], &[2; 9]].concat());
        assert!(stages[1].whole && !stages[0].whole);
    }

    #[test]
    fn numbers_are_cut_at_one_level() {
        assert_eq!(level(vec![3, 5, 4], 12), usize::MAX);
        assert_eq!(level(vec![1, 9, 9], 11), 5);
        assert_eq!(level(vec![9, 2, 9, 1], 9), 3);
        assert_eq!(level(Vec::new(), 9), usize::MAX);
    }

    /// Of 30 pages 24 are shown. The loop asks often without sleeping, and each time short work for
    /// other pages comes right after it.
    #[test]
    fn the_wakes_of_shown_pages_are_those_of_the_run() {
        const PAGES: usize = 30;
        let mut report = sample::report("epoll", &[]).with_pages(PAGES).run();
        let mut steps: Vec<Step> = Vec::new();
        let mut add = |target, length, did: Did, state, asleep| {
            let from = steps.last().map_or(Tenths(0), Step::to);
            let number = (did == Did::Woken).then_some(2);
            let (length, did) = (Tenths(length), Some(did));
            let place = Some(0);
            steps.push(Step { from, length, worker: 0, did, state, target, place, number, asleep });
        };
        for page in 0..PAGES {
            add(Some(page), 20, Did::Begun, State::Running, false);
            add(Some(page), 20, Did::Parked, State::Running, false);
        }
        for at in 0..2 * PAGES {
            let asleep = at % 5 == 0;
            add(None, if asleep { 900_000 } else { 10 }, Did::Slept, State::Selecting, asleep);
            add(None, 10, Did::Woken, State::Running, false);
            for page in [7 * at % PAGES, (7 * at + 3) % PAGES] {
                add(Some(page), 20, Did::Resumed, State::Receiving, false);
                add(Some(page), 20, Did::Received, State::Running, false);
            }
        }
        let wall = steps.last().unwrap().to().0;
        let activity = Activity { steps, ..sample::activity() };
        report.runs[0].usage.wall_us = Some(wall / 10);

        let shown = shown(&report.runs[0]);
        assert_eq!(shown.len(), ALL);
        type Of = Vec<(Tenths, bool, Vec<usize>)>;
        let of = |activity: &Activity, is_shown: &dyn Fn(&usize) -> bool| -> Of {
            let wake = |wake: steps::Wake| {
                let targets = wake.targets.into_iter().filter(|it| is_shown(it)).collect();
                let slept = activity.steps[wake.step - 1].asleep;
                (activity.steps[wake.step].from, slept, targets)
            };
            let wakes = steps::wakes(activity).into_iter().map(wake);
            wakes.filter(|(_, _, targets): &(_, _, Vec<usize>)| !targets.is_empty()).collect()
        };
        let whole = of(&activity, &|target| shown.binary_search(target).is_ok());
        assert!(whole.len() > PAGES, "{whole:?}");
        for all_of_it in [false, true] {
            let kept = kept(&activity, &shown);
            let grain = if all_of_it { 2 * wall } else { wall / GRAIN };
            let merged = merged(&activity, &shown, &[0], &kept, grain, all_of_it);
            assert!(merged.len() < activity.steps.len(), "nothing is merged");
            assert!(merged.iter().any(|step| step.is_other));
            // As the page's script reads it.
            let read = |merged: Merged| {
                let Merged { step, target, is_other, .. } = merged;
                match is_other {
                    true => Step { did: None, state: State::Running, target, ..step },
                    false => Step { target, ..step },
                }
            };
            let steps = merged.into_iter().map(read).collect();
            let page = Activity { steps, ..activity.clone() };
            assert_eq!(of(&page, &|_| true), whole);
        }
    }

    #[test]
    fn every_stage_sleeps_in_a_call_of_its_own() {
        let stages = "select,poll,epoll,async-await,many-loops,io-uring,tokio,mine";
        let report = sample::report(stages, &["mine=./crawl"]);
        let calls = |os| -> Vec<_> {
            report.entrants.iter().map(|entrant| call(entrant, os).unwrap_or("?")).collect()
        };
        let [ready, ring] = ["epoll_wait", "io_uring_enter"];
        assert_eq!(calls("linux"), ["select", "poll", ready, ready, ready, ring, ready, "?"]);
        assert_eq!(calls("macos")[2], "kevent");
        let blocking = sample::report("blocking", &[]);
        assert_eq!(call(&blocking.entrants[0], "linux"), None);
    }

    /// Chapter 10: each loop has a lane, and the pages that are left out are work in it.
    #[test]
    fn loops_have_lanes_and_workers_of_a_pool_do_not() {
        let mut report = sample::report("many-loops", &[]).with_pages(30).run();
        let step = |worker, target, did: Did, state, from| Step {
            from: Tenths(from),
            length: Tenths(10),
            worker,
            did: Some(did),
            state,
            target,
            place: None,
            number: None,
            asleep: target.is_none(),
        };
        let mut steps = Vec::new();
        for worker in 0..2 {
            for page in 0..15 {
                let target = Some(15 * worker + page);
                let from = 100 + 1_000 * page as u64 + worker as u64;
                steps.push(step(worker, target, Did::Begun, State::Running, from));
            }
            steps.push(step(worker, None, Did::Slept, State::Selecting, 20_000 + worker as u64));
        }
        steps.sort_by_key(|step| step.from);
        let workers = vec![crawl::Worker::Thread(1), crawl::Worker::Thread(2)];
        let activity = Activity { workers, places: Vec::new(), steps, dropped: 0 };
        report.runs[0].activity = Some(activity.clone());
        let stage = &replay(&report).stages[0];
        assert_eq!(stage.lanes, [0, 1]);
        for worker in 0..2 {
            let is = |row: &&Row, kind: Kind| match row {
                Row::Known(it) => it[2] == worker && it[3] == kind as i64,
                Row::Named(_) => false,
            };
            let number = |kind| stage.steps.iter().filter(|row| is(row, kind)).count();
            let (begun, others, slept) =
                (number(Kind::Begun), number(Kind::Others), number(Kind::Slept));
            assert!(begun == 12 && others > 0 && slept == 1, "{worker}: {:?}", stage.steps);
        }

        let mut pool = activity;
        pool.steps.retain(|step| step.did == Some(Did::Begun));
        report.runs[0].activity = Some(pool);
        let stage = &replay(&report).stages[0];
        assert_eq!((stage.lanes.len(), stage.steps.len()), (0, 24));
    }
}
