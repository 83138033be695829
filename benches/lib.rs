//! What each way of waiting costs, measured with criterion: each file beside this one is a
//! benchmark of its own. `docs/benchmarks.md` tells how to run them, and what they show.
//!
//! # Layout
//!
//! - `ten_pages`: all stages on ten slow pages: waiting
//! - `overhead`: all stages on pages without a delay: working
//! - `scaling`: from 1 page to 1,000, and who stops on the way
//! - `switch`: what it costs to change from one piece of waiting code to another
//! - `selectors`: what it costs to ask which of many sockets is ready
//! - `bytes_per_waiting`: what one that waits keeps in memory (a program, for criterion knows only
//!   time)
//!
//! Here is what they share: the practice site in a process of its own, and criterion's settings.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, iter};

use crawl::{Limits, Target};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, PlottingBackend, SamplingMode};
use stage_runner::stages::Stage;

mod descriptors;
mod site;

pub use descriptors::room_for;
pub use site::{SiteProcess, targets};

/// The `main` of a benchmark: runs its groups, and says where the report is.
pub fn run(groups: impl FnOnce(&mut Criterion)) {
    become_another_process_if_asked();
    // Fewer resamples than usual: the intervals stay the same, and a class need not wait for them.
    let criterion = Criterion::default().plotting_backend(PlottingBackend::Plotters);
    let mut criterion = criterion.nresamples(10_000).configure_from_args();
    groups(&mut criterion);
    criterion.final_summary();
    if !is_only_tested()
        && let Some(report) = report()
    {
        println!("Report: {}", report.display());
    }
}

/// Turns this process into the site or into a worker of the process pool, if it was started as one.
/// It comes first in `main`: before it, both are this program, started again.
pub fn become_another_process_if_asked() {
    stage_02_process_pool::become_worker_if_asked();
    stage_10_many_loops::processes::become_worker_if_asked();
    site::become_site_if_asked();
}

/// Whether everything is to run once, and nothing to be measured: `-- --test`.
pub fn is_only_tested() -> bool {
    env::args().any(|argument| argument == "--test")
}

/// A group in which one iteration is a whole crawl: few samples, each of few crawls.
pub fn group_of_crawls<'a>(
    criterion: &'a mut Criterion,
    name: &str,
    measurement_time: Duration,
) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .warm_up_time(measurement_time / 10)
        .measurement_time(measurement_time);
    group
}

/// What a stage is called in the pictures, which are in the order of the alphabet: its chapter
/// comes first, `05-epoll`.
pub fn label(stage: &Stage) -> String {
    match stage.number {
        Some(chapter) => format!("{chapter:02}-{}", stage.name),
        None => stage.name.to_owned(),
    }
}

/// Has a stage fetch all targets, so many at once.
///
/// # Errors
/// Why it could not wait, or why the first page that failed did.
pub fn crawl(stage: &Stage, targets: &[Target], concurrency: usize) -> Result<(), String> {
    (stage.available)()?;
    fetch_all(targets.len(), |done| (stage.crawl)(targets, &limits(concurrency), done))
}

/// Calls something that fetches so many pages, and looks whether it did.
///
/// # Errors
/// Why not, in words.
pub fn fetch_all(
    pages: usize,
    crawl: impl FnOnce(&mut dyn FnMut(crawl::Outcome)) -> std::io::Result<()>,
) -> Result<(), String> {
    let (mut fetched, mut failure) = (0, None);
    let mut done = |outcome: crawl::Outcome| match outcome.result {
        Ok(_) => fetched += 1,
        Err(error) => drop(failure.get_or_insert(error.message)),
    };
    crawl(&mut done).map_err(|error| error.to_string())?;
    match failure {
        None if fetched == pages => Ok(()),
        None => Err(format!("{fetched} outcomes for {pages} pages")),
        Some(failure) => Err(failure),
    }
}

/// The usual limits, with so many fetches at once.
pub fn limits(concurrency: usize) -> Limits {
    let concurrency = NonZeroUsize::new(concurrency).expect("at least one at once");
    Limits { concurrency, deadline: Duration::from_secs(30), ..Limits::default() }
}

/// The first page of the HTML report, as far as one was written.
fn report() -> Option<PathBuf> {
    let directory = |name| env::var_os(name).map(PathBuf::from);
    let program = env::current_exe().ok()?;
    // As criterion looks for it; then the folders above this program, `target/release/deps/…`.
    iter::once(directory("CRITERION_HOME"))
        .chain(iter::once(directory("CARGO_TARGET_DIR").map(|target| target.join("criterion"))))
        .flatten()
        .chain(program.ancestors().skip(3).take(2).map(|target| target.join("criterion")))
        .find_map(|criterion| criterion.join("report/index.html").canonicalize().ok())
}
