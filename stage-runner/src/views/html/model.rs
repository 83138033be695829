//! From a report to what the page says: a pure function, and nothing but text and numbers.

use std::collections::BTreeMap;

use crawl::protocol::OutcomeLine;

use super::overview::{self, Axis, Drawn, Picture, Tick};
use super::replay::{self, Replay};
use crate::results::{Activity, Report, Row, Run, State};
use crate::views::columns::{Column, UNKNOWN, cell};
use crate::views::screen;
use crate::views::sentences::{self, TwoKinds};
use crate::words;

/// Text from outside is cut at so many columns.
pub const LONGEST: usize = 200;

/// The longest name of a stage.
const LONGEST_NAME: usize = 60;

/// Of so many pages all are in a table; of more, the first `FIRST`.
const WHOLE_TABLE: usize = 60;
const FIRST: usize = 20;

/// So many kinds of failure are listed, each with so many of its pages.
const FAILURES: usize = 12;
const FAILED_PAGES: usize = 6;

/// A share of the time that is worth a word.
const NOTICEABLE: f64 = 0.02;

/// All that stands on the page.
pub struct Page {
    /// What was fetched.
    pub title: String,
    /// By what, and where.
    pub about: String,
    /// What the run showed first of all.
    pub headline: String,
    /// The two kinds of time, where there are two.
    pub kinds: Vec<KindOfTime>,
    /// What else it showed.
    pub said: Vec<String>,
    /// A row for each stage.
    pub rows: Vec<StageRow>,
    /// The labels of the time axis.
    pub ticks: Vec<Tick>,
    /// Which marks need an explanation.
    pub legend: Legend,
    /// What has to be known about the figures.
    pub notes: Vec<String>,
    /// What failed.
    pub failures: Vec<Failure>,
    /// Kinds of failure that are not listed.
    pub other_failures: usize,
    /// The pages of each stage.
    pub tables: Vec<Table>,
    /// What the script needs.
    pub replay: Replay,
}

/// A bar of the headline.
pub struct KindOfTime {
    /// How long: `4.5 s`.
    pub time: String,
    /// Which kind.
    pub what: &'static str,
    /// The waits.
    pub bars: String,
    /// Which stages took that long.
    pub names: String,
}

