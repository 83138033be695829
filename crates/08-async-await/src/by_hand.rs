//! The state machine that the compiler makes of [`fetch`](crate::fetch()), written by hand.
//!
//! An `async fn` becomes a struct with the variables that live across an `.await`, and a number that
//! says at which `.await` it stands. Polling jumps there. The compiler's differs from this one in
//! two ways. It nests: the future of `fetch` has the future of `download` inside, which has that of
//! `send` inside, and so on, each with its own place. And its inner futures keep references to
//! variables of the outer ones, `&socket` and `&mut exchange`, which lie in the very same struct:
//! so it must never be moved once it has been polled, and that is what `Pin` promises. Here
//! nothing refers to its own struct, so it could be moved at any time: it is `Unpin`.
//!
//! `cargo run -p stage-08-async-await --example future_sizes` prints how large both are.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crawl::{Exchange, Limits, Outcome, Page, Target};
use selectors::Interest;

use crate::{Executor, Reactor, Socket};

/// Fetches the targets, and hands each outcome to `done` as it comes.
///
/// # Errors
/// What the system says when it cannot wait.
pub fn crawl(targets: &[Target], limits: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    let reactor = Reactor::new(limits)?;
    let mut list = targets.iter().enumerate();
    let next = || list.next().map(|(index, target)| Fetch::new(index, target, &reactor));
    Executor::new(&reactor)?.run(limits.concurrency.get(), next, done)
}

/// The future that fetches one target.
pub struct Fetch<'a> {
    index: usize,
    target: &'a Target,
    reactor: &'a Reactor,
    exchange: Option<Exchange>,
    socket: Option<Socket<'a>>,
    place: Place,
}

/// At which `.await` the function stands.
#[derive(Clone, Copy)]
enum Place {
    Start,
    /// In `connect`: at `socket.writable().await`.
    Connecting,
    /// In `send`: at `socket.writable().await`.
    Sending,
    /// In `receive`: at `socket.readable().await`.
    Receiving,
}

impl<'a> Fetch<'a> {
    /// Calling an `async fn` runs nothing of it: neither does this.
    pub fn new(index: usize, target: &'a Target, reactor: &'a Reactor) -> Fetch<'a> {
        Fetch { index, target, reactor, exchange: None, socket: None, place: Place::Start }
    }

    /// Goes on from where it stands, to the next place where it has to wait, or to the end.
    fn download(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Page>> {
        let Fetch { target, reactor, exchange, socket, place, .. } = self;
        let exchange = exchange.get_or_insert_with(|| Exchange::new(target, &reactor.limits));
        loop {
            if let Place::Start = place {
                let connecting = selectors::connect(target.address())?;
                let socket = socket.insert(reactor.watch(connecting, exchange.started()));
                *place = connect(socket, exchange)?;
            }
            let socket = socket.as_ref().expect("it is there from the start on");
            match place {
                Place::Start => unreachable!("it was left above"),
                Place::Connecting => {
                    ready!(socket.poll_ready(Interest::Writable, context))?;
                    socket.connection()?;
                    exchange.connected();
                    *place = send(socket, exchange)?;
                }
                Place::Sending => {
                    ready!(socket.poll_ready(Interest::Writable, context))?;
                    *place = send(socket, exchange)?;
                }
                Place::Receiving => {
                    let ready = ready!(socket.poll_ready(Interest::Readable, context));
                    let chunk = &mut *socket.chunk();
                    match socket.receive(chunk) {
                        // Nothing there: the deadline has passed, or it was a false alarm.
                        Err(error) if exchange.must_wait(&error) => ready?,
                        received => {
                            if let Some(page) = exchange.received(&chunk[..received?])? {
                                return Poll::Ready(Ok(page));
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What `connect` does before its `.await`, and the next place.
fn connect(socket: &Socket<'_>, exchange: &mut Exchange) -> io::Result<Place> {
    let sent = socket.send(exchange.unsent());
    match exchange.sent(sent) {
        Err(error) if exchange.must_wait(&error) => Ok(Place::Connecting),
        sent => sent.and_then(|()| send(socket, exchange)),
    }
}

/// What `send` does before its `.await`, and the next place.
fn send(socket: &Socket<'_>, exchange: &mut Exchange) -> io::Result<Place> {
    while !exchange.unsent().is_empty() {
        let sent = socket.send(exchange.unsent());
        match exchange.sent(sent) {
            Err(error) if exchange.must_wait(&error) => return Ok(Place::Sending),
            sent => sent?,
        }
    }
    Ok(Place::Receiving)
}

impl Future for Fetch<'_> {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let fetch = self.get_mut();
        let page = ready!(fetch.download(context));
        let exchange = fetch.exchange.take().expect("a future is not polled after its end");
        fetch.socket = None; // closed before the outcome is told, as at the end of the function
        Poll::Ready(exchange.finish(fetch.index, page))
    }
}
