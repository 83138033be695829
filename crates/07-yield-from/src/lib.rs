//! Chapter 7: small generators, resumed through one another, by hand.
//!
//! **What it does.** The fetch falls into small generators that can be used again: [`Connect`],
//! [`Send`] and [`Receive`], run by [`Download`], run by [`Fetch`]. (First comes [`flat`]: all of it
//! in one.)
//!
//! **How it waits.** Whoever calls a function that pauses must be able to pause too. When an inner
//! generator stops, each outer one stops with it and hands the future on, until it reaches the
//! Task; what the Task sends in goes the same way back. That is `yield from`, a channel between the
//! outermost driver and the innermost generator, and here it is `?`.
//!
//! **What is new.** No stacks. Each generator is an ordinary value that remembers where it is, and
//! the outer one holds the inner one inside of itself: a whole fetch is one struct of 128
//! bytes. Future, Task and loop are those of chapter 6, unchanged. Writing these structs by hand is
//! tedious, and chapter 8 leaves it to the compiler.

pub mod flat;

mod step;

use std::io;
use std::mem;
use std::rc::Rc;

use crawl::{Exchange, Limits, Outcome, Page, Target};
use selectors::Interest;
use stage_06_generator_task as chapter_6;
use stage_06_generator_task::{EventLoop, Future, Generator, Ready, Socket, Task};

pub use step::{Step, Stop};

/// Fetches the targets, and hands each outcome to `done` as it comes.
///
/// # Errors
/// What the system says when it cannot wait.
pub fn crawl(targets: &[Target], limits: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    let event_loop = EventLoop::new(limits)?;
    let mut list = targets.iter().enumerate();
    let start_next = || match list.next() {
        Some((index, target)) => {
            Task::start(Fetch::new(&event_loop, index, target), Ok(()));
            true
        }
        None => false,
    };
    event_loop.run(start_next, done)
}

/// Fetches one target: the outermost generator, which the Task resumes.
struct Fetch {
    event_loop: Rc<EventLoop>,
    index: usize,
    exchange: Exchange,
    download: Download,
}

/// The size of a whole fetch, with all its inner generators.
pub const FETCH_BYTES: usize = size_of::<Fetch>();

impl Fetch {
    fn new(event_loop: &Rc<EventLoop>, index: usize, target: &Target) -> Fetch {
        Fetch {
            event_loop: Rc::clone(event_loop),
            index,
            exchange: Exchange::new(target, &event_loop.limits),
            download: Download::Connect(Connect::Start),
        }
    }
}

impl Generator for Fetch {
    type Sent = Ready;
    type Yielded = Future<Ready>;
    type Returned = ();

    fn resume(&mut self, ready: Ready) -> chapter_6::Step<Future<Ready>, ()> {
        let page = match self.download.resume(&mut self.exchange, &self.event_loop, ready) {
            Err(Stop::Yield(future)) => return chapter_6::Yield(future),
            Err(Stop::Raise(error)) => Err(error),
            Ok(page) => Ok(page),
        };
        self.event_loop.finish(self.exchange.finish(self.index, page));
        chapter_6::Return(())
    }
}

/// Connects, sends and receives: one inner generator after another, each inside of this one. The
/// socket goes from hand to hand.
enum Download {
    Connect(Connect),
    Send(Send),
    Receive(Receive),
}

impl Download {
    fn resume(
        &mut self,
        exchange: &mut Exchange,
        event_loop: &Rc<EventLoop>,
        ready: Ready,
    ) -> Step<Page> {
        loop {
            match self {
                Download::Connect(connect) => {
                    let socket = connect.resume(exchange, event_loop, ready)?; // yield from
                    *self = Download::Send(Send { socket: Some(socket) });
                }
                Download::Send(send) => {
                    let socket = send.resume(exchange, ready)?; // yield from
                    *self = Download::Receive(Receive { socket, chunk: ReceiveChunk::Start });
                }
                Download::Receive(receive) => {
                    return receive.resume(exchange, ready); // yield from
                }
            }
        }
    }
}

/// Connects a socket, and sends along what it takes: that shows whether the connection is there.
enum Connect {
    Start,
    /// Until the connection is there, or refused.
    Writable(Socket),
}

impl Connect {
    fn resume(
        &mut self,
        exchange: &mut Exchange,
        event_loop: &Rc<EventLoop>,
        ready: Ready,
    ) -> Step<Socket> {
        match mem::replace(self, Connect::Start) {
            Connect::Start => {
                let socket = selectors::connect(exchange.target().address())?;
                let socket = event_loop.watch(socket, exchange.started());
                let sent = socket.send(exchange.unsent());
                match exchange.sent(sent) {
                    Err(error) if exchange.must_wait(&error) => {
                        let future = socket.wait_for(Interest::Writable)?;
                        *self = Connect::Writable(socket);
                        Err(Stop::Yield(future))
                    }
                    sent => Ok(sent.map(|()| socket)?),
                }
            }
            Connect::Writable(socket) => {
                ready?;
                socket.connection()?;
                exchange.connected();
                Ok(socket)
            }
        }
    }
}

/// Sends what is left of the request, and hands the socket back.
struct Send {
    /// `None` once it is handed back.
    socket: Option<Socket>,
}

impl Send {
    fn resume(&mut self, exchange: &mut Exchange, ready: Ready) -> Step<Socket> {
        ready?;
        let socket = self.socket.take().expect("nobody resumes a generator that has ended");
        while !exchange.unsent().is_empty() {
            let sent = socket.send(exchange.unsent());
            match exchange.sent(sent) {
                Err(error) if exchange.must_wait(&error) => {
                    let future = socket.wait_for(Interest::Writable)?;
                    self.socket = Some(socket);
                    return Err(Stop::Yield(future));
                }
                sent => sent?,
            }
        }
        Ok(socket)
    }
}

/// Receives until the page is complete.
struct Receive {
    socket: Socket,
    chunk: ReceiveChunk,
}

impl Receive {
    fn resume(&mut self, exchange: &mut Exchange, ready: Ready) -> Step<Page> {
        loop {
            let page = self.chunk.resume(&self.socket, exchange, ready)?; // yield from
            if let Some(page) = page {
                return Ok(page);
            }
        }
    }
}

/// Waits until something is there, and receives it: the page, or `None` for *need more*.
enum ReceiveChunk {
    Start,
    Readable,
}

impl ReceiveChunk {
    fn resume(
        &mut self,
        socket: &Socket,
        exchange: &mut Exchange,
        ready: Ready,
    ) -> Step<Option<Page>> {
        match mem::replace(self, ReceiveChunk::Start) {
            ReceiveChunk::Start => {
                let future = socket.wait_for(Interest::Readable)?;
                *self = ReceiveChunk::Readable;
                Err(Stop::Yield(future))
            }
            ReceiveChunk::Readable => {
                let chunk = &mut *socket.chunk();
                match socket.receive(chunk) {
                    // Nothing there: the deadline has passed, or it was a false alarm.
                    Err(error) if exchange.must_wait(&error) => {
                        ready?;
                        Ok(None)
                    }
                    received => Ok(exchange.received(&chunk[..received?])?),
                }
            }
        }
    }
}
