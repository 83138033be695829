//! One stage, page by page.

use std::collections::BTreeSet;

use crawl::Worker;
use crawl::protocol::OutcomeLine;

use super::picture::{self, ASLEEP, Axis, COMPUTING, Cell, EMPTY, FAILED};
use super::{joined, sentences, wrapped};
use crate::entrants::Kind;
use crate::interrupt;
use crate::look::{Ink, paint};
use crate::run::Run;
use crate::session::Session;
use crate::summary::{self, Row};
use crate::text;

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

/// Everything about one stage.
pub fn lines(session: &Session<'_>, row: &Row<'_>) -> Vec<String> {
    let width = session.look.width;
    let mut lines = wrapped(&title(row), width, 2);
    lines.extend(wrapped(&sentences::headline(session), width, 2));
    lines.push(String::new());
    if let Some(reason) = row.skipped() {
        lines.push(format!("skipped: {}", text::escaped(reason)));
        return lines;
    }
    if let Some(reason) = row.reason() {
        lines.extend(wrapped(&reason, width, 2));
        lines.push(String::new());
    }
    if row.shown().told().any(|outcome| outcome.finished_us.is_some()) {
        let drawing = Drawing::new(session, row);
        lines.extend(drawing.lines());
        lines.push(String::new());
    }
    lines.extend(joined(&figures(row), "   ", width));
    for sentence in said(session, row) {
        lines.extend(wrapped(&sentence, width, 0));
    }
    lines.push(String::new());
    lines.extend(super::next(&next(session, row), width));
    lines
}

/// A URL as short as it is still clear: its path, where there is only one host, or all are the practice site.
pub fn short(session: &Session<'_>, target: usize) -> String {
    let split = |url: &str| {
        let rest = url.trim_start_matches("http://");
        let path = rest.find('/').unwrap_or(rest.len());
        (rest[..path].to_owned(), rest[path..].to_owned())
    };
    let (host, path) = split(&session.urls[target]);
    let is_only_host = || session.urls.iter().all(|url| split(url).0 == host);
    if session.site.is_some() || is_only_host() { path } else { format!("{host}{path}") }
}

fn title(row: &Row<'_>) -> String {
    let did_not = row.waits().is_empty() || row.skipped().is_some();
    let who = if did_not { String::new() } else { format!("{}, ", row.who()) };
    match &row.entrant.kind {
        Kind::Stage(stage) => {
            let place = stage.number.map(|number| format!("chapter {number}"));
            let place = place.unwrap_or("the yardstick".to_owned());
            format!("{}: {who}{} ({place})", row.name(), stage.summary)
        }
        Kind::Program(words) => {
            format!("{}: {who}the program {}", row.name(), text::escaped(&words.join(" ")))
        }
    }
}

struct Drawing<'a> {
    session: &'a Session<'a>,
    run: &'a Run,
    axis: Axis,
    name: usize,
    /// What a fetch that waits means for who waits for it.
    waiting: Cell,
}

