//! What the runs of one entrant came to: medians, and who waited how.

use std::borrow::Cow;

use super::{Fault, Run, Status, Who};
use crate::lineup::Entrant;

/// All runs of one entrant: a row of the comparison.
pub struct Row<'a> {
    /// Whose.
    pub entrant: &'a Entrant,
    /// In the order of the rounds, at least one.
    pub runs: Vec<&'a Run>,
    /// Its name, with its language where others have another one.
    pub title: Cow<'a, str>,
}

impl<'a> Row<'a> {
    /// What it is called among the other rows.
    pub fn name(&self) -> &str {
        &self.title
    }

    /// Why it did not run.
    pub fn skipped(&self) -> Option<&'a Fault> {
        let skipped = self.runs.iter().find(|run| run.status == Status::Skipped)?;
        skipped.fault.as_ref()
    }

    /// The run to draw: the one whose wall time is the median, where the program itself held out.
    pub fn shown(&self) -> &'a Run {
        let mut runs = self.runs.clone();
        runs.sort_by_key(|run| (run.fault.is_some(), run.usage.wall_us));
        let sound = runs.iter().filter(|run| run.fault.is_none()).count().max(1);
        runs[(sound - 1) / 2]
    }

    /// What went wrong with the program as a whole, in whichever round.
    pub fn fault(&self) -> Option<&'a Fault> {
        self.runs.iter().find_map(|run| run.fault.as_ref())
    }

    /// The run that failed worst.
    pub fn worst(&self) -> &'a Run {
        let runs = self.runs.iter();
        runs.max_by_key(|run| (run.fault.is_some(), run.failed())).expect("a row has runs")
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
        self.median(Run::cpu_us)
    }

    /// Time in which it could run and had no processor, where that is told.
    pub fn runnable_us(&self) -> Option<u64> {
        self.median(|run| run.usage.runnable_us)
    }

    /// Which share of its time it waited for a processor, where that is told.
    pub fn runnable(&self) -> Option<f64> {
        let wall = self.wall_us().filter(|wall| *wall > 0)?;
        Some(self.runnable_us()? as f64 / wall as f64)
    }

    /// The peak of resident memory, workers included.
    pub fn memory_bytes(&self) -> Option<u64> {
        self.median(|run| {
            let usage = &run.usage;
            let alone = usage.processes.unwrap_or(1) <= 1 || !self.entrant.measures_itself();
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

    /// Half of what lies between the shortest and the longest wall time, as a share of the median:
    /// from three rounds.
    pub fn spread(&self) -> Option<f64> {
        let walls: Vec<u64> = self.runs.iter().filter_map(|run| run.usage.wall_us).collect();
        let (least, most) = (walls.iter().min()?, walls.iter().max()?);
        let median = self.wall_us().filter(|wall| *wall > 0 && walls.len() >= 3)?;
        Some((most - least) as f64 / 2.0 / median as f64)
    }

    /// Which share of its time the CPU worked: more than 1 where several did. Where the system does
    /// not tell, what asks again and again still gives itself away.
    pub fn work(&self) -> Option<f64> {
        let both = self.wall_us().filter(|wall| *wall > 0).zip(self.cpu_us());
        let share = both.map(|(wall, cpu)| cpu as f64 / wall as f64);
        share.or(self.is_busy().then_some(1.0))
    }

    /// Whether it asked its sockets again and again, instead of sleeping until one is ready. An
    /// event loop asks in vain now and then too, when the rest of a long answer is still on its
    /// way.
    pub fn is_busy(&self) -> bool {
        const NOW_AND_THEN: u64 = 20;
        let run = self.shown();
        let in_vain = run.figures().failed_reads.unwrap_or(0);
        in_vain > NOW_AND_THEN * run.reported().count() as u64
    }

    /// Whether it spends its time asleep.
    pub fn sleeps(&self) -> bool {
        let awake = self.work().map(|work| work + self.runnable().unwrap_or(0.0));
        !self.is_busy() && awake.is_some_and(|awake| awake < 0.5)
    }

    /// Who waits, if anybody got as far as that.
    pub fn who(&self) -> Option<Who> {
        Who::of(self.shown())
    }

    /// How long each fetch took that took any time.
    pub fn waits(&self) -> Vec<u64> {
        self.shown().waits().collect()
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
