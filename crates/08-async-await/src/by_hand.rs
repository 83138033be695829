//! The state machine that the compiler makes of [`fetch`](crate::fetch()), written by hand.
//!
//! An `async fn` becomes a struct with the variables that live across an `.await`, and a number that
//! says at which `.await` it is suspended (here it is the variant of `Place`). Polling jumps there. The compiler's differs from this one
//! in two ways. It nests: the future of `fetch` has the future of `download` inside, which has that
//! of `send` inside, and so on, each with its own place. And its inner futures keep references to
//! variables of the outer ones, `&mut socket` and `&mut exchange`, which lie in the very same
//! struct: so it must never be moved once it has been polled, and that is what `Pin` promises. Here
//! nothing refers to its own struct, so it may be moved at any time: it is `Unpin`.
//!
//! `cargo run -p stage-08-async-await --example future_sizes` prints how large both are.

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use crawl::{Exchange, Limits, Outcome, Page, Target};
use selectors::Interest;

use crate::{Executor, Reactor, Socket};

/// Fetches the targets, and hands each outcome to `done` as it comes.
///
/// # Errors
/// What the system says when it cannot wait.
pub fn crawl(targets: &[Target], limits: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    let reactor = Reactor::new(limits)?;
    let list = targets.iter().enumerate();
    let fetches = list.map(|(index, target)| Fetch::new(index, target, &reactor));
    Executor::new(&reactor)?.run(fetches, limits.concurrency.get(), done)
}

/// The future that fetches one target.
pub struct Fetch<'a> {
    index: usize,
    target: &'a Target,
    reactor: &'a Reactor,
    exchange: Option<Exchange>,
    place: Place<'a>,
}

/// Where the function is suspended: one variant for each `.await`, with the variables that live on.
enum Place<'a> {
    Start,
    /// In `connect`, at `socket.writable().await`.
    Connecting(Socket<'a>),
    /// In `send`, at `socket.writable().await`.
    Sending(Socket<'a>),
    /// In `receive`, at `socket.readable().await`.
    Receiving(Socket<'a>),
    /// It has returned; also while it runs, so that a `?` leaves it here.
    End,
}

impl<'a> Fetch<'a> {
    /// Calling an `async fn` runs nothing of it: neither does this.
    pub fn new(index: usize, target: &'a Target, reactor: &'a Reactor) -> Fetch<'a> {
        Fetch { index, target, reactor, exchange: None, place: Place::Start }
    }

    /// Goes on from its place to the next one where it has to wait, or to the end.
    fn download(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Page>> {
        let Fetch { target, reactor, exchange, place, .. } = self;
        let exchange = exchange.get_or_insert_with(|| Exchange::new(target, &reactor.limits));
        loop {
            match mem::replace(place, Place::End) {
                Place::Start => {
                    let socket = selectors::connect(target.address())?;
                    let socket = reactor.watch(socket, exchange.started());
                    *place = connect(socket, exchange)?;
                }
                Place::Connecting(mut socket) => {
                    match socket.poll_ready(Interest::Writable, context) {
                        Poll::Ready(waited) => waited?,
                        Poll::Pending => {
                            *place = Place::Connecting(socket);
                            return Poll::Pending;
                        }
                    }
                    exchange.connection(socket.connection())?;
                    *place = send(socket, exchange)?;
                }
                Place::Sending(mut socket) => {
                    match socket.poll_ready(Interest::Writable, context) {
                        Poll::Ready(waited) => waited?,
                        Poll::Pending => {
                            *place = Place::Sending(socket);
                            return Poll::Pending;
                        }
                    }
                    *place = send(socket, exchange)?;
                }
                Place::Receiving(mut socket) => {
                    let waited = match socket.poll_ready(Interest::Readable, context) {
                        Poll::Ready(waited) => waited,
                        Poll::Pending => {
                            *place = Place::Receiving(socket);
                            return Poll::Pending;
                        }
                    };
                    if let Some(page) = receive(&socket, exchange, waited)? {
                        return Poll::Ready(Ok(page));
                    }
                    *place = Place::Receiving(socket);
                }
                Place::End => unreachable!("nobody polls a future that has ended"),
            }
        }
    }
}

/// What `connect` does before its `.await`, and the next place.
fn connect<'a>(socket: Socket<'a>, exchange: &mut Exchange) -> io::Result<Place<'a>> {
    let sent = socket.send(exchange.unsent());
    match exchange.sent(sent) {
        Ok(()) => send(socket, exchange),
        Err(error) if exchange.must_wait(&error) => Ok(Place::Connecting(socket)),
        Err(error) => Err(error),
    }
}

/// What `send` does before its `.await`, and the next place.
fn send<'a>(socket: Socket<'a>, exchange: &mut Exchange) -> io::Result<Place<'a>> {
    while !exchange.unsent().is_empty() {
        let sent = socket.send(exchange.unsent());
        match exchange.sent(sent) {
            Ok(()) => {}
            Err(error) if exchange.must_wait(&error) => return Ok(Place::Sending(socket)),
            Err(error) => return Err(error),
        }
    }
    Ok(Place::Receiving(socket))
}

/// What `receive` does after its `.await`.
fn receive(
    socket: &Socket<'_>,
    exchange: &mut Exchange,
    waited: io::Result<()>,
) -> io::Result<Option<Page>> {
    let chunk = &mut *socket.chunk();
    match socket.receive(chunk) {
        Ok(bytes) => exchange.received(&chunk[..bytes]),
        // Nothing there: the deadline has passed, or it was a false alarm.
        Err(error) if exchange.must_wait(&error) => waited.map(|()| None),
        Err(error) => Err(error),
    }
}

impl Future for Fetch<'_> {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let fetch = self.get_mut();
        fetch.download(context).map(|page| {
            let exchange = fetch.exchange.as_ref().expect("it has begun");
            exchange.finish(fetch.index, page)
        })
    }
}
