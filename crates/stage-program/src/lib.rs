//! The whole `main` of a stage that lives outside of the runner.
//!
//! A stage is a function; a program around it reads the job from standard input and writes the
//! protocol's lines to standard output (`docs/protocol.md`):
//!
//! ```no_run
//! use std::io;
//! use std::process::ExitCode;
//!
//! use crawl::{Limits, Outcome, Target};
//!
//! fn crawl(targets: &[Target], limits: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
//!     // Fetch each target, at most `limits.concurrency` at once, and call `done` as each fetch
//!     // ends.
//! #   let _ = (targets, limits, done);
//!     Ok(())
//! }
//!
//! fn main() -> ExitCode {
//!     stage_program::run(crawl)
//! }
//! ```
//!
//! The runner starts its own stages the same way, so that all of them are measured alike, from
//! inside: the figures are the crawl's alone.
//!
//! - `reporter`: takes outcomes from the crawl at next to no cost, and writes the lines
//! - `steps`: what each worker did from when to when, if the job asks for it
//! - [`Figures`]: numbers that only the stage knows
//! - [`system`]: what the system tells a process about itself and its parent

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use crawl::protocol::{Job, JobTarget, Line, VERSION};
use crawl::{Limits, Outcome, Target, Worker};

mod reporter;
mod steps;

mod figures;
pub mod system;

pub use figures::{Extra, Figures};

use reporter::{Reporter, write_out};
use steps::{Crawl, steps};

/// Notes of a recorded crawl for which there is room: so many a page, and no more than so many.
const NOTES_A_PAGE: usize = 64;
const NOTES: usize = 200_000;

/// Runs a stage on the job that standard input brings: the whole `main` of its program.
///
/// The exit status is a failure where there is no job to run; what is wrong with it is then on
/// standard error. A crawl that fails is not a failure of the program: every target that is left
/// over gets an outcome that says why.
///
/// Where the parent can be told to the system (Linux), it takes this process with it when it dies;
/// elsewhere the program ends when it finds that nobody reads its lines any more.
pub fn run(
    crawl: impl FnOnce(&[Target], &Limits, &mut dyn FnMut(Outcome)) -> io::Result<()>,
) -> ExitCode {
    run_with(crawl, Extra::default)
}

/// Like [`run`], for a stage that has more to tell: `extra` is called after the crawl.
pub fn run_with(
    crawl: impl FnOnce(&[Target], &Limits, &mut dyn FnMut(Outcome)) -> io::Result<()>,
    extra: impl FnOnce() -> Extra,
) -> ExitCode {
    system::die_with_parent();
    match read_job().and_then(|job| run_job(&job, crawl, extra)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Where the words do not arrive, the exit status has to do.
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

fn read_job() -> Result<Job, String> {
    let job: Job = serde_json::from_reader(io::stdin().lock())
        .map_err(|error| format!("stdin is not a job: {error}"))?;
    if job.protocol != VERSION {
        return Err(format!("this speaks protocol {VERSION}, and the job {}", job.protocol));
    }
    Ok(job)
}

fn run_job(
    job: &Job,
    crawl: impl FnOnce(&[Target], &Limits, &mut dyn FnMut(Outcome)) -> io::Result<()>,
    extra: impl FnOnce() -> Extra,
) -> Result<(), String> {
    let limits = Limits { digest: job.digest, ..Limits::from(&job.limits) };
    let targets = targets(job)?;
    let mut finished = vec![false; targets.len()];
    let mut by = vec![None; if job.activity { targets.len() } else { 0 }];
    let mut failed_attempts = 0;
    system::make_room_for_descriptors(limits.concurrency.get().min(targets.len()));
    let mut reporter = Reporter::start(targets.len())
        .map_err(|error| system::with_what_helps(&error))
        .map_err(|why| format!("no thread to report on the crawl: {why}"))?;
    if job.activity {
        // Before memory is counted, like the reporter's.
        recorder::begin(NOTES.min(targets.len() * NOTES_A_PAGE + NOTES_A_PAGE), slept);
    }
    let began = reporter.begin();

    let result = crawl(&targets, &limits, &mut |outcome| {
        finished[outcome.target] = true;
        if job.activity {
            by[outcome.target] = Some(outcome.by);
        }
        failed_attempts += u64::from(outcome.failed_attempts);
        reporter.done(outcome, job.digest);
    });

    let mut usage = reporter.end(began);
    for bytes in [&mut usage.start_rss_bytes, &mut usage.peak_rss_bytes].into_iter().flatten() {
        // The recorder's buffer, all of it touched, is none of the stage's memory.
        *bytes = bytes.saturating_sub(recorder::bytes());
    }
    if let Err(error) = result {
        let error = io::Error::other(system::with_what_helps(&error));
        let left_over = match finished.contains(&true) {
            true => Outcome::not_waited_for,
            false => Outcome::not_started,
        };
        for (target, _) in finished.iter().enumerate().filter(|(_, finished)| !**finished) {
            reporter.done(left_over(target, &error), false);
        }
    }
    let workers = reporter.finish();
    if job.activity {
        let ended = began + Duration::from_micros(usage.wall_us.unwrap_or(0));
        usage.dropped_steps = write_steps(&Crawl { began, ended, workers: &by });
    }
    let mut extra = extra();
    let threads = workers.iter().filter(|by| matches!(by, Worker::Thread(_))).count() as u64;
    let processes = workers.iter().filter(|by| matches!(by, Worker::Process(_))).count() as u64;
    // A worker for which no target was left ran no fetch, and was there all the same.
    let (threads, processes) = match (extra.figures.workers, extra.figures.processes_started) {
        (Some(workers), Some(_)) => (threads, processes.max(workers)),
        (Some(workers), None) => (threads.max(workers), processes),
        (None, _) => (threads, processes),
    };
    if threads + processes > 0 {
        // Only the calling thread was asked, and others did the work.
        usage.runnable_us = None;
    }
    usage.threads = usage.threads.map(|seen| seen.max(1 + threads));
    usage.processes = Some(1 + processes);

    if failed_attempts > 0 {
        extra.figures.failed_reads = Some(failed_attempts);
    }
    usage.figures = extra.figures.into();
    usage.workers_private_bytes = extra.workers_private_bytes;
    let mut line = serde_json::to_vec(&Line::Usage(usage)).expect("a usage is JSON");
    line.push(b'\n');
    write_out(&line);
    Ok(())
}

/// Writes what was recorded. Returns how many notes there was no room for, if there are any.
fn write_steps(crawl: &Crawl<'_>) -> Option<u64> {
    let recording = recorder::end();
    for step in steps(&recording.notes, crawl).chunks(500) {
        let mut lines = Vec::new();
        for step in step {
            let line = Line::Activity(step.clone());
            serde_json::to_writer(&mut lines, &line).expect("a step is JSON");
            lines.push(b'\n');
        }
        write_out(&lines);
    }
    Some(recording.dropped).filter(|dropped| *dropped > 0)
}

/// How often the calling thread has given up the processor to wait, where the system tells.
fn slept() -> Option<u64> {
    Some(system::this_thread()?.switches?.0)
}

fn targets(job: &Job) -> Result<Vec<Target>, String> {
    let target = |wanted: &JobTarget| Target::try_from(wanted).map_err(|error| error.to_string());
    job.targets.iter().map(target).collect()
}
