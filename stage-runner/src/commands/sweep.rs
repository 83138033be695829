//! `stage-runner sweep`: each stage with more and more in flight, until it goes no further.

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use crawl::protocol::OutcomeLine;

use super::{python, status};
use crate::cli::{SweepFormat, SweepOptions, wrong_in};
use crate::lineup::entrants::{self, Entrant};
use crate::measure::Originals;
use crate::measure::sweep::{step, steps};
use crate::results::sweep::Track;
use crate::results::{Build, Machine, Sweep};
use crate::system::{processes, signals};
use crate::terminal::countdown::{NowAndThen, SweepCountdown};
use crate::terminal::look::{Charset, Color, Look};
use crate::terminal::{file, print, progress};
use crate::views::{json, screen, sentences, svg};

/// Sweeps as the command line asks for.
pub fn run(options: &SweepOptions) -> ExitCode {
    let look = Look::new(Color::Never, Charset::Auto);
    progress::set_up(options.quiet, look.ascii);
    let languages = options.language.languages();
    let mut entrants = entrants::choose(&options.stages, &[], languages).unwrap_or_else(wrong);
    let steps = steps(options.from.get(), options.to.get(), options.per_decade);
    let steps = steps.unwrap_or_else(wrong);
    if let Some(svg) = &options.svg {
        file::check(svg).unwrap_or_else(wrong);
    }

    if let Err(failure) = super::watch_signals() {
        return failure;
    }
    processes::raise_descriptor_limit();
    let python = match python::for_those_who_need_it(&mut entrants, languages) {
        Ok(python) => python,
        Err(failure) => return failure,
    };
    let originals = python.originals.as_ref();
    let mut sweep = Sweep {
        delay: options.delay,
        steps,
        build: Build::this(),
        machine: Machine::this(),
        python: originals.map(|originals| originals.version().to_owned()),
        tracks: Vec::new(),
        interrupted: false,
    };
    let swept = run_all(&entrants, originals, &mut sweep);
    progress::end();
    sweep.interrupted = signals::asked();
    let printed = swept.and_then(|()| match options.format {
        SweepFormat::Table => print::lines(&look, &screen::sweep::lines(&sweep, &look.style)),
        SweepFormat::Json => print::bytes(&json::sweep(&sweep)),
    });
    if let Some(file) = &options.svg
        && super::saved("chart", file, &svg::sweep(&sweep)) != ExitCode::SUCCESS
    {
        return ExitCode::FAILURE;
    }
    let is_fine = sweep.tracks.iter().all(Track::is_fine) && !python.is_missed;
    status(printed.map(|()| is_fine))
}

fn wrong<T>(message: String) -> T {
    wrong_in("sweep", message)
}

fn run_all(
    entrants: &[Entrant],
    originals: Option<&Originals>,
    sweep: &mut Sweep,
) -> io::Result<()> {
    let mut countdown = SweepCountdown::begin(entrants, sweep.delay, &sweep.steps);
    for (index, entrant) in entrants.iter().enumerate() {
        countdown.next_stage(entrant, &entrants[..index]);
        let mut track = Track { entrant: entrant.clone(), points: Vec::new(), end: None };
        let result = run_one(&mut track, originals, sweep, &mut countdown);
        sweep.tracks.push(track);
        result?;
        if signals::asked() {
            break;
        }
    }
    Ok(())
}

fn taken_again(entrant: &Entrant, stopped_us: u64) {
    progress::note(&sentences::taken_again(&entrant.title(), stopped_us));
}

/// One stage, up to where it ends.
fn run_one(
    track: &mut Track,
    originals: Option<&Originals>,
    sweep: &Sweep,
    countdown: &mut SweepCountdown,
) -> io::Result<()> {
    let entrant = &track.entrant;
    for &in_flight in &sweep.steps {
        let mut result: io::Result<()> = Ok(());
        let mut live = NowAndThen::default();
        let heard = &mut |outcome: Option<&OutcomeLine>| {
            if live.is_due() {
                countdown.show(entrant, in_flight);
            }
            if outcome.is_none() && processes::stdout_is_closed() {
                result = Err(ErrorKind::BrokenPipe.into());
            }
            result.is_ok()
        };
        let step = step(entrant, originals, sweep.delay, in_flight, heard, taken_again)?;
        result?;
        if signals::asked() {
            return Ok(());
        }
        countdown.done(entrant, in_flight);
        match step {
            Ok(point) => track.points.push(point),
            Err(end) => {
                track.end = Some(end);
                return Ok(());
            }
        }
    }
    Ok(())
}
