//! 1, 10, 100 and 1,000 pages of 20 ms, all at once: who needs longer, and who stops on the way?
//!
//! A flat line at 20 ms is the ideal. The sequential stages rise with every page, and stop at 100,
//! which would take them 2 s each time. Whoever cannot go on says why, and the others do.

use std::time::Duration;

use benches::{SiteProcess, crawl, group_of_crawls, label, room_for};
use crawl::Target;
use criterion::{AxisScale, BenchmarkId, Criterion, PlotConfiguration};
use stage_runner::stages::{STAGES, Stage};

const DELAY: Duration = Duration::from_millis(20);
const SIZES: [usize; 4] = [1, 10, 100, 1_000];
/// Here a stage that fetches one page after the other takes too long for a class.
const SEQUENTIAL_STOP: usize = 100;
/// From here on a stage is tried before it is measured.
const MANY: usize = 1_000;

fn main() {
    benches::run(scaling);
}

fn scaling(criterion: &mut Criterion) {
    let site = SiteProcess::start();
    let mut group = group_of_crawls(criterion, "scaling", Duration::from_millis(500));
    group.plot_config(PlotConfiguration::default().summary_scale(AxisScale::Logarithmic));
    for stage in STAGES {
        for pages in SIZES {
            let targets = site.targets(pages, DELAY);
            if let Err(reason) = can_do(stage, &targets) {
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
fn can_do(stage: &Stage, targets: &[Target]) -> Result<(), String> {
    (stage.available)()?;
    let pages = targets.len();
    if stage.one_at_a_time && pages >= SEQUENTIAL_STOP {
        return Err(format!("one after the other they would take {:?}", DELAY * pages as u32));
    }
    room_for(pages)?;
    if pages < MANY { Ok(()) } else { crawl(stage, targets, pages) }
}
