//! A running program, looked at from outside: what it takes, and which processes it starts.

use std::collections::BTreeSet;
use std::time::Duration;

use crawl::protocol::Usage;

use crate::system::processes;
use crate::system::usage::{self, Family};

/// How often the runner looks at a child that says nothing.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How often where each of its processes counts: the shortest that an exercise asks for lives ten
/// times as long.
const LOOK_CLOSELY_EVERY: Duration = Duration::from_millis(5);

/// What is looked for, and what was seen so far.
#[derive(Debug, Default)]
pub struct CloseLook {
    /// Whether its processes are told apart.
    is_close: bool,
    /// Whether a worker is to be killed, once the program has told an outcome.
    kill_one_worker: bool,
    /// The most of everything.
    pub family: Family,
    descendants: BTreeSet<u32>,
    workers: BTreeSet<u32>,
    killed_after: Option<usize>,
    /// How many descendants were seen until then.
    seen_before: usize,
}

/// What was seen of a program from outside. What the system does not tell is `None`.
#[derive(Debug)]
pub struct Looked {
    /// What it took.
    pub usage: Usage,
    /// The most threads that one of its processes had at once.
    pub most_threads: Option<u64>,
    /// How many different processes it started, with those that they started.
    pub children: Option<usize>,
    /// How many of them were seen with a TCP socket.
    pub workers: Option<usize>,
    /// After how many outcomes a worker was killed.
    pub killed_after: Option<usize>,
    /// How many processes it started after that.
    pub hired: Option<usize>,
}

impl CloseLook {
    /// Nothing seen yet of a program whose processes are told apart.
    pub fn at_workers(kill_one_worker: bool) -> CloseLook {
        CloseLook { is_close: true, kill_one_worker, ..CloseLook::default() }
    }

    /// How often to look.
    pub fn every(&self) -> Duration {
        if self.is_close { LOOK_CLOSELY_EVERY } else { LOOK_EVERY }
    }

    /// Looks at a program that has told so many outcomes.
    pub fn at(&mut self, program: u32, told: usize) {
        if let Some(now) = usage::family(program) {
            self.family.rss_bytes = self.family.rss_bytes.max(now.rss_bytes);
            self.family.threads = self.family.threads.max(now.threads);
            self.family.most_threads = self.family.most_threads.max(now.most_threads);
            self.family.processes = self.family.processes.max(now.processes);
        }
        if !self.is_close {
            return;
        }
        let descendants = usage::descendants(program).unwrap_or_default();
        let workers = usage::with_tcp_sockets(&descendants);
        self.descendants.extend(descendants);
        if let (Some(worker), None) = (workers.first(), self.killed_after)
            && self.kill_one_worker
            && told > 0
        {
            processes::kill_one(*worker);
            self.killed_after = Some(told);
            self.seen_before = self.descendants.len();
        }
        self.workers.extend(workers);
    }

    /// What it came to, with what the system tells of the ended program.
    pub fn looked(&self, usage: &Usage) -> Looked {
        let is_told = self.is_close && self.family.processes > 0;
        Looked {
            usage: usage.clone(),
            most_threads: is_told.then_some(self.family.most_threads),
            children: is_told.then_some(self.descendants.len()),
            workers: is_told.then_some(self.workers.len()),
            killed_after: self.killed_after,
            hired: self.killed_after.map(|_| self.descendants.len() - self.seen_before),
        }
    }
}
