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
    /// The port of the site: who has a connection to it is a worker. Without it, processes are not
    /// told apart.
    site: Option<u16>,
    /// Whether a worker is to be killed, once the program has told an outcome.
    kill_one_worker: bool,
    /// The most of everything.
    pub family: Family,
    descendants: BTreeSet<u32>,
    workers: BTreeSet<u32>,
    killed_after: Option<usize>,
}

/// What was seen of a program from outside. What the system does not tell is `None`.
#[derive(Debug)]
pub struct Looked {
    /// What it took.
    pub usage: Usage,
    /// How many different processes it started, with those that they started.
    pub children: Option<usize>,
    /// How many of them were seen with a connection to the site.
    pub workers: Option<usize>,
    /// After how many outcomes a worker was killed.
    pub killed_after: Option<usize>,
}

impl CloseLook {
    /// Nothing seen yet of a program that is to fetch from this port of the site.
    pub fn at_workers(site: u16, kill_one_worker: bool) -> CloseLook {
        CloseLook { site: Some(site), kill_one_worker, ..CloseLook::default() }
    }

    /// How often to look.
    pub fn every(&self) -> Duration {
        if self.site.is_some() { LOOK_CLOSELY_EVERY } else { LOOK_EVERY }
    }

    /// Looks at a program that has told so many outcomes.
    pub fn at(&mut self, program: u32, told: usize) {
        if let Some(now) = usage::family(program) {
            self.family.rss_bytes = self.family.rss_bytes.max(now.rss_bytes);
            self.family.threads = self.family.threads.max(now.threads);
            self.family.processes = self.family.processes.max(now.processes);
        }
        let Some(site) = self.site else { return };
        let descendants = usage::descendants(program).unwrap_or_default();
        let workers = usage::connected_to(site, &descendants);
        if let (Some(worker), None) = (workers.first(), self.killed_after)
            && self.kill_one_worker
            && told > 0
        {
            processes::kill_one(*worker);
            self.killed_after = Some(told);
        }
        self.descendants.extend(descendants);
        self.workers.extend(workers);
    }

    /// What it came to, with what the system tells of the ended program.
    pub fn looked(&self, usage: &Usage) -> Looked {
        let is_told = self.site.is_some() && self.family.processes > 0;
        Looked {
            usage: usage.clone(),
            children: is_told.then_some(self.descendants.len()),
            workers: is_told.then_some(self.workers.len()),
            killed_after: self.killed_after,
        }
    }
}
