//! What a sweep found: three tables of the same shape, and the JSON.

use std::env::consts;
use std::thread;

use crawl::protocol::Usage;
use serde::Serialize;

use super::columns::UNKNOWN;
use super::wrapped;
use crate::sweep::{End, Point, Sweep, Track};
use crate::text;

/// Columns of one figure, the space before it included.
const FIGURE: usize = 7;

/// The longest name that is shown whole.
const NAME: usize = 20;

/// Why the first columns are high.
pub const FEW: &str = "With few in flight, what a crawl costs as a whole is shared by few.";

/// What is measured at each step, and what the number is called.
pub struct Measure {
    /// What stands above it.
    pub title: &'static str,
    /// The number.
    pub of: fn(&Point) -> Option<f64>,
    /// The number in words.
    pub text: fn(f64) -> String,
}

/// All of them.
pub const MEASURES: [Measure; 3] = [
    Measure { title: "wall time over the delay of a page", of: |p| p.over_delay, text: ratio },
    Measure { title: "CPU time for each fetch", of: |p| p.cpu_per_fetch_us, text: cpu },
    Measure {
        title: "memory for each fetch in flight",
        of: |p| p.memory_per_fetch_bytes,
        text: |bytes| text::bytes(bytes.round() as u64),
    },
];

/// Three digits.
fn ratio(ratio: f64) -> String {
    match ratio {
        ..9.995 => format!("{ratio:.2}"),
        ..99.95 => format!("{ratio:.1}"),
        _ => text::count(ratio.round() as u64),
    }
}

/// To the microsecond where that is what stages differ in.
fn cpu(us: f64) -> String {
    match us {
        ..999.5 => format!("{us:.0} µs"),
        _ => text::duration(us.round() as u64),
    }
}

/// The tables, and below them what ended where.
pub fn lines(sweep: &Sweep, width: usize) -> Vec<String> {
    let debug = if cfg!(debug_assertions) { " (debug build: CPU reads high)" } else { "" };
    let delay = text::plain(sweep.delay);
    let mut lines = wrapped(
        &format!("{}, each {delay} away, all at once, one run each{debug}", range(&sweep.steps)),
        width,
        0,
    );
    let names = sweep.tracks.iter().map(|track| track.entrant.name.chars().count());
    let name = names.max().unwrap_or(0).clamp("in flight".len(), NAME);
    let shown = shown_steps(&sweep.steps, (width - name) / FIGURE);
    for measure in &MEASURES {
        lines.extend([String::new(), measure.title.to_owned()]);
        let heads = shown.iter().map(|step| text::count(*step as u64));
        lines.push(row("in flight", name, heads));
        for track in &sweep.tracks {
            let cells = shown.iter().map(|step| cell(track, *step, measure));
            lines.push(row(&text::cut(&track.entrant.name, name), name, cells));
        }
    }
    lines.push(String::new());
    if shown.len() < sweep.steps.len() {
        lines.push("--format json has the steps between, too.".to_owned());
    }
    for sentence in ends(sweep).into_iter().chain(sentences(sweep)) {
        lines.extend(wrapped(&sentence, width, 2));
    }
    lines
}

fn range(steps: &[usize]) -> String {
    let count = |step: &usize| text::count(*step as u64);
    match steps {
        [first, .., last] => format!("From {} to {} pages", count(first), count(last)),
        steps => text::plural(steps[0] as u64, "page"),
    }
}

fn row(name: &str, width: usize, cells: impl Iterator<Item = String>) -> String {
    let cells = cells.map(|cell| format!("{cell:>FIGURE$}"));
    format!("{name:<width$}{}", cells.collect::<String>())
}

fn cell(track: &Track, step: usize, measure: &Measure) -> String {
    if let Some(point) = track.points.iter().find(|point| point.in_flight == step) {
        return (measure.of)(point).map_or(UNKNOWN.to_owned(), measure.text);
    }
    let ends_here = track.end.as_ref().is_some_and(|end| end.in_flight == step);
    if ends_here { "×".to_owned() } else { String::new() }
}

/// As many steps as fit: the decades and both ends rather than those between.
fn shown_steps(steps: &[usize], fitting: usize) -> Vec<usize> {
    if steps.len() <= fitting {
        return steps.to_vec();
    }
    let is_decade = |step: usize| 10_usize.pow(step.ilog10()) == step;
    let is_end = |step: &usize| Some(step) == steps.first() || Some(step) == steps.last();
    let round: Vec<usize> =
        steps.iter().filter(|step| is_decade(**step) || is_end(step)).copied().collect();
    round[round.len().saturating_sub(fitting)..].to_vec()
}

