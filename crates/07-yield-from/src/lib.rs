//! Chapter 7: small generators, resumed through one another, by hand.
//!
//! **What it does.** The fetch falls into small generators: `Connect`, `SendRequest` and
//! `ReceivePage`, run by `Download`, run by `Fetch`. (First comes [`flat`]: all of it in one.)
//!
//! **How it waits.** Whoever calls a function that pauses must be able to pause too. When an inner
//! generator suspends, each outer one suspends with it and hands the future on, until it reaches the
//! Task; what the Task sends in goes the same way back. That is `yield from`, a channel between the
//! outermost driver and the innermost generator, and here it is `?`.
//!
//! **What is new.** No stacks. Each generator is an ordinary value that remembers its place, and the
//! outer one holds the inner one inside itself: a whole fetch is one struct of 128 bytes. Future,
//! Task and loop are those of chapter 6, unchanged. Writing these structs by hand is tedious, and
//! chapter 8 leaves it to the compiler.

pub mod flat;

mod step;

use std::io;
use std::mem;
use std::rc::Rc;

use crawl::{Exchange, Limits, Outcome, Page, Target};
use stage_06_generator_task::{
    EventLoop, Future, Generator, PRIME, Return, Socket, Step, Task, Waited, Yield,
};

pub use step::{Outward, Resumed};

/// Fetches the targets, and hands each outcome to `done` as it comes.
///
/// # Errors
/// What the system says when it cannot wait.
pub fn crawl(targets: &[Target], limits: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    let event_loop = EventLoop::new(limits)?;
    let start = |(index, target)| Task::start(Fetch::new(index, target, &event_loop), PRIME);
    event_loop.run(targets.iter().enumerate(), start, done)
}

/// Fetches one target: the outermost generator, which the Task resumes.
struct Fetch {
    index: usize,
    event_loop: Rc<EventLoop>,
    exchange: Exchange,
    download: Download,
}

impl Fetch {
    fn new(index: usize, target: &Target, event_loop: &Rc<EventLoop>) -> Fetch {
        Fetch {
            index,
            event_loop: Rc::clone(event_loop),
            exchange: Exchange::new(target, &event_loop.limits),
            download: Download::Connect(Connect::Start(Some(Rc::clone(event_loop)))),
        }
    }
}

impl Generator for Fetch {
    type Sent = Waited;
    type Yielded = Future<Waited>;
    type Returned = ();

    fn resume(&mut self, sent: Waited) -> Step<Future<Waited>, ()> {
        let page = match self.download.resume(&mut self.exchange, sent) {
            Err(Outward::Yield(future)) => return Yield(future),
            Err(Outward::Raise(error)) => Err(error),
            Ok(page) => Ok(page),
        };
        self.download = Download::End; // and with it the socket
        self.event_loop.report(self.exchange.finish(self.index, page));
        Return(())
    }
}

/// Connects, sends and receives: one inner generator after another, each inside this one. The socket
/// goes from hand to hand; the exchange is lent to whoever runs.
enum Download {
    Connect(Connect),
    Send(SendRequest),
    Receive(ReceivePage),
    End,
}

impl Download {
    fn resume(&mut self, exchange: &mut Exchange, mut sent: Waited) -> Resumed<Page> {
        loop {
            match self {
                Download::Connect(connect) => {
                    let socket = connect.resume(exchange, sent)?; // yield from
                    *self = Download::Send(SendRequest { socket: Some(socket) });
                }
                Download::Send(send) => {
                    let socket = send.resume(exchange, sent)?; // yield from
                    *self = Download::Receive(ReceivePage { socket, chunk: ReceiveChunk::Start });
                }
                Download::Receive(receive) => {
                    return receive.resume(exchange, sent); // yield from
                }
                Download::End => unreachable!("{ENDED}"),
            }
            sent = PRIME;
        }
    }
}

/// Begins to connect, and tries to send without asking whether the connection is there: on loopback
/// it mostly is. Otherwise the send says that it would have to wait.
enum Connect {
    /// `None` once it has begun.
    Start(Option<Rc<EventLoop>>),
    Connecting(Socket),
}

impl Connect {
    fn resume(&mut self, exchange: &mut Exchange, waited: Waited) -> Resumed<Socket> {
        match mem::replace(self, Connect::Start(None)) {
            Connect::Start(event_loop) => {
                let socket = selectors::connect(exchange.target().address())?;
                let mut socket = event_loop.expect(ENDED).watch(socket, exchange.started());
                let sent = socket.send(exchange.unsent());
                match exchange.sent(sent) {
                    Ok(()) => Ok(socket),
                    Err(error) if exchange.must_wait(&error) => {
                        let writable = socket.writable()?;
                        *self = Connect::Connecting(socket);
                        Err(Outward::Yield(writable))
                    }
                    Err(error) => Err(Outward::Raise(error)),
                }
            }
            Connect::Connecting(socket) => {
                waited?;
                exchange.connection(socket.connection())?;
                Ok(socket)
            }
        }
    }
}

/// Sends what is left of the request, and hands the socket back.
struct SendRequest {
    /// `None` once it is handed back.
    socket: Option<Socket>,
}

impl SendRequest {
    fn resume(&mut self, exchange: &mut Exchange, waited: Waited) -> Resumed<Socket> {
        waited?;
        let mut socket = self.socket.take().expect(ENDED);
        while !exchange.unsent().is_empty() {
            let sent = socket.send(exchange.unsent());
            match exchange.sent(sent) {
                Ok(()) => {}
                Err(error) if exchange.must_wait(&error) => {
                    let writable = socket.writable()?;
                    self.socket = Some(socket);
                    return Err(Outward::Yield(writable));
                }
                Err(error) => return Err(Outward::Raise(error)),
            }
        }
        Ok(socket)
    }
}

/// Receives one chunk after another, until the page is complete.
struct ReceivePage {
    socket: Socket,
    chunk: ReceiveChunk,
}

impl ReceivePage {
    fn resume(&mut self, exchange: &mut Exchange, mut sent: Waited) -> Resumed<Page> {
        loop {
            let page = self.chunk.resume(&mut self.socket, exchange, sent)?; // yield from
            if let Some(page) = page {
                return Ok(page);
            }
            self.chunk = ReceiveChunk::Start;
            sent = PRIME;
        }
    }
}

/// Waits until something is there, and receives it: the page, or `None` for *need more*.
enum ReceiveChunk {
    Start,
    Receiving,
    End,
}

impl ReceiveChunk {
    fn resume(
        &mut self,
        socket: &mut Socket,
        exchange: &mut Exchange,
        waited: Waited,
    ) -> Resumed<Option<Page>> {
        match mem::replace(self, ReceiveChunk::End) {
            ReceiveChunk::Start => {
                let readable = socket.readable()?;
                *self = ReceiveChunk::Receiving;
                Err(Outward::Yield(readable))
            }
            ReceiveChunk::Receiving => {
                let chunk = &mut *socket.chunk();
                match socket.receive(chunk) {
                    Ok(bytes) => Ok(exchange.received(&chunk[..bytes])?),
                    // Nothing there: the deadline has passed, or it was a false alarm.
                    Err(error) if exchange.must_wait(&error) => Ok(waited.map(|()| None)?),
                    Err(error) => Err(Outward::Raise(error)),
                }
            }
            ReceiveChunk::End => unreachable!("{ENDED}"),
        }
    }
}

const ENDED: &str = "nobody resumes a generator that has ended";

/// The size of a whole fetch, with all its inner generators.
pub const FETCH_BYTES: usize = size_of::<Fetch>();