impl<'a> Drawing<'a> {
    fn new(session: &'a Session<'a>, row: &Row<'a>) -> Drawing<'a> {
        let run = row.shown();
        let work = row.work().unwrap_or(0.0);
        let last = run.told().filter_map(|outcome| outcome.finished_us).max().unwrap_or(0);
        let shown = shown(run);
        let names = shown.iter().map(|target| short(session, *target).chars().count());
        let who = summary::who(run).chars().count();
        let name = names.max().unwrap_or(0).max(who).clamp(NAME.0, NAME.1);
        let columns = session.look.width.saturating_sub(name + 1 + 1 + CONNECTED + DONE).max(16);
        let axis = Axis { end_us: run.usage.wall_us.unwrap_or(last).max(last), columns };
        let waiting = if work > 0.5 { COMPUTING } else { ASLEEP };
        Drawing { session, run, axis, name, waiting }
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
        lines.extend(joined(&legend, "   ", self.session.look.width));
        lines
    }

    fn page(&self, outcome: &OutcomeLine) -> String {
        let name = text::cut(&short(self.session, outcome.target), self.name);
        let cells = self.cells(outcome);
        let since_start = |time: u64| text::exact(time);
        let connected = outcome.connected_us.map_or("–".to_owned(), since_start);
        let done = match &outcome.error {
            Some(error) => error.kind.to_string(),
            None => outcome.finished_us.map_or("–".to_owned(), since_start),
        };
        let done = format!("{done:>DONE$}");
        let done = if outcome.error.is_some() { paint(Ink::Failed, &done) } else { done };
        format!(
            "{name:<width$} {} {connected:>CONNECTED$}{done}",
            picture::painted(&cells),
            width = self.name
        )
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
        cells[from..to].fill(self.waiting);
        cells[from..connected].fill(CONNECTING);
        cells[receiving.clamp(connected.min(to - 1), to - 1)..to].fill(RECEIVING);
        if outcome.error.is_some() {
            let received = outcome.first_byte_us.is_some();
            let rest = if outcome.connected_us.is_none() { CONNECTING } else { self.waiting };
            if !received {
                cells[to - 1] = rest;
            }
            cells[to - 1] = FAILED;
        }
        cells
    }

    fn not_shown(&self, pages: usize) -> Option<String> {
        let told =
            format!("{} {} not shown", " ".repeat(self.name), text::plural(pages as u64, "page"));
        (pages > 0).then(|| paint(Ink::Faint, &told))
    }

    /// Who waited: asleep wherever no fetch had anything for it to do.
    fn worker(&self) -> Option<String> {
        let axis = &self.axis;
        let wall = self.run.usage.wall_us?;
        let cpu = summary::cpu_us(self.run)?;
        let mut cells = vec![EMPTY; axis.columns];
        cells[..axis.columns_to(wall).clamp(1, axis.columns)].fill(self.waiting);
        for outcome in self.run.told().filter(|outcome| outcome.finished_us.is_some()) {
            let moments = [Some(outcome.started_us), outcome.first_byte_us, outcome.finished_us];
            for moment in moments.into_iter().flatten() {
                cells[axis.column_of(moment)] = COMPUTING;
            }
        }
        let who = summary::who(self.run);
        let name = if who == "1 thread" { "thread 1".to_owned() } else { who };
        // Several workers sleep at once: their fetches' waits are what they slept.
        let alone = self.run.told().all(|outcome| outcome.by == Worker::Main);
        let awake = self.run.told().filter_map(summary::wait_us).sum::<u64>();
        let asleep = if alone { wall } else { awake }.saturating_sub(cpu);
        let asleep = format!("asleep {}", text::exact(asleep));
        Some(format!(
            "{} {} {asleep:>width$}",
            text::cut(&format!("{name:<w$}", w = self.name), self.name),
            picture::painted(&cells),
            width = CONNECTED + DONE
        ))
    }

    fn legend(&self, drawn: &str) -> Vec<String> {
        let any = |of: fn(&OutcomeLine) -> bool| self.run.told().any(of);
        let mut parts = Vec::new();
        if drawn.contains('░') {
            parts.push("░ asleep".to_owned());
        }
        if drawn.contains('█') {
            parts.push("█ computing".to_owned());
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
    let failed = run.told().filter(|outcome| outcome.error.is_some());
    shown.extend(failed.take(FAILURES).map(|outcome| outcome.target));
    let mut slowest: Vec<&OutcomeLine> = run.told().collect();
    slowest.sort_by_key(|outcome| std::cmp::Reverse(summary::wait_us(outcome)));
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
        figure("wall", row.wall_us().map(text::exact), doubts.wall),
        figure("CPU", row.cpu_us().map(text::duration), doubts.cpu),
        figure("memory", row.memory_bytes().map(text::bytes), doubts.memory),
        figure("threads", usage.threads.map(text::count), false),
    ];
    if row.processes().is_some_and(|processes| processes > 1) {
        figures.push(figure("processes", row.processes().map(text::count), false));
    }
    figures.push(figure("switches", row.switches().map(text::count), false));
    if let Some(spread) = row.spread() {
        figures.push(format!("spread {:.1}%", spread * 100.0));
    }
    if doubts != Default::default() {
        figures.push("~ the system saw otherwise".to_owned());
    }
    figures
}

/// What it means.
fn said(session: &Session<'_>, row: &Row<'_>) -> Vec<String> {
    let mut sentences = sentences::failures(session, std::slice::from_ref(row));
    if interrupt::asked() {
        let told = row.shown().told().count();
        sentences.push(format!("Interrupted: {told} of {} pages had ended.", session.urls.len()));
    }
    sentences.extend(sentences::figures(&[row]));
    let waits = row.waits();
    if !waits.is_empty() {
        sentences.push(waited(row, &waits));
    }
    sentences
}

fn waited(row: &Row<'_>, waits: &[u64]) -> String {
    let run = row.shown();
    let fetches = waits.len() as u64;
    let sum = text::duration(waits.iter().sum());
    let first = match fetches {
        1 => format!("One fetch waited {sum}."),
        _ => format!("{} fetches waited {sum} between them.", text::word(fetches)),
    };
    let who = summary::who(run);
    let (number, noun) = who.split_once(' ').unwrap_or(("1", "thread"));
    let number: u64 = number.replace(',', "").parse().unwrap_or(1);
    let who = format!("{} {noun}", text::word(number));
    let in_flight = summary::in_flight(run) as u64;
    let how = match (number, in_flight) {
        (_, _) if fetches == 1 => "waited for it".to_owned(),
        (1, 1) => "waited for one after the other".to_owned(),
        (1, n) if n == fetches => "waited for them all at once".to_owned(),
        (1, n) => format!("waited for up to {} at once", text::count(n)),
        (workers, _) if workers == fetches => "waited for one each".to_owned(),
        (_, n) => format!("waited for up to {} at once, each for its own", text::count(n)),
    };
    format!("{first} {who} {how}{}.", at_one_a_second(row, number))
}

/// Asleep and at work, on a scale that people can feel. Many workers sleep at once, so only one has one such life.
fn at_one_a_second(row: &Row<'_>, workers: u64) -> String {
    let (Some(wall), Some(cpu)) = (row.wall_us(), row.cpu_us()) else { return String::new() };
    let (asleep, work) = (text::one_a_second(wall.saturating_sub(cpu)), text::one_a_second(cpu));
    let scale = "at one instruction a second";
    match row.work() {
        Some(share) if share > 0.95 => format!(" and hardly slept: {work} at work, {scale}"),
        _ if workers > 1 => format!(": {work} of work in {}, {scale}", text::one_a_second(wall)),
        _ => format!(": {asleep} asleep for {work} of work, {scale}"),
    }
}

/// What to try next.
fn next(session: &Session<'_>, row: &Row<'_>) -> Vec<String> {
    let mut next = Vec::new();
    if session.site.as_ref().is_some_and(|site| site.jitter.is_zero() && site.pages > 1) {
        next.push("--jitter 300ms".to_owned());
    }
    let other = if row.name() == "blocking" { "epoll" } else { "blocking" };
    let both = [other, row.name()];
    next.push(format!("--stage {}", both.join(",")));
    match row.entrant.stage() {
        Some(stage) => next.push(stage.source.to_owned()),
        None => next.push("docs/protocol.md".to_owned()),
    }
    next
}
