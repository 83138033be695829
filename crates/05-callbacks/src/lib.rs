//! Chapter 5: one thread, an event loop and callbacks.
//!
//! **What it does.** The steps of chapter 1, cut at each place where it
//! would wait. Each piece ends by registering the next one, and returns.
//!
//! **How it waits.** The program asks the system which of its sockets are
//! ready, sleeps until one is, and calls what was registered for it: *event
//! loop and callback*. Whether it asks by `select`, by `poll` or by the
//! platform's best (`epoll`) changes nothing in this code.
//!
//! **What is new.** Nobody waits for one page any more. The price: the
//! logic is cut at each wait, the local variables travel by hand from one
//! callback to the next in a `Fetch`, and an error has no caller to return
//! to, so every callback has to end the fetch by itself.

mod event_loop;

use std::io;
use std::rc::Rc;

use crawl::{Exchange, Limits, Outcome, Page, Received, Sent, Target};
use selectors::{Interest, Kind};

pub use event_loop::{Callback, EventLoop, Socket};

/// Fetches the targets on the platform's best selector, and hands each
/// outcome to `done` as it comes.
///
/// # Errors
/// What the system says when it cannot wait.
pub fn crawl(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    crawl_with(Kind::Best, targets, limits, done)
}

/// Fetches the targets on a selector of that kind, and hands each outcome
/// to `done` as it comes.
///
/// # Errors
/// What the system says when it cannot wait.
pub fn crawl_with(
    kind: Kind,
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    let event_loop = EventLoop::new(kind, limits)?;
    let start = |(index, target)| fetch(index, target, &event_loop);
    event_loop.run(targets.iter().enumerate(), start, done)
}

/// Begins to fetch one target. The callbacks do the rest.
fn fetch(index: usize, target: &Target, event_loop: &Rc<EventLoop>) {
    let exchange = Exchange::new(target, &event_loop.limits);
    download(index, exchange, event_loop);
}

fn download(
    index: usize,
    mut exchange: Exchange,
    event_loop: &Rc<EventLoop>,
) {
    match connect(&mut exchange, event_loop) {
        Ok(socket) => Fetch { index, exchange, socket }.send(),
        Err(error) => finish(index, exchange, Err(error), event_loop),
    }
}

fn finish(
    index: usize,
    mut exchange: Exchange,
    page: io::Result<Page>,
    event_loop: &Rc<EventLoop>,
) {
    if exchange.try_next_address(&page) {
        return download(index, exchange, event_loop);
    }
    event_loop.report(exchange.finish(index, page));
}

/// Begins to connect. Nobody waits for it: the first `send` finds out
/// whether the connection is there. On loopback it mostly is.
fn connect(
    exchange: &mut Exchange,
    event_loop: &Rc<EventLoop>,
) -> io::Result<Socket> {
    let address = exchange.address();
    let socket = selectors::socket(address)?;
    exchange.connected(socket.connect(&address.into()))?;
    Ok(event_loop.watch(socket, exchange.started()))
}

/// What the callbacks of one fetch hand on to each other: the local
/// variables of chapter 1.
struct Fetch {
    index: usize,
    exchange: Exchange,
    socket: Socket,
}

impl Fetch {
    fn send(mut self) {
        loop {
            let sent = self.socket.send(self.exchange.unsent());
            match self.exchange.sent(sent) {
                Ok(Sent::All) => {
                    return self
                        .wait_for(Interest::Readable, Fetch::receive);
                }
                Ok(Sent::Part) => {}
                Ok(Sent::MustWait) => {
                    return self
                        .wait_for(Interest::Writable, Fetch::writable);
                }
                Err(error) => return self.finish(Err(error)),
            }
        }
    }

    /// Writable means connected *or failed*: the socket knows which.
    fn writable(mut self) {
        match self.exchange.socket_error(self.socket.take_error()) {
            Ok(()) => self.send(),
            Err(error) => self.finish(Err(error)),
        }
    }

    fn receive(mut self) {
        match receive_chunks(&self.socket, &mut self.exchange) {
            Ok(Some(page)) => self.finish(Ok(page)),
            Ok(None) => self.wait_for(Interest::Readable, Fetch::receive),
            Err(error) => self.finish(Err(error)),
        }
    }

    /// Registers what to call when the socket is ready. The fetch packs
    /// itself into the callback: nobody holds it while it waits, except the
    /// loop.
    #[track_caller]
    fn wait_for(self, interest: Interest, then: fn(Fetch)) {
        match self.socket.wait_for(interest) {
            Ok(()) => {
                let event_loop = self.socket.event_loop();
                let key = self.socket.key();
                event_loop.register(key, Box::new(move || then(self)));
            }
            Err(error) => self.finish(Err(error)),
        }
    }

    fn finish(self, page: io::Result<Page>) {
        let event_loop = self.socket.event_loop();
        drop(self.socket); // closed, before it is reported
        finish(self.index, self.exchange, page, &event_loop);
    }
}

/// Receives what is there, one chunk after another: the page, or `None`
/// where it must wait.
fn receive_chunks(
    socket: &Socket,
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
