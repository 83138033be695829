//! Chapter 7: small generators, resumed through one another, by hand.
//!
//! **What it does.** The fetch falls into small generators: `Send` and
//! `Receive`, run by `Download`, run by `Fetch`. (First comes [`flat`]: all
//! of it in one.)
//!
//! **How it waits.** A function that calls one that suspends must be able to
//! suspend too. When an inner generator yields a future, each outer one
//! yields it on, until it reaches the Task; the answer goes the same way
//! back. That is `yield from`, a channel between the outermost driver and the
//! innermost generator, and here it is `?`: a [`Step`] is a `Result` in which
//! `Err` means *this leaves towards the driver*, be it a yield (resume me
//! later) or an exception (do not).
//!
//! ```text
//! Python                                   here
//! sock = yield from send(sock)             let socket = send.resume(exchange)?;
//! ```
//!
//! **What is new.** No stacks. Each generator is an ordinary value that
//! remembers its place, and the outer one holds the inner one inside itself:
//! a whole fetch is one struct. Future, Task and loop are those of chapter 6,
//! unchanged. Writing these structs by hand is tedious, and chapter 8 leaves
//! it to the compiler.

pub mod flat;

use std::io;
use std::mem;
use std::rc::Rc;

use crawl::{Exchange, Limits, Outcome, Page, Received, Sent, Target};
use stage_06_generator_task::{
    EventLoop, Future, Generator, Raise, Socket, Step, Task, Yield,
};

/// Fetches the targets, and hands each outcome to `done` as it comes.
///
/// # Errors
/// What the system says when it cannot wait.
pub fn crawl(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    let event_loop = EventLoop::new(limits)?;
    let start = |(index, target)| {
        Task::start(Fetch::new(index, target, &event_loop), ());
    };
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
    fn new(
        index: usize,
        target: &Target,
        event_loop: &Rc<EventLoop>,
    ) -> Fetch {
        Fetch {
            index,
            event_loop: Rc::clone(event_loop),
            exchange: Exchange::new(target, &event_loop.limits),
            download: Download::Start(Rc::clone(event_loop)),
        }
    }
}

impl Generator<()> for Fetch {
    type Yielded = Future<()>;
    type Returned = ();

    fn resume(&mut self, (): ()) -> Step<Future<()>, ()> {
        let page = match self.download.resume(&mut self.exchange) {
            Err(Yield(future)) => return Err(Yield(future)),
            Err(Raise(error)) => Err(error),
            Ok(page) => Ok(page),
        };
        self.download = Download::End; // and with it the socket
        let outcome = self.exchange.finish(self.index, page);
        self.event_loop.report(outcome);
        Ok(())
    }
}

/// Connects, sends and receives: one inner generator after another, each
/// inside this one. The socket is handed from one to the next.
///
/// In Python an inner generator keeps a reference to the exchange of `fetch`.
/// A Rust struct cannot refer to a field of the struct around it: moved, the
/// reference would point to the old place. So the exchange is lent at each
/// step, as what is sent in. (Chapter 8 keeps references, and needs `Pin`.)
enum Download {
    Start(Rc<EventLoop>),
    Send(Send),
    Receive(Receive),
    End,
}

impl Generator<&mut Exchange> for Download {
    type Yielded = Future<()>;
    type Returned = Page;

    fn resume(
        &mut self,
        exchange: &mut Exchange,
    ) -> Step<Future<()>, Page> {
        loop {
            match self {
                Download::Start(event_loop) => {
                    let socket = connect(exchange, event_loop)?;
                    *self = Download::Send(Send::Start(socket));
                }
                Download::Send(send) => {
                    let socket = send.resume(exchange)?; // yield from
                    *self = Download::Receive(Receive::Start(socket));
                }
                Download::Receive(receive) => {
                    return receive.resume(exchange); // yield from
                }
                Download::End => unreachable!("{ENDED}"),
            }
        }
    }
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

/// Sends the request, and hands the socket back.
enum Send {
    Start(Socket),
    Waiting(Socket),
    End,
}

impl Generator<&mut Exchange> for Send {
    type Yielded = Future<()>;
    type Returned = Socket;

    fn resume(
        &mut self,
        exchange: &mut Exchange,
    ) -> Step<Future<()>, Socket> {
        let mut socket = match mem::replace(self, Send::End) {
            Send::Start(socket) => socket,
            Send::Waiting(socket) => {
                // Connected *or failed*: the socket knows which.
                exchange.socket_error(socket.take_error())?;
                socket
            }
            Send::End => unreachable!("{ENDED}"),
        };
        loop {
            match exchange.sent(socket.send(exchange.unsent()))? {
                Sent::All => return Ok(socket),
                Sent::Part => {}
                Sent::MustWait => {
                    let writable = socket.writable()?;
                    *self = Send::Waiting(socket);
                    return Err(Yield(writable));
                }
            }
        }
    }
}

/// Receives until the page is complete.
enum Receive {
    Start(Socket),
    Waiting(Socket),
    End,
}

impl Generator<&mut Exchange> for Receive {
    type Yielded = Future<()>;
    type Returned = Page;

    fn resume(
        &mut self,
        exchange: &mut Exchange,
    ) -> Step<Future<()>, Page> {
        let mut socket = match mem::replace(self, Receive::End) {
            Receive::Start(socket) => socket,
            Receive::Waiting(socket) => {
                match receive_chunk(&socket, exchange)? {
                    Received::Page(page) => return Ok(page),
                    Received::Part | Received::MustWait => {}
                }
                socket
            }
            Receive::End => unreachable!("{ENDED}"),
        };
        let readable = socket.readable()?;
        *self = Receive::Waiting(socket);
        Err(Yield(readable))
    }
}

fn receive_chunk(
    socket: &Socket,
    exchange: &mut Exchange,
) -> io::Result<Received> {
    let chunk = &mut *socket.chunk();
    exchange.received(socket.receive(chunk), chunk)
}

const ENDED: &str = "nobody resumes a generator that has ended";

/// The size of a whole fetch, with all its inner generators.
pub const FETCH_BYTES: usize = size_of::<Fetch>();
