//! `stage-runner sweep`: each stage with more and more in flight, until it goes no further.
//!
//! Each run gets a practice site of its own, and so ports of its own: no connection of an earlier run that is still in
//! TIME_WAIT takes one from it. Where there are many in flight, they go to several addresses in turn: 127.0.0.1,
//! 127.0.0.2 and so on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::CommandFactory;
use crawl::protocol::{OutcomeLine, Usage};
use crawl::{Limits, Worker};
use practice_site::{Config, Site};

use crate::cli::{Charset, Cli, Color, SweepFormat, SweepOptions};
use crate::entrants::{self, Entrant};
use crate::look::Look;
use crate::output::{self, chart, sweep as tables};
use crate::run::{Run, Status, Work};
use crate::session::{ended, write};
use crate::{family, interrupt, progress, summary, targets, text};

/// A stage that waits for one page after the other is not asked to do it for longer than this.
const LONGEST: Duration = Duration::from_secs(10);

/// Beyond its page's delay, a fetch may take this long: ten thousand that start at once take their time.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a run takes beyond its page's delay: a process and a site to start, and each fetch.
const RUN: Duration = Duration::from_millis(150);
const FETCH: Duration = Duration::from_micros(60);

/// Descriptors that the runner needs beside the connections of its site: to listen, and for itself.
const SITE_DESCRIPTORS: usize = 64;

/// How often the live line changes.
const LIVE_EVERY: Duration = Duration::from_millis(100);

/// What was asked for, and what came of it so far.
pub struct Sweep {
    /// How long each page takes: nothing is faster.
    pub delay: Duration,
    /// How many are in flight, from few to many.
    pub steps: Vec<usize>,
    /// A track for each stage, in their order; those that were not reached are not in it.
    pub tracks: Vec<Track>,
    /// Whether Ctrl-C ended it early.
    pub interrupted: bool,
}

/// How far one stage came.
pub struct Track {
    /// Which stage.
    pub entrant: Entrant,
    /// What it took at each step that went well.
    pub points: Vec<Point>,
    /// Why it went no further, unless it went all the way.
    pub end: Option<End>,
}

/// One run in which every page came.
pub struct Point {
    /// How many fetches there were, all to be in flight at once.
    pub in_flight: usize,
    /// How many were.
    pub most_in_flight: usize,
    /// What it took.
    pub usage: Usage,
    /// The wall time over the delay of a page.
    pub over_delay: Option<f64>,
    /// CPU time of both kinds for each fetch, in microseconds.
    pub cpu_per_fetch_us: Option<f64>,
    /// What memory grew by for each fetch in flight, worker processes included.
    pub memory_per_fetch_bytes: Option<f64>,
}

/// Where a stage ends, and why.
#[derive(Debug)]
pub struct End {
    /// The step that it did not manage.
    pub in_flight: usize,
    /// What kind of end it is.
    pub why: Why,
    /// Pages that came all the same.
    pub pages: usize,
    /// In words.
    pub reason: String,
}

/// What ended a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It waits for one page after the other, and that would take too long.
    OneByOne,
    /// It did not get the workers that it needs.
    Workers,
    /// It could have gone on, but the practice site could not.
    Site,
    /// Pages did not come.
    Failed,
    /// It cannot run on this system.
    NotHere,
}

impl Why {
    /// The word for it in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Why::OneByOne => "one-by-one",
            Why::Workers => "too-few-workers",
            Why::Site => "site-too-small",
            Why::Failed => "failed",
            Why::NotHere => "skipped",
        }
    }
}

/// Says what is wrong with the command line, and ends.
fn wrong<T>(message: String) -> T {
    let mut cli = Cli::command();
    cli.build();
    let sweep = cli.find_subcommand_mut("sweep").expect("this is one");
    sweep.error(clap::error::ErrorKind::ValueValidation, message).exit()
}

