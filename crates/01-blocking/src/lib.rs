//! Chapter 1: one page after another, asleep in every call.
//!
//! **What it does.** For each page: connect, send the request, receive until the answer is complete,
//! close. It is the code that everybody writes first, and the job of all stages after it.
//!
//! **How it waits.** The program sleeps because the function it called sleeps. `connect` returns
//! when the connection is there, `recv` when bytes are, and until then nothing else happens: the
//! crawl takes the sum of all waits.
//!
//! **What is new.** Everything. Look at [`fetch`]: later stages keep its steps and their order, and
//! change only how they wait. (Where one does not wait for the connection, it finds out by its first
//! `send` whether it is there.)

use std::io::{self, ErrorKind::*, Read};
use std::time::Duration;

use crawl::{Exchange, Limits, Outcome, Page, Target, receive_buffer};
use socket2::{Domain, Socket, Type};

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

/// Fetches one target, asleep until it is done. The process pool and the thread pool run it too.
pub fn fetch(index: usize, target: &Target, limits: &Limits, chunk: &mut [u8]) -> Outcome {
    let mut exchange = Exchange::new(target, limits);
    let page = download(&mut exchange, chunk);
    exchange.finish(index, page)
}

fn download(exchange: &mut Exchange, chunk: &mut [u8]) -> io::Result<Page> {
    let socket = connect(exchange)?;
    send(&socket, exchange)?;
    receive(&socket, exchange, chunk)
}

fn connect(exchange: &mut Exchange) -> io::Result<Socket> {
    let address = exchange.target().address();
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    let made = socket.connect_timeout(&address.into(), exchange.time_left()?);
    exchange.connection(made)?;
    Ok(socket)
}

fn send(socket: &Socket, exchange: &mut Exchange) -> io::Result<()> {
    while !exchange.unsent().is_empty() {
        socket.set_write_timeout(Some(nap(exchange.time_left()?)))?;
        let sent = socket.send(exchange.unsent());
        match exchange.sent(sent) {
            Ok(()) => {}
            Err(error) if is_nap_over(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn receive(mut socket: &Socket, exchange: &mut Exchange, chunk: &mut [u8]) -> io::Result<Page> {
    loop {
        let left = exchange.time_left();
        socket.set_read_timeout(Some(nap(left.unwrap_or_default())))?;
        match socket.read(chunk) {
            Ok(bytes) => {
                if let Some(page) = exchange.received(&chunk[..bytes])? {
                    return Ok(page);
                }
            }
            // Nothing there: only now does it count that the deadline has passed.
            Err(error) if is_nap_over(&error) => drop(left?),
            Err(error) => return Err(error),
        }
    }
}

/// How long one call may sleep before it looks at the clock again.
///
/// The longer a socket's timeout, the coarser the kernel keeps it: 20 s can become 21.3 s. So sleep
/// for 7/8 of what is left while that is long, and only the last part, which is exact, to the end.
/// (Never less than a millisecond: Windows would take it for *no timeout*.)
fn nap(left: Duration) -> Duration {
    if left > Duration::from_millis(400) {
        left * 7 / 8
    } else {
        left.max(Duration::from_millis(1))
    }
}

/// The call slept its time, or a signal woke it: nothing has failed yet.
fn is_nap_over(error: &io::Error) -> bool {
    match error.kind() {
        WouldBlock | Interrupted => true,
        TimedOut => cfg!(windows), // elsewhere it is the connection that timed out
        _ => false,
    }
}
