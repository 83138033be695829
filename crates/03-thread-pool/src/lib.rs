//! Chapter 3: ten threads, each asleep in a call of its own.
//!
//! **What it does.** A fixed number of worker threads each run [`fetch`] of
//! chapter 1, unchanged. Python's `ThreadPoolExecutor` does the same.
//!
//! **How it waits.** As in chapter 1, many times over: a call puts only its
//! own thread to sleep, and the system runs another one. Ten pages at once
//! take the longest wait. (In Python too: a thread that waits for a socket
//! has released the GIL, so ten threads wait in parallel.)
//!
//! **What is new.** A thread costs a stack and a place in the scheduler,
//! much less than a process; but the system may stop it between any two
//! instructions, so whatever two threads touch needs a lock. Here that is
//! one thing only: the list of targets. [`counter`] shows what happens
//! without.
//!
//! [`fetch`]: stage_01_blocking::fetch

pub mod counter;

mod pool;
mod worker;

use std::io;
use std::sync::{Mutex, PoisonError};

use crawl::{Limits, Outcome, Target};

pub use pool::{Figures, MAX_WORKERS, Pool};

/// Fetches the targets on `limits.concurrency` threads, and hands each
/// outcome to `done`, on the caller's thread, as it comes.
///
/// # Errors
/// More than [`MAX_WORKERS`] asked for; what the system says when not even
/// one thread can be started. With fewer threads than asked for, the others
/// do the work.
pub fn crawl(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    crawl_with_figures(targets, limits, done).map(|_| ())
}

/// The same, and says how many workers there were.
///
/// # Errors
/// As [`crawl()`].
pub fn crawl_with_figures(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<Figures> {
    let workers = limits.concurrency.get().min(targets.len());
    let mut pool = Pool::new(workers)?;
    pool.crawl(targets, limits, done)?;
    Ok(pool.stop())
}

impl Pool {
    /// Fetches the targets on all workers of the pool, however many
    /// `limits` asks for, and hands each outcome to `done`, on the caller's
    /// thread, as it comes.
    ///
    /// # Errors
    /// What the system says when not even one thread can be started.
    pub fn crawl(
        &mut self,
        targets: &[Target],
        limits: &Limits,
        done: &mut dyn FnMut(Outcome),
    ) -> io::Result<()> {
        self.check_not_empty(targets)?;
        let list = Mutex::new(targets.iter().enumerate());
        self.run(done, |worker, outcomes| {
            while let Some((index, target)) = next(&list) {
                let outcome = worker.fetch(index, target, limits);
                if outcomes.send(outcome).is_err() {
                    break; // nobody takes outcomes any more
                }
            }
        })
    }
}

/// Takes the next target. The lock is held for this only, not while the
/// target is fetched.
fn next<T>(list: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    list.lock().unwrap_or_else(PoisonError::into_inner).next()
}