/// Sweeps as the command line asks for.
pub fn run(options: &SweepOptions) -> ExitCode {
    let look = Look::new(Color::Never, Charset::Auto);
    progress::set_up(options.quiet, look.ascii, look.width);
    let entrants = entrants::choose(&options.stages, &[]).unwrap_or_else(wrong);
    let steps =
        steps(options.from.get(), options.to.get(), options.per_decade).unwrap_or_else(wrong);
    if let Some(file) = &options.svg
        && let Err(error) = check_writable(file)
    {
        wrong(format!("cannot write {}: {error}", file.display()))
    }

    interrupt::watch();
    family::raise_descriptor_limit();
    let mut sweep = Sweep { delay: options.delay, steps, tracks: Vec::new(), interrupted: false };
    let swept = sweep.run(entrants);
    progress::end();
    sweep.interrupted = interrupt::asked();
    let printed = swept.and_then(|()| match options.format {
        SweepFormat::Table => output::print(&look, &tables::lines(&sweep, look.width)),
        SweepFormat::Json => write(&tables::document(&sweep)),
    });
    if let Some(file) = &options.svg {
        if let Err(error) = fs::write(file, chart::svg(&sweep)) {
            progress::warn(&format!("error: cannot write {}: {error}", file.display()));
            return ExitCode::FAILURE;
        }
        progress::note(&format!("The chart is in {}.", file.display()));
    }
    ended(printed.map(|()| sweep.tracks.iter().all(Track::is_fine)))
}

/// A sweep takes minutes: better to know at once that nobody will be able to keep its chart.
fn check_writable(file: &Path) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(file).map(drop)
}

/// `from`, `to`, and the round numbers between: so many in each decade.
fn steps(from: usize, to: usize, per_decade: u8) -> Result<Vec<usize>, String> {
    if from > to {
        return Err(format!("--from {from} is more than --to {to}"));
    }
    let round: &[usize] = match per_decade {
        1 => &[1],
        2 => &[1, 3],
        _ => &[1, 2, 5],
    };
    let decades = (0..).map(|power| 10_usize.pow(power)).take_while(|decade| *decade <= to);
    let numbers = decades.flat_map(|decade| round.iter().map(move |round| round * decade));
    let between = numbers.filter(|number| (from..=to).contains(number));
    Ok(between.chain([from, to]).collect::<BTreeSet<_>>().into_iter().collect())
}

impl Sweep {
    fn run(&mut self, entrants: Vec<Entrant>) -> io::Result<()> {
        let mut clock = Clock::new(self, &entrants);
        clock.tell(self);
        for entrant in entrants {
            clock.next_stage(&entrant, self);
            let mut track = Track { entrant, points: Vec::new(), end: None };
            let result = self.run_one(&mut track, &mut clock);
            self.tracks.push(track);
            result?;
            if interrupt::asked() {
                break;
            }
        }
        Ok(())
    }

