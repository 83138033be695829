//! One stage, page by page.

use std::collections::BTreeSet;

use crawl::Worker;
use crawl::protocol::OutcomeLine;

use super::picture::{self, Axis, BLOCKING, COMPUTING, Cell, EMPTY, FAILED};
use crate::lineup::Language;
use crate::results::{Blocked, Report, Row, Run, Who, WorkerKind, wait_us};
use crate::views::sentences;
use crate::views::style::{Ink, Style, paint};
use crate::words::{self, joined, wrapped};

const CONNECTING: Cell = ('c', Ink::Plain);
const RECEIVING: Cell = ('r', Ink::Arrived);

/// So many pages are shown whole; of more, these many of each kind.
const ALL: usize = 15;
const FIRST: usize = 4;
const LAST: usize = 2;
const SLOWEST: usize = 3;
const FAILURES: usize = 5;

/// The columns at the right: when it connected, and when and how it ended.
const CONNECTED: usize = 10;
const DONE: usize = 12;

/// The longest name of a page.
const NAME: (usize, usize) = (8, 24);

/// Everything about the first stage of a report.
pub fn lines(report: &Report, style: &Style) -> Vec<String> {
    let rows = report.rows();
    let Some(row) = rows.first() else { return Vec::new() };
    let width = style.width;
    let mut lines = wrapped(&title(row), width, 2);
    lines.extend(wrapped(&sentences::headline(report), width, 2));
    lines.push(String::new());
    if let Some(why) = row.skipped() {
        lines.push(format!("skipped: {}", words::escaped(&why.to_string())));
        return lines;
    }
    if let Some(fault) = row.fault() {
        lines.extend(wrapped(&fault.of(row.name()), width, 2));
        lines.push(String::new());
    }
    if row.shown().reported().any(|outcome| outcome.finished_us.is_some()) {
        lines.extend(Drawing::new(report, row, width).lines());
        lines.push(String::new());
    }
    lines.extend(joined(&figures(row), "   ", width));
    for sentence in said(report, row) {
        lines.extend(wrapped(&sentence, width, 0));
    }
    lines.push(String::new());
    lines.extend(super::next(&next(report, row), width));
    lines
}

fn title(row: &Row<'_>) -> String {
    let who = row.who().map(|who| format!("{who}, ")).unwrap_or_default();
    let name = row.entrant.title();
    match &row.entrant.stage {
        Some(stage) => {
            let place = stage.chapter.map(|number| format!("chapter {number}"));
            let place = place.unwrap_or("the yardstick".to_owned());
            format!("{name}: {who}{} ({place})", stage.summary)
        }
        None => {
            let command = words::escaped(&row.entrant.command.join(" "));
            format!("{name}: {who}the program {command}")
        }
    }
}

struct Drawing<'a> {
    report: &'a Report,
    run: &'a Run,
    /// Columns of the whole.
    width: usize,
    axis: Axis,
    /// Columns of the longest name.
    name: usize,
    /// What those who wait do meanwhile, in each column.
    waiting: Vec<Cell>,
    /// Fetches that kept the loop from all others.
    blocked: Vec<Blocked>,
    /// What is not measured in it.
    notes: Vec<String>,
}

