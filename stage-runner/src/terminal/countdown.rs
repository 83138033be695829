//! How long it takes, told to those who wait.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::progress;
use crate::lineup::Entrant;
use crate::measure::{estimate, sweep};
use crate::results::Report;
use crate::words;

/// Shorter than this, nobody wants to be told how long it will take.
const WORTH_TELLING: Duration = Duration::from_secs(2);

/// How often the live line changes.
const LIVE_EVERY: Duration = Duration::from_millis(100);

/// What a run of a sweep takes beyond its page's delay: a process and a site to start, and each
/// fetch.
const RUN: Duration = Duration::from_millis(150);
const FETCH: Duration = Duration::from_micros(60);

/// Lets the live line change now and then.
#[derive(Default)]
pub struct NowAndThen(Option<Instant>);

impl NowAndThen {
    /// Whether it is time again.
    pub fn is_due(&mut self) -> bool {
        let is_due = self.0.is_none_or(|last| last.elapsed() > LIVE_EVERY);
        if is_due {
            self.0 = Some(Instant::now());
        }
        is_due
    }
}

/// How long a comparison takes.
pub struct Countdown {
    began: Instant,
    /// What one round of all entrants should take, where that is known.
    round: Option<Duration>,
}

impl Countdown {
    /// Before the first run. Tells how long all of it will take, where that is known and long.
    pub fn begin(report: &Report) -> Countdown {
        let entrants = report.entrants.iter();
        let round: Option<Duration> =
            entrants.map(|entrant| estimate::crawl(&report.setting, entrant)).sum();
        let all = round.map(|round| round.saturating_mul(report.setting.rounds));
        if let Some(all) = all.filter(|all| *all > WORTH_TELLING) {
            progress::note(&format!("This will take about {}.", words::roughly(all)));
        }
        Countdown { began: Instant::now(), round }
    }

    /// The live line: who runs, how far, how much longer.
    pub fn show(&self, report: &Report, entrant: &Entrant, round: u32, pages: usize) {
        let all = report.setting.urls.len();
        let round_of = match report.setting.rounds {
            1 => String::new(),
            rounds => format!(", round {} of {rounds}", round + 1),
        };
        let elapsed = self.began.elapsed();
        let left = match self.total(report) {
            Some(total) if total > elapsed => {
                format!(", about {} left", words::roughly(total - elapsed))
            }
            _ => String::new(),
        };
        let name = report.title(entrant);
        progress::live(&format!("{name}{round_of}: {pages} of {all} pages{left}"));
    }

    /// From what the site serves; else from the first round.
    fn total(&self, report: &Report) -> Option<Duration> {
        let first_round = || {
            let runs = report.runs.get(..report.entrants.len())?;
            let walls = runs.iter().map(|run| run.usage.wall_us.unwrap_or(0));
            Some(Duration::from_micros(walls.sum()))
        };
        Some(self.round.or_else(first_round)?.saturating_mul(report.setting.rounds))
    }
}

/// How long a sweep takes.
pub struct SweepCountdown {
    runs: usize,
    stage: usize,
    stages: usize,
    /// The time of each run that is still to come, by stage and step.
    left: BTreeMap<(String, usize), Duration>,
    began_run: Instant,
}

impl SweepCountdown {
    /// Before the first run. Tells how long all of it will take.
    pub fn begin(entrants: &[Entrant], delay: Duration, steps: &[usize]) -> SweepCountdown {
        let mut left = BTreeMap::new();
        for entrant in entrants {
            for &step in steps {
                if sweep::too_long(entrant, delay, step).is_none() {
                    let time = sweep::expected(entrant, delay, step) + RUN + FETCH * step as u32;
                    left.insert((entrant.title().into_owned(), step), time);
                }
            }
        }
        let all = words::roughly(left.values().sum());
        let stages = words::plural(entrants.len() as u64, "stage");
        let steps: Vec<String> = steps.iter().map(|step| words::count(*step as u64)).collect();
        let steps = words::list(&steps.iter().map(String::as_str).collect::<Vec<_>>());
        progress::note(&format!(
            "This will take about {all}: {stages} with {steps} in flight. Ctrl-C shows what is there by then."
        ));
        let (runs, stages) = (left.len(), entrants.len());
        SweepCountdown { runs, stage: 0, stages, left, began_run: Instant::now() }
    }

    /// This stage is next: what those before it did not manage is not to come any more.
    pub fn next_stage(&mut self, entrant: &Entrant, before: &[Entrant]) {
        self.stage += 1;
        self.left.retain(|(name, _), _| before.iter().all(|entrant| entrant.title() != *name));
        if !progress::is_live() {
            let left = words::roughly(self.left.values().sum());
            progress::note(&format!(
                "{}, stage {} of {}, about {left} left",
                entrant.title(),
                self.stage,
                self.stages
            ));
        }
        self.began_run = Instant::now();
    }

    /// One run is over.
    pub fn done(&mut self, entrant: &Entrant, in_flight: usize) {
        self.left.remove(&(entrant.title().into_owned(), in_flight));
        self.began_run = Instant::now();
    }

    /// The live line.
    pub fn show(&self, entrant: &Entrant, in_flight: usize) {
        let left: Duration = self.left.values().sum();
        let left = words::roughly(left.saturating_sub(self.began_run.elapsed()));
        let (run, runs) = (self.runs - self.left.len() + 1, self.runs);
        let many = words::count(in_flight as u64);
        let name = entrant.title();
        progress::live(&format!(
            "{name}, {many} in flight: run {run} of {runs}, about {left} left"
        ));
    }
}