/// Who ends where, with a reason that several have in common told once.
pub fn common_ends(sweep: &Sweep) -> Vec<(Vec<&Track>, &End)> {
    let mut ends: Vec<(Vec<&Track>, &End)> = Vec::new();
    for track in &sweep.tracks {
        let Some(end) = &track.end else { continue };
        let is_same = |other: &End| other.in_flight == end.in_flight && other.reason == end.reason;
        match ends.iter_mut().find(|(_, other)| is_same(other)) {
            Some((tracks, _)) => tracks.push(track),
            None => ends.push((vec![track], end)),
        }
    }
    ends
}

fn ends(sweep: &Sweep) -> Vec<String> {
    let sentence = |(tracks, end): (Vec<&Track>, &End)| {
        let names: Vec<&str> = tracks.iter().map(|track| track.entrant.name.as_str()).collect();
        let (names, many) = (text::list(&names), text::count(end.in_flight as u64));
        let some = match end.pages {
            0 => String::new(),
            pages if pages == end.in_flight => String::new(),
            pages => format!(", of which {} came", text::count(pages as u64)),
        };
        format!("× {names} at {many}{some}: {}.", end.reason.trim_end_matches('.'))
    };
    common_ends(sweep).into_iter().map(sentence).collect()
}

/// What the numbers say.
fn sentences(sweep: &Sweep) -> Vec<String> {
    let mut sentences: Vec<String> = sweep.tracks.iter().filter_map(not_all_at_once).collect();
    let last = |track: &Track| track.points.last().map(|point| point.in_flight);
    if let Some(most) = sweep.tracks.iter().filter_map(last).max().filter(|most| *most > 1) {
        sentences.extend(at_the_most(sweep, most));
        sentences.push(FEW.to_owned());
    }
    if sweep.interrupted {
        sentences.push("Interrupted: this is what was there by then.".to_owned());
    }
    sentences
}

/// Who managed the most in flight that anybody did, and what each of them took.
fn at_the_most(sweep: &Sweep, most: usize) -> Option<String> {
    let there = sweep.tracks.iter().filter_map(|track| {
        let point = track.points.last().filter(|point| point.in_flight == most)?;
        Some((track.entrant.name.as_str(), point.memory_per_fetch_bytes))
    });
    let there: Vec<_> = there.collect();
    let known =
        there.iter().filter_map(|(name, bytes)| Some((bytes.as_ref()?.round() as u64, name)));
    let mut memory: Vec<_> = known.collect();
    memory.sort_unstable();
    let [(least, lean), .., (greatest, fat)] = memory[..] else { return None };
    Some(format!(
        "{} at once: {} of {} get there. A fetch in flight takes {} ({lean}) to {} ({fat}).",
        text::count(most as u64),
        there.len(),
        text::plural(sweep.tracks.len() as u64, "stage"),
        text::bytes(least),
        text::bytes(greatest),
    ))
}

/// Where the first pages came before the last fetch had begun, the step was not what it says.
pub fn not_all_at_once(track: &Track) -> Option<String> {
    let one_at_a_time = track.entrant.stage().is_some_and(|stage| stage.one_at_a_time);
    let mut points = track.points.iter().rev().filter(|_| !one_at_a_time);
    let point = points.find(|point| point.most_in_flight < point.in_flight)?;
    let count = |number: usize| text::count(number as u64);
    let (most, all) = (count(point.most_in_flight), count(point.in_flight));
    let name = &track.entrant.name;
    Some(format!(
        "{name} had {most} of {all} in flight at most: pages came before the last fetch began. A longer --delay helps."
    ))
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    runner: &'static str,
    profile: &'static str,
    interrupted: bool,
    delay_us: u64,
    steps: &'a [usize],
    machine: Machine,
    stages: Vec<StageLine<'a>>,
}

#[derive(Serialize)]
struct Machine {
    os: &'static str,
    arch: &'static str,
    cpus: Option<usize>,
}

#[derive(Serialize)]
struct StageLine<'a> {
    stage: &'a str,
    language: &'a str,
    points: Vec<PointLine<'a>>,
    end: Option<EndLine<'a>>,
}

#[derive(Serialize)]
struct PointLine<'a> {
    in_flight: usize,
    most_in_flight: usize,
    wall_over_delay: Option<f64>,
    cpu_per_fetch_us: Option<f64>,
    memory_per_fetch_bytes: Option<f64>,
    usage: &'a Usage,
}

#[derive(Serialize)]
struct EndLine<'a> {
    in_flight: usize,
    why: &'static str,
    pages: usize,
    reason: &'a str,
}

