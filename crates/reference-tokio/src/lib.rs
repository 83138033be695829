//! The yardstick: the same crawl on tokio.
//!
//! **What it does.** The code of chapter 8, as close to it as tokio allows:
//! `connect`, `send` and `receive` on sockets, as tasks on tokio's
//! current-thread runtime. (At work you would use a client library.)
//!
//! **How it waits.** As chapter 8: tokio has an executor, a reactor and
//! wakers too. Its timers are for everybody, its tasks can be spawned from
//! anywhere, and its sockets are registered for good and edge-triggered.
//!
//! **What is new.** The executor and the reactor come from a library. It
//! stands in the tables so that our own stages can be compared with what
//! people use.

use std::io;
use std::net::TcpStream as StdStream;

use crawl::{
    DeadlinePassed, Exchange, Limits, Outcome, Page, Received, Sent, Target,
};
use socket2::{Domain, Socket, Type};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;

/// Fetches the targets, and hands each outcome to `done` as it comes.
///
/// # Errors
/// What the system says when tokio's runtime cannot be built.
pub fn crawl(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .on_thread_park(recorder::asleep)
        .on_thread_unpark(recorder::awake)
        .build()?;
    LocalSet::new().block_on(&runtime, fetch_all(targets, *limits, done));
    Ok(())
}

async fn fetch_all(
    targets: &[Target],
    limits: Limits,
    done: &mut dyn FnMut(Outcome),
) {
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
    let page = timeout(limits.deadline, try_all(&mut exchange)).await;
    exchange.finish(index, page.unwrap_or(Err(DeadlinePassed.into())))
}

async fn try_all(exchange: &mut Exchange) -> io::Result<Page> {
    loop {
        let page = download(exchange).await;
        if !exchange.try_next_address(&page) {
            return page;
        }
    }
}

async fn download(exchange: &mut Exchange) -> io::Result<Page> {
    let mut socket = connect(exchange)?;
    send(&mut socket, exchange).await?;
    receive(&mut socket, exchange).await
}

/// Begins to connect. Nobody waits for it: the first `send` finds out
/// whether the connection is there. (`TcpStream::connect` would wait, and
/// closes a socket that was reset, with an answer that came before.)
fn connect(exchange: &mut Exchange) -> io::Result<TcpStream> {
    let address = exchange.address();
    let socket =
        Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    exchange.connected(socket.connect(&address.into()))?;
    TcpStream::from_std(StdStream::from(socket))
}

async fn send(
    socket: &mut TcpStream,
    exchange: &mut Exchange,
) -> io::Result<()> {
    loop {
        match exchange.sent(socket.try_write(exchange.unsent()))? {
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
    socket: &mut TcpStream,
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
    socket: &TcpStream,
    exchange: &mut Exchange,
) -> io::Result<Option<Page>> {
    let chunk = &mut [0; 8 << 10];
    loop {
        match exchange.received(socket.try_read(chunk), chunk)? {
            Received::Page(page) => return Ok(Some(page)),
            Received::Part => {}
            Received::MustWait => return Ok(None),
        }
    }
}
