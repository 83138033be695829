//! Step one: the fetch of chapter 6 as ONE generator, written by hand. Only the stack went.
//!
//! A function that suspends has to remember two things: its place, and its local variables. The
//! stack of chapter 6 remembers both, in 4 KiB. Here a `Place` says where it is, and the fields of
//! `Fetch` are the local variables.

use std::io;
use std::mem;
use std::rc::Rc;

use crawl::{Exchange, Limits, Outcome, Page, Target};
use stage_06_generator_task::{
    EventLoop, Future, Generator, PRIME, Return, Socket, Step, Task, Waited, Yield,
};

/// Fetches the targets, and hands each outcome to `done` as it comes.
///
/// # Errors
/// What the system says when it cannot wait.
pub fn crawl(targets: &[Target], limits: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    let event_loop = EventLoop::new(limits)?;
    let start = |(index, target)| Task::start(Fetch::new(index, target, &event_loop), PRIME);
    event_loop.run(targets.iter().enumerate(), start, done)
}

/// Fetches one target.
struct Fetch {
    index: usize,
    event_loop: Rc<EventLoop>,
    exchange: Exchange,
    place: Place,
}

/// Where the function is suspended: one variant for each `yield`, with the variables that live on.
enum Place {
    Start,
    Connecting(Socket),
    Sending(Socket),
    Receiving(Socket),
    End,
}

impl Fetch {
    fn new(index: usize, target: &Target, event_loop: &Rc<EventLoop>) -> Fetch {
        let exchange = Exchange::new(target, &event_loop.limits);
        Fetch { index, event_loop: Rc::clone(event_loop), exchange, place: Place::Start }
    }

    /// Jumps to its place, and runs to the next `yield`, or to the end.
    fn download(&mut self, waited: Waited) -> io::Result<Step<Future<Waited>, Page>> {
        match mem::replace(&mut self.place, Place::End) {
            Place::Start => self.connect(),
            Place::Connecting(socket) => {
                waited?;
                self.exchange.connection(socket.connection())?;
                self.send(socket)
            }
            Place::Sending(socket) => {
                waited?;
                self.send(socket)
            }
            Place::Receiving(socket) => self.receive(socket, waited),
            Place::End => unreachable!("nobody resumes a generator that has ended"),
        }
    }

    /// Begins to connect, and tries to send without asking whether the connection is there: on loopback
    /// it mostly is. Otherwise the send says that it would have to wait.
    fn connect(&mut self) -> io::Result<Step<Future<Waited>, Page>> {
        let socket = selectors::connect(self.exchange.target().address())?;
        let mut socket = self.event_loop.watch(socket, self.exchange.started());
        let sent = socket.send(self.exchange.unsent());
        match self.exchange.sent(sent) {
            Ok(()) => self.send(socket),
            Err(error) if self.exchange.must_wait(&error) => {
                let writable = socket.writable()?;
                self.place = Place::Connecting(socket);
                Ok(Yield(writable))
            }
            Err(error) => Err(error),
        }
    }

    fn send(&mut self, mut socket: Socket) -> io::Result<Step<Future<Waited>, Page>> {
        while !self.exchange.unsent().is_empty() {
            let sent = socket.send(self.exchange.unsent());
            match self.exchange.sent(sent) {
                Ok(()) => {}
                Err(error) if self.exchange.must_wait(&error) => {
                    let writable = socket.writable()?;
                    self.place = Place::Sending(socket);
                    return Ok(Yield(writable));
                }
                Err(error) => return Err(error),
            }
        }
        self.wait_to_receive(socket)
    }

    fn wait_to_receive(&mut self, mut socket: Socket) -> io::Result<Step<Future<Waited>, Page>> {
        let readable = socket.readable()?;
        self.place = Place::Receiving(socket);
        Ok(Yield(readable))
    }

    fn receive(
        &mut self,
        socket: Socket,
        waited: Waited,
    ) -> io::Result<Step<Future<Waited>, Page>> {
        let received = {
            let chunk = &mut *socket.chunk();
            match socket.receive(chunk) {
                Ok(bytes) => self.exchange.received(&chunk[..bytes])?,
                // Nothing there: the deadline has passed, or it was a false alarm.
                Err(error) if self.exchange.must_wait(&error) => waited.map(|()| None)?,
                Err(error) => return Err(error),
            }
        };
        match received {
            Some(page) => Ok(Return(page)),
            None => self.wait_to_receive(socket),
        }
    }
}

impl Generator for Fetch {
    type Sent = Waited;
    type Yielded = Future<Waited>;
    type Returned = ();

    fn resume(&mut self, sent: Waited) -> Step<Future<Waited>, ()> {
        let page = match self.download(sent) {
            Ok(Yield(future)) => return Yield(future),
            Ok(Return(page)) => Ok(page),
            Err(error) => Err(error),
        };
        self.event_loop.report(self.exchange.finish(self.index, page));
        Return(())
    }
}

/// The size of a whole fetch.
pub const FETCH_BYTES: usize = size_of::<Fetch>();
