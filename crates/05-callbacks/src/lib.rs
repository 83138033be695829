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
//! **What is new.** Nobody waits for one page any more. The price: the logic is cut at each wait, the
//! local variables travel by hand from one callback to the next in a `Fetch`, and an error has no
//! caller to return to, so every callback has to end the fetch by itself.

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
    let mut event_loop = EventLoop::new(kind, limits, done)?;
    event_loop.run(targets.iter().enumerate(), |event_loop, (index, target)| {
        fetch(index, target, event_loop);
    })
}

/// Fetches one target: begins to connect, and tries to send without asking whether the connection is
/// there. On loopback it mostly is, and a wait is saved; otherwise the send says that it would have
/// to wait, and the next callback asks the socket what became of the connection.
fn fetch(index: usize, target: &Target, event_loop: &mut EventLoop<'_>) {
    let exchange = Exchange::new(target, event_loop.limits);
    let socket = match selectors::connect(target.address()) {
        Ok(socket) => event_loop.watch(socket, exchange.started()),
        Err(error) => return event_loop.report(exchange.finish(index, Err(error))),
    };
    let mut fetch = Fetch { index, exchange, socket };
    let sent = fetch.socket.send(fetch.exchange.unsent());
    match fetch.exchange.sent(sent) {
        Ok(()) => fetch.send(event_loop, Ok(())),
        Err(error) if fetch.exchange.must_wait(&error) => {
            fetch.wait_for(Interest::Writable, event_loop, Fetch::connected);
        }
        Err(error) => fetch.finish(event_loop, Err(error)),
    }
}

/// What the callbacks of one fetch hand on to each other: the local variables of chapter 1.
struct Fetch {
    index: usize,
    exchange: Exchange,
    socket: Watched,
}

impl Fetch {
    fn connected(mut self, event_loop: &mut EventLoop<'_>, waited: io::Result<()>) {
        // Writable means connected *or failed*: the socket knows which.
        match waited.and_then(|()| self.exchange.connection(self.socket.connection())) {
            Ok(()) => self.send(event_loop, Ok(())),
            Err(error) => self.finish(event_loop, Err(error)),
        }
    }

    fn send(mut self, event_loop: &mut EventLoop<'_>, waited: io::Result<()>) {
        if let Err(error) = waited {
            return self.finish(event_loop, Err(error));
        }
        while !self.exchange.unsent().is_empty() {
            let sent = self.socket.send(self.exchange.unsent());
            match self.exchange.sent(sent) {
                Ok(()) => {}
                Err(error) if self.exchange.must_wait(&error) => {
                    return self.wait_for(Interest::Writable, event_loop, Fetch::send);
                }
                Err(error) => return self.finish(event_loop, Err(error)),
            }
        }
        self.wait_for(Interest::Readable, event_loop, Fetch::receive);
    }

    fn receive(mut self, event_loop: &mut EventLoop<'_>, waited: io::Result<()>) {
        let received = match self.socket.receive(&mut event_loop.chunk) {
            Ok(bytes) => self.exchange.received(&event_loop.chunk[..bytes]),
            // Nothing there: the deadline has passed, or it was a false alarm.
            Err(error) if self.exchange.must_wait(&error) => waited.map(|()| None),
            Err(error) => Err(error),
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
                Box::new(move |event_loop, waited| then(self, event_loop, waited)),
            ),
            Err(error) => self.finish(event_loop, Err(error)),
        }
    }

    fn finish(self, event_loop: &mut EventLoop<'_>, page: io::Result<Page>) {
        event_loop.close(self.socket);
        event_loop.report(self.exchange.finish(self.index, page));
    }
}
