//! Chapter 2: ten processes, each asleep in a call of its own.
//!
//! **What it does.** A fixed number of worker processes each run
//! [`fetch`](stage_01_blocking::fetch) of chapter 1, unchanged. A worker is this very program,
//! started again: see [`become_worker_if_asked`].
//!
//! **How it waits.** As in chapter 1, many times over: a call puts only its own process to sleep,
//! and the system runs another one. Ten pages at once take the longest wait.
//!
//! **What is new.** Hire ten sleepers, and pay for hiring them. Processes share nothing, so no lock
//! is needed, and one that crashes takes nothing but its own fetch with it; but each target and each
//! page travels through a pipe, and every process has to be started. [`Figures`] tells starting
//! and working apart.

mod wire;
mod worker;

mod process;

use std::io;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crawl::{ErrorKind, Limits, Outcome, Target, Timeline, Worker};

use process::Process;
use wire::Answer;

pub use worker::become_worker_if_asked;

/// More processes than this make a system unstable, so more are refused.
pub const MAX_WORKERS: usize = 512;

/// How often the pool tries to fill the place of a worker that died before it goes on without it.
const STARTS: u32 = 3;

/// Fetches the targets on `limits.concurrency` processes, and hands each outcome to `done` as it
/// comes.
///
/// # Errors
/// More than [`MAX_WORKERS`] asked for; what the system says when not even one process can be
/// started, or when this program does not [become a worker](become_worker_if_asked).
pub fn crawl(targets: &[Target], limits: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    crawl_with_figures(targets, limits, done).map(|_| ())
}

/// The same, and says what was paid for the workers.
///
/// # Errors
/// As [`crawl()`].
pub fn crawl_with_figures(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<Figures> {
    let mut pool = Pool::new(limits.concurrency.get().min(targets.len()))?;
    pool.crawl(targets, limits, done)?;
    Ok(pool.dismiss())
}

/// Worker processes. Each is started when it is first needed, and ends when the pool is dropped.
pub struct Pool {
    workers: Vec<Hired>,
}

/// A place in the pool: its number, and the process that fills it at the moment.
struct Hired {
    number: u32,
    process: Option<Process>,
    figures: Figures,
}

/// What a pool has paid for its workers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Processes that were started.
    pub started: u32,
    /// The longest time from starting a process to its first word.
    pub longest_start: Duration,
    /// Memory that the workers had for themselves alone, where the system tells.
    pub private_bytes: Option<u64>,
}

impl Pool {
    /// A pool with places for that many workers. No process is started yet.
    ///
    /// # Errors
    /// More than [`MAX_WORKERS`]; or this process is itself a worker.
    pub fn new(workers: usize) -> io::Result<Pool> {
        if workers > MAX_WORKERS {
            return Err(io::Error::other(format!(
                "{workers} worker processes are too many for most systems: {MAX_WORKERS} at most"
            )));
        }
        worker::refuse_to_nest()?;
        let hired = |number| Hired { number, process: None, figures: Figures::default() };
        Ok(Pool { workers: (1..=workers as u32).map(hired).collect() })
    }

    /// Starts all workers now, so that a crawl does not have to: afterwards a process pool is as
    /// fast as a thread pool.
    ///
    /// # Errors
    /// What the system says when a process cannot be started.
    pub fn warm_up(&mut self) -> io::Result<()> {
        self.workers.iter_mut().try_for_each(Hired::start_if_needed)
    }

