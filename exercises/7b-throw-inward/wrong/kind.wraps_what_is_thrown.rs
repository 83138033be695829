use std::io;
use std::rc::Rc;

use crawl::{Exchange, Page};
use stage_06_generator_task::{
    EventLoop, Future, Generator, Raise, Socket, Step, Yield,
};

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

    /// Runs the inner generators, one after the other.
    fn run(
        &mut self,
        exchange: &mut Exchange,
        event_loop: &Rc<EventLoop>,
    ) -> Step<Future<()>, Page> {
        loop {
            match (&mut self.inner, &mut self.socket) {
                (Inner::Send(send), Some(socket)) => {
                    send.resume((socket, exchange))?; // yield from
                    self.inner = Inner::Receive(Receive::Start);
                }
                (Inner::Receive(receive), Some(socket)) => {
                    return receive.resume((socket, exchange)); // yield from
                }
                (Inner::Start, _) | (_, None) => {
                    self.socket = Some(connect(exchange, event_loop)?);
                    self.inner = Inner::Send(Send::Start);
                }
            }
        }
    }

    /// Throws into the inner generator that runs.
    fn throw_inward(
        &mut self,
        exchange: &mut Exchange,
        error: io::Error,
    ) -> Step<Future<()>, Page> {
        match (&mut self.inner, &mut self.socket) {
            (Inner::Receive(receive), Some(socket)) => {
                receive.throw((socket, exchange), error)
            }
            (Inner::Send(send), Some(socket)) => {
                send.throw((socket, exchange), error)?;
                unreachable!("send only raises what is thrown into it")
            }
            (Inner::Start, _) | (_, None) => Err(Raise(error)),
        }
    }

    /// `finally`: what happens at every end. A yield is no end.
    fn finally(
        &mut self,
        step: Step<Future<()>, Page>,
        places: &Places,
    ) -> Step<Future<()>, Page> {
        if !matches!(step, Err(Yield(_))) {
            drop(self.socket.take());
            places.give_back();
        }
        step
    }
}

impl Generator<Lent<'_>> for Download {
    type Yielded = Future<()>;
    type Returned = Page;

    fn resume(
        &mut self,
        (exchange, event_loop, places): Lent<'_>,
    ) -> Step<Future<()>, Page> {
        let step = self.run(exchange, event_loop);
        self.finally(step, places)
    }
}

impl Throw<Lent<'_>> for Download {
    fn throw(
        &mut self,
        (exchange, _, places): Lent<'_>,
        error: io::Error,
    ) -> Step<Future<()>, Page> {
        let wrapped = io::Error::other(error);
        let step = self.throw_inward(exchange, wrapped);
        self.finally(step, places)
    }
}
