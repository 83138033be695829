//! The state machine that the compiler makes of [`fetch`](crate::fetch()),
//! written by hand.
//!
//! An `async fn` becomes a struct with the variables that live across an
//! `.await`, and a number that says at which `.await` it is suspended.
//! (Here it is the variant of `Place`.) To poll it is to jump there.
//!
//! The compiler's struct differs from this one in two ways. It nests: the
//! future of `fetch` has the future of `download` inside, which has that of
//! `send` inside, each with its own place. And its inner futures keep
//! references to variables of the outer ones, `&mut socket` and `&mut
//! exchange`, which lie in the very same struct:
//!
//! ```text
//! future of download                   the same, moved: the arrow still
//! ┌────────────────────────┐           points to the old place
//! │ socket  ◀───────────┐  │           ┌────────────────────────┐
//! │ future of send      │  │           │ socket                 │
//! │   socket: &mut ─────┘  │           │ future of send         │
//! └────────────────────────┘           │   socket: &mut ─────▶ ?│
//!                                      └────────────────────────┘
//! ```
//!
//! So such a struct must not be moved once it has been polled. `Pin` is the
//! promise not to move it. Here nothing refers to its own struct, so it may
//! be moved at any time: it is `Unpin`.
//!
//! `cargo run -p stage-08-async-await --example future_sizes` prints how
//! large both are.

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use crawl::{Exchange, Limits, Outcome, Page, Sent, Target};
use selectors::Interest;

use crate::{Executor, Reactor, Socket, connect, receive_chunks};

/// Fetches the targets, and hands each outcome to `done` as it comes.
///
/// # Errors
/// What the system says when it cannot wait.
pub fn crawl(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    let reactor = Reactor::new(limits)?;
    let list = targets.iter().enumerate();
    let fetches =
        list.map(|(index, target)| Fetch::new(index, target, &reactor));
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

/// Where the function is suspended: one variant for each `.await`, with the
/// variables that live on.
enum Place<'a> {
    Start,
    /// In `send`, at `socket.writable().await`.
    Sending(Socket<'a>),
    /// In `receive`, at `socket.readable().await`.
    Receiving(Socket<'a>),
    /// It has returned; also while it runs, so that a `?` leaves it here.
    End,
}

impl<'a> Fetch<'a> {
    /// Calling an `async fn` runs nothing of it: neither does this.
    pub fn new(
        index: usize,
        target: &'a Target,
        reactor: &'a Reactor,
    ) -> Fetch<'a> {
        Fetch {
            index,
            target,
            reactor,
            exchange: None,
            place: Place::Start,
        }
    }

    /// Goes on from its place to the next one where it has to wait, or to
    /// the end.
    fn download(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Page>> {
        let Fetch { target, reactor, exchange, place, .. } = self;
        let exchange = exchange
            .get_or_insert_with(|| Exchange::new(target, &reactor.limits));
        loop {
            match mem::replace(place, Place::End) {
                Place::Start => {
                    let socket = connect(exchange, reactor)?;
                    *place = send(socket, exchange)?;
                }
                Place::Sending(mut socket) => {
                    let ready =
                        socket.poll_ready(Interest::Writable, context);
                    if ready?.is_pending() {
                        *place = Place::Sending(socket);
                        return Poll::Pending;
                    }
                    exchange.socket_error(socket.take_error())?;
                    *place = send(socket, exchange)?;
                }
                Place::Receiving(mut socket) => {
                    let ready =
                        socket.poll_ready(Interest::Readable, context);
                    if ready?.is_pending() {
                        *place = Place::Receiving(socket);
                        return Poll::Pending;
                    }
                    if let Some(page) = receive_chunks(&socket, exchange)? {
                        return Poll::Ready(Ok(page));
                    }
                    *place = Place::Receiving(socket);
                }
                Place::End => {
                    unreachable!("nobody polls a future that has ended")
                }
            }
        }
    }
}

/// What `send` does before its `.await`, and the next place.
fn send<'a>(
    socket: Socket<'a>,
    exchange: &mut Exchange,
) -> io::Result<Place<'a>> {
    loop {
        match exchange.sent(socket.send(exchange.unsent()))? {
            Sent::All => return Ok(Place::Receiving(socket)),
            Sent::Part => {}
            Sent::MustWait => return Ok(Place::Sending(socket)),
        }
    }
}

impl Future for Fetch<'_> {
    type Output = Outcome;

    fn poll(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Outcome> {
        let fetch = self.get_mut();
        loop {
            let Poll::Ready(page) = fetch.download(context) else {
                return Poll::Pending;
            };
            let exchange = fetch.exchange.as_mut().expect("it has begun");
            if !exchange.try_next_address(&page) {
                return Poll::Ready(exchange.finish(fetch.index, page));
            }
            fetch.place = Place::Start;
        }
    }
}
