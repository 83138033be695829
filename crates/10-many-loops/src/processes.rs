//! The same with processes instead of threads: chapter 2's pool, with a
//! loop of chapter 9 in each worker.
//!
//! **What is new.** A worker of chapter 2 has one fetch, so the pool writes
//! a request and waits for its answer. Here a worker has many fetches in
//! flight. The pool gives it *credit*: so many requests at once, and one
//! more for each answer. The answers come in any order, so each has the
//! number of its target.
//!
//! ```text
//! this program: the pool                        worker processes
//! +---------------------------------------+
//! | list --+-> thread 1 <-> pipe threads <-+-- pipes --> loop 1: fetches
//! |        +-> thread 2 <-> pipe threads <-+-- pipes --> loop 2: fetches
//! |                |                      |
//! | done <---------+ outcomes             |
//! +---------------------------------------+
//! ```
//!
//! A worker that dies takes all its fetches with it. Their targets go back
//! to the front of the list, and a new process takes its place.

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, Sender, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use crawl::protocol::JobLimits;
use crawl::{ErrorKind, Limits, Outcome, Target, Worker};
use stage_02_process_pool::Figures;
use stage_02_process_pool::parts::{
    Answer, GRACE, Process, Request, read_hello, refuse_to_nest,
};

use crate::become_worker::LOOP;
use crate::list::List;
use crate::share;

pub use crate::become_worker::become_worker_if_asked;

/// How often the pool tries to start a process in the place of one that
/// died, before it goes on without it.
const STARTS: u32 = 3;

/// Fetches the targets on a process for each core, each with a loop, and
/// hands each outcome to `done`, on the caller's thread, as it comes. All
/// loops together have at most `limits.concurrency` fetches in flight.
///
/// # Errors
/// What the system says when no process can be started, or when this
/// program does not [become a worker](become_worker_if_asked).
pub fn crawl(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    let cores = thread::available_parallelism();
    let cores = cores.map_or(1, NonZeroUsize::get);
    crawl_on(cores, targets, limits, done).map(|_| ())
}

