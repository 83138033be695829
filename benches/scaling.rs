//! 1, 10, 100 and 1,000 pages of 20 ms, all at once: who needs longer, and who stops on the way?
//!
//! A flat line at 20 ms is the ideal. The sequential stages rise with every page, and stop at 100,
//! which would take them 2 s each time. Whoever cannot go on says why, and the others do.

use std::collections::HashSet;
use std::time::Duration;

use benches::{SiteProcess, crawl, fetch_all, group_of_crawls, label, limits, room_for};
use crawl::{Outcome, Target, Worker};
use criterion::{AxisScale, BenchmarkId, Criterion, PlotConfiguration};
use stage_runner::stages::{self, Stage};

const DELAY: Duration = Duration::from_millis(20);
/// Long enough for a thousand threads to start.
const LONG: Duration = Duration::from_secs(1);
const SIZES: [usize; 4] = [1, 10, 100, 1_000];
/// Here a stage that fetches one page after the other takes too long for a class.
const SEQUENTIAL_STOP: usize = 100;

fn main() {
    benches::run(scaling);
}

fn scaling(criterion: &mut Criterion) {
    let site = SiteProcess::start();
    let mut group = group_of_crawls(criterion, "scaling", Duration::from_millis(500));
    group.plot_config(PlotConfiguration::default().summary_scale(AxisScale::Logarithmic));
    for stage in stages::all() {
        for pages in SIZES {
            let targets = site.targets(pages, DELAY);
            if let Err(reason) = can_do(stage, &site, pages) {
                eprintln!("{}: stops before {pages} pages: {reason}", stage.name);
                break;
            }
            group.bench_function(BenchmarkId::new(label(stage), pages), |bencher| {
                bencher.iter(|| crawl(stage, &targets, pages).expect(stage.name));
            });
        }
    }
    group.finish();
}

/// Whether a stage gets so far, or why not.
fn can_do(stage: &Stage, site: &SiteProcess, pages: usize) -> Result<(), String> {
    (stage.available)()?;
    if stage.one_at_a_time && pages >= SEQUENTIAL_STOP {
        return Err(format!("one after the other they would take {:?}", DELAY * pages as u32));
    }
    room_for(pages)?;
    let workers = workers(stage, &site.targets(pages, DELAY))?;
    if workers.contains(&Worker::Main) || workers.len() == pages {
        return Ok(());
    }
    // Soon the first workers are free again, and the last ones find nothing to do. Pages that take
    // long need them all, if the system gives so many.
    match self::workers(stage, &site.targets(pages, LONG))?.len() {
        few if few < pages => Err(format!("the system gave it {few} workers")),
        _ => Ok(()),
    }
}

/// Who fetches these targets.
fn workers(stage: &Stage, targets: &[Target]) -> Result<HashSet<Worker>, String> {
    let mut workers = HashSet::new();
    fetch_all(targets.len(), |done| {
        let mut done = |outcome: Outcome| {
            workers.insert(outcome.by);
            done(outcome);
        };
        (stage.crawl)(targets, &limits(targets.len()), &mut done)
    })?;
    Ok(workers)
}
