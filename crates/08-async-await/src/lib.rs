//! Chapter 8: async and await, on an executor and a reactor of our own.
//!
//! **What it does.** The code of chapter 1, with `.await` where it waits.
//!
//! **How it waits.** The compiler writes down where a function stopped, and
//! with which variables: it makes of each `async fn` a struct like those
//! that chapter 7 wrote by hand ([`by_hand`] shows the one for [`fetch`]).
//! Such a future does nothing until it is polled. When it has to wait, it
//! leaves a waker with the [`Reactor`] and returns. When its socket is
//! ready, the waker puts the task into a queue, and the [`Executor`] polls
//! it again: *wake, then ask again*.
//!
//! **What is new.** In chapter 6 the Task sends a value in; here a wake
//! carries nothing, and the future asks. So a waker may be used too often,
//! by anybody, from any thread, and a future can be cancelled by dropping
//! it. The chapter's own code is the executor and the reactor: the language
//! brings neither.

mod reactor;

mod executor;
mod queue;

pub mod by_hand;

use std::io;

use crawl::{Exchange, Limits, Outcome, Page, Received, Sent, Target};

pub use executor::Executor;
pub use queue::WakeQueue;
pub use reactor::{Reactor, Socket};

/// Fetches the targets, and hands each outcome to `done` as it comes.
///
/// # Errors
/// What the system says when it cannot wait.
pub fn crawl(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    let reactor = Reactor::new(limits)?;
    let list = targets.iter().enumerate();
    let fetches =
        list.map(|(index, target)| fetch(index, target, &reactor));
    Executor::new(&reactor)?.run(fetches, limits.concurrency.get(), done)
}

/// Fetches one target.
pub async fn fetch(
    index: usize,
    target: &Target,
    reactor: &Reactor,
) -> Outcome {
    let mut exchange = Exchange::new(target, &reactor.limits);
    loop {
        let page = download(&mut exchange, reactor).await;
        if !exchange.try_next_address(&page) {
            return exchange.finish(index, page);
        }
    }
}

async fn download(
    exchange: &mut Exchange,
    reactor: &Reactor,
) -> io::Result<Page> {
    let mut socket = connect(exchange, reactor)?;
    send(&mut socket, exchange).await?;
    receive(&mut socket, exchange).await
}

/// Begins to connect. Nobody waits for it: the first `send` finds out
/// whether the connection is there. On loopback it mostly is.
fn connect<'a>(
    exchange: &mut Exchange,
    reactor: &'a Reactor,
) -> io::Result<Socket<'a>> {
    let address = exchange.address();
    let socket = selectors::socket(address)?;
    exchange.connected(socket.connect(&address.into()))?;
    Ok(reactor.watch(socket, exchange.started()))
}

async fn send(
    socket: &mut Socket<'_>,
    exchange: &mut Exchange,
) -> io::Result<()> {
    loop {
        match exchange.sent(socket.send(exchange.unsent()))? {
            Sent::All => return Ok(()),
            Sent::Part => {}
            Sent::MustWait => {
                socket.writable().await?;
                // Connected *or failed*: the socket knows which.
                exchange.socket_error(socket.take_error())?;
            }
        }
    }
}

async fn receive(
    socket: &mut Socket<'_>,
    exchange: &mut Exchange,
) -> io::Result<Page> {
    loop {
        socket.readable().await?;
        if let Some(page) = receive_chunks(socket, exchange)? {
            return Ok(page);
        }
    }
}

/// Receives what is there, one chunk after another: the page, or `None`
/// where it must wait.
fn receive_chunks(
    socket: &Socket<'_>,
    exchange: &mut Exchange,
) -> io::Result<Option<Page>> {
    let chunk = &mut *socket.chunk();
    loop {
        match exchange.received(socket.receive(chunk), chunk)? {
            Received::Page(page) => return Ok(Some(page)),
            Received::Part => {}
            Received::MustWait => return Ok(None),
        }
    }
}