impl<'a> Drawing<'a> {
    fn new(report: &'a Report, row: &Row<'a>, width: usize) -> Drawing<'a> {
        let run = row.shown();
        let work = row.work().unwrap_or(0.0);
        let last = run.last_finish_us();
        let shown = shown(run);
        let names = shown.iter().map(|target| words::width(report.setting.short_url(*target)));
        let who = Who::of(run).map_or(0, |who| words::width(&who.to_string()));
        let name = names.max().unwrap_or(0).max(who).clamp(NAME.0, NAME.1);
        let columns = width.saturating_sub(name + 1 + 1 + CONNECTED + DONE).max(16);
        // The start of a program that reported no wall time is in it: that is not sleep after the
        // last page.
        let wall = run.usage.wall_us.filter(|_| !run.wall_includes_start);
        let axis = Axis { end_us: wall.unwrap_or(last).max(last), columns };
        let alone = run.reported().all(|outcome| outcome.by == Worker::Main);
        // Of several workers together it is not known who did what.
        let (work, runnable) = match (alone, row.runnable()) {
            (true, Some(runnable)) => (work, runnable),
            _ => (f64::from(work > 0.5), 0.0),
        };
        let waiting = picture::shares(columns, work, runnable);
        let mut notes = Vec::new();
        if run.cpu_us().is_some() && wall.is_some() {
            notes.push(
                "Of the last row, the sums are measured; when is inferred from the pages."
                    .to_owned(),
            );
        }
        notes.extend(sentences::may_be_runnable(&[row]));
        notes.extend(sentences::includes_start(row));
        Drawing { report, run, width, axis, name, waiting, blocked: Blocked::all(run), notes }
    }

    fn lines(&self) -> Vec<String> {
        let titles = format!(
            "{:<name$} {} {:>CONNECTED$}{:>DONE$}",
            "page",
            self.axis.ruler(),
            "connected",
            "done",
            name = self.name
        );
        let mut lines = vec![paint(Ink::Faint, &titles)];
        let mut next = 0;
        for target in shown(self.run) {
            lines.extend(self.not_shown(target - next));
            lines.extend(self.run.outcomes[target].as_ref().map(|outcome| self.page(outcome)));
            next = target + 1;
        }
        lines.extend(self.not_shown(self.run.outcomes.len() - next));
        lines.extend(self.worker());
        let legend = self.legend(&lines.concat());
        lines.push(String::new());
        lines.extend(joined(&legend, "   ", self.width));
        lines.extend(self.notes.iter().flat_map(|note| wrapped(note, self.width, 2)));
        lines
    }

    fn page(&self, outcome: &OutcomeLine) -> String {
        let name = words::cut(self.report.setting.short_url(outcome.target), self.name);
        let cells = self.cells(outcome);
        let since_start = |time: u64| words::exact(time);
        let connected = outcome.connected_us.map_or("–".to_owned(), since_start);
        let done = match &outcome.error {
            Some(error) => error.kind.to_string(),
            None => outcome.finished_us.map_or("–".to_owned(), since_start),
        };
        let done = format!("{done:>DONE$}");
        let done = if outcome.error.is_some() { paint(Ink::Failed, &done) } else { done };
        let name = words::padded(&name, self.name);
        format!("{name} {} {connected:>CONNECTED$}{done}", picture::painted(&cells))
    }

    /// `c░░░░r`: connecting and receiving get a column each, however short they were.
    fn cells(&self, outcome: &OutcomeLine) -> Vec<Cell> {
        let axis = &self.axis;
        let mut cells = vec![EMPTY; axis.columns];
        let Some(finished) = outcome.finished_us else { return cells };
        let from = axis.columns_to(outcome.started_us).min(axis.columns - 1);
        let to = axis.columns_to(finished).clamp(from + 1, axis.columns);
        let connected = outcome.connected_us.unwrap_or(finished);
        let connected = axis.columns_to(connected).clamp((from + 1).min(to), to);
        let receiving = outcome.first_byte_us.map_or(to, |first| axis.columns_to(first));
        cells[from..to].copy_from_slice(&self.waiting[from..to]);
        cells[from..connected].fill(CONNECTING);
        let is_blocking = self.blocked.iter().any(|blocked| blocked.target == outcome.target);
        let last = if is_blocking { BLOCKING } else { RECEIVING };
        cells[receiving.clamp(connected.min(to - 1), to - 1)..to].fill(last);
        if outcome.error.is_some() {
            let received = outcome.first_byte_us.is_some();
            let rest =
                if outcome.connected_us.is_none() { CONNECTING } else { self.waiting[to - 1] };
            if !received {
                cells[to - 1] = rest;
            }
            cells[to - 1] = FAILED;
        }
        cells
    }

    fn not_shown(&self, pages: usize) -> Option<String> {
        let line =
            format!("{} {} not shown", " ".repeat(self.name), words::plural(pages as u64, "page"));
        (pages > 0).then(|| paint(Ink::Faint, &line))
    }

    /// Who waited: asleep wherever no fetch had anything for it to do.
    fn worker(&self) -> Option<String> {
        let axis = &self.axis;
        let wall = self.run.usage.wall_us?;
        let cpu = self.run.cpu_us()?;
        let mut cells = vec![EMPTY; axis.columns];
        let length = axis.columns_to(wall).clamp(1, axis.columns);
        cells[..length].copy_from_slice(&self.waiting[..length]);
        for blocked in &self.blocked {
            let (from, to) = (axis.column_of(blocked.from_us), axis.column_of(blocked.to_us));
            cells[from..=to].fill(BLOCKING);
        }
        for outcome in self.run.reported().filter(|outcome| outcome.finished_us.is_some()) {
            let moments = [Some(outcome.started_us), outcome.first_byte_us, outcome.finished_us];
            for moment in moments.into_iter().flatten() {
                let cell = &mut cells[axis.column_of(moment)];
                if *cell != BLOCKING {
                    *cell = COMPUTING;
                }
            }
        }
        let name = match Who::of(self.run)? {
            Who { kind: WorkerKind::Thread, count: 1 } => "thread 1".to_owned(),
            who => who.to_string(),
        };
        // Several workers sleep at once: their fetches' waits are what they slept.
        let alone = self.run.reported().all(|outcome| outcome.by == Worker::Main);
        let awake = self.run.waits().sum::<u64>();
        let busy = cpu.saturating_add(self.run.usage.runnable_us.unwrap_or(0));
        let blocked = self.blocked.iter().map(Blocked::us).sum();
        let asleep = if alone { wall } else { awake }.saturating_sub(busy.max(blocked));
        // The CPU time of a whole life is not that of the crawl.
        let asleep =
            if self.run.wall_includes_start { "–".to_owned() } else { words::exact(asleep) };
        let asleep = format!("asleep {asleep}");
        Some(format!(
            "{} {} {asleep:>width$}",
            words::padded(&words::cut(&name, self.name), self.name),
            picture::painted(&cells),
            width = CONNECTED + DONE
        ))
    }

    fn legend(&self, drawn: &str) -> Vec<String> {
        let any = |of: fn(&OutcomeLine) -> bool| self.run.reported().any(of);
        let mut parts = Vec::new();
        if drawn.contains('░') {
            parts.push("░ asleep".to_owned());
        }
        if drawn.contains('█') {
            parts.push("█ computing".to_owned());
        }
        if drawn.contains('▒') {
            parts.push("▒ waiting for a processor".to_owned());
        }
        if !self.blocked.is_empty() {
            parts.push("b blocking the event loop (inferred)".to_owned());
        }
        parts.push("c connecting".to_owned());
        if any(|outcome| outcome.first_byte_us.is_some()) {
            parts.push("r receiving".to_owned());
        }
        if any(|outcome| outcome.error.is_some()) {
            parts.push("x failed".to_owned());
        }
        parts.push(picture::column_is(&self.axis));
        parts
    }
}

