//! The child's half of the protocol: one stage, one crawl, in a process of its own.

use std::io;
use std::process::ExitCode;

use crawl::protocol::{Job, JobTarget, Line, VERSION};
use crawl::{Limits, Outcome, Target, Worker};

use crate::family;
use crate::reporter::{Reporter, write_out};
use crate::stages::{self, Stage};
use crate::summary::FAILED_READS;

/// Runs the stage of that name on the job that stdin brings.
pub fn run(name: &str) -> ExitCode {
    family::die_with_parent();
    let told =
        stages::find(name).map_err(|_| format!("no stage is called {name}")).and_then(|found| {
            let job = read_job()?;
            crawl(found[0], &job)
        });
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
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

fn crawl(stage: &Stage, job: &Job) -> Result<(), String> {
    let limits = Limits::from(&job.limits);
    let targets = targets(job)?;
    let mut finished = vec![false; targets.len()];
    let mut failed_attempts = 0;
    family::make_room_for_descriptors(limits.concurrency.get().min(targets.len()));
    let mut reporter = Reporter::start(targets.len())
        .map_err(|error| format!("no thread to report on the crawl: {error}"))?;
    let began = reporter.begin();

    let result = (stage.crawl)(&targets, &limits, &mut |outcome| {
        finished[outcome.target] = true;
        failed_attempts += u64::from(outcome.failed_attempts);
        reporter.done(outcome, job.digest);
    });

    let mut usage = reporter.end(began);
    if let Err(error) = result {
        for (target, _) in finished.iter().enumerate().filter(|(_, finished)| !**finished) {
            reporter.done(Outcome::not_waited_for(target, &error), false);
        }
    }
    let workers = reporter.finish();
    let threads = workers.iter().filter(|by| matches!(by, Worker::Thread(_))).count() as u64;
    let processes = workers.iter().filter(|by| matches!(by, Worker::Process(_))).count() as u64;
    usage.threads = usage.threads.map(|seen| seen.max(1 + threads));
    usage.processes = Some(1 + processes);
    usage.figures = (stage.figures)();
    if failed_attempts > 0 {
        usage.figures.insert(FAILED_READS.to_owned(), failed_attempts);
    }
    usage.workers_private_bytes = (stage.workers_private_bytes)();
    let mut line = serde_json::to_vec(&Line::Usage(usage)).expect("a usage is JSON");
    line.push(b'\n');
    write_out(&line);
    Ok(())
}

fn targets(job: &Job) -> Result<Vec<Target>, String> {
    let target = |wanted: &JobTarget| Target::try_from(wanted).map_err(|error| error.to_string());
    job.targets.iter().map(target).collect()
}
