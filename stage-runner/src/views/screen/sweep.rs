//! What a sweep found: three tables of the same shape, and sentences.

use crate::results::Sweep;
use crate::results::sweep::{End, Track};
use crate::views::Style;
use crate::views::columns::UNKNOWN;
use crate::views::measures::{FEW, MEASURES, Measure, not_all_at_once};
use crate::words::{self, wrapped};

/// Columns of one figure, the space before it included.
const FIGURE: usize = 7;

/// The longest name that is shown whole.
const NAME: usize = 24;

/// The tables, and below them what ended where.
pub fn lines(sweep: &Sweep, style: &Style) -> Vec<String> {
    let width = style.width;
    let debug = if sweep.build.is_debug() { " (debug build: CPU reads high)" } else { "" };
    let python = sweep.python.as_ref().map(|version| format!(", Python {version}"));
    let python = python.unwrap_or_default();
    let delay = words::plain(sweep.delay);
    let mut lines = wrapped(
        &format!(
            "{}, each {delay} away, all at once, one run each{python}{debug}",
            range(&sweep.steps)
        ),
        width,
        0,
    );
    let names = sweep.tracks.iter().map(|track| words::width(&track.title()));
    let name = names.max().unwrap_or(0).clamp("in flight".len(), NAME);
    let shown = shown_steps(&sweep.steps, (width.saturating_sub(name) / FIGURE).max(1));
    for measure in &MEASURES {
        lines.extend([String::new(), measure.title.to_owned()]);
        let heads = shown.iter().map(|step| words::count(*step as u64));
        lines.push(row("in flight", name, heads));
        for track in &sweep.tracks {
            let cells = shown.iter().map(|step| cell(track, *step, measure));
            lines.push(row(&words::cut(&track.title(), name), name, cells));
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
    let count = |step: &usize| words::count(*step as u64);
    match steps {
        [first, .., last] => format!("From {} to {} pages", count(first), count(last)),
        steps => words::plural(steps[0] as u64, "page"),
    }
}

fn row(name: &str, width: usize, cells: impl Iterator<Item = String>) -> String {
    let cells = cells.map(|cell| format!("{cell:>FIGURE$}"));
    format!("{}{}", words::padded(name, width), cells.collect::<String>())
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

fn ends(sweep: &Sweep) -> Vec<String> {
    let sentence = |(tracks, end): (Vec<&Track>, &End)| {
        let names: Vec<_> = tracks.iter().map(|track| track.title()).collect();
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        let (names, many) = (words::list(&names), words::count(end.in_flight as u64));
        let some = match end.pages {
            0 => String::new(),
            pages if pages == end.in_flight => String::new(),
            pages => format!(", of which {} came", words::count(pages as u64)),
        };
        format!("× {names} at {many}{some}: {}.", end.reason().trim_end_matches('.'))
    };
    sweep.common_ends().into_iter().map(sentence).collect()
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
        Some((track.title(), point.memory_per_fetch_bytes))
    });
    let there: Vec<_> = there.collect();
    let known =
        there.iter().filter_map(|(name, bytes)| Some((bytes.as_ref()?.round() as u64, name)));
    let mut memory: Vec<_> = known.collect();
    memory.sort_unstable();
    let [(least, lean), .., (greatest, fat)] = memory[..] else { return None };
    Some(format!(
        "{} at once: {} of {} get there. A fetch in flight takes {} ({lean}) to {} ({fat}).",
        words::count(most as u64),
        there.len(),
        words::plural(sweep.tracks.len() as u64, "stage"),
        words::bytes(least),
        words::bytes(greatest),
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crawl::ErrorKind;
    use crawl::protocol::Usage;
    use expect_test::expect_file;

    use super::*;
    use crate::lineup::{Languages, entrants};
    use crate::results::sweep::{Point, Why};
    use crate::results::{Build, Machine, Profile};

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
            entrant: entrants::choose(&[name.to_owned()], &[], Languages::Rust).unwrap().remove(0),
            points: steps.iter().map(|step| point(*step, Some(memory(*step)))).collect(),
            end,
        }
    }

    fn end(in_flight: usize, pages: usize, why: Why) -> Option<End> {
        Some(End { in_flight, pages, why })
    }

    #[test]
    fn a_screen() {
        let steps = [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000];
        let one_by_one = || end(10, 0, Why::OneByOne(Duration::from_secs(20)));
        let message = "select cannot watch descriptor 1024".to_owned();
        let select = end(3000, 1019, Why::Pages(ErrorKind::Io, message));
        let mut late = track("thread-pool", &steps, None);
        late.points[8].most_in_flight = 8392;
        late.points[8].memory_per_fetch_bytes = Some(23_400.0);
        let mut unknown =
            track("process-pool", &steps[..2], end(10, 0, Why::NotHere("not here".to_owned())));
        unknown.points[1].memory_per_fetch_bytes = None;
        let sweep = Sweep {
            delay: Duration::from_secs(2),
            steps: steps.to_vec(),
            build: Build { version: "1.0.0".to_owned(), profile: Profile::Release },
            machine: Machine {
                os: "linux".to_owned(),
                arch: "x86_64".to_owned(),
                cpus: Some(2),
                descriptors: None,
            },
            python: None,
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
        let lines = lines(&sweep, &Style { width: 80 });
        let screen: String = lines.iter().map(|line| format!("{}\n", line.trim_end())).collect();
        assert!(screen.lines().all(|line| words::width(line) <= 80), "{screen}");
        expect_file!["../../../tests/screens/sweep-80.txt"].assert_eq(&screen);
    }

    #[test]
    fn the_decades_come_first_where_not_all_steps_fit() {
        let steps = [5, 10, 20, 50, 100, 200, 500, 1000, 1200];
        assert_eq!(shown_steps(&steps, 9), steps);
        assert_eq!(shown_steps(&steps, 8), [5, 10, 100, 1000, 1200]);
        assert_eq!(shown_steps(&steps, 3), [100, 1000, 1200]);
    }
}
