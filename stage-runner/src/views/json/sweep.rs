//! A sweep as one document.

use crawl::protocol::Usage;
use serde::Serialize;

use super::VERSION;
use crate::lineup::Language;
use crate::results::sweep::{End, Point, Track};
use crate::results::{Build, Machine, Sweep};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    #[serde(flatten)]
    build: &'a Build,
    interrupted: bool,
    delay_us: u64,
    steps: &'a [usize],
    machine: &'a Machine,
    python: Option<&'a str>,
    stages: Vec<StageLine<'a>>,
}

#[derive(Serialize)]
struct StageLine<'a> {
    stage: &'a str,
    language: Language,
    points: Vec<PointLine<'a>>,
    end: Option<EndLine>,
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
struct EndLine {
    in_flight: usize,
    why: &'static str,
    pages: usize,
    reason: String,
}

/// The whole sweep as one document.
pub fn sweep(sweep: &Sweep) -> Vec<u8> {
    super::printed(&Document {
        version: VERSION,
        build: &sweep.build,
        interrupted: sweep.interrupted,
        delay_us: sweep.delay.as_micros() as u64,
        steps: &sweep.steps,
        machine: &sweep.machine,
        python: sweep.python.as_deref(),
        stages: sweep.tracks.iter().map(stage_line).collect(),
    })
}

fn stage_line(track: &Track) -> StageLine<'_> {
    StageLine {
        stage: &track.entrant.name,
        language: track.entrant.language,
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

fn end_line(end: &End) -> EndLine {
    EndLine {
        in_flight: end.in_flight,
        why: end.why.word(),
        pages: end.pages,
        reason: end.reason(),
    }
}
