//! One worker: the process that does its work, and the next one if that
//! process dies.

use std::io;
use std::time::Instant;

use crawl::{ErrorKind, Limits, Outcome, Target, Timeline};

use crate::pool::Figures;
use crate::process::Process;
use crate::wire::Answer;

/// How often the pool tries to replace a worker that died before it goes on
/// without it.
const STARTS: u32 = 3;

/// A worker of the pool: its number, and the process that does its work at
/// the moment.
pub(crate) struct Worker {
    number: u32,
    process: Option<Process>,
    pub(crate) figures: Figures,
}

impl Worker {
    /// The worker with that number, counted from 1.
    pub(crate) fn new(number: u32) -> Worker {
        Worker { number, process: None, figures: Figures::default() }
    }

    pub(crate) fn start_if_needed(&mut self) -> io::Result<()> {
        // A process that ended while it had nothing to do takes no fetch
        // with it.
        self.process.take_if(|process| process.has_ended());
        if self.process.is_some() {
            return Ok(());
        }
        // Where a process has worked already, a failed start may be
        // temporary, so it is tried again.
        let retries = if self.figures.started > 0 { STARTS - 1 } else { 0 };
        for _ in 0..retries {
            if self.start().is_ok() {
                return Ok(());
            }
        }
        self.start()
    }

    fn start(&mut self) -> io::Result<()> {
        let begin = Instant::now();
        self.process = Some(Process::start()?);
        let figures = &mut self.figures;
        figures.workers = 1;
        figures.started += 1;
        figures.longest_start = figures.longest_start.max(begin.elapsed());
        Ok(())
    }

    /// Has a target fetched. A process that dies takes this one fetch with
    /// it, and is replaced before the next.
    pub(crate) fn fetch(
        &mut self,
        index: usize,
        target: &Target,
        limits: &Limits,
    ) -> Outcome {
        let by = crawl::Worker::Process(self.number);
        let timeline = Timeline::starting_now();
        let process = self.process.as_mut().expect("it has been started");
        let error = match process.fetch(index, target, limits) {
            Ok(Answer::Fetched(fetched)) => {
                return fetched.into_outcome(
                    by,
                    timeline.started,
                    timeline.started,
                );
            }
            Ok(_) => io::ErrorKind::InvalidData.into(),
            Err(error) => error,
        };
        let end = self.process.take().map(Process::end).unwrap_or_default();
        let message = format!("{by} ended ({end}): {error}");
        let died =
            Outcome::not_fetched(index, by, ErrorKind::WorkerDied, message);
        let finished = Some(timeline.started.elapsed());
        Outcome { timeline: Timeline { finished, ..timeline }, ..died }
    }

    pub(crate) fn stop(mut self) -> Figures {
        let process = self.process.as_mut();
        let private_bytes = process.and_then(Process::private_bytes);
        Figures { private_bytes, ..self.figures }
    }
}