/// A row of the overview.
pub struct StageRow {
    /// The name of the stage.
    pub name: String,
    /// Its place among the stages of the replay.
    pub replay: Option<usize>,
    /// Chapter and who waits.
    pub about: String,
    /// Pages that failed, where some did.
    pub failed: Option<String>,
    /// Why there is no picture.
    pub reason: Option<String>,
    /// The picture in words.
    pub told: String,
    /// The picture.
    pub strip: Picture,
    /// Wall time, CPU time and so on, as the columns above them say.
    pub figures: Vec<String>,
    /// Time at one instruction a second: what, and how long.
    pub human: Vec<(&'static str, String)>,
}

/// Marks that are drawn on this page.
#[derive(Default)]
pub struct Legend {
    /// Somebody could run, and had no processor.
    pub ready: bool,
    /// Somebody asked again and again.
    pub vain: bool,
    /// Workers that had to be started.
    pub starting: bool,
    /// A page failed.
    pub failed: bool,
}

/// What failed in the same way.
pub struct Failure {
    /// Which pages.
    pub pages: String,
    /// How.
    pub why: String,
    /// At which stages.
    pub stages: String,
}

/// The pages of a stage in numbers.
pub struct Table {
    /// Whose.
    pub name: String,
    /// A row for each page: its name first.
    pub rows: Vec<(String, Vec<String>)>,
    /// Pages that are left out.
    pub more: Option<String>,
}

impl Page {
    /// The whole page.
    pub fn new(report: &Report) -> Page {
        let rows = report.rows();
        let replayed = replay::recorded(report);
        let place =
            |row: &Row<'_>| replayed.iter().position(|run| run.entrant == row.runs[0].entrant);
        let drawn = rows.iter().map(|row| place(row).map_or(row.shown(), |at| replayed[at]));
        let drawn: Vec<&Run> = drawn.collect();
        let ends = drawn.iter().map(|run| run.usage.wall_us.unwrap_or(0).max(run.last_finish_us()));
        let axis = Axis { end_us: ends.max().unwrap_or(0).max(1) as f64 };

        let mut legend = Legend::default();
        let stages = rows.iter().zip(&drawn);
        let stages =
            stages.map(|(row, run)| stage_row(row, &rows, run, place(row), axis, &mut legend));
        let stages: Vec<StageRow> = stages.collect();

        let sound: Vec<&Row<'_>> =
            rows.iter().filter(|row| row.is_ok() && row.wall_us().is_some()).collect();
        let setting = sentences::headline(report);
        let debug = setting.find(sentences::DEBUG).unwrap_or(setting.len());
        let (title, debug) = setting.split_at(debug);
        let (headline, kinds, said) = what_it_showed(report, &rows, &sound, axis);
        let (failures, other_failures) = failures(report, &rows);
        let tables = drawn.iter().filter(|run| run.reported().next().is_some());
        Page {
            title: safe(title),
            about: about(report, &rows, debug),
            headline,
            kinds,
            said,
            rows: stages,
            ticks: axis.ticks(),
            legend,
            notes: notes(&rows),
            failures,
            other_failures,
            tables: tables.map(|run| table(report, run)).collect(),
            replay: Replay::new(report, &replayed),
        }
    }
}

/// Text from outside, as the page shows it.
pub fn safe(text: &str) -> String {
    words::cut(&words::escaped(text), LONGEST)
}

/// The name of a stage or program.
pub fn safe_name(name: &str) -> String {
    words::cut(&words::escaped(name), LONGEST_NAME)
}

fn about(report: &Report, rows: &[Row<'_>], debug: &str) -> String {
    let setting = &report.setting;
    let machine = &setting.machine;
    let ways = words::plural(rows.len() as u64, "way");
    let cpus = machine.cpus.map(|cpus| words::plural(cpus as u64, "processor"));
    let cpus = cpus.map(|cpus| format!(" with {cpus}")).unwrap_or_default();
    let interrupted = if report.interrupted { " Interrupted: not all of it." } else { "" };
    safe(&format!(
        "Fetched in {ways} on one machine{cpus} ({} on {}), by stage-runner {}{debug}.{interrupted}",
        machine.os, machine.arch, setting.build.version
    ))
}

/// The first sentence, its bars, and the other sentences.
fn what_it_showed(
    report: &Report,
    rows: &[Row<'_>],
    sound: &[&Row<'_>],
    axis: Axis,
) -> (String, Vec<KindOfTime>, Vec<String>) {
    let mut said = match rows {
        [row] => screen::waterfall::said(report, row),
        _ => sentences::comparison(report, rows),
    };
    // The page has a place of its own for what failed.
    let failed = sentences::failures(report, rows);
    said.retain(|sentence| !failed.contains(sentence));
    let on_time = sound.iter().copied().filter(|row| !sentences::is_late(row));
    let on_time: Vec<&Row<'_>> = on_time.collect();
    let first = sentences::kinds_of_time(&on_time);
    said.retain(|sentence| Some(sentence) != first.as_ref());
    let said = said.iter().map(|sentence| words::escaped(sentence)).collect();
    let headline = first.unwrap_or_else(|| match rows {
        [] => "Nothing has run.".to_owned(),
        [row] if row.is_ok() => match row.wall_us() {
            Some(wall) => format!("{} took {}.", row.name(), words::duration(wall)),
            None => format!("{} has run.", row.name()),
        },
        _ if sound.is_empty() => "No stage fetched every page.".to_owned(),
        _ => "What each stage took.".to_owned(),
    });
    (safe(&headline), TwoKinds::of(&on_time).map_or(Vec::new(), |two| kinds(&two, axis)), said)
}

fn kinds(two: &TwoKinds<'_, '_>, axis: Axis) -> Vec<KindOfTime> {
    let names = |rows: &[&Row<'_>]| {
        rows.iter().map(|row| safe_name(row.name())).collect::<Vec<_>>().join(", ")
    };
    let (slow, fast) = (two.by_sum[0], two.by_longest[0]);
    // In some the waits begin late, when the workers have been started.
    let fastest = two.by_longest.iter().min_by_key(|row| row.wall_us()).unwrap_or(&fast);
    vec![
        KindOfTime {
            time: sentences::seconds(slow.waits().iter().sum()),
            what: "One after the other: the sum of all waits",
            bars: overview::bars(slow.shown(), axis, false),
            names: names(&two.by_sum),
        },
        KindOfTime {
            time: sentences::seconds(fast.waits().into_iter().max().unwrap_or(0)),
            what: "All at once: the longest wait",
            bars: overview::bars(fastest.shown(), axis, true),
            names: names(&two.by_longest),
        },
    ]
}

fn stage_row(
    row: &Row<'_>,
    rows: &[Row<'_>],
    run: &Run,
    replay: Option<usize>,
    axis: Axis,
    legend: &mut Legend,
) -> StageRow {
    let drawn = Drawn {
        run,
        activity: run.activity.as_ref(),
        work: row.work().unwrap_or(0.0),
        runnable: row.runnable().unwrap_or(0.0),
        is_busy: row.is_busy(),
    };
    let failed = run.failed();
    legend.ready |= drawn.runnable > NOTICEABLE;
    legend.vain |= drawn.is_busy;
    legend.starting |= run.activity.as_ref().is_some_and(has_starts);
    legend.failed |= failed > 0;
    let who = row.who().map(|who| who.to_string());
    let chapter = match &row.entrant.stage {
        Some(stage) => match stage.chapter {
            Some(number) => format!("chapter {number}"),
            None => "the yardstick".to_owned(),
        },
        None => "a program".to_owned(),
    };
    let columns = [Column::Wall, Column::Cpu, Column::Memory, Column::Processes, Column::Switches];
    let mut figures: Vec<String> = columns.iter().map(|column| cell(*column, row, rows)).collect();
    // Threads are counted for the shown run only, like in the view of one stage.
    let threads = run.usage.threads.map_or(UNKNOWN.to_owned(), words::count);
    figures[3] = format!("{threads} / {}", figures[3]);
    let reason = row.skipped().map(|why| format!("skipped: {why}"));
    let reason = reason.or_else(|| row.fault().map(|fault| fault.to_string()));
    StageRow {
        name: safe_name(row.name()),
        replay,
        about: [Some(chapter), who].into_iter().flatten().collect::<Vec<_>>().join(" · "),
        failed: (failed > 0).then(|| format!("✕ {} failed", words::count(failed as u64))),
        reason: reason.map(|reason| safe(&reason)),
        told: told(row, run),
        strip: overview::strip(&drawn, axis),
        figures,
        human: human(row),
    }
}

fn has_starts(activity: &Activity) -> bool {
    activity.steps.iter().any(|step| step.state == State::Starting)
}

/// The strip in words.
fn told(row: &Row<'_>, run: &Run) -> String {
    let pages = words::plural(run.pages() as u64, "page");
    let failed = match run.failed() {
        0 => String::new(),
        failed => format!(", {} failed", words::count(failed as u64)),
    };
    let wall = row.wall_us().map(|us| format!(" in {}", words::duration(us))).unwrap_or_default();
    let cpu = row.cpu_us().map(|us| format!(", {} of CPU", words::cpu(us))).unwrap_or_default();
    format!("{}: {pages}{wall}{failed}{cpu}", safe_name(row.name()))
}

/// How long a stage slept, waited for a processor and worked, at one instruction a second. Of
/// several workers it is the mean that each slept.
fn human(row: &Row<'_>) -> Vec<(&'static str, String)> {
    let (Some(wall), Some(cpu)) = (row.wall_us(), row.cpu_us().filter(|cpu| *cpu > 0)) else {
        return Vec::new();
    };
    if row.shown().wall_includes_start {
        return Vec::new();
    }
    let workers = row.who().map_or(1, |who| who.count).max(1);
    let runnable = row.runnable_us().unwrap_or(0);
    let asleep = wall.saturating_sub(cpu.saturating_add(runnable) / workers);
    let each = if workers > 1 { format!("{workers} × ") } else { String::new() };
    let mut parts = Vec::new();
    if asleep as f64 > wall as f64 * NOTICEABLE {
        parts.push(("asleep", format!("{each}{}", words::one_a_second(asleep))));
    }
    if runnable as f64 > wall as f64 * NOTICEABLE {
        parts.push(("waiting for a processor", words::one_a_second(runnable)));
    }
    parts.push(("computing", words::one_a_second(cpu)));
    parts
}

fn notes(rows: &[Row<'_>]) -> Vec<String> {
    let ran: Vec<&Row<'_>> = rows.iter().filter(|row| row.skipped().is_none()).collect();
    let mut notes: Vec<String> = Vec::new();
    notes.extend(sentences::may_be_runnable(&ran));
    notes.extend(ran.iter().filter_map(|row| sentences::includes_start(row)));
    if ran.iter().any(|row| row.shown().doubts.any()) {
        notes.push("~ stands before a figure that the system saw otherwise.".to_owned());
    }
    notes.into_iter().map(|note| words::escaped(&note)).collect()
}

/// What failed, each way of failing once; and how many ways are not listed.
fn failures(report: &Report, rows: &[Row<'_>]) -> (Vec<Failure>, usize) {
    // Page and way of failing → stages; then way and stages → pages.
    let mut failed: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        for outcome in row.worst().reported() {
            if let Some(error) = &outcome.error {
                let why = safe(&format!("{}: {}", error.kind, error.message));
                failed.entry((outcome.target, why)).or_default().push(at);
            }
        }
    }
    let mut ways: Vec<(String, Vec<usize>, Vec<usize>)> = Vec::new();
    for ((target, why), stages) in failed {
        match ways.iter_mut().find(|way| way.0 == why && way.1 == stages) {
            Some((.., targets)) => targets.push(target),
            None => ways.push((why, stages, vec![target])),
        }
    }
    let ran = rows.iter().filter(|row| row.skipped().is_none()).count();
    let names = |stages: &[usize]| match stages.len() {
        all if all == ran && ran > 1 => "at every stage".to_owned(),
        _ => stages.iter().map(|at| safe_name(rows[*at].name())).collect::<Vec<_>>().join(", "),
    };
    let pages = |targets: &[usize]| {
        let named = targets.iter().take(FAILED_PAGES);
        let named = named.map(|target| safe(report.setting.short_url(*target)));
        let named = named.collect::<Vec<_>>().join(", ");
        match targets.len().saturating_sub(FAILED_PAGES) {
            0 => named,
            more => format!("{named} and {} more", words::count(more as u64)),
        }
    };
    let others = ways.len().saturating_sub(FAILURES);
    let listed = ways.into_iter().take(FAILURES).map(|(why, stages, targets)| Failure {
        pages: pages(&targets),
        why,
        stages: names(&stages),
    });
    (listed.collect(), others)
}

/// Milliseconds with all digits that there are: `1,234.567`.
fn millis(us: u64) -> String {
    format!("{}.{:03}", words::count(us / 1000), us % 1000)
}

fn table(report: &Report, run: &Run) -> Table {
    let all = run.outcomes.len();
    let shown = if all <= WHOLE_TABLE { all } else { FIRST };
    let row = |outcome: &OutcomeLine| {
        let time = |us: Option<u64>| us.map_or(UNKNOWN.to_owned(), millis);
        let came_to = match (&outcome.error, outcome.status) {
            (Some(error), _) => safe(&format!("{}: {}", error.kind, error.message)),
            (None, Some(status)) => status.to_string(),
            (None, None) => UNKNOWN.to_owned(),
        };
        let cells = vec![
            outcome.by.to_string(),
            time(Some(outcome.started_us)),
            time(outcome.connected_us),
            time(outcome.sent_us),
            time(outcome.first_byte_us),
            time(outcome.finished_us),
            came_to,
        ];
        (safe(report.setting.short_url(outcome.target)), cells)
    };
    let more = all - shown;
    Table {
        name: safe_name(&report.entrants[run.entrant].name),
        rows: run.outcomes[..shown].iter().flatten().map(row).collect(),
        more: (more > 0).then(|| {
            format!("{} more are in the JSON (--format json).", words::plural(more as u64, "page"))
        }),
    }
}
