//! Chapter 1: one page after another, asleep in every call.
//!
//! **What it does.** For each page: connect, send the request, receive
//! until the answer is complete, close. It is the code that everybody
//! writes first, and the job of all stages after it.
//!
//! **How it waits.** The program sleeps because the function that it called
//! sleeps. `connect` returns when the connection is there, `recv` when
//! bytes are, and until then nothing else happens: the crawl takes the sum
//! of all waits.
//!
//! **What is new.** Everything. Look at [`fetch`]: later stages keep its
//! steps and their order, and change only how they wait. [`Exchange`] is
//! the part of a fetch that never waits: it says which bytes to send, and
//! whether the page is complete. Read it as *conversation*. (The deadline
//! of a fetch is kept in `exact_deadlines`, for whoever wants to know how.)

mod exact_deadlines;

use std::io;

use crawl::{Exchange, Limits, Outcome, Page, Received, Sent, Target};
use socket2::{Domain, Socket, Type};

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

/// Fetches one target, asleep until it is done. The process pool and the
/// thread pool run it too.
pub fn fetch(
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

/// Sleeps until the connection is there.
fn connect(exchange: &mut Exchange) -> io::Result<Socket> {
    let address = exchange.address();
    let socket =
        Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    exchange.connected(exact_deadlines::connect(&socket, exchange))?;
    Ok(socket)
}

/// Sleeps until there is room for the request.
fn send(socket: &Socket, exchange: &mut Exchange) -> io::Result<()> {
    loop {
        match exchange.sent(exact_deadlines::send(socket, exchange))? {
            Sent::All => return Ok(()),
            Sent::Part | Sent::MustWait => {}
        }
    }
}

/// Sleeps until bytes are there, again and again, until the page is
/// complete.
fn receive(
    socket: &Socket,
    exchange: &mut Exchange,
    chunk: &mut [u8],
) -> io::Result<Page> {
    loop {
        let bytes = exact_deadlines::receive(socket, exchange, chunk);
        match exchange.received(bytes, chunk)? {
            Received::Page(page) => return Ok(page),
            Received::Part | Received::MustWait => {}
        }
    }
}
