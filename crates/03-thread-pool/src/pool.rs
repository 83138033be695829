//! The threads of the pool: started together, and ended together.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use crawl::Outcome;

use crate::worker::Worker;

/// More threads than this are refused.
///
/// Linux allows a process some 65,530 memory mappings, and a thread takes
/// four of them. If they run out after a thread has started, the whole
/// program dies. So this refuses earlier, with room for what `malloc` maps.
pub const MAX_WORKERS: usize = 15_000;

/// What a crawl had for its work.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Threads that were started.
    pub workers: u32,
}

/// Runs `work` on so many threads, and hands each outcome to `done`, on the
/// caller's thread.
pub(crate) fn run(
    workers: usize,
    work: impl Fn(Worker, SyncSender<Outcome>) + Sync,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<Figures> {
    if workers > MAX_WORKERS {
        return Err(io::Error::other(format!(
            "{workers} threads are more than most systems allow; \
             ask for {MAX_WORKERS} at most"
        )));
    }
    let mut figures = Figures::default();
    thread::scope(|scope| {
        // Pages do not pile up behind a slow `done`: a worker whose outcome
        // nobody takes yet waits.
        let (sender, outcomes) = sync_channel(workers);
        let work = &work;
        for number in 1..=workers as u32 {
            let sender = sender.clone();
            let name = format!("worker {number}");
            let thread = thread::Builder::new().name(name);
            let run = move || work(Worker::new(number), sender);
            match thread.spawn_scoped(scope, run) {
                Err(error) if number == 1 => return Err(error),
                Err(_) => break, // those that have started do the work
                Ok(_) => figures.workers = number,
            }
        }
        drop(sender); // the channel ends with the last worker
        outcomes.into_iter().for_each(done);
        Ok(figures)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_threads_are_refused() {
        let work = |_: Worker, _: SyncSender<Outcome>| panic!("it started");
        let refused = run(MAX_WORKERS + 1, work, &mut |_| {});
        let words = "15001 threads are more than most systems allow; \
                     ask for 15000 at most";
        assert_eq!(refused.unwrap_err().to_string(), words);
    }
}