    /// One stage, up to where it ends.
    fn run_one(&self, track: &mut Track, clock: &mut Clock) -> io::Result<()> {
        let stage = track.entrant.stage().expect("a sweep has no programs");
        for &in_flight in &self.steps {
            let cannot = match (stage.available)() {
                Err(reason) => Some((Why::NotHere, reason)),
                Ok(()) => too_long(&track.entrant, in_flight, self.delay)
                    .or_else(|| too_many_for_the_site(in_flight, family::descriptor_limit()?)),
            };
            let step = match cannot {
                Some((why, reason)) => Err(End { in_flight, why, pages: 0, reason }),
                None => {
                    let run = self.measure(&track.entrant, in_flight, clock)?;
                    if interrupt::asked() {
                        return Ok(());
                    }
                    clock.done(&track.entrant, in_flight);
                    self.judge(in_flight, &run)
                }
            };
            match step {
                Ok(point) => track.points.push(point),
                Err(end) => {
                    track.end = Some(end);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// A fresh process and a fresh site.
    fn measure(&self, entrant: &Entrant, in_flight: usize, clock: &Clock) -> io::Result<Run> {
        let site = Site::start(self.site(in_flight))?;
        let urls: Vec<String> = site.page_urls().collect();
        let urls = targets::parse_all(urls.iter().map(String::as_str)).map_err(io::Error::other)?;
        let work = Work {
            wanted: &targets::resolve(urls),
            limits: Limits {
                concurrency: in_flight.try_into().expect("a step is at least 1"),
                deadline: self.delay.saturating_add(PATIENCE),
                ..Limits::default()
            },
            digest: false,
            verbose: false,
        };
        let mut result = Ok(());
        let mut shown: Option<Instant> = None;
        let run = work.run(0, entrant, 0, &mut |outcome| {
            if shown.is_none_or(|shown| shown.elapsed() > LIVE_EVERY) {
                shown = Some(Instant::now());
                clock.show(entrant, in_flight);
            }
            if outcome.is_none() && family::stdout_is_closed() {
                result = Err(ErrorKind::BrokenPipe.into());
            }
            result.is_ok()
        });
        result.map(|()| run)
    }

    fn site(&self, in_flight: usize) -> Config {
        let destinations = targets::destinations(in_flight);
        Config { destinations, pages: in_flight, delay: self.delay, ..Config::default() }
    }

    /// Whether so many were too many.
    fn judge(&self, in_flight: usize, run: &Run) -> Result<Point, End> {
        let end = |why, reason| End { in_flight, why, pages: run.pages(), reason };
        if run.status != Status::Ok {
            return Err(end(Why::Failed, failure(run)));
        }
        if let Some(reason) = too_few_workers(run) {
            return Err(end(Why::Workers, reason));
        }
        let usage = run.usage.clone();
        let fetches = in_flight as f64;
        let most_in_flight = summary::in_flight(run);
        let delay_us = self.delay.as_micros() as f64;
        let grown = usage.start_rss_bytes.zip(usage.peak_rss_bytes);
        let grown = grown.map(|(start, peak)| peak.saturating_sub(start));
        let memory = grown.zip(usage.workers_private_bytes).map(|(own, workers)| own + workers);
        Ok(Point {
            in_flight,
            most_in_flight,
            over_delay: usage.wall_us.map(|wall| wall as f64 / delay_us),
            cpu_per_fetch_us: summary::cpu_us(run).map(|cpu| cpu as f64 / fetches),
            memory_per_fetch_bytes: memory.map(|bytes| bytes as f64 / most_in_flight.max(1) as f64),
            usage,
        })
    }
}

impl Track {
    /// That it ends somewhere is what a sweep is about; that it never began is not.
    fn is_fine(&self) -> bool {
        match &self.end {
            Some(end) if self.points.is_empty() => {
                matches!(end.why, Why::NotHere | Why::OneByOne) && !self.entrant.by_name
            }
            _ => true,
        }
    }
}

/// What so many fetches should take.
fn expected(entrant: &Entrant, in_flight: usize, delay: Duration) -> Duration {
    let one_at_a_time = entrant.stage().is_some_and(|stage| stage.one_at_a_time);
    delay.saturating_mul(if one_at_a_time { in_flight as u32 } else { 1 })
}

fn too_long(entrant: &Entrant, in_flight: usize, delay: Duration) -> Option<(Why, String)> {
    let expected = expected(entrant, in_flight, delay);
    let is_too_long = expected > delay.max(LONGEST);
    let reason = || {
        let time = text::roughly(expected);
        format!("one page after the other: {} would take {time}", text::count(in_flight as u64))
    };
    is_too_long.then(|| (Why::OneByOne, reason()))
}

/// The site needs a few descriptors more than a stage. Without them it would be slow, and that would look like the stage.
/// Where there are too few for the stage as well, it says so itself.
fn too_many_for_the_site(in_flight: usize, limit: usize) -> Option<(Why, String)> {
    let reason = || {
        let (limit, in_flight) = (text::count(limit as u64), text::count(in_flight as u64));
        format!(
            "a process has {limit} descriptors here (ulimit -n), too few for a site with {in_flight} connections"
        )
    };
    (in_flight < limit && limit < in_flight + SITE_DESCRIPTORS).then(|| (Why::Site, reason()))
}

/// What went wrong: the commonest error, in the words of the first page that met it.
fn failure(run: &Run) -> String {
    if let Some(reason) = &run.reason {
        let joint = if reason.starts_with("line ") { "its " } else { "" };
        // Its last words, where it had some, say more than the signal.
        let words = run.stderr.last().map(|line| format!(" ({line})")).unwrap_or_default();
        return text::escaped(&format!("{joint}{reason}{words}"));
    }
    let mut kinds: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for error in run.told().filter_map(|outcome| outcome.error.as_ref()) {
        kinds.entry(error.kind.word()).or_insert((0, &error.message)).0 += 1;
    }
    let Some((kind, (_, message))) = kinds.into_iter().max_by_key(|(_, (count, _))| *count) else {
        return "pages are missing".to_owned();
    };
    // What ended a stage as a whole is in the words of every page that was left.
    let message = message.strip_prefix("cannot wait for sockets: ").unwrap_or(message);
    let message = if kind == "io" { message.to_owned() } else { format!("{kind}: {message}") };
    text::escaped(&message)
}

/// A pool goes on with fewer workers where the system gives no more: then so many were never in flight. The last worker
/// began before the first page came, so that it is not the shortness of the delay.
fn too_few_workers(run: &Run) -> Option<String> {
    let pages = run.outcomes.len();
    let mut began: BTreeMap<Worker, u64> = BTreeMap::new();
    for outcome in run.told() {
        let first = began.entry(outcome.by).or_insert(outcome.started_us);
        *first = outcome.started_us.min(*first);
    }
    let workers = began.len();
    let noun = match began.keys().next()? {
        Worker::Main => return None,
        Worker::Thread(_) => "threads",
        Worker::Process(_) => "processes",
    };
    let finished = |outcome: &OutcomeLine| outcome.finished_us;
    let all_began = began.values().max() < run.told().filter_map(finished).min().as_ref();
    let count = |number: usize| text::count(number as u64);
    (workers < pages && all_began)
        .then(|| format!("the system gave it {} {noun} of {}", count(workers), count(pages)))
}

/// How long it all takes, for those who wait.
struct Clock {
    runs: usize,
    stage: usize,
    stages: usize,
    /// What is left: the time of each run that is still to come, by stage and step.
    left: BTreeMap<(String, usize), Duration>,
    began_run: Instant,
}

impl Clock {
    fn new(sweep: &Sweep, entrants: &[Entrant]) -> Clock {
        let mut left = BTreeMap::new();
        for entrant in entrants {
            for &step in &sweep.steps {
                if too_long(entrant, step, sweep.delay).is_none() {
                    let time = expected(entrant, step, sweep.delay) + RUN + FETCH * step as u32;
                    left.insert((entrant.name.clone(), step), time);
                }
            }
        }
        let (runs, stages) = (left.len(), entrants.len());
        Clock { runs, stage: 0, stages, left, began_run: Instant::now() }
    }

    fn tell(&self, sweep: &Sweep) {
        let all = text::roughly(self.left.values().sum());
        let steps: Vec<String> = sweep.steps.iter().map(|step| text::count(*step as u64)).collect();
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        progress::note(&format!(
            "This will take about {all}: {} with {} in flight. Ctrl-C shows what is there by then.",
            text::plural(self.stages as u64, "stage"),
            text::list(&steps),
        ));
    }

    /// What an earlier stage did not manage is not to come any more.
    fn next_stage(&mut self, entrant: &Entrant, sweep: &Sweep) {
        self.stage += 1;
        for track in &sweep.tracks {
            self.left.retain(|(name, _), _| *name != track.entrant.name);
        }
        if !progress::is_live() {
            let left = text::roughly(self.left.values().sum());
            progress::note(&format!(
                "{}, stage {} of {}, about {left} left",
                entrant.name, self.stage, self.stages
            ));
        }
        self.began_run = Instant::now();
    }

    fn done(&mut self, entrant: &Entrant, in_flight: usize) {
        self.left.remove(&(entrant.name.clone(), in_flight));
        self.began_run = Instant::now();
    }

    fn show(&self, entrant: &Entrant, in_flight: usize) {
        let left: Duration = self.left.values().sum();
        let left = text::roughly(left.saturating_sub(self.began_run.elapsed()));
        let (run, runs) = (self.runs - self.left.len() + 1, self.runs);
        let many = text::count(in_flight as u64);
        let name = &entrant.name;
        progress::live(&format!(
            "{name}, {many} in flight: run {run} of {runs}, about {left} left"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_include_both_ends() {
        assert_eq!(steps(1, 100, 1).unwrap(), [1, 10, 100]);
        assert_eq!(steps(1, 10_000, 2).unwrap(), [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000]);
        assert_eq!(steps(4, 70, 3).unwrap(), [4, 5, 10, 20, 50, 70]);
        assert_eq!(steps(7, 7, 3).unwrap(), [7]);
        assert!(steps(8, 7, 3).is_err());
    }

    fn stage(name: &str) -> Entrant {
        entrants::choose(&[name.to_owned()], &[]).unwrap().remove(0)
    }

    /// So many pages, fetched by as many threads, in a second each.
    fn by_threads(pages: usize, threads: usize) -> Run {
        let outcome = |target: usize| {
            let started = (target / threads * 1_000_000 + target % threads * 20) as u64;
            let by = Worker::Thread((target % threads) as u32 + 1);
            let line = serde_json::json!({
                "target": target, "by": by, "status": 200, "bytes": 0, "error": null,
                "started_us": started, "connected_us": null, "sent_us": null,
                "first_byte_us": null, "finished_us": started + 1_000_000,
            });
            Some(serde_json::from_value(line).unwrap())
        };
        let outcomes = (0..pages).map(outcome).collect();
        Run { status: Status::Ok, reason: None, outcomes, ..Run::skipped(0, 0, String::new()) }
    }

    #[test]
    fn a_pool_that_did_not_get_its_threads_ends_there() {
        let reason = too_few_workers(&by_threads(1000, 900)).unwrap();
        assert_eq!(reason, "the system gave it 900 threads of 1,000");
        assert_eq!(too_few_workers(&by_threads(1000, 1000)), None);
        let mut late = by_threads(1000, 900);
        late.outcomes[0].as_mut().unwrap().finished_us = Some(5_000);
        assert_eq!(too_few_workers(&late), None, "the delay was too short for more");
    }

    #[test]
    fn one_page_after_the_other_ends_where_it_takes_too_long() {
        let delay = Duration::from_secs(2);
        assert!(too_long(&stage("blocking"), 5, delay).is_none());
        let (why, reason) = too_long(&stage("blocking"), 10, delay).unwrap();
        assert_eq!(why, Why::OneByOne);
        assert_eq!(reason, "one page after the other: 10 would take 20 s");
        assert!(too_long(&stage("epoll"), 10_000, delay).is_none());
        assert!(too_long(&stage("blocking"), 1, delay * 60).is_none(), "one page it always does");
    }

    #[test]
    fn a_site_that_could_not_keep_up_is_not_measured() {
        assert!(too_many_for_the_site(1_000, 20_000).is_none());
        assert!(too_many_for_the_site(1_000, 1_000).is_none(), "the stage will say so");
        let (why, reason) = too_many_for_the_site(1_000, 1_024).unwrap();
        assert_eq!(why, Why::Site);
        assert!(reason.starts_with("a process has 1,024 descriptors here"), "{reason}");
    }

    #[test]
    fn many_in_flight_go_to_several_destinations() {
        let delay = Duration::from_secs(2);
        let sweep = Sweep { delay, steps: Vec::new(), tracks: Vec::new(), interrupted: false };
        let hosts = |in_flight| {
            let site = Site::start(sweep.site(in_flight)).unwrap();
            let mut hosts: BTreeMap<String, usize> = BTreeMap::new();
            for url in site.page_urls() {
                let (host, _) = url.rsplit_once('/').unwrap();
                *hosts.entry(host.to_owned()).or_default() += 1;
            }
            hosts.into_values().collect::<Vec<_>>()
        };
        assert_eq!(hosts(1), [1]);
        assert_eq!(hosts(4_000), [4_000]);
        assert_eq!(hosts(10_000), [3_334, 3_333, 3_333]);
    }
}