/// The whole sweep as one document.
pub fn document(sweep: &Sweep) -> Vec<u8> {
    let document = Document {
        version: 1,
        runner: env!("CARGO_PKG_VERSION"),
        profile: if cfg!(debug_assertions) { "debug" } else { "release" },
        interrupted: sweep.interrupted,
        delay_us: sweep.delay.as_micros() as u64,
        steps: &sweep.steps,
        machine: Machine {
            os: consts::OS,
            arch: consts::ARCH,
            cpus: thread::available_parallelism().ok().map(Into::into),
        },
        stages: sweep.tracks.iter().map(stage_line).collect(),
    };
    let mut document = serde_json::to_vec_pretty(&document).expect("a sweep is JSON");
    document.push(b'\n');
    document
}

fn stage_line(track: &Track) -> StageLine<'_> {
    StageLine {
        stage: &track.entrant.name,
        language: track.entrant.language(),
        points: track.points.iter().map(point_line).collect(),
        end: track.end.as_ref().map(end_line),
    }
}

fn point_line(point: &Point) -> PointLine<'_> {
    PointLine {
        in_flight: point.in_flight,
        most_in_flight: point.most_in_flight,
        wall_over_delay: point.over_delay,
        cpu_per_fetch_us: point.cpu_per_fetch_us,
        memory_per_fetch_bytes: point.memory_per_fetch_bytes,
        usage: &point.usage,
    }
}

fn end_line(end: &End) -> EndLine<'_> {
    EndLine { in_flight: end.in_flight, why: end.why.word(), pages: end.pages, reason: &end.reason }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use expect_test::expect_file;

    use super::*;
    use crate::entrants;
    use crate::sweep::Why;

    fn point(in_flight: usize, memory_per_fetch_bytes: Option<f64>) -> Point {
        Point {
            in_flight,
            most_in_flight: in_flight,
            usage: Usage::default(),
            over_delay: Some(1.0 + in_flight as f64 / 40_000.0),
            cpu_per_fetch_us: Some(40.0 + 260.0 / in_flight as f64),
            memory_per_fetch_bytes,
        }
    }

    fn track(name: &str, steps: &[usize], end: Option<End>) -> Track {
        let memory = |step: usize| 190.0 + 60_000.0 / step as f64;
        Track {
            entrant: entrants::choose(&[name.to_owned()], &[]).unwrap().remove(0),
            points: steps.iter().map(|step| point(*step, Some(memory(*step)))).collect(),
            end,
        }
    }

    fn end(in_flight: usize, why: Why, pages: usize, reason: &str) -> Option<End> {
        Some(End { in_flight, why, pages, reason: reason.to_owned() })
    }

    #[test]
    fn a_screen() {
        let steps = [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000];
        let one_by_one =
            || end(10, Why::OneByOne, 0, "one page after the other: 10 would take 20 s");
        let select = end(3000, Why::Failed, 1019, "select cannot watch descriptor 1024");
        let mut late = track("thread-pool", &steps, None);
        late.points[8].most_in_flight = 8392;
        late.points[8].memory_per_fetch_bytes = Some(23_400.0);
        let mut unknown = track("process-pool", &steps[..2], end(10, Why::NotHere, 0, "not here"));
        unknown.points[1].memory_per_fetch_bytes = None;
        let sweep = Sweep {
            delay: Duration::from_secs(2),
            steps: steps.to_vec(),
            tracks: vec![
                track("blocking", &steps[..2], one_by_one()),
                unknown,
                late,
                track("busy-wait", &steps[..2], one_by_one()),
                track("select", &steps[..7], select),
                track("generator-task", &steps, None),
            ],
            interrupted: true,
        };
        let screen: Vec<String> =
            lines(&sweep, 80).iter().map(|line| format!("{}\n", line.trim_end())).collect();
        assert!(screen.iter().all(|line| line.chars().count() <= 81), "{screen:#?}");
        // The headline says what kind of build this is.
        let (_, screen) = screen.split_at(screen.iter().position(|line| line == "\n").unwrap());
        let screen = screen.concat();
        expect_file!["../../tests/screens/sweep-80.txt"].assert_eq(&screen);
    }

    #[test]
    fn the_decades_come_first_where_not_all_steps_fit() {
        let steps = [5, 10, 20, 50, 100, 200, 500, 1000, 1200];
        assert_eq!(shown_steps(&steps, 9), steps);
        assert_eq!(shown_steps(&steps, 8), [5, 10, 100, 1000, 1200]);
        assert_eq!(shown_steps(&steps, 3), [100, 1000, 1200]);
    }
}