/// The pages that are shown: all, or the first, the last, the slowest and the failed.
fn shown(run: &Run) -> BTreeSet<usize> {
    let all = run.outcomes.len();
    if all <= ALL {
        return (0..all).collect();
    }
    let mut shown: BTreeSet<usize> = (0..FIRST).chain(all - LAST..all).collect();
    let failed = run.reported().filter(|outcome| outcome.error.is_some());
    shown.extend(failed.take(FAILURES).map(|outcome| outcome.target));
    let mut slowest: Vec<&OutcomeLine> = run.reported().collect();
    slowest.sort_by_key(|outcome| std::cmp::Reverse(wait_us(outcome)));
    shown.extend(slowest.iter().take(SLOWEST).map(|outcome| outcome.target));
    shown
}

/// The numbers.
fn figures(row: &Row<'_>) -> Vec<String> {
    let doubts = row.shown().doubts;
    let figure = |name: &str, figure: Option<String>, doubted: bool| {
        let mark = if doubted { "~" } else { "" };
        format!("{name} {mark}{}", figure.unwrap_or("–".to_owned()))
    };
    let usage = &row.shown().usage;
    let mut figures = vec![
        figure("wall", row.wall_us().map(words::exact), doubts.wall),
        figure("CPU", row.cpu_us().map(words::cpu), doubts.cpu),
        figure("memory", row.memory_bytes().map(words::bytes), doubts.memory),
        figure("threads", usage.threads.map(words::count), false),
    ];
    if row.processes().is_some_and(|processes| processes > 1) {
        figures.push(figure("processes", row.processes().map(words::count), false));
    }
    let waited = usage.runnable_us.filter(|waited| Some(waited * 20) >= usage.wall_us);
    if let Some(waited) = waited {
        figures.push(figure("waiting for a processor", Some(words::duration(waited)), false));
    }
    figures.push(figure("switches", row.switches().map(words::count), false));
    if let Some(spread) = row.spread() {
        figures.push(format!("spread {:.1}%", spread * 100.0));
    }
    if doubts.any() {
        figures.push("~ the system saw otherwise".to_owned());
    }
    figures
}

