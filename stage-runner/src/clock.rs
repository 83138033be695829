//! How long it takes, told to those who wait.

use std::time::{Duration, Instant};

use crate::entrants::Entrant;
use crate::run::Run;
use crate::session::Session;
use crate::{progress, text};

/// Shorter than this, nobody wants to be told how long it will take.
const WORTH_TELLING: Duration = Duration::from_secs(2);

/// How long it all takes.
pub struct Clock {
    began: Instant,
    /// What one round of each entrant should take, where that is known.
    expected: Option<Duration>,
    rounds: u32,
}

impl Clock {
    /// Before the first run.
    pub fn new(session: &Session<'_>) -> Clock {
        let expected = session.entrants.iter().map(|entrant| session.expected_us(entrant));
        let expected: Option<u64> = expected.sum();
        Clock {
            began: Instant::now(),
            expected: expected.map(Duration::from_micros),
            rounds: session.options.rounds.get(),
        }
    }

    /// Tells how long all of it will take, where that is known and long.
    pub fn tell(&self) {
        if let Some(expected) =
            self.expected.filter(|expected| *expected * self.rounds > WORTH_TELLING)
        {
            let all = text::roughly(expected * self.rounds);
            progress::note(&format!("This will take about {all}."));
        }
    }

    /// The live line: who runs, how far, how much longer.
    pub fn show(
        &self,
        session: &Session<'_>,
        entrant: &Entrant,
        round: u32,
        pages: usize,
        runs: &[Run],
    ) {
        let all = session.urls.len();
        let round_of = match self.rounds {
            1 => String::new(),
            rounds => format!(", round {} of {rounds}", round + 1),
        };
        let elapsed = self.began.elapsed();
        let left = match self.total(session, runs) {
            Some(total) if total > elapsed => {
                format!(", about {} left", text::roughly(total - elapsed))
            }
            _ => String::new(),
        };
        let name = &entrant.name;
        progress::live(&format!("{name}{round_of}: {pages} of {all} pages{left}"));
    }

    /// From what the site serves; else from the rounds that have been.
    fn total(&self, session: &Session<'_>, runs: &[Run]) -> Option<Duration> {
        if let Some(expected) = self.expected {
            return Some(expected * self.rounds);
        }
        let first_round = runs.get(..session.entrants.len())?;
        let walls = first_round.iter().map(|run| run.usage.wall_us.unwrap_or(0));
        Some(Duration::from_micros(walls.sum()) * self.rounds)
    }
}

impl Session<'_> {
    /// What a crawl should take, as far as the site's delays tell.
    pub fn expected_us(&self, entrant: &Entrant) -> Option<u64> {
        let site = self.site.as_ref()?;
        let delays =
            (1..=site.pages).map(|page| practice_site::page_delay(site, page).as_micros() as u64);
        let (sum, longest) =
            delays.fold((0, 0), |(sum, longest), delay| (sum + delay, delay.max(longest)));
        let at_once = match entrant.stage() {
            Some(stage) if stage.one_at_a_time => 1,
            _ => self.options.concurrency.get() as u64,
        };
        Some((sum / at_once).max(longest))
    }
}
