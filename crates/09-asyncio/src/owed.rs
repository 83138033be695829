use crawl::Outcome;

use crate::Queue;

/// The outcome that a fetch owes its crawl. Who drops it without one says
/// so, with `None`: nobody waits for an outcome that never comes.
///
/// That is how a fetch ends that panics or is cancelled. One that is
/// cancelled before its first step never runs any of its own code, so it
/// has this from the start.
pub(crate) struct Owed(Option<Queue<Option<Outcome>>>);

impl Owed {
    /// To a crawl that gets its outcomes from this queue.
    pub(crate) fn to(finished: &Queue<Option<Outcome>>) -> Owed {
        Owed(Some(finished.clone()))
    }

    pub(crate) fn pay(mut self, outcome: Outcome) {
        self.put(Some(outcome));
    }

    fn put(&mut self, outcome: Option<Outcome>) {
        if let Some(finished) = self.0.take() {
            // The queue has room for all: nobody waits here.
            let _ = finished.put_nowait(outcome);
        }
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.put(None);
    }
}
