//! What a process pool pays: its processes have to be started once.
//!
//! Ten pages are fetched on ten processes, three times by the same pool.
//! Run it with
//! `cargo run --release -p stage-02-process-pool --example warm_pool`.

use std::error::Error;
use std::time::Instant;

use crawl::{Limits, Target, Url};
use practice_site::{Config, Site};
use stage_02_process_pool::{Pool, become_worker_if_asked};

fn main() -> Result<(), Box<dyn Error>> {
    become_worker_if_asked();
    let site = Site::start(Config::default())?;
    let mut targets = Vec::new();
    for page in 1..=10 {
        let url = Url::parse(&site.url(&format!("/{page}")))?;
        targets.push(Target::new(url, site.address()));
    }

    let mut pool = Pool::new(targets.len())?;
    for processes in ["started", "there already", "there already"] {
        let (begin, mut pages) = (Instant::now(), 0);
        pool.crawl(&targets, &Limits::default(), &mut |outcome| {
            pages += u32::from(outcome.result.is_ok());
        })?;
        let wall = begin.elapsed().as_secs_f64() * 1000.0;
        println!("{pages} pages, processes {processes:<13} {wall:6.1} ms");
    }
    let figures = pool.stop();
    println!("{} processes were started", figures.started);
    Ok(())
}
