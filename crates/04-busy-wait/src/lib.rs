//! Chapter 4: non-blocking sockets, asked again and again.
//!
//! **What it does.** The steps of chapter 1, one page after another ([`crawl()`]); and the same for
//! all pages at once ([`crawl_all`]).
//!
//! **How it waits.** It does not: a non-blocking socket says at once that it is not ready, and the
//! program asks again. *Are we there yet?*, some million times a second.
//!
//! **What is new.** Not sleeping is not progress. One page after another takes as long as in
//! chapter 1, with the processor at full load. Asking all sockets in turn brings the pages as early
//! as the best stage does, so what busy-waiting wastes is CPU, not time. Somebody must say *when* a
//! socket is ready.

mod all;

use std::io::{self, Read};
use std::time::Duration;

use crawl::{DeadlinePassed, Exchange, Limits, Outcome, Page, Target, receive_buffer};
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

pub use all::crawl_all;

/// Fetches the targets, one after another, and hands each outcome to `done` as it comes.
///
/// # Errors
/// None: whatever fails, fails one target.
pub fn crawl(targets: &[Target], limits: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    let mut chunk = receive_buffer();
    for (index, target) in targets.iter().enumerate() {
        done(fetch(index, target, limits, &mut chunk));
    }
    Ok(())
}

/// Fetches one target, busy until it is done.
fn fetch(index: usize, target: &Target, limits: &Limits, chunk: &mut [u8]) -> Outcome {
    let mut exchange = Exchange::new(target, limits);
    let page = download(&mut exchange, chunk);
    exchange.finish(index, page)
}

fn download(exchange: &mut Exchange, chunk: &mut [u8]) -> io::Result<Page> {
    let socket = connect(exchange)?;
    send(&socket, exchange)?;
    receive(&socket, exchange, chunk)
}

/// Begins to connect: the first `send` that works will show that the connection is there.
fn connect(exchange: &mut Exchange) -> io::Result<Socket> {
    let address = exchange.target().address();
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address.into()) {
        Err(error) if !is_in_progress(&error) => Err(error),
        _ => Ok(socket),
    }
}

fn send(socket: &Socket, exchange: &mut Exchange) -> io::Result<()> {
    while !exchange.unsent().is_empty() {
        let left = exchange.time_left();
        let sent = socket.send(exchange.unsent());
        match exchange.sent(sent) {
            Ok(()) => {}
            // No failure: it would have to wait. The exchange counts how often.
            Err(error) if exchange.must_wait(&error) => still_hope(left, socket, exchange)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn receive(mut socket: &Socket, exchange: &mut Exchange, chunk: &mut [u8]) -> io::Result<Page> {
    loop {
        let left = exchange.time_left();
        match socket.read(chunk) {
            Ok(bytes) => {
                if let Some(page) = exchange.received(&chunk[..bytes])? {
                    return Ok(page);
                }
            }
            Err(error) if exchange.must_wait(&error) => still_hope(left, socket, exchange)?,
            Err(error) => return Err(error),
        }
    }
}

/// Whether asking again can help: not where the deadline had passed before we asked, and not when the
/// connection was refused. (The loop that forgets either spins for ever.)
fn still_hope(
    left: Result<Duration, DeadlinePassed>,
    socket: &Socket,
    exchange: &mut Exchange,
) -> io::Result<()> {
    left?;
    if exchange.is_connected() {
        return Ok(());
    }
    socket.take_error()?.map_or(Ok(()), |error| exchange.connection(Err(error)))
}

/// Unix says *in progress*, Windows *would block*.
fn is_in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error())
}