/// The same, on so many processes; on fewer where there would be nothing
/// for them to do. It says what they have cost.
///
/// # Errors
/// As [`crawl()`].
pub fn crawl_on(
    processes: usize,
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<Figures> {
    refuse_to_nest()?;
    let at_once = limits.concurrency.get();
    let processes = processes.min(at_once).min(targets.len());
    let list = &List::new(targets);
    thread::scope(|scope| {
        // Pages do not pile up behind a slow `done`.
        let (sender, outcomes) = sync_channel(at_once.min(100));
        let mut threads = Vec::new();
        for number in 0..processes {
            let credit = share(at_once, processes, number);
            let limits = Limits { concurrency: credit, ..*limits };
            let by = Worker::Process(number as u32 + 1);
            let sender = sender.clone();
            let run = move || Loop::new(by, limits).serve(list, &sender);
            threads.push(thread::Builder::new().spawn_scoped(scope, run));
        }
        drop(sender); // the channel ends with the last loop
        outcomes.into_iter().for_each(done);

        let (mut failure, mut figures) = (None, Figures::default());
        for thread in threads {
            let ended = thread.and_then(|thread| {
                thread.join().expect("a thread of the pool does not panic")
            });
            match ended {
                Ok(cost) => figures = figures.and(cost),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            // While one worker could work, it did the work of the others.
            Some(error) if list.has_more() => Err(error),
            _ => Ok(figures),
        }
    })
}

/// A worker with a loop: the process that does its work at the moment, and
/// the fetches that it has in flight.
struct Loop {
    by: Worker,
    limits: Limits,
    process: Option<Process>,
    /// When the process was started, and when it had said hello.
    started: RangeInclusive<Instant>,
    /// The moment in between from which it counts the times that it notes
    /// in a recorded crawl: one for all of them, told with the first.
    since: Option<Instant>,
    /// By target: when it was handed over.
    in_flight: BTreeMap<usize, Instant>,
    figures: Figures,
}

impl Loop {
    fn new(by: Worker, limits: Limits) -> Loop {
        let now = Instant::now();
        Loop {
            by,
            limits,
            process: None,
            started: now..=now,
            since: None,
            in_flight: BTreeMap::new(),
            figures: Figures::default(),
        }
    }

    /// Has targets fetched until the list is empty.
    fn serve(
        mut self,
        list: &List,
        outcomes: &SyncSender<Outcome>,
    ) -> io::Result<Figures> {
        let done = |outcome: Outcome| {
            list.has_ended(outcome.target);
            if outcomes.send(outcome).is_err() {
                list.close(); // nobody takes outcomes any more
            }
        };
        loop {
            // First the process, then its targets.
            self.start_if_needed()?;
            match self.hand_over(list).and_then(|()| self.next_outcome()) {
                Ok(Some(outcome)) => done(outcome),
                Ok(None) => return Ok(self.stop()),
                Err(error) => {
                    let ended = self.process.take().map(Process::end);
                    let ended = ended.unwrap_or_default();
                    for target in list.has_died(self.by) {
                        done(self.died(target, &ended, &error));
                    }
                    self.in_flight.clear();
                }
            }
        }
    }

    fn start_if_needed(&mut self) -> io::Result<()> {
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
        let limits = JobLimits::from(&self.limits);
        let serve = move |to, from, requests, answers| {
            exchange(to, from, requests, &answers, &limits);
        };
        self.process = Some(Process::start_with(LOOP, serve)?);
        self.started = begin..=Instant::now();
        self.since = None;
        let figures = &mut self.figures;
        figures.workers = 1;
        figures.started += 1;
        figures.longest_start = figures.longest_start.max(begin.elapsed());
        Ok(())
    }

    /// Uses up the credit of the worker.
    fn hand_over(&mut self, list: &List) -> io::Result<()> {
        let process = self.process.as_ref().expect("it has been started");
        while self.in_flight.len() < self.limits.concurrency.get()
            && let Some((index, target)) = list.take(self.by)
        {
            self.in_flight.insert(index, Instant::now());
            let request =
                Request::fetch(index as u64, &target, &self.limits);
            process.send(request)?;
        }
        Ok(())
    }

    /// Sleeps until a fetch has ended. `None`: no fetch is in flight.
    fn next_outcome(&mut self) -> io::Result<Option<Outcome>> {
        let Some(oldest) = self.in_flight.values().min() else {
            return Ok(None);
        };
        // A worker keeps the deadlines by itself. One that is much later
        // will not answer any more: it has been stopped, for example.
        let most = self.limits.deadline.saturating_add(GRACE);
        let left = most.saturating_sub(oldest.elapsed());
        let process = self.process.as_mut().expect("it has been started");
        let Answer::Fetched(fetched) = process.answer(left)? else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let target = fetched.number() as usize;
        let Some(started) = self.in_flight.remove(&target) else {
            return Err(io::Error::other("it answers what nobody asked"));
        };
        let since = || fetched.since(self.started.clone());
        let since = *self.since.get_or_insert_with(since);
        Ok(Some(fetched.into_outcome(self.by, started, since)))
    }

    fn died(
        &self,
        target: usize,
        ended: &str,
        error: &io::Error,
    ) -> Outcome {
        let by = self.by;
        let words = format!(
            "two processes have ended while they fetched it; \
             the second, {by}, ended ({ended}): {error}"
        );
        let died =
            Outcome::not_fetched(target, by, ErrorKind::WorkerDied, words);
        let Some(started) = self.in_flight.get(&target) else {
            return died;
        };
        let mut timeline = died.timeline;
        timeline.started = *started;
        timeline.finished = Some(started.elapsed());
        Outcome { timeline, ..died }
    }

    fn stop(mut self) -> Figures {
        let process = self.process.as_mut();
        let private_bytes = process.and_then(Process::private_bytes);
        Figures { private_bytes, ..self.figures }
    }
}

/// Hands requests to a worker while its answers come back: a thread for
/// each direction, because neither a write nor a read has a deadline.
fn exchange(
    mut to: ChildStdin,
    mut from: BufReader<ChildStdout>,
    requests: Receiver<Request>,
    answers: &Sender<io::Result<Answer>>,
    limits: &JobLimits,
) {
    let mut answer = read_hello(&mut from);
    thread::scope(|scope| {
        let write = move || {
            // Where the worker has ended, the other thread says so.
            while let Ok(request) = requests.recv()
                && request.write(&mut to).is_ok()
            {}
        };
        let thread = thread::Builder::new().spawn_scoped(scope, write);
        if let Err(error) = thread {
            answer = Err(error);
        }
        loop {
            let is_over = answer.is_err();
            if answers.send(answer).is_err() || is_over {
                return;
            }
            answer = Answer::read_any(&mut from, limits);
        }
    });
}
