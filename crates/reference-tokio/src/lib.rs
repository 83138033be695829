//! The yardstick: the same crawl on tokio, as one would write it at work.
//!
//! **What it does.** The steps of chapter 1, with `.await` where they wait, as tasks on tokio's
//! current-thread runtime.
//!
//! **How it waits.** As chapter 8: tokio has an executor, a reactor and wakers too. Its timers are
//! for everybody, its tasks can be spawned from anywhere, and its sockets are registered for good and
//! edge-triggered.
//!
//! **What is new.** Nothing is written by hand. It stands in the tables so that our own stages can be
//! compared with what people use.

use std::io;

use crawl::{DeadlinePassed, Exchange, Limits, Outcome, Page, Target};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;

/// Fetches the targets, and hands each outcome to `done` as it comes.
///
/// # Errors
/// What the system says when tokio's runtime cannot be built.
pub fn crawl(targets: &[Target], limits: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, fetch_all(targets, *limits, done));
    Ok(())
}

async fn fetch_all(targets: &[Target], limits: Limits, done: &mut dyn FnMut(Outcome)) {
    let mut list = targets.iter().enumerate();
    let mut tasks = JoinSet::new();
    loop {
        while tasks.len() < limits.concurrency.get()
            && let Some((index, target)) = list.next()
        {
            tasks.spawn_local(fetch(index, target.clone(), limits));
        }
        let Some(outcome) = tasks.join_next().await else { return };
        done(outcome.expect("a fetch neither panics nor is cancelled"));
    }
}

/// Fetches one target.
async fn fetch(index: usize, target: Target, limits: Limits) -> Outcome {
    let mut exchange = Exchange::new(&target, &limits);
    let page = timeout(limits.deadline, download(&mut exchange)).await;
    exchange.finish(index, page.unwrap_or(Err(DeadlinePassed.into())))
}

async fn download(exchange: &mut Exchange) -> io::Result<Page> {
    let mut socket = TcpStream::connect(exchange.target().address()).await?;
    exchange.connected();

    while !exchange.unsent().is_empty() {
        let sent = socket.write(exchange.unsent()).await;
        exchange.sent(sent)?;
    }

    loop {
        socket.readable().await?;
        let mut chunk = [0; 8 << 10]; // not held across an `.await`, so not in the task
        match socket.try_read(&mut chunk) {
            Ok(bytes) => {
                if let Some(page) = exchange.received(&chunk[..bytes])? {
                    return Ok(page);
                }
            }
            Err(error) if exchange.must_wait(&error) => {}
            Err(error) => return Err(error),
        }
    }
}
