//! One task that blocks makes all others late.
//!
//! Four pages, each 20 ms away, are fetched at the same time. The first
//! task to get its page then computes for 100 ms without an `.await`. The
//! pages of the others have arrived meanwhile, but nobody is there to take
//! them: there is one thread, and a task gives way only where it awaits.
//! (In Python's asyncio it is the same; its debug mode names callbacks that
//! take longer than 100 ms.)
//!
//! Run it with `cargo run -p stage-08-async-await --example
//! block_the_loop`.

use std::cell::Cell;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crawl::{Limits, Target, Url};
use practice_site::{Config, Site};
use stage_08_async_await::{Executor, Reactor, fetch};

const BLOCKS: Duration = Duration::from_millis(100);

fn main() -> io::Result<()> {
    let site = Site::start(Config::default())?;
    for blocks in [false, true] {
        let late = run(&site, blocks)?;
        println!(
            "one task blocks: {blocks:5}   pages that were late: {late}"
        );
    }
    Ok(())
}

/// How many of four pages came more than 100 ms after they were asked for.
fn run(site: &Site, blocks: bool) -> io::Result<usize> {
    let address = site.address();
    let target = |number: usize| {
        let url = format!("http://{address}/{number}?delay=20ms");
        Target::new(Url::parse(&url).expect("a URL"), address)
    };
    let targets: Vec<Target> = (1..=4).map(target).collect();
    let reactor = Reactor::new(&Limits::default())?;
    let is_first = Cell::new(true);

    let task = |(index, target)| {
        let (reactor, is_first) = (&reactor, &is_first);
        async move {
            let begin = Instant::now();
            fetch(index, target, reactor).await;
            let took = begin.elapsed();
            if is_first.replace(false) && blocks {
                thread::sleep(BLOCKS); // a computation, or a blocking call
            }
            took > BLOCKS
        }
    };
    let mut late = 0;
    Executor::new(&reactor)?.run(
        targets.iter().enumerate().map(task),
        4,
        &mut |is_late| late += usize::from(is_late),
    )?;
    Ok(late)
}
