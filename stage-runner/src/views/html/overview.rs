//! The pictures that need no script: each stage as a strip, a line for each page and under the
//! lines who waited, and the two kinds of time as bars.
//!
//! Places on the time axis are per cent of the width, so that the page can be any width and nothing
//! is stretched. Every number here is one of ours: what comes from outside is in the template.

use std::fmt::Write;

use crawl::protocol::OutcomeLine;

use crate::results::{Activity, Run, State as Doing, wait_us};
use crate::views::steps::is_awake;

/// Up to so many pages have a line each; more are drawn as one path, which is smaller.
const LINES: usize = 60;

/// Where the first page is drawn, and from one to the next where there are few.
const TOP: f64 = 4.0;
const LINE_HEIGHT: f64 = 5.0;

/// The height of all pages together where there are many.
const ALL_LINES_HEIGHT: f64 = 60.0;

/// The height of the row of who waits.
const WORKER_HEIGHT: f64 = 8.0;

/// In so many parts the time of a stage is divided where only sums are measured: as many as can be
/// told apart.
const CELLS: (usize, usize) = (8, 60);

/// Up to so many blocks of work are elements of their own; more are drawn as one path.
const BLOCKS: usize = 100;

/// Work that is no further apart than this share of the axis is drawn as one block.
const GRAIN: f64 = 2_000.0;

/// The time axis that all stages share.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// Where it ends.
    pub end_us: f64,
}

/// A label of the axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where, in per cent.
    pub at: String,
    /// What it says.
    pub text: String,
}

/// What a strip needs to know about a stage.
pub struct Drawn<'a> {
    /// The run.
    pub run: &'a Run,
    /// What was recorded of it.
    pub activity: Option<&'a Activity>,
    /// Which share of its time it computed, more than 1 where several did; and which it could run
    /// and had no processor.
    pub work: f64,
    /// See `work`.
    pub runnable: f64,
    /// Whether it asked its sockets again and again.
    pub is_busy: bool,
}

/// A picture, as the inside of its `svg` element.
#[derive(Debug)]
pub struct Picture {
    /// In pixels.
    pub height: f64,
    /// The marks.
    pub marks: String,
}

impl Axis {
    fn percent(self, us: f64) -> f64 {
        100.0 * us / self.end_us
    }

