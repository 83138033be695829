//! Ten pages, each 45 ms away, ten at once, by every stage: two kinds of time.
//!
//! It is the picture that everything here begins with, at a tenth of its size. Whoever waits for
//! one page after the other needs 450 ms; whoever waits for all at once needs 45, whichever way it
//! waits. A process pool also pays for starting its processes.

use std::time::Duration;

use benches::{SiteProcess, crawl, group_of_crawls, label};
use criterion::{BenchmarkId, Criterion};
use stage_runner::stages;

const PAGES: usize = 10;
const DELAY: Duration = Duration::from_millis(45);

fn main() {
    benches::run(ten_pages);
}

fn ten_pages(criterion: &mut Criterion) {
    let site = SiteProcess::start();
    let targets = site.targets(PAGES, DELAY);
    let mut group = group_of_crawls(criterion, "ten-pages", Duration::from_secs(2));
    for stage in stages::all() {
        if let Err(reason) = (stage.available)() {
            eprintln!("{}: skipped: {reason}", stage.name);
            continue;
        }
        group.bench_function(BenchmarkId::from_parameter(label(stage)), |bencher| {
            bencher.iter(|| crawl(stage, &targets, PAGES).expect(stage.name));
        });
    }
    group.finish();
}
