//! The crawl, as a Python programmer writes it: streams, `gather`, and a
//! semaphore for the limit.
//!
//! `fetch`, `download`, `send` and `receive` return an `async` block and
//! are no `async fn`: what an `async fn` is given is stored twice.
#![expect(clippy::manual_async_fn, reason = "arguments are stored once")]

use std::io;
use std::rc::Rc;

use crawl::{DeadlinePassed, Exchange, Limits};
use crawl::{Outcome, Page, Received, Sent, Target};

use crate::owed::Owed;
use crate::{
    EventLoop, Permit, Queue, Semaphore, StreamReader, StreamWriter,
};
use crate::{create_task, gather, open_connection, timeout};

/// Fetches the targets, and hands each outcome to `done` as it comes.
///
/// A task is made when the semaphore has room for it. If the fetch itself
/// waited for a permit, there would be a task for every target from the
/// start, and most of them would wait in line.
///
/// ```
/// use crawl::{Limits, Target, Url};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let nobody_listens = "127.0.0.1:1";
/// let url = Url::parse(&format!("http://{nobody_listens}/page"))?;
/// let target = Target::new(url, nobody_listens.parse()?);
/// let mut outcomes = Vec::new();
/// stage_09_asyncio::crawl(
///     &[target],
///     &Limits::default(),
///     &mut |outcome| outcomes.push(outcome.result),
/// )?;
/// assert_eq!(outcomes.len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// What the system says when it cannot wait, and `CancelledError` if
/// `done` cancels a fetch by [`all_tasks`](crate::all_tasks).
///
/// # Panics
/// If a fetch or `done` does.
pub fn crawl(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    let main = fetch_all(targets, *limits, done);
    Ok(EventLoop::new()?.run_until_complete(main)?)
}

/// What the fetches of a crawl have in common.
struct Crawl {
    limits: Limits,
    /// `None`: a fetch has ended without an outcome.
    finished: Queue<Option<Outcome>>,
}

async fn fetch_all(
    targets: &[Target],
    limits: Limits,
    done: &mut dyn FnMut(Outcome),
) {
    let crawl = Rc::new(Crawl { limits, finished: Queue::new(0) });
    let in_flight = Semaphore::new(limits.concurrency.get());
    let mut fetches = Vec::with_capacity(targets.len());
    // `done` borrows from the caller, so the main task calls it, and not
    // the tasks of the fetches.
    let all_outcomes = async {
        let mut missing = targets.len();
        for (index, target) in targets.iter().enumerate() {
            let permit = in_flight.acquire().await;
            let (target, shared) = (target.clone(), Rc::clone(&crawl));
            let fetch = fetch(index, target, permit, shared);
            fetches.push(create_task(fetch));
            while let Ok(outcome) = crawl.finished.get_nowait() {
                done(outcome?);
                missing -= 1;
            }
        }
        for _ in 0..missing {
            done(crawl.finished.get().await?);
        }
        Some(())
    };
    all_outcomes.await; // or until a fetch ends without one
    gather(fetches).await; // its panic or cancellation goes on here
}

/// Fetches one target, and then makes room for another one.
fn fetch(
    index: usize,
    target: Target,
    permit: Permit,
    crawl: Rc<Crawl>,
) -> impl Future<Output = ()> {
    let owed = Owed::to(&crawl.finished);
    async move {
        let mut exchange = Exchange::new(&target, &crawl.limits);
        let page = loop {
            let left = exchange.time_left();
            let page = timeout(left, download(&mut exchange)).await;
            let page = page.unwrap_or_else(|_| Err(DeadlinePassed.into()));
            if !exchange.try_next_address(&page) {
                break page;
            }
        };
        owed.pay(exchange.finish(index, page));
        // It is named here so that the block takes it along: one that the
        // block does not name would be dropped before the fetch begins.
        drop(permit);
    }
}

fn download(
    exchange: &mut Exchange,
) -> impl Future<Output = io::Result<Page>> {
    async move {
        let streams = open_connection(exchange.address()).await;
        let (mut reader, mut writer) = streams?;
        exchange.connected(Ok(()))?;
        send(&mut writer, exchange).await?;
        receive(&mut reader, exchange).await
    }
}

fn send(
    writer: &mut StreamWriter,
    exchange: &mut Exchange,
) -> impl Future<Output = io::Result<()>> {
    async move {
        let sent = match writer.write(exchange.unsent()) {
            Ok(()) => writer.drain().await,
            error => error,
        };
        let bytes = exchange.unsent().len();
        match exchange.sent(sent.map(|()| bytes))? {
            Sent::All => Ok(()),
            Sent::Part | Sent::MustWait => {
                unreachable!("everything is drained")
            }
        }
    }
}

fn receive(
    reader: &mut StreamReader,
    exchange: &mut Exchange,
) -> impl Future<Output = io::Result<Page>> {
    async move {
        loop {
            let (received, chunk) = match reader.read(usize::MAX).await {
                Ok(chunk) => (Ok(chunk.len()), chunk),
                Err(error) => (Err(error), Vec::new()),
            };
            match exchange.received(received, &chunk)? {
                Received::Page(page) => return Ok(page),
                Received::Part | Received::MustWait => {}
            }
        }
    }
}
