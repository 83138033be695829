//! Chapter 10: a loop for each core, on threads or in processes.
//!
//! **What it does.** One event loop uses one core. Here each of several
//! threads runs a loop of chapter 9, unchanged, and each loop has its share
//! of the fetches in flight.
//!
//! **How it waits.** As in chapter 9, once for each thread. While all loops
//! only wait, more of them change nothing; when one core is not enough for
//! the work, they do.
//!
//! **What is new.** The loops share one thing, the list of targets, under a
//! lock. A loop takes the next target when it has room for it, so the work
//! spreads by itself, and a slow page holds up nobody. If a loop dies, what
//! it had taken goes back to the front of the list, and a new loop takes
//! its place. A target that has met two deaths may be what kills: it is not
//! tried a third time.

mod list;

mod become_worker;
pub mod processes;

use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use crawl::{ErrorKind, Limits, Outcome, Target, Worker};
use stage_09_asyncio::crawl_from;

use list::List;

/// Fetches the targets on a loop for each core, and hands each outcome to
/// `done`, on the caller's thread, as it comes. All loops together have at
/// most `limits.concurrency` fetches in flight.
///
/// # Errors
/// What the system says when no thread can be started, or when a loop
/// cannot wait and no other loop is left to do its work.
pub fn crawl(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    let cores = thread::available_parallelism();
    let cores = cores.map_or(1, NonZeroUsize::get);
    crawl_on(cores, targets, limits, done)
}

/// The same, on so many loops; on fewer where there would be nothing for
/// them to do.
///
/// # Errors
/// As [`crawl()`].
pub fn crawl_on(
    loops: usize,
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    run(loops, targets, limits, done, &|list, limits, done| {
        crawl_from(list, limits, done)
    })
}

/// What each thread runs: a loop that fetches what the list gives.
type Loop<'a> = dyn Fn(
        &mut dyn Iterator<Item = (usize, Target)>,
        &Limits,
        &mut dyn FnMut(Outcome),
    ) -> io::Result<()>
    + Sync
    + 'a;

/// How many fetches a worker may have in flight, so that all of them
/// together have `at_once`, which is at least `workers`. The first workers
/// take what is left over.
fn share(at_once: usize, workers: usize, number: usize) -> NonZeroUsize {
    let share = at_once / workers + usize::from(number < at_once % workers);
    NonZeroUsize::new(share)
        .expect("there are no more workers than fetches")
}

fn run(
    loops: usize,
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
    one_loop: &Loop<'_>,
) -> io::Result<()> {
    let at_once = limits.concurrency.get();
    let loops = loops.min(at_once).min(targets.len());
    let list = &List::new(targets);
    thread::scope(|scope| {
        // Pages do not pile up behind a slow `done`. The channel has memory
        // for all that it may hold, so that is not one for each fetch.
        let (sender, outcomes) = sync_channel(at_once.min(100));
        let mut threads = Vec::new();
        let mut failure = None;
        for number in 0..loops {
            let concurrency = share(at_once, loops, number);
            let limits = Limits { concurrency, ..*limits };
            let by = Worker::Thread(number as u32 + 1);
            let sender = sender.clone();
            let thread = thread::Builder::new().name(by.to_string());
            let run = move || serve(by, list, &limits, &sender, one_loop);
            match thread.spawn_scoped(scope, run) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    // Those that have started do the work.
                    failure = Some(error);
                    break;
                }
            }
        }
        drop(sender); // the channel ends with the last loop
        outcomes.into_iter().for_each(done);
        for thread in threads {
            let ended = thread.join().expect("it catches every panic");
            failure = failure.or(ended.err());
        }
        match failure {
            Some(error) if list.has_more() => Err(error),
            _ => Ok(()),
        }
    })
}

/// Runs one loop after the other, until one ends by itself: each of the
/// others has died.
fn serve(
    by: Worker,
    list: &List,
    limits: &Limits,
    outcomes: &SyncSender<Outcome>,
    one_loop: &Loop<'_>,
) -> io::Result<()> {
    loop {
        let mut taken = std::iter::from_fn(|| list.take(by));
        let mut done = |mut outcome: Outcome| {
            outcome.by = by;
            list.has_ended(outcome.target);
            if outcomes.send(outcome).is_err() {
                list.close(); // nobody takes outcomes any more
            }
        };
        // What the loop leaves in a bad state is dropped with it; the list
        // is changed under its lock, in steps that do not panic.
        let ended = catch_unwind(AssertUnwindSafe(|| {
            one_loop(&mut taken, limits, &mut done)
        }));
        match ended {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => {
                list.give_back(by);
                return Err(error);
            }
            Err(_) => {
                for target in list.has_died(by) {
                    done(died(target, by));
                }
            }
        }
    }
}

fn died(target: usize, by: Worker) -> Outcome {
    Outcome::not_fetched(
        target,
        by,
        ErrorKind::WorkerDied,
        "two event loops have died while they fetched it".to_owned(),
    )
}

#[cfg(test)]
mod tests;
