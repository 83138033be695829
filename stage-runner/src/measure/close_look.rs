//! A running program, looked at from outside: what it takes, and which processes it starts.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use classroom::Threads;
use crawl::protocol::Usage;

use crate::system::processes;
use crate::system::usage::{self, Family};

/// How often the runner looks at a child that says nothing.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How often where each of its processes counts: the shortest that an exercise asks for lives ten
/// times as long.
const LOOK_CLOSELY_EVERY: Duration = Duration::from_millis(5);

/// A program that sleeps at so many looks in a row, with as many threads at each, is at rest.
const LOOKS_AT_REST: usize = 4;

/// A program that does not come to rest gets its job after this time: it may be one that never
/// sleeps, or the machine is busy.
const LONGEST_REST: Duration = Duration::from_secs(3);

/// What is looked for, and what was seen so far.
#[derive(Debug, Default)]
pub struct CloseLook {
    /// Whether its processes are told apart.
    is_close: bool,
    /// Whether a worker is to be killed, once the program has told an outcome.
    kill_one_worker: bool,
    /// Whether the threads count that a program starts once it has its job.
    counts_threads: bool,
    /// By the number of a process.
    threads: BTreeMap<u32, Threads>,
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
    /// The threads of each of its processes.
    pub threads: Option<Vec<Threads>>,
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

    /// Also counts the threads that each of its processes has before the program gets its job.
    pub fn counting_threads(self, counts_threads: bool) -> CloseLook {
        CloseLook { counts_threads, ..self }
    }

    /// Waits until a program that has no job yet is at rest, where its threads count, and notes how
    /// many its processes have. Whatever it then starts, it starts because of its job.
    pub fn before_the_job(&mut self, program: u32) {
        let began = Instant::now();
        let (mut before, mut looks) = (None, 0);
        while self.counts_threads && began.elapsed() < LONGEST_REST {
            let now = threads_at_rest(program);
            looks = if now.is_some() && now == before { looks + 1 } else { 1 };
            before = now;
            if let Some(at_rest) = &before
                && looks >= LOOKS_AT_REST
            {
                let noted = |(&pid, &most)| (pid, Threads { before_the_job: Some(most), most });
                self.threads = at_rest.iter().map(noted).collect();
                return;
            }
            thread::sleep(LOOK_CLOSELY_EVERY);
        }
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
            self.family.processes = self.family.processes.max(now.processes);
        }
        if !self.is_close {
            return;
        }
        let descendants = usage::descendants(program).unwrap_or_default();
        for &pid in [program].iter().chain(&descendants) {
            let threads = self.threads.entry(pid).or_default();
            threads.most = threads.most.max(usage::threads(pid).unwrap_or(0));
        }
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
            threads: is_told.then(|| self.threads.values().copied().collect()),
            children: is_told.then_some(self.descendants.len()),
            workers: is_told.then_some(self.workers.len()),
            killed_after: self.killed_after,
            hired: self.killed_after.map(|_| self.descendants.len() - self.seen_before),
        }
    }
}

/// The threads of a program and of each process that it started, if all of them sleep.
fn threads_at_rest(program: u32) -> Option<BTreeMap<u32, u64>> {
    let mut all = usage::descendants(program)?;
    all.push(program);
    all.into_iter()
        .map(|pid| Some((pid, usage::threads(pid).filter(|_| usage::is_asleep(pid))?)))
        .collect()
}
