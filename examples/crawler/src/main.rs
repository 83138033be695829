//! A crawler on chapter 9: one task for each fetch, one queue for everything that happens.

use std::io::{self, IsTerminal};
use std::process::{self, ExitCode};
use std::rc::Rc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;

use asyncio::{Queue, TaskGroup, create_task, task_group, timeout, to_thread};
use clap::Parser;
use crawl::{FetchError, Limits, Page};
use crawler::{Fetch, Frontier, Next, Options, fetch_page};
use stage_09_asyncio as asyncio;

/// What can happen while the crawl waits.
enum Event {
    Ended(Fetch, Result<Page, FetchError>),
    /// The user has pressed Ctrl-C.
    Interrupted,
    /// The crawl is over, and nobody needs to listen for Ctrl-C.
    Over,
}

fn main() -> ExitCode {
    let mut frontier = Frontier::new(Options::parse());
    let limits = Options::parse().limits();
    let crawl = task_group(async |tasks| crawl(&mut frontier, limits, tasks).await);
    match asyncio::run(crawl) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return fail(&error),
        Err(error) => return fail(&error),
    }
    print!("{}", frontier.report());
    if frontier.is_unfinished() {
        eprintln!("interrupted: {}", frontier.progress());
        return ExitCode::from(130);
    }
    ExitCode::SUCCESS
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}

/// Begins what the frontier asks for, and tells it what came of it. The fetches are tasks of one
/// group: none outlives the crawl, and if one panics, the crawl does as well.
async fn crawl(
    frontier: &mut Frontier,
    limits: Limits,
    tasks: TaskGroup<io::Error>,
) -> io::Result<()> {
    let events = Rc::new(Queue::new(0));
    let (over, interrupted) = listen_for_ctrl_c()?;
    let listening = create_task(wait_for_ctrl_c(interrupted, Rc::clone(&events)));
    let shows_progress = io::stderr().is_terminal();
    loop {
        let event = match frontier.next(Instant::now()) {
            Next::Fetch(next) => {
                tasks.create_task(fetch(next, limits, Rc::clone(&events)));
                continue;
            }
            // Not an error: the time has come for the next fetch.
            Next::At(when) => timeout(when - Instant::now(), events.get()).await.ok(),
            Next::WhenOneEnds => Some(events.get().await),
            Next::Finished => break,
        };
        match event {
            Some(Event::Ended(fetch, result)) => {
                frontier.ended(fetch, result, Instant::now());
            }
            Some(Event::Interrupted) => frontier.stop(),
            Some(Event::Over) | None => {}
        }
        if shows_progress {
            eprint!("\r\x1b[K{}", frontier.progress());
        }
    }
    if shows_progress {
        eprint!("\r\x1b[K");
    }
    drop(over);
    listening.await;
    Ok(())
}

/// Ends the thread that waits for Ctrl-C when it is dropped.
struct Over(Sender<Event>);

impl Drop for Over {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.send(Event::Over);
    }
}

/// The first Ctrl-C is an event; the second ends the process at once.
fn listen_for_ctrl_c() -> io::Result<(Over, Receiver<Event>)> {
    let (to_us, events) = mpsc::channel();
    let to_crawl = to_us.clone();
    ctrlc::set_handler(move || {
        if to_crawl.send(Event::Interrupted).is_err() {
            process::exit(130);
        }
    })
    .map_err(io::Error::other)?;
    Ok((Over(to_us), events))
}

/// Nothing that a loop can wait for tells of Ctrl-C, so a thread waits.
async fn wait_for_ctrl_c(interrupted: Receiver<Event>, events: Rc<Queue<Event>>) {
    if let Ok(event) = to_thread(move || interrupted.recv()).await {
        events.put(event).await;
    }
}

async fn fetch(fetch: Fetch, limits: Limits, events: Rc<Queue<Event>>) -> io::Result<()> {
    let result = fetch_page(fetch.url.as_str(), limits).await;
    events.put(Event::Ended(fetch, result)).await;
    Ok(())
}
