//! The workers of the pool: started when needed, and stopped together.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crawl::{Outcome, Target};

use crate::become_worker;
use crate::worker::Worker;

/// More processes than this make a system unstable, so more are refused.
pub const MAX_WORKERS: usize = 512;

/// Worker processes. Each is started when it is first needed, and ends when
/// the pool is dropped.
pub struct Pool {
    workers: Vec<Worker>,
}

/// What a pool has paid for its workers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Workers that had a process, at any time.
    pub workers: u32,
    /// Processes that were started: a worker that dies is replaced.
    pub started: u32,
    /// The longest time from starting a process to its first message.
    pub longest_start: Duration,
    /// Memory that the workers had for themselves alone, where the system
    /// tells.
    pub private_bytes: Option<u64>,
}

impl Pool {
    /// A pool of that many workers. No process is started yet.
    ///
    /// # Errors
    /// More than [`MAX_WORKERS`]; or this process is itself a worker.
    pub fn new(workers: usize) -> io::Result<Pool> {
        if workers > MAX_WORKERS {
            return Err(io::Error::other(format!(
                "{workers} processes are more than most systems allow; \
                 ask for {MAX_WORKERS} at most"
            )));
        }
        become_worker::refuse_to_nest()?;
        let workers = (1..=workers as u32).map(Worker::new).collect();
        Ok(Pool { workers })
    }

    pub(crate) fn check_not_empty(
        &self,
        targets: &[Target],
    ) -> io::Result<()> {
        if !self.workers.is_empty() || targets.is_empty() {
            return Ok(());
        }
        Err(io::Error::other("a pool without workers fetches nothing"))
    }

    /// Starts all workers now, so that a crawl does not have to: afterwards
    /// a process pool is as fast as a thread pool.
    ///
    /// # Errors
    /// What the system says when a process cannot be started.
    pub fn warm_up(&mut self) -> io::Result<()> {
        self.workers.iter_mut().try_for_each(Worker::start_if_needed)
    }

    /// Runs `work` on a thread for each worker, and hands each outcome to
    /// `done`, on the caller's thread.
    pub(crate) fn run<W>(
        &mut self,
        done: &mut dyn FnMut(Outcome),
        work: W,
    ) -> io::Result<()>
    where
        W: Fn(&mut Worker, &SyncSender<Outcome>) -> io::Result<()> + Sync,
    {
        thread::scope(|scope| {
            // Pages do not pile up behind a slow `done`: a worker whose
            // outcome nobody takes yet waits.
            let (sender, outcomes) = sync_channel(self.workers.len());
            let work = &work;
            let mut threads = Vec::new();
            for worker in &mut self.workers {
                let sender = sender.clone();
                let run = move || work(worker, &sender);
                threads
                    .push(thread::Builder::new().spawn_scoped(scope, run));
            }
            drop(sender); // the channel ends with the last worker
            outcomes.into_iter().for_each(done);

            // While one worker could work, all targets were taken: the
            // others may have failed.
            let mut ends = Vec::new();
            for thread in threads {
                let end = thread.map(|thread| thread.join());
                ends.push(end.and_then(|end| end.expect(NO_PANIC)));
            }
            if ends.iter().any(Result::is_ok) {
                return Ok(());
            }
            ends.into_iter().collect()
        })
    }

    /// Stops the workers, and says what they have cost.
    pub fn stop(self) -> Figures {
        thread::scope(|scope| {
            // All at once. A worker for which there is no thread is ended
            // without being asked for its memory.
            let stop = |worker: Worker| {
                let figures = worker.figures;
                let thread = thread::Builder::new();
                let stop = || worker.stop();
                thread.spawn_scoped(scope, stop).map_err(|_| figures)
            };
            let threads: Vec<_> =
                self.workers.into_iter().map(stop).collect();
            let mut sum = Figures::default();
            for thread in threads {
                sum = sum.and(match thread {
                    Ok(thread) => thread.join().expect(NO_PANIC),
                    Err(figures) => figures,
                });
            }
            sum
        })
    }
}

const NO_PANIC: &str = "a thread of the pool does not panic";

impl Figures {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Figures) -> Figures {
        Figures {
            workers: self.workers + other.workers,
            started: self.started + other.started,
            longest_start: self.longest_start.max(other.longest_start),
            private_bytes: match (self.private_bytes, other.private_bytes) {
                (Some(one), Some(two)) => Some(one + two),
                (one, two) => one.or(two),
            },
        }
    }
}
