//! A thousand pages without a delay: what is left when nobody has to wait.
//!
//! One iteration is a thousand fetches, so read milliseconds as microseconds per fetch. First one
//! after the other, then 100 in flight. Nearly all of it is the kernel's work for a connection, on
//! the client's side and on the site's, and that is the same for all: the ways of waiting differ by
//! what they ask the kernel *besides*.

use std::time::Duration;

use benches::{SiteProcess, crawl, fetch_all, group_of_crawls, is_only_tested, label, limits};
use crawl::Target;
use criterion::{BenchmarkId, Criterion, Throughput};
use stage_02_process_pool::Pool;
use stage_runner::stages;

const IN_FLIGHT: usize = 100;

fn main() {
    benches::run(|criterion| {
        let site = SiteProcess::start();
        let pages = if is_only_tested() { IN_FLIGHT } else { 1_000 };
        let targets = site.targets(pages, Duration::ZERO);
        overhead(criterion, "overhead-sequential", &targets, 1);
        overhead(criterion, "overhead-100-in-flight", &targets, IN_FLIGHT);
    });
}

fn overhead(criterion: &mut Criterion, name: &str, targets: &[Target], in_flight: usize) {
    let mut group = group_of_crawls(criterion, name, Duration::from_millis(1_500));
    group.throughput(Throughput::Elements(targets.len() as u64));
    for stage in stages::all() {
        if let Err(reason) = (stage.available)() {
            eprintln!("{}: skipped: {reason}", stage.name);
            continue;
        }
        if stage.one_at_a_time && in_flight > 1 {
            eprintln!("{}: skipped: it has one in flight, however many it may have", stage.name);
            continue;
        }
        group.bench_function(BenchmarkId::from_parameter(label(stage)), |bencher| {
            bencher.iter(|| crawl(stage, targets, in_flight).expect(stage.name));
        });
    }

    // What a process costs is its start. This pool has started before the clock does.
    group.bench_function(BenchmarkId::from_parameter("02-process-pool, warm"), |bencher| {
        let mut pool = Pool::new(in_flight).expect("not too many");
        pool.warm_up().expect("the processes start");
        let mut crawl = || {
            let limits = limits(in_flight);
            fetch_all(targets.len(), |done| pool.crawl(targets, &limits, done))
        };
        bencher.iter(|| crawl().expect("the pool fetches"));
    });
    group.finish();
}