/// What it means.
pub fn said(report: &Report, row: &Row<'_>) -> Vec<String> {
    let mut sentences = sentences::failures(report, std::slice::from_ref(row));
    sentences.extend(sentences::stopped(row));
    sentences.extend(sentences::blocked(report, row));
    if report.interrupted {
        let (reported, all) = (row.shown().reported().count(), report.setting.urls.len());
        sentences.push(format!("Interrupted: {reported} of {all} pages had ended."));
    }
    sentences.extend(sentences::figures(&[row]));
    sentences.extend(row.who().map(|who| waited(row, who)));
    sentences
}

fn waited(row: &Row<'_>, who: Who) -> String {
    let waits = row.waits();
    let fetches = waits.len() as u64;
    let sum = words::duration(waits.iter().sum());
    let first = match fetches {
        1 => format!("One fetch waited {sum}."),
        _ => format!("{} fetches waited {sum} between them.", words::word(fetches)),
    };
    let number = who.count;
    let who = format!("{} {}", words::word(number), who.kind.noun_for(number));
    let in_flight = row.shown().most_in_flight() as u64;
    let how = match (number, in_flight) {
        (_, _) if fetches == 1 => "waited for it".to_owned(),
        (1, 1) => "waited for one after the other".to_owned(),
        (1, n) if n == fetches => "waited for them all at once".to_owned(),
        (1, n) => format!("waited for up to {} at once", words::count(n)),
        (workers, _) if workers == fetches => "waited for one each".to_owned(),
        (_, n) => format!("waited for up to {} at once, each for its own", words::count(n)),
    };
    format!("{first} {who} {how}{}.", at_one_a_second(row, number))
}

/// Asleep and at work, on a scale that people can feel. Many workers sleep at once, so only one has
/// one such life.
fn at_one_a_second(row: &Row<'_>, workers: u64) -> String {
    let (Some(wall), Some(cpu)) = (row.wall_us(), row.cpu_us()) else { return String::new() };
    let runnable = row.runnable_us().unwrap_or(0);
    let asleep = words::one_a_second(wall.saturating_sub(cpu).saturating_sub(runnable));
    let work = words::one_a_second(cpu);
    let scale = "at one instruction a second";
    match row.work() {
        // Less than the system counts; or not the crawl's alone.
        _ if cpu == 0 || row.shown().wall_includes_start => String::new(),
        Some(share) if share + row.runnable().unwrap_or(0.0) > 0.95 => {
            format!(" and hardly slept: {work} at work, {scale}")
        }
        _ if workers > 1 => format!(": {work} of work in {}, {scale}", words::one_a_second(wall)),
        _ => format!(": {asleep} asleep for {work} of work, {scale}"),
    }
}

/// What to try next.
fn next(report: &Report, row: &Row<'_>) -> Vec<String> {
    let rows = std::slice::from_ref(row);
    let mut next = sentences::larger_limits(report, rows);
    if report.setting.urls.len() > 1 {
        next.extend(sentences::some_jitter(&report.setting, rows));
    }
    let name = &*row.entrant.name;
    let other = if name == "blocking" { "epoll" } else { "blocking" };
    next.push(match row.entrant.language {
        Language::Python => format!("--stage {name} --python"),
        Language::Rust | Language::Program => format!("--stage {other},{name}"),
    });
    match &row.entrant.stage {
        Some(stage) => next.push(stage.source.clone()),
        None => next.push("docs/protocol.md".to_owned()),
    }
    next
}