    /// Fetches the targets on all workers of the pool, however many `limits` asks for, and hands each
    /// outcome to `done`, on the caller's thread, as it comes.
    ///
    /// For each worker a thread of ours sleeps until its pipe speaks (Python's pools keep such
    /// threads as well). The fetching is done by the processes.
    ///
    /// # Errors
    /// What the system says when the last worker is gone and cannot be replaced.
    pub fn crawl(
        &mut self,
        targets: &[Target],
        limits: &Limits,
        done: &mut dyn FnMut(Outcome),
    ) -> io::Result<()> {
        if self.workers.is_empty() && !targets.is_empty() {
            return Err(io::Error::other("a pool without places fetches nothing"));
        }
        let list = Mutex::new(targets.iter().enumerate());
        let attend = |worker: &mut Hired, sender: mpsc::SyncSender<Outcome>| {
            let next = || list.lock().unwrap_or_else(PoisonError::into_inner).next();
            loop {
                // First the worker, then its target: a target once taken is fetched by nobody else.
                worker.start_if_needed()?;
                let Some((index, target)) = next() else { return Ok(()) };
                if sender.send(worker.fetch(index, target, limits)).is_err() {
                    return Ok(()); // nobody wants to know any more
                }
            }
        };

        thread::scope(|scope| {
            // A worker whose outcome nobody takes yet waits: pages do not pile up behind a slow `done`.
            let (sender, outcomes) = mpsc::sync_channel(self.workers.len());
            let attend = &attend;
            let attendants: Vec<_> = self
                .workers
                .iter_mut()
                .map(|worker| {
                    let sender = sender.clone();
                    thread::Builder::new().spawn_scoped(scope, move || attend(worker, sender))
                })
                .collect();
            drop(sender); // the last attendant to leave ends the loop
            outcomes.into_iter().for_each(done);

            // While one attendant could work, all targets were taken: the others may have failed.
            let left: Vec<io::Result<()>> = attendants
                .into_iter()
                .map(|attendant| attendant?.join().expect("an attendant does not panic"))
                .collect();
            if left.iter().any(Result::is_ok) { Ok(()) } else { left.into_iter().collect() }
        })
    }

    /// Lets the workers go, and says what they have cost.
    pub fn dismiss(self) -> Figures {
        thread::scope(|scope| {
            // All at once. One for whom there is no thread leaves without a goodbye.
            let leave = |worker: Hired| {
                let figures = worker.figures;
                let thread = thread::Builder::new();
                thread.spawn_scoped(scope, || worker.dismiss()).map_err(|_| figures)
            };
            let leaving: Vec<_> = self.workers.into_iter().map(leave).collect();
            leaving.into_iter().fold(Figures::default(), |sum, worker| {
                sum.and(worker.map_or_else(
                    |figures| figures,
                    |thread| thread.join().expect("a worker that leaves does not panic"),
                ))
            })
        })
    }
}

impl Figures {
    fn and(self, other: Figures) -> Figures {
        Figures {
            started: self.started + other.started,
            longest_start: self.longest_start.max(other.longest_start),
            private_bytes: match (self.private_bytes, other.private_bytes) {
                (Some(mine), Some(its)) => Some(mine + its),
                (mine, its) => mine.or(its),
            },
        }
    }
}

impl Hired {
    fn start_if_needed(&mut self) -> io::Result<()> {
        // One that went away while it had nothing to do takes no fetch with it.
        self.process.take_if(|process| process.is_gone());
        if self.process.is_some() {
            return Ok(());
        }
        // Where one has worked already, another one can: what befalls it while it starts may pass.
        for _ in 1..if self.figures.started > 0 { STARTS } else { 1 } {
            if self.start().is_ok() {
                return Ok(());
            }
        }
        self.start()
    }

    fn start(&mut self) -> io::Result<()> {
        let begin = Instant::now();
        self.process = Some(Process::start()?);
        self.figures.started += 1;
        self.figures.longest_start = self.figures.longest_start.max(begin.elapsed());
        Ok(())
    }

    fn dismiss(mut self) -> Figures {
        let private_bytes = self.process.as_mut().and_then(Process::private_bytes);
        Figures { private_bytes, ..self.figures }
    }

    /// Has a target fetched. A worker that dies takes this one fetch with it; its place is filled
    /// again before the next.
    fn fetch(&mut self, index: usize, target: &Target, limits: &Limits) -> Outcome {
        let by = Worker::Process(self.number);
        let timeline = Timeline::starting_now();
        let process = self.process.as_mut().expect("an attendant starts it first");
        let error = match process.fetch(target, limits) {
            Ok(Answer::Fetched(fetched)) => {
                return fetched.into_outcome(index, by, timeline.started);
            }
            Ok(_) => io::ErrorKind::InvalidData.into(),
            Err(error) => error,
        };
        let end = self.process.take().map(Process::end);
        let message = format!("{by} went away ({}): {error}", end.unwrap_or_default());
        let died = Outcome::not_fetched(index, by, ErrorKind::WorkerDied, message);
        let finished = Some(timeline.started.elapsed());
        Outcome { timeline: Timeline { finished, ..timeline }, ..died }
    }
}
