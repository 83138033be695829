//! Chapter 7: small generators, resumed through one another, by hand.
//!
//! **What it does.** The fetch falls into small generators: `Send` and
//! `Receive`, run by `Download`, run by `Fetch`. (First comes [`flat`]: all
//! of it in one.)
//!
//! **How it waits.** A function that calls one that suspends must be able
//! to suspend too. When an inner generator yields a future, each outer one
//! yields it on, until it reaches the Task; the answer goes the same way
//! back. That is `yield from`, a channel between the outermost driver and
//! the innermost generator, and here it is `?`: a [`Step`] is a `Result` in
//! which `Err` means *this leaves towards the driver*, be it a yield
//! (resume me later) or an exception (do not).
//!
//! ```text
//! Python:  yield from send(sock, exchange)
//! here:    send.resume((socket, exchange))?;
//! ```
//!
//! **What is new.** No stacks. Each generator is an ordinary value that
//! remembers its place, and the outer one holds the inner one inside
//! itself: a whole fetch is one struct. Future, Task and loop are those of
//! chapter 6, unchanged. Writing these structs by hand is tedious, and
//! chapter 8 leaves it to the compiler.

pub mod flat;

use std::io;
use std::rc::Rc;

use crawl::{Exchange, Limits, Outcome, Page, Received, Sent, Target};
use stage_06_generator_task::{
    EventLoop, Future, Generator, Socket, Step, Task, Yield, catch,
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
            download: Download::new(),
        }
    }
}

impl Generator<()> for Fetch {
    type Yielded = Future<()>;
    type Returned = ();

    fn resume(&mut self, (): ()) -> Step<Future<()>, ()> {
        loop {
            let variables = (&mut self.exchange, &self.event_loop);
            let page = catch(self.download.resume(variables))?;
            self.download = Download::new(); // and the socket is closed
            if !self.exchange.try_next_address(&page) {
                let outcome = self.exchange.finish(self.index, page);
                self.event_loop.report(outcome);
                return Ok(());
            }
        }
    }
}

/// Connects, sends and receives: one inner generator after another, each
/// inside this one.
///
/// In Python an inner generator keeps references to variables of the outer
/// one. A Rust struct cannot refer to a field of the struct around it: when
/// that is moved, the reference points to the old place. So the outer one
/// lends its variables at each step, as what is sent in. (Chapter 8 keeps
/// references, and needs `Pin`.)
struct Download {
    place: Place,
    /// Made by `connect`.
    socket: Option<Socket>,
}

/// Where `download` is suspended: in which of its inner generators.
enum Place {
    Start,
    Send(Send),
    Receive(Receive),
}

impl Download {
    fn new() -> Download {
        Download { place: Place::Start, socket: None }
    }
}

impl Generator<(&mut Exchange, &Rc<EventLoop>)> for Download {
    type Yielded = Future<()>;
    type Returned = Page;

    fn resume(
        &mut self,
        (exchange, event_loop): (&mut Exchange, &Rc<EventLoop>),
    ) -> Step<Future<()>, Page> {
        loop {
            match (&mut self.place, &mut self.socket) {
                (Place::Send(send), Some(socket)) => {
                    send.resume((socket, exchange))?; // yield from
                    self.place = Place::Receive(Receive::Start);
                }
                (Place::Receive(receive), Some(socket)) => {
                    return receive.resume((socket, exchange)); // yield from
                }
                (Place::Start, _) | (_, None) => {
                    self.socket = Some(connect(exchange, event_loop)?);
                    self.place = Place::Send(Send::Start);
                }
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

/// Sends the request.
enum Send {
    Start,
    Waiting,
}

impl Generator<(&mut Socket, &mut Exchange)> for Send {
    type Yielded = Future<()>;
    type Returned = ();

    fn resume(
        &mut self,
        (socket, exchange): (&mut Socket, &mut Exchange),
    ) -> Step<Future<()>, ()> {
        if let Send::Waiting = self {
            // Connected *or failed*: the socket knows which.
            exchange.socket_error(socket.take_error())?;
        }
        loop {
            match exchange.sent(socket.send(exchange.unsent()))? {
                Sent::All => return Ok(()),
                Sent::Part => {}
                Sent::MustWait => {
                    *self = Send::Waiting;
                    return Err(Yield(socket.writable()?));
                }
            }
        }
    }
}

/// Receives until the page is complete.
enum Receive {
    Start,
    Waiting,
}

impl Generator<(&mut Socket, &mut Exchange)> for Receive {
    type Yielded = Future<()>;
    type Returned = Page;

    fn resume(
        &mut self,
        (socket, exchange): (&mut Socket, &mut Exchange),
    ) -> Step<Future<()>, Page> {
        if let Receive::Waiting = self
            && let Some(page) = receive_chunks(socket, exchange)?
        {
            return Ok(page);
        }
        *self = Receive::Waiting;
        Err(Yield(socket.readable()?))
    }
}

/// Receives what is there, one chunk after another: the page, or `None`
/// where it must wait.
fn receive_chunks(
    socket: &Socket,
    exchange: &mut Exchange,
) -> io::Result<Option<Page>> {
    let chunk = &mut *socket.chunk();
    loop {
        match exchange.received(socket.receive(chunk), chunk)? {
            Received::Page(page) => return Ok(Some(page)),
            Received::Part => {}
            Received::MustWait => return Ok(None),
        }
    }
}

/// The size of a whole fetch, with all its inner generators.
pub const FETCH_BYTES: usize = size_of::<Fetch>();
