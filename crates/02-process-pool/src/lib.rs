//! Chapter 2: ten processes, each asleep in a call of its own.
//!
//! **What it does.** A fixed number of worker processes each run [`fetch`]
//! of chapter 1, unchanged. Python's `ProcessPoolExecutor` does the same. A
//! worker is this very program, started again (Python's start method
//! `spawn`): see [`become_worker_if_asked`].
//!
//! **How it waits.** As in chapter 1, many times over: a call puts only its
//! own process to sleep, and the system runs another one. Ten pages at once
//! take the longest wait.
//!
//! **What is new.** Processes share nothing, so one that crashes takes
//! nothing but its own fetch with it; but each target and each page travels
//! through a pipe, and every process has to be started. [`Figures`] says
//! how long that took.
//!
//! ```text
//! this program: the pool                           worker processes
//! +-----------------------------------------+
//! | list --+-> thread 1 <-> pipe thread 1 <-+-- pipe --> worker 1: fetch
//! |        +-> thread 2 <-> pipe thread 2 <-+-- pipe --> worker 2: fetch
//! |                |                        |
//! | done <---------+ outcomes               |
//! +-----------------------------------------+
//! ```
//!
//! Each worker has two threads in the pool, which only sleep. One takes
//! targets from the list and waits for their outcomes. The other reads and
//! writes the pipe, because a read from a pipe has no deadline.
//!
//! [`fetch`]: stage_01_blocking::fetch

mod pool;
mod worker;

mod become_worker;
mod process;
mod wire;

use std::io;
use std::sync::{Mutex, PoisonError};

use crawl::{Limits, Outcome, Target};

pub use become_worker::become_worker_if_asked;
pub use pool::{Figures, MAX_WORKERS, Pool};

/// The parts of which chapter 10 makes a pool with another kind of worker.
pub mod parts {
    pub use crate::become_worker::{
        become_if_asked, private_bytes, refuse_to_nest, say_hello,
    };
    pub use crate::process::{GRACE, Process, read_hello};
    pub use crate::wire::{
        Answer, Fetched, Request, write_memory, write_outcome,
    };
}

/// Fetches the targets on `limits.concurrency` processes, and hands each
/// outcome to `done`, on the caller's thread, as it comes.
///
/// # Errors
/// More than [`MAX_WORKERS`] asked for; what the system says when not even
/// one process can be started, or when this program does not [become a
/// worker](become_worker_if_asked). With fewer processes than asked for,
/// the others do the work.
pub fn crawl(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    crawl_with_figures(targets, limits, done).map(|_| ())
}

/// The same, and says what the workers have cost.
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
    /// What the system says when the last worker is gone and cannot be
    /// replaced.
    pub fn crawl(
        &mut self,
        targets: &[Target],
        limits: &Limits,
        done: &mut dyn FnMut(Outcome),
    ) -> io::Result<()> {
        self.check_not_empty(targets)?;
        let list = Mutex::new(targets.iter().enumerate());
        self.run(done, |worker, outcomes| {
            // First the process, then a target: once it is taken, no other
            // worker fetches it.
            worker.start_if_needed()?;
            while let Some((index, target)) = next(&list) {
                let outcome = worker.fetch(index, target, limits);
                if outcomes.send(outcome).is_err() {
                    break; // nobody takes outcomes any more
                }
                worker.start_if_needed()?;
            }
            Ok(())
        })
    }
}

/// Takes the next target. The lock is held for this only, not while the
/// target is fetched.
fn next<T>(list: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    list.lock().unwrap_or_else(PoisonError::into_inner).next()
}
