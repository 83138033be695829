//! Chapter 4: non-blocking sockets, asked again and again.
//!
//! **What it does.** The steps of chapter 1, one page after another
//! ([`crawl()`]); and the same for all pages at once ([`crawl_all`]).
//!
//! **How it waits.** It does not: a non-blocking socket says at once that
//! it is not ready, and the program asks again, some million times a
//! second.
//!
//! **What is new.** Not sleeping is not progress. One page after another
//! takes as long as in chapter 1, with the processor at full load. Asking
//! all sockets in turn brings the pages as early as the best stage does, so
//! what busy-waiting wastes is CPU, not time. Somebody must say *when* a
//! socket is ready.

mod all;

use std::io::{self, Read};

use crawl::{Exchange, Limits, Outcome, Page, Received, Sent, Target};
use socket2::{Domain, Socket, Type};

pub use all::crawl_all;

/// Fetches the targets, one after another, and hands each outcome to `done`
/// as it comes.
///
/// # Errors
/// None: whatever fails, fails one target.
pub fn crawl(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    let mut chunk = crawl::receive_buffer();
    for (index, target) in targets.iter().enumerate() {
        done(fetch(index, target, limits, &mut chunk));
    }
    Ok(())
}

/// Fetches one target, busy until it is done.
fn fetch(
    index: usize,
    target: &Target,
    limits: &Limits,
    chunk: &mut [u8],
) -> Outcome {
    let mut exchange = Exchange::new(target, limits);
    loop {
        let page = download(&mut exchange, chunk);
        if !exchange.try_next_address(&page) {
            return exchange.finish(index, page);
        }
    }
}

fn download(exchange: &mut Exchange, chunk: &mut [u8]) -> io::Result<Page> {
    let socket = connect(exchange)?;
    send(&socket, exchange)?;
    receive(&socket, exchange, chunk)
}

/// Begins to connect: the first `send` that works will show that the
/// connection is there.
fn connect(exchange: &mut Exchange) -> io::Result<Socket> {
    let address = exchange.address();
    let socket =
        Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    exchange.connected(socket.connect(&address.into()))?;
    Ok(socket)
}

/// Asks for room again and again, and whether the connection has failed: a
/// loop that forgets to ask spins until the deadline.
fn send(socket: &Socket, exchange: &mut Exchange) -> io::Result<()> {
    loop {
        match exchange.sent(socket.send(exchange.unsent()))? {
            Sent::All => return Ok(()),
            Sent::Part => {}
            Sent::MustWait => exchange.socket_error(socket.take_error())?,
        }
    }
}

/// Asks for bytes again and again, until the page is complete.
fn receive(
    mut socket: &Socket,
    exchange: &mut Exchange,
    chunk: &mut [u8],
) -> io::Result<Page> {
    loop {
        match exchange.received(socket.read(chunk), chunk)? {
            Received::Page(page) => return Ok(page),
            Received::Part | Received::MustWait => {}
        }
    }
}