    /// Round times, at most seven of them.
    pub fn ticks(self) -> Vec<Tick> {
        let powers = (0..).map(|power| 10_f64.powi(power));
        let mut units = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|factor| factor * power));
        let unit = units.find(|unit| self.end_us / unit <= 6.0).expect("some power is enough");
        let times = (0..).map(|tick| tick as f64 * unit);
        // A label at the very end would not fit.
        let times = times.take_while(|time| *time == 0.0 || *time < self.end_us * 0.985);
        let label = |time: f64| match (time, self.end_us) {
            (0.0, _) => "0".to_owned(),
            (_, 1e6..) => format!("{} s", rounded(time / 1e6)),
            (_, 1e3..) => format!("{} ms", rounded(time / 1e3)),
            _ => format!("{} µs", rounded(time)),
        };
        times
            .map(|time| Tick { at: format!("{:.2}%", self.percent(time)), text: label(time) })
            .collect()
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// One stage on the axis.
pub fn strip(drawn: &Drawn<'_>, axis: Axis) -> Picture {
    let pages = drawn.run.outcomes.len();
    let line = if pages <= 12 { LINE_HEIGHT } else { ALL_LINES_HEIGHT / pages as f64 };
    let mut marks = String::new();
    for tick in axis.ticks().iter().skip(1) {
        let at = &tick.at;
        let _ = write!(marks, r#"<line class="grid" x1="{at}" x2="{at}" y1="0" y2="100%"/>"#);
    }
    if pages <= LINES {
        lines(&mut marks, drawn, axis, line);
    } else {
        path(&mut marks, drawn, axis, line);
    }
    let below = pages as f64 * line + TOP + 2.0;
    worker(&mut marks, drawn, axis, below);
    Picture { height: (below + WORKER_HEIGHT + 4.0).ceil(), marks }
}

/// A line for each page, and how it ended.
fn lines(marks: &mut String, drawn: &Drawn<'_>, axis: Axis, line: f64) {
    let class = if drawn.is_busy { "page vain" } else { "page" };
    for outcome in drawn.run.reported() {
        let Some(finished) = outcome.finished_us else { continue };
        let y = TOP + outcome.target as f64 * line;
        let (from, to) = (percent(axis, outcome.started_us), percent(axis, finished));
        let _ = write!(
            marks,
            r#"<line class="{class}" x1="{from}" x2="{to}" y1="{y:.1}" y2="{y:.1}"/>"#
        );
        let _ = match outcome.error {
            None => write!(marks, r#"<circle class="got" cx="{to}" cy="{y:.1}" r="2"/>"#),
            Some(_) => {
                write!(marks, r#"<text class="failed" x="{to}" y="{:.1}">✕</text>"#, y + 3.5)
            }
        };
    }
}

fn percent(axis: Axis, us: u64) -> String {
    format!("{:.3}%", axis.percent(us as f64))
}

/// All pages as one path: pages that came in blue, pages that failed in the color of failures.
fn path(marks: &mut String, drawn: &Drawn<'_>, axis: Axis, line: f64) {
    let busy = if drawn.is_busy { " vain" } else { "" };
    let is_failed = |outcome: &&OutcomeLine| outcome.error.is_some();
    let failed: Vec<&OutcomeLine> = drawn.run.reported().filter(is_failed).collect();
    let came: Vec<&OutcomeLine> = drawn.run.reported().filter(|o| !is_failed(o)).collect();
    let height = ALL_LINES_HEIGHT + TOP;
    for (class, outcomes) in [(format!("page many{busy}"), came), ("lost many".to_owned(), failed)]
    {
        let mut d = String::new();
        for outcome in outcomes {
            let Some(finished) = outcome.finished_us else { continue };
            let x = |us: u64| (axis.percent(us as f64) * 100.0).round();
            let y = TOP + outcome.target as f64 * line;
            let _ = write!(d, "M{} {y:.2}H{}", x(outcome.started_us), x(finished));
        }
        if !d.is_empty() {
            let _ = write!(
                marks,
                r#"<svg width="100%" height="{height}" viewBox="0 0 10000 {height}" preserveAspectRatio="none"><path class="{class}" d="{d}"/></svg>"#
            );
        }
    }
}

/// Who waited: a thin line asleep, an outline without a processor, a block at work.
fn worker(marks: &mut String, drawn: &Drawn<'_>, axis: Axis, y: f64) {
    let wall = drawn.run.usage.wall_us.unwrap_or(drawn.run.last_finish_us());
    let end = axis.percent(wall as f64);
    let middle = y + WORKER_HEIGHT / 2.0;
    let _ = write!(
        marks,
        r#"<line class="asleep" x1="0" x2="{end:.3}%" y1="{middle:.1}" y2="{middle:.1}"/>"#
    );
    let mut block = |class: &str, from: f64, to: f64| {
        // A microsecond of work must be seen: narrower than this it is two pixels wide.
        let width = if to - from < 0.2 { "2".to_owned() } else { format!("{:.3}%", to - from) };
        let _ = write!(
            marks,
            r#"<rect class="{class}" x="{from:.3}%" y="{y:.1}" width="{width}" height="{WORKER_HEIGHT}"/>"#
        );
    };
    if let Some(started) = drawn.activity.and_then(last_start) {
        block("starting", 0.0, axis.percent(started));
    }
    let is_loaded = drawn.work > 0.5;
    let parts = ((CELLS.1 as f64 * end / 100.0) as usize).clamp(CELLS.0, CELLS.1);
    for (state, from, to) in cells(parts, drawn.work, drawn.runnable) {
        let (from, to) = (end * from, end * to);
        match state {
            State::Ready => block("ready", from, to),
            State::AtWork if drawn.is_busy => {
                block("run", from, to);
                block("hatched", from, to);
            }
            State::AtWork if is_loaded => block("run", from, to),
            State::AtWork | State::Asleep => {}
        }
    }
    if drawn.is_busy || is_loaded {
        return;
    }
    let blocks = at_work(drawn, axis);
    if blocks.len() <= BLOCKS {
        for (from, to) in blocks {
            block("run", axis.percent(from), axis.percent(to));
        }
        return;
    }
    let mut d = String::new();
    for (from, to) in blocks {
        let x = |us: f64| axis.percent(us) / 100.0 * GRAIN;
        let width = (x(to) - x(from)).max(1.0);
        let _ = write!(d, "M{:.1} 0h{width:.1}v1h-{width:.1}z", x(from));
    }
    let _ = write!(
        marks,
        r#"<svg y="{y:.1}" width="100%" height="{WORKER_HEIGHT}" viewBox="0 0 {GRAIN} 1" preserveAspectRatio="none"><path class="run" d="{d}"/></svg>"#
    );
}

/// When the last worker had been started that had to be.
fn last_start(activity: &Activity) -> Option<f64> {
    let starts = activity.steps.iter().filter(|step| step.state == Doing::Starting);
    starts.map(|step| step.to().micros_f64()).reduce(f64::max)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Asleep,
    Ready,
    AtWork,
}

/// Of work and of waiting for a processor only the sums are measured: the parts are spread evenly,
/// as in the terminal. Each is a state with its share of the time, from 0 to 1.
fn cells(all: usize, work: f64, runnable: f64) -> Vec<(State, f64, f64)> {
    let work = work.clamp(0.0, 1.0);
    let awake = (work + runnable.max(0.0)).clamp(0.0, 1.0);
    let computing = if awake > 0.0 { work / awake } else { 0.0 };
    let up_to = |cells: usize, share: f64| (cells as f64 * share).round() as usize;
    let state = |at: usize| {
        let (before, now) = (up_to(at, awake), up_to(at + 1, awake));
        match now > before {
            false => State::Asleep,
            true if up_to(now, computing) > up_to(before, computing) => State::AtWork,
            true => State::Ready,
        }
    };
    let mut parts: Vec<(State, f64, f64)> = Vec::new();
    for at in 0..all {
        let end = (at + 1) as f64 / all as f64;
        match parts.last_mut() {
            Some((last, _, to)) if *last == state(at) => *to = end,
            _ => parts.push((state(at), at as f64 / all as f64, end)),
        }
    }
    parts
}

/// From when to when somebody worked, in microseconds: as recorded, or, without a recording, where
/// a fetch began, received or ended.
fn at_work(drawn: &Drawn<'_>, axis: Axis) -> Vec<(f64, f64)> {
    let mut spans: Vec<(f64, f64)> = match drawn.activity {
        Some(activity) => {
            let awake = activity.steps.iter().filter(|step| is_awake(step));
            awake.map(|step| (step.from.micros_f64(), step.to().micros_f64())).collect()
        }
        None => drawn.run.reported().flat_map(moments).map(|us| (us as f64, us as f64)).collect(),
    };
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let grain = axis.end_us / GRAIN;
    let mut blocks: Vec<(f64, f64)> = Vec::new();
    for (from, to) in spans {
        match blocks.last_mut() {
            Some((_, end)) if from <= *end + grain => *end = end.max(to),
            _ => blocks.push((from, to)),
        }
    }
    blocks
}

fn moments(outcome: &OutcomeLine) -> impl Iterator<Item = u64> {
    let ended = outcome.finished_us.map(|_| outcome.started_us);
    [ended, outcome.first_byte_us, outcome.finished_us].into_iter().flatten()
}

/// Bars for one kind of time: each wait of this run where it was.
pub fn bars(run: &Run, axis: Axis, is_pile: bool) -> String {
    const HEIGHT: f64 = 26.0;
    let waits: Vec<&OutcomeLine> = run.reported().filter(|o| wait_us(o).is_some()).collect();
    let each = if is_pile { HEIGHT / waits.len().max(1) as f64 } else { HEIGHT };
    let mut marks = String::new();
    for (at, outcome) in waits.iter().enumerate() {
        let from = axis.percent(outcome.started_us as f64);
        let width = axis.percent(wait_us(outcome).unwrap_or(0) as f64);
        let (y, gap) = if is_pile { (at as f64 * each, 0.0) } else { (0.0, 0.25) };
        let height = if each > 1.6 && is_pile { each - 0.8 } else { each };
        let _ = write!(
            marks,
            r#"<rect class="wait" x="{from:.3}%" width="{:.3}%" y="{:.2}" height="{height:.2}"/>"#,
            (width - gap).max(0.1),
            2.0 + y
        );
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let ticks = |end_us: f64| {
            let ticks = Axis { end_us }.ticks();
            ticks.into_iter().map(|tick| tick.text).collect::<Vec<_>>()
        };
        assert_eq!(ticks(4_510_000.0), ["0", "1 s", "2 s", "3 s", "4 s"]);
        assert_eq!(ticks(452_000.0), ["0", "100 ms", "200 ms", "300 ms", "400 ms"]);
        assert_eq!(ticks(2_300.0), ["0", "0.5 ms", "1 ms", "1.5 ms", "2 ms"]);
        assert_eq!(ticks(1.0), ["0"]);
        for power in 0..40 {
            assert!(Axis { end_us: 1.7_f64.powi(power) }.ticks().len() <= 7);
        }
    }

    #[test]
    fn three_states_share_the_time() {
        let sums = |work, runnable| {
            let parts = cells(60, work, runnable);
            let of = |state| {
                let its = parts.iter().filter(|part| part.0 == state);
                (its.map(|(_, from, to)| to - from).sum::<f64>() * 60.0).round()
            };
            [of(State::Asleep), of(State::AtWork), of(State::Ready)]
        };
        assert_eq!(sums(0.0, 0.0), [60.0, 0.0, 0.0]);
        assert_eq!(sums(0.5, 0.25), [15.0, 30.0, 15.0]);
        assert_eq!(sums(7.0, 0.5), [0.0, 60.0, 0.0]);
    }
}
