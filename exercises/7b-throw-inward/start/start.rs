use std::io;
use std::mem;
use std::rc::Rc;

use crawl::{Exchange, Page};
use stage_06_generator_task::{EventLoop, Future, Generator, Socket, Step};

use crate::places::Places;
use crate::{Receive, Send, Throw, connect};

/// Connects, sends and receives, in a place that it gives back at its end,
/// whatever the end is:
///
/// ```text
/// try:
///     sock = connect(exchange)
///     yield from send(sock, exchange)
///     return (yield from receive(sock, exchange))
/// finally:
///     sock.close()
///     places.give_back()
/// ```
pub(crate) struct Download {
    /// The inner generator that runs.
    inner: Inner,
    socket: Option<Socket>,
}

enum Inner {
    Start,
    Send(Send),
    Receive(Receive),
}

/// What the outer generator lends.
type Lent<'a> = (&'a mut Exchange, &'a Rc<EventLoop>, &'a Places);

impl Download {
    pub(crate) fn new() -> Download {
        Download { inner: Inner::Start, socket: None }
    }
}

impl Generator<Lent<'_>> for Download {
    type Yielded = Future<()>;
    type Returned = Page;

    fn resume(
        &mut self,
        (exchange, event_loop, places): Lent<'_>,
    ) -> Step<Future<()>, Page> {
        loop {
            match (&mut self.inner, &mut self.socket) {
                (Inner::Send(send), Some(socket)) => {
                    send.resume((socket, exchange))?; // yield from
                    self.inner = Inner::Receive(Receive::Start);
                }
                (Inner::Receive(receive), Some(socket)) => {
                    let page = receive.resume((socket, exchange))?;
                    drop(mem::take(&mut self.socket));
                    places.give_back();
                    return Ok(page);
                }
                (Inner::Start, _) | (_, None) => {
                    self.socket = Some(connect(exchange, event_loop)?);
                    self.inner = Inner::Send(Send::Start);
                }
            }
        }
    }
}

impl Throw<Lent<'_>> for Download {
    fn throw(
        &mut self,
        _: Lent<'_>,
        error: io::Error,
    ) -> Step<Future<()>, Page> {
        // From now on the fetch has ended, and its socket is closed.
        drop(mem::take(&mut self.socket));
        Err(error.into())
    }
}
