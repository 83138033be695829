//! The same without the handicap of one page at a time: all sockets, asked
//! in turn.

use std::io::{self, Read};

use crawl::{Exchange, Limits, Outcome, Page, Received, Sent, Target};
use socket2::Socket;

use crate::connect;

/// Fetches the targets, `limits.concurrency` at a time, and hands each
/// outcome to `done` as it comes.
///
/// # Errors
/// None: whatever fails, fails one target.
pub fn crawl_all(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    let mut chunk = crawl::receive_buffer();
    let mut list = targets.iter().enumerate();
    let mut in_flight: Vec<Fetch> = Vec::new();
    loop {
        while in_flight.len() < limits.concurrency.get()
            && let Some((index, target)) = list.next()
        {
            let exchange = Exchange::new(target, limits);
            in_flight.push(Fetch { index, exchange, socket: None });
        }
        if in_flight.is_empty() {
            return Ok(());
        }
        let mut turn = 0;
        while let Some(fetch) = in_flight.get_mut(turn) {
            match fetch.attempt(&mut chunk).transpose() {
                None => turn += 1,
                Some(page) if fetch.exchange.try_next_address(&page) => {
                    fetch.socket = None;
                }
                Some(page) => {
                    let fetch = in_flight.swap_remove(turn);
                    done(fetch.exchange.finish(fetch.index, page));
                }
            }
        }
    }
}

/// The local variables of one fetch, which is left and resumed at every
/// turn.
struct Fetch {
    index: usize,
    exchange: Exchange,
    /// None before it has begun to connect.
    socket: Option<Socket>,
}

impl Fetch {
    /// Does what can be done now: the page, or `None` for *not yet*.
    fn attempt(&mut self, chunk: &mut [u8]) -> io::Result<Option<Page>> {
        let Fetch { exchange, socket, .. } = self;
        let Some(mut socket) = socket.as_ref() else {
            *socket = Some(connect(exchange)?);
            return Ok(None);
        };
        if !exchange.unsent().is_empty() {
            match exchange.sent(socket.send(exchange.unsent()))? {
                Sent::All | Sent::Part => {}
                Sent::MustWait => {
                    exchange.socket_error(socket.take_error())?;
                }
            }
            return Ok(None);
        }
        match exchange.received(socket.read(chunk), chunk)? {
            Received::Page(page) => Ok(Some(page)),
            Received::Part | Received::MustWait => Ok(None),
        }
    }
}
