//! What the runs of one entrant came to: medians, and who waited how.

use std::collections::BTreeSet;

use crawl::Worker;
use crawl::protocol::OutcomeLine;

use crate::entrants::Entrant;
use crate::run::{Run, Status};
use crate::text;

/// The figure that says how often a stage asked in vain.
pub const FAILED_READS: &str = "failed reads";

/// All runs of one entrant: a row of the comparison.
pub struct Row<'a> {
    /// Whose.
    pub entrant: &'a Entrant,
    /// In the order of the rounds, at least one.
    pub runs: Vec<&'a Run>,
}

impl<'a> Row<'a> {
    /// The rows of all entrants that have run at all.
    pub fn all(entrants: &'a [Entrant], runs: &'a [Run]) -> Vec<Row<'a>> {
        let row = |(index, entrant)| {
            let runs: Vec<_> = runs.iter().filter(|run| run.entrant == index).collect();
            (!runs.is_empty()).then_some(Row { entrant, runs })
        };
        entrants.iter().enumerate().filter_map(row).collect()
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        &self.entrant.name
    }

    /// Why it did not run.
    pub fn skipped(&self) -> Option<&'a str> {
        let skipped = self.runs.iter().find(|run| run.status == Status::Skipped)?;
        skipped.reason.as_deref()
    }

    /// The run to draw: the one whose wall time is the median, where the program itself held out.
    pub fn shown(&self) -> &'a Run {
        let mut runs = self.runs.clone();
        runs.sort_by_key(|run| (run.reason.is_some(), run.usage.wall_us));
        let sound = runs.iter().filter(|run| run.reason.is_none()).count().max(1);
        runs[(sound - 1) / 2]
    }

    /// What went wrong with the program as a whole, in whichever round.
    pub fn reason(&self) -> Option<String> {
        self.runs.iter().find_map(|run| run.told_of(self.name()))
    }

    /// The run that failed worst.
    pub fn worst(&self) -> &'a Run {
        let runs = self.runs.iter();
        runs.max_by_key(|run| (run.reason.is_some(), run.failed())).expect("a row has runs")
    }

    /// Pages that did not come, in the worst round.
    pub fn failed(&self) -> usize {
        self.worst().failed()
    }

    /// From the beginning of the crawl to its end.
    pub fn wall_us(&self) -> Option<u64> {
        self.median(|run| run.usage.wall_us)
    }

    /// Both kinds of CPU time.
    pub fn cpu_us(&self) -> Option<u64> {
        self.median(cpu_us)
    }

    /// The peak of resident memory, workers included.
    pub fn memory_bytes(&self) -> Option<u64> {
        self.median(|run| {
            let usage = &run.usage;
            let alone = usage.processes.unwrap_or(1) <= 1 || self.entrant.stage().is_none();
            let workers = usage.workers_private_bytes.or(alone.then_some(0))?;
            Some(usage.peak_rss_bytes?.saturating_add(workers))
        })
    }

    /// Context switches of both kinds.
    pub fn switches(&self) -> Option<u64> {
        self.median(|run| {
            let usage = &run.usage;
            Some(usage.voluntary_switches?.saturating_add(usage.involuntary_switches?))
        })
    }

    /// Processes, the first one included.
    pub fn processes(&self) -> Option<u64> {
        self.median(|run| run.usage.processes)
    }

    /// Half of what lies between the shortest and the longest wall time, as a share of the median: from three rounds.
    pub fn spread(&self) -> Option<f64> {
        let walls: Vec<u64> = self.runs.iter().filter_map(|run| run.usage.wall_us).collect();
        let (least, most) = (walls.iter().min()?, walls.iter().max()?);
        let median = self.wall_us().filter(|wall| *wall > 0 && walls.len() >= 3)?;
        Some((most - least) as f64 / 2.0 / median as f64)
    }

    /// Which share of its time the CPU worked: more than 1 where several did. Where the system does not tell, what asks
    /// again and again still gives itself away.
    pub fn work(&self) -> Option<f64> {
        let told = self.wall_us().filter(|wall| *wall > 0).zip(self.cpu_us());
        let share = told.map(|(wall, cpu)| cpu as f64 / wall as f64);
        share.or(self.is_busy().then_some(1.0))
    }

    /// Whether it asked its sockets again and again, instead of sleeping until one is ready. An event loop asks in vain
    /// now and then too, when the rest of a long answer is still on its way.
    pub fn is_busy(&self) -> bool {
        const NOW_AND_THEN: u64 = 20;
        let run = self.shown();
        let in_vain = run.usage.figures.get(FAILED_READS).copied().unwrap_or(0);
        in_vain > NOW_AND_THEN * run.told().count() as u64
    }

    /// Whether it spends its time asleep.
    pub fn sleeps(&self) -> bool {
        !self.is_busy() && self.work().is_some_and(|work| work < 0.5)
    }

    /// Who waits: `10 threads`.
    pub fn who(&self) -> String {
        who(self.shown())
    }

    /// How long each fetch took that took any time.
    pub fn waits(&self) -> Vec<u64> {
        self.shown().told().filter_map(wait_us).collect()
    }

    /// Whether every page came, in every round.
    pub fn is_ok(&self) -> bool {
        self.runs.iter().all(|run| run.status == Status::Ok)
    }

    fn median(&self, figure: impl Fn(&Run) -> Option<u64>) -> Option<u64> {
        let mut figures: Vec<u64> = self.runs.iter().filter_map(|run| figure(run)).collect();
        figures.sort_unstable();
        let middle = figures.len() / 2;
        match figures.len() {
            0 => None,
            even if even % 2 == 0 => Some(figures[middle - 1].midpoint(figures[middle])),
            _ => Some(figures[middle]),
        }
    }
}

/// Both kinds of CPU time of one run.
pub fn cpu_us(run: &Run) -> Option<u64> {
    match (run.usage.user_us, run.usage.system_us) {
        (None, None) => None,
        (user, system) => Some(user.unwrap_or(0).saturating_add(system.unwrap_or(0))),
    }
}

/// How long one fetch took.
pub fn wait_us(outcome: &OutcomeLine) -> Option<u64> {
    Some(outcome.finished_us? - outcome.started_us)
}

/// Who waited in one run.
pub fn who(run: &Run) -> String {
    let workers: BTreeSet<Worker> =
        run.told().filter(|o| wait_us(o).is_some()).map(|o| o.by).collect();
    let of =
        |kind: fn(&Worker) -> bool| workers.iter().filter(|worker| kind(worker)).count() as u64;
    let processes = of(|worker| matches!(worker, Worker::Process(_)));
    let threads = of(|worker| matches!(worker, Worker::Thread(_)));
    match (processes, threads) {
        _ if workers.is_empty() => "–".to_owned(),
        (0, 0) => text::plural(1, "thread"),
        (0, threads) => text::plural(threads, "thread"),
        (processes, _) => text::plural(processes, "process"),
    }
}

/// The most fetches that were in flight at the same time.
pub fn in_flight(run: &Run) -> usize {
    let mut moments: Vec<(u64, i32)> = Vec::new();
    for outcome in run.told() {
        if let Some(finished) = outcome.finished_us {
            moments.extend([(outcome.started_us, 1), (finished, -1)]);
        }
    }
    // One that ends in the same microsecond makes room before the next one starts.
    moments.sort_unstable();
    let (mut now, mut most) = (0, 0);
    for (_, change) in moments {
        now += change;
        most = most.max(now);
    }
    most as usize
}
