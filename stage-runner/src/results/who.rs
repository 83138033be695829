//! Who waits.

use std::collections::BTreeSet;

use crawl::Worker;

use super::Run;

/// Workers of one kind, and how many of them fetched something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who {
    /// What they are.
    pub kind: WorkerKind,
    /// How many.
    pub count: u64,
}

/// What a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerKind {
    /// A thread: the program's own, or one of a pool.
    Thread,
    /// A process of a pool.
    Process,
}

impl Who {
    /// Who fetched in this run, if anybody did.
    pub fn of(run: &Run) -> Option<Who> {
        let fetched = run.reported().filter(|outcome| outcome.finished_us.is_some());
        let workers: BTreeSet<Worker> = fetched.map(|outcome| outcome.by).collect();
        let processes = workers.iter().filter(|by| matches!(by, Worker::Process(_))).count();
        let threads = workers.iter().filter(|by| matches!(by, Worker::Thread(_))).count();
        let (kind, count) = match (processes, threads) {
            _ if workers.is_empty() => return None,
            (0, threads) => (WorkerKind::Thread, threads.max(1)),
            (processes, _) => (WorkerKind::Process, processes),
        };
        Some(Who { kind, count: count as u64 })
    }
}
