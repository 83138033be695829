//! Chapter 3: ten threads, each asleep in a call of its own.
//!
//! **What it does.** A fixed number of threads take targets from one list, and each runs
//! [`fetch`] of chapter 1, unchanged.
//!
//! **How it waits.** As in chapter 1, many times over: a call puts only its own thread to sleep, and
//! the system runs another one. Ten pages at once take the longest wait.
//!
//! **What is new.** Sleepers in one house. A thread costs a stack and a place in the scheduler,
//! much less than a process; but the system may stop it between any two instructions, so whatever
//! two threads touch needs a lock. Here that is one thing only: the list of targets. [`counter`] shows
//! what happens without.

pub mod counter;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use crawl::{ErrorKind, Limits, Outcome, Target, Timeline, Worker, receive_buffer};
use stage_01_blocking::fetch;

/// More threads than this are refused. A thread takes four of the 65,530 pieces of memory that Linux
/// lets a process map: a stack, another one for signals, and a guard before each; `malloc` takes some
/// more, by the number of processors. Where the second stack is not to be had, the thread has begun,
/// and its end is the end of the process.
pub const MAX_WORKERS: usize = 15_000;

/// Fetches the targets on `limits.concurrency` threads, and hands each outcome to `done`, on the
/// caller's thread, as it comes.
///
/// # Errors
/// More than [`MAX_WORKERS`] asked for; what the system says when not even one thread can be started.
/// With fewer threads than asked for, the others do the work.
pub fn crawl(targets: &[Target], limits: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    let list = Mutex::new(targets.iter().enumerate());
    let workers = limits.concurrency.get().min(targets.len());
    if workers > MAX_WORKERS {
        return Err(io::Error::other(format!(
            "{workers} threads are too many for most systems: {MAX_WORKERS} at most"
        )));
    }
    let work = |worker: Worker, sender: mpsc::SyncSender<Outcome>| {
        let mut chunk = receive_buffer();
        // The lock is held for as long as it takes to take the next target, not while fetching it.
        let next = || list.lock().unwrap_or_else(PoisonError::into_inner).next();
        while let Some((index, target)) = next() {
            let fetched = survive(index, || fetch(index, target, limits, &mut chunk));
            let outcome = Outcome { by: worker, ..fetched };
            if sender.send(outcome).is_err() {
                return; // nobody wants to know any more
            }
        }
    };

    thread::scope(|scope| {
        // A worker whose outcome nobody takes yet waits: pages do not pile up behind a slow `done`.
        let (sender, outcomes) = mpsc::sync_channel(workers);
        let work = &work;
        for number in 1..=workers {
            let (worker, sender) = (Worker::Thread(number as u32), sender.clone());
            let thread = thread::Builder::new().name(worker.to_string());
            match thread.spawn_scoped(scope, move || work(worker, sender)) {
                Err(error) if number == 1 => return Err(error),
                Err(_) => break,
                Ok(_) => {}
            }
        }
        drop(sender); // the last worker to leave ends the loop
        outcomes.into_iter().for_each(done);
        Ok(())
    })
}

/// A panic costs the fetch that panicked, not the thread: the next target is waiting for it.
fn survive(index: usize, fetch: impl FnOnce() -> Outcome) -> Outcome {
    let timeline = Timeline::starting_now();
    catch_unwind(AssertUnwindSafe(fetch)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<&str>().copied();
        let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let message = format!("the fetch panicked: {}", words.unwrap_or("no message"));
        let died = Outcome::not_fetched(index, Worker::Main, ErrorKind::WorkerDied, message);
        let finished = Some(timeline.started.elapsed());
        Outcome { timeline: Timeline { finished, ..timeline }, ..died }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_threads_are_refused() {
        let url = crawl::Url::parse("http://127.0.0.1:1/").unwrap();
        let target = Target::new(url, "127.0.0.1:1".parse().unwrap());
        let targets = vec![target; MAX_WORKERS + 1];
        let concurrency = targets.len().try_into().unwrap();
        let limits = Limits { concurrency, ..Limits::default() };
        let refused = crawl(&targets, &limits, &mut |_| panic!("no thread has started"));
        let words = "15001 threads are too many for most systems: 15000 at most";
        assert_eq!(refused.unwrap_err().to_string(), words);
    }

    #[test]
    fn a_panic_is_an_outcome() {
        let outcome = survive(3, || panic!("number {}", 3));
        let error = outcome.result.unwrap_err();
        assert_eq!((outcome.target, error.kind), (3, ErrorKind::WorkerDied));
        assert_eq!(error.message, "the fetch panicked: number 3");
        assert!(outcome.timeline.finished.is_some());
    }
}
