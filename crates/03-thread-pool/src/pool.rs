//! The threads of the pool: started together, and ended together.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use crawl::{Outcome, Target};

use crate::worker::Worker;

/// More threads than this are refused.
///
/// Linux allows a process some 65,530 memory mappings, and a thread takes
/// four of them. If they run out after a thread has started, the whole
/// program dies. So this refuses earlier, with room for what `malloc` maps.
pub const MAX_WORKERS: usize = 15_000;

/// Worker threads. They start with each crawl and end with it: threads that
/// borrow the list of targets must not outlive the list.
pub struct Pool {
    workers: usize,
    figures: Figures,
}

/// What a pool had for its work.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Workers that had a thread, at any time.
    pub workers: u32,
}

impl Pool {
    /// A pool of that many workers. No thread is started yet.
    ///
    /// # Errors
    /// More than [`MAX_WORKERS`].
    pub fn new(workers: usize) -> io::Result<Pool> {
        if workers > MAX_WORKERS {
            return Err(io::Error::other(format!(
                "{workers} threads are more than most systems allow; \
                 ask for {MAX_WORKERS} at most"
            )));
        }
        Ok(Pool { workers, figures: Figures::default() })
    }

    pub(crate) fn check_not_empty(
        &self,
        targets: &[Target],
    ) -> io::Result<()> {
        if self.workers > 0 || targets.is_empty() {
            return Ok(());
        }
        Err(io::Error::other("a pool without workers fetches nothing"))
    }

    /// Runs `work` on a thread for each worker, and hands each outcome to
    /// `done`, on the caller's thread.
    pub(crate) fn run<W>(
        &mut self,
        done: &mut dyn FnMut(Outcome),
        work: W,
    ) -> io::Result<()>
    where
        W: Fn(&mut Worker, &SyncSender<Outcome>) + Sync,
    {
        thread::scope(|scope| {
            // Pages do not pile up behind a slow `done`: a worker whose
            // outcome nobody takes yet waits.
            let (sender, outcomes) = sync_channel(self.workers);
            let work = &work;
            for number in 1..=self.workers as u32 {
                let sender = sender.clone();
                let by = crawl::Worker::Thread(number);
                let thread = thread::Builder::new().name(by.to_string());
                let run = move || work(&mut Worker::new(by), &sender);
                match thread.spawn_scoped(scope, run) {
                    Err(error) if number == 1 => return Err(error),
                    Err(_) => break, // those that have started do the work
                    Ok(_) => {
                        let most = self.figures.workers.max(number);
                        self.figures.workers = most;
                    }
                }
            }
            drop(sender); // the channel ends with the last worker
            outcomes.into_iter().for_each(done);
            Ok(())
        })
    }

    /// Says how many workers there were. They ended with their crawl.
    pub fn stop(self) -> Figures {
        self.figures
    }
}

#[cfg(test)]
mod tests {
    use crawl::{ErrorKind, Limits, Url};

    use super::*;

    /// Targets where nobody listens: port 1 of this machine.
    fn targets(count: usize) -> Vec<Target> {
        let url = Url::parse("http://127.0.0.1:1/").unwrap();
        vec![Target::new(url, "127.0.0.1:1".parse().unwrap()); count]
    }

    fn limits(workers: usize) -> Limits {
        let concurrency = workers.try_into().unwrap();
        Limits { concurrency, ..Limits::default() }
    }

    #[test]
    fn too_many_threads_are_refused() {
        let workers = MAX_WORKERS + 1;
        let (targets, limits) = (targets(workers), limits(workers));
        let mut done = |_| panic!("no thread has started");
        let refused = crate::crawl(&targets, &limits, &mut done);
        let words = "15001 threads are more than most systems allow; \
                     ask for 15000 at most";
        assert_eq!(refused.unwrap_err().to_string(), words);
    }

    #[test]
    fn there_are_no_more_workers_than_targets() {
        let (mut fetched, mut names) = (vec![0; 4], Vec::new());
        let mut done = |outcome: Outcome| {
            let error = outcome.result.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Connect, "{error}");
            fetched[outcome.target] += 1;
            names.push(outcome.by);
        };
        let figures =
            crate::crawl_with_figures(&targets(4), &limits(10), &mut done);
        assert_eq!(figures.unwrap().workers, 4);
        assert_eq!(fetched, [1; 4]);
        let known = |by: &crawl::Worker| {
            (1..=4).any(|number| *by == crawl::Worker::Thread(number))
        };
        assert!(names.iter().all(known), "{names:?}");
    }

    #[test]
    fn a_pool_without_workers_says_so() {
        let mut pool = Pool::new(0).unwrap();
        assert!(pool.crawl(&[], &limits(1), &mut |_| ()).is_ok());
        let error = pool.crawl(&targets(1), &limits(1), &mut |_| ());
        let words = "a pool without workers fetches nothing";
        assert_eq!(error.unwrap_err().to_string(), words);
    }
}
