//! One worker: what its thread does with a target.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crawl::{ErrorKind, Limits, Outcome, Target, Timeline};

/// A thread that fetches, one target after another.
pub(crate) struct Worker {
    by: crawl::Worker,
    chunk: Vec<u8>,
}

impl Worker {
    pub(crate) fn new(by: crawl::Worker) -> Worker {
        Worker { by, chunk: crawl::receive_buffer() }
    }

    /// Fetches a target as chapter 1 does. A panic costs this one fetch,
    /// not the thread: the next target is waiting for it.
    pub(crate) fn fetch(
        &mut self,
        index: usize,
        target: &Target,
        limits: &Limits,
    ) -> Outcome {
        let chunk = &mut self.chunk;
        let fetch =
            || stage_01_blocking::fetch(index, target, limits, chunk);
        let outcome = survive(index, fetch);
        Outcome { by: self.by, ..outcome }
    }
}

fn survive(index: usize, fetch: impl FnOnce() -> Outcome) -> Outcome {
    let timeline = Timeline::starting_now();
    catch_unwind(AssertUnwindSafe(fetch)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<&str>().copied();
        let words =
            words.or_else(|| panic.downcast_ref().map(String::as_str));
        let words = words.unwrap_or("no message");
        let message = format!("the fetch panicked: {words}");
        let by = crawl::Worker::Main;
        let died =
            Outcome::not_fetched(index, by, ErrorKind::WorkerDied, message);
        let finished = Some(timeline.started.elapsed());
        Outcome { timeline: Timeline { finished, ..timeline }, ..died }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_outcome() {
        let outcome = survive(3, || panic!("number {}", 3));
        let error = outcome.result.unwrap_err();
        assert_eq!(outcome.target, 3);
        assert_eq!(error.kind, ErrorKind::WorkerDied);
        assert_eq!(error.message, "the fetch panicked: number 3");
        assert!(outcome.timeline.finished.is_some());
    }
}
