//! The honest twin: the same sockets, all asked in turn.

use std::io::{self, Read};

use crawl::{Exchange, Limits, Outcome, Page, Target, receive_buffer};
use socket2::Socket;

use crate::{connect, still_hope};

/// Fetches the targets, `limits.concurrency` at a time, and hands each outcome to `done` as it
/// comes.
///
/// # Errors
/// None: whatever fails, fails one target.
pub fn crawl_all(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    let mut chunk = receive_buffer();
    let mut list = targets.iter().enumerate();
    let mut in_flight: Vec<Fetch> = Vec::new();
    loop {
        while in_flight.len() < limits.concurrency.get()
            && let Some((index, target)) = list.next()
        {
            let mut exchange = Exchange::new(target, limits);
            match connect(&mut exchange) {
                Ok(socket) => in_flight.push(Fetch { index, exchange, socket }),
                Err(error) => done(exchange.finish(index, Err(error))),
            }
        }
        if in_flight.is_empty() {
            return Ok(());
        }
        let mut turn = 0;
        while let Some(fetch) = in_flight.get_mut(turn) {
            match fetch.attempt(&mut chunk).transpose() {
                None => turn += 1,
                Some(page) => {
                    let Fetch { index, exchange, .. } = in_flight.swap_remove(turn);
                    done(exchange.finish(index, page));
                }
            }
        }
    }
}

/// The local variables of one fetch: it is left and taken up again at every turn.
struct Fetch {
    index: usize,
    exchange: Exchange,
    socket: Socket,
}

impl Fetch {
    /// Does what can be done now: the page, or `None` for *not yet*.
    fn attempt(&mut self, chunk: &mut [u8]) -> io::Result<Option<Page>> {
        let Fetch { exchange, socket, .. } = self;
        let left = exchange.time_left();
        if !exchange.unsent().is_empty() {
            let sent = socket.send(exchange.unsent());
            match exchange.sent(sent) {
                Ok(()) => {}
                Err(error) if exchange.must_wait(&error) => still_hope(left, socket, exchange)?,
                Err(error) => return Err(error),
            }
            return Ok(None);
        }
        match socket.read(chunk) {
            Ok(bytes) => exchange.received(&chunk[..bytes]),
            Err(error) if exchange.must_wait(&error) => {
                still_hope(left, socket, exchange).map(|()| None)
            }
            Err(error) => Err(error),
        }
    }
}
