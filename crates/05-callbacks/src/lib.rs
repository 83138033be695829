//! Chapter 5: one thread, an event loop and callbacks.
//!
//! **What it does.** The steps of chapter 1, cut at each place where it would wait. Each piece ends
//! by registering the next one, and returns.
//!
//! **How it waits.** One sleeper, woken by whichever is ready. The program asks the system which of
//! its sockets are ready, sleeps until one is, and calls what was registered for it: *event loop and
//! callback*. Whether it asks by `select`, by `poll` or by the platform's best (`epoll`) changes
//! nothing in this code.
//!
//! **What is new.** Nobody waits for one page any more. The price: what was one function with three
//! calls is now four, their local variables travel by hand in a [`Fetch`], and an error has no
//! caller to return to.

mod event_loop;

use std::io;

use crawl::{Exchange, Limits, Outcome, Page, Target};
use selectors::{Interest, Kind, Watched};

use event_loop::EventLoop;

/// Fetches the targets on the platform's best selector, and hands each outcome to `done` as it
/// comes.
///
/// # Errors
/// What the system says when it cannot wait.
pub fn crawl(targets: &[Target], limits: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    crawl_with(Kind::Best, targets, limits, done)
}

/// Fetches the targets on a selector of that kind, and hands each outcome to `done` as it comes.
///
/// # Errors
/// What the system says when it cannot wait.
pub fn crawl_with(
    kind: Kind,
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    let mut list = targets.iter().enumerate();
    EventLoop::new(kind, limits, done)?.run(|event_loop| match list.next() {
        Some((index, target)) => {
            fetch(event_loop, index, target);
            true
        }
        None => false,
    })
}

/// What the callbacks of one fetch hand on to each other: the local variables of chapter 1.
struct Fetch {
    index: usize,
    exchange: Exchange,
    socket: Watched,
}

fn fetch(event_loop: &mut EventLoop<'_>, index: usize, target: &Target) {
    let exchange = Exchange::new(target, event_loop.limits);
    match selectors::connect(target.address()) {
        Ok(socket) => {
            let socket = event_loop.watch(socket, exchange.started());
            // Without asking whether the connection is there: mostly it is.
            Fetch { index, exchange, socket }.send(event_loop);
        }
        Err(error) => event_loop.report(exchange.finish(index, Err(error))),
    }
}

impl Fetch {
    fn connected(mut self, event_loop: &mut EventLoop<'_>, ready: io::Result<()>) {
        // Writable means connected *or failed*: the socket knows which.
        match ready.and_then(|()| self.socket.connection()) {
            Ok(()) => {
                self.exchange.connected();
                self.send(event_loop);
            }
            Err(error) => self.finish(event_loop, Err(error)),
        }
    }

    fn send(mut self, event_loop: &mut EventLoop<'_>) {
        while !self.exchange.unsent().is_empty() {
            let sent = self.socket.send(self.exchange.unsent());
            match self.exchange.sent(sent) {
                Ok(()) => {}
                Err(error) if self.exchange.must_wait(&error) => {
                    return self.wait_for(Interest::Writable, event_loop, Fetch::connected);
                }
                Err(error) => return self.finish(event_loop, Err(error)),
            }
        }
        self.wait_for(Interest::Readable, event_loop, Fetch::receive);
    }

    fn receive(mut self, event_loop: &mut EventLoop<'_>, ready: io::Result<()>) {
        let received = match self.socket.receive(&mut event_loop.chunk) {
            // Nothing there: the deadline has passed, or it was a false alarm.
            Err(error) if self.exchange.must_wait(&error) => ready.map(|()| None),
            Err(error) => Err(error),
            Ok(bytes) => self.exchange.received(&event_loop.chunk[..bytes]),
        };
        match received {
            Ok(Some(page)) => self.finish(event_loop, Ok(page)),
            Ok(None) => self.wait_for(Interest::Readable, event_loop, Fetch::receive),
            Err(error) => self.finish(event_loop, Err(error)),
        }
    }

    /// Packs up the whole fetch until the socket is ready, and goes on with `then`.
    fn wait_for(
        self,
        interest: Interest,
        event_loop: &mut EventLoop<'_>,
        then: fn(Fetch, &mut EventLoop<'_>, io::Result<()>),
    ) {
        match self.socket.wait_for(interest) {
            Ok(()) => event_loop.register(
                self.socket.key(),
                Box::new(move |event_loop, ready| then(self, event_loop, ready)),
            ),
            Err(error) => self.finish(event_loop, Err(error)),
        }
    }

    fn finish(self, event_loop: &mut EventLoop<'_>, page: io::Result<Page>) {
        event_loop.finish(self.socket, self.exchange.finish(self.index, page));
    }
}
