//! Chapter 8: async and await, on an executor and a reactor of our own.
//!
//! **What it does.** The code of chapter 1, with `.await` where it waits.
//!
//! **How it waits.** The compiler writes down where a function stopped, and with which variables:
//! it makes of each `async fn` a struct like those that chapter 7 wrote by hand ([`by_hand`] shows
//! the one for [`fetch`]). Such a future does nothing until it is polled. When it has to wait, it
//! leaves a waker with the [`Reactor`] and returns; when its socket is ready, the waker puts the
//! task into a queue, and the [`Executor`] polls it again: *wake, then ask again*.
//!
//! **What is new.** In chapter 6 the Task sent a value in; here a wake carries nothing, and the
//! future asks. So a waker may be used too often, by anybody, from any thread, and a future can be
//! cancelled by dropping it. The chapter's own code is the executor and the reactor: the language
//! brings neither.

mod reactor;

mod executor;
mod queue;

pub mod by_hand;

use std::io;

use crawl::{Exchange, Limits, Outcome, Page, Target};

pub use executor::Executor;
pub use queue::WakeQueue;
pub use reactor::{Reactor, Socket};

/// Fetches the targets, and hands each outcome to `done` as it comes.
///
/// # Errors
/// What the system says when it cannot wait.
pub fn crawl(targets: &[Target], limits: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    let reactor = Reactor::new(limits)?;
    let list = targets.iter().enumerate();
    let fetches = list.map(|(index, target)| fetch(index, target, &reactor));
    Executor::new(&reactor)?.run(fetches, limits.concurrency.get(), done)
}

/// Fetches one target.
pub async fn fetch(index: usize, target: &Target, reactor: &Reactor) -> Outcome {
    let mut exchange = Exchange::new(target, &reactor.limits);
    let page = download(&mut exchange, reactor).await;
    exchange.finish(index, page)
}

async fn download(exchange: &mut Exchange, reactor: &Reactor) -> io::Result<Page> {
    let mut socket = connect(exchange, reactor).await?;
    send(&mut socket, exchange).await?;
    receive(&mut socket, exchange).await
}

/// Begins to connect, and tries to send without asking whether the connection is there: on loopback
/// it mostly is. Otherwise the send says that it would have to wait.
async fn connect<'a>(exchange: &mut Exchange, reactor: &'a Reactor) -> io::Result<Socket<'a>> {
    let socket = selectors::connect(exchange.target().address())?;
    let mut socket = reactor.watch(socket, exchange.started());
    let sent = socket.send(exchange.unsent());
    match exchange.sent(sent) {
        Ok(()) => {}
        Err(error) if exchange.must_wait(&error) => {
            socket.writable().await?;
            exchange.connection(socket.connection())?;
        }
        Err(error) => return Err(error),
    }
    Ok(socket)
}

async fn send(socket: &mut Socket<'_>, exchange: &mut Exchange) -> io::Result<()> {
    while !exchange.unsent().is_empty() {
        let sent = socket.send(exchange.unsent());
        match exchange.sent(sent) {
            Ok(()) => {}
            Err(error) if exchange.must_wait(&error) => socket.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn receive(socket: &mut Socket<'_>, exchange: &mut Exchange) -> io::Result<Page> {
    loop {
        let waited = socket.readable().await;
        let chunk = &mut *socket.chunk();
        match socket.receive(chunk) {
            Ok(bytes) => {
                if let Some(page) = exchange.received(&chunk[..bytes])? {
                    return Ok(page);
                }
            }
            // Nothing there: the deadline has passed, or it was a false alarm.
            Err(error) if exchange.must_wait(&error) => waited?,
            Err(error) => return Err(error),
        }
    }
}
