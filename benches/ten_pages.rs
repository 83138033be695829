//! Ten pages, each 20 ms away, fetched by every stage: two kinds of time.
//!
//! Run it with `cargo bench -p benches`.

use std::time::Duration;

use crawl::{Limits, Target, Url};
use criterion::{BenchmarkId, Criterion};
use practice_site::{Config, Site};
use stage_runner::stages::STAGES;

const DELAY: Duration = Duration::from_millis(20);

fn main() {
    stage_02_process_pool::become_worker_if_asked();
    let mut criterion = Criterion::default()
        .plotting_backend(criterion::PlottingBackend::Plotters)
        .configure_from_args();
    ten_pages(&mut criterion);
    criterion.final_summary();
}

fn ten_pages(criterion: &mut Criterion) {
    let site = Site::start(Config { delay: DELAY, ..Config::default() }).expect("a free port");
    let targets: Vec<Target> = site
        .page_urls()
        .map(|url| Target::new(Url::parse(&url).expect("the site's own URL"), site.address()))
        .collect();
    let limits = Limits::default();

    let mut group = criterion.benchmark_group("ten-pages");
    group.sample_size(10).warm_up_time(DELAY * 10).measurement_time(Duration::from_secs(3));
    for stage in STAGES {
        if let Err(reason) = (stage.available)() {
            eprintln!("{}: skipped: {reason}", stage.name);
            continue;
        }
        group.bench_function(BenchmarkId::from_parameter(stage.name), |bencher| {
            bencher.iter(|| {
                let mut pages = 0;
                let mut done = |outcome: crawl::Outcome| pages += u32::from(outcome.result.is_ok());
                (stage.crawl)(&targets, &limits, &mut done).expect("it can wait");
                assert_eq!(pages, 10, "{}", stage.name);
            });
        });
    }
    group.finish();
}
