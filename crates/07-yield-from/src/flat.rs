//! Step one: the fetch of chapter 6 as ONE generator, written by hand. Only
//! the stack went.
//!
//! A function that suspends has to remember two things: its place, and its
//! local variables. The stack of chapter 6 remembers both, in 4 KiB. Here a
//! `Place` says where it is, and the fields of `Fetch` are the local
//! variables.

use std::io;
use std::mem;
use std::rc::Rc;

use crawl::{Exchange, Limits, Outcome, Page, Sent, Target};
use stage_06_generator_task::{
    EventLoop, Future, Generator, Socket, Step, Task, Yield, catch,
};

use crate::{connect, receive_chunks};

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

/// Fetches one target.
struct Fetch {
    index: usize,
    event_loop: Rc<EventLoop>,
    exchange: Exchange,
    place: Place,
}

/// Where the function is suspended: one variant for each `yield`, with the
/// variables that live on.
enum Place {
    Start,
    Sending(Socket),
    Receiving(Socket),
    End,
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
            place: Place::Start,
        }
    }
}

impl Generator<()> for Fetch {
    type Yielded = Future<()>;
    type Returned = ();

    fn resume(&mut self, (): ()) -> Step<Future<()>, ()> {
        loop {
            let page = catch(self.download())?;
            if !self.exchange.try_next_address(&page) {
                let outcome = self.exchange.finish(self.index, page);
                self.event_loop.report(outcome);
                return Ok(());
            }
            self.place = Place::Start;
        }
    }
}

impl Fetch {
    /// Jumps to its place, and runs to the next `yield` or to the end.
    fn download(&mut self) -> Step<Future<()>, Page> {
        match mem::replace(&mut self.place, Place::End) {
            Place::Start => {
                let socket = connect(&mut self.exchange, &self.event_loop)?;
                self.send(socket)
            }
            Place::Sending(socket) => {
                // Connected *or failed*: the socket knows which.
                self.exchange.socket_error(socket.take_error())?;
                self.send(socket)
            }
            Place::Receiving(socket) => self.receive(socket),
            Place::End => {
                unreachable!("nobody resumes a generator at its end")
            }
        }
    }

    fn send(&mut self, mut socket: Socket) -> Step<Future<()>, Page> {
        let exchange = &mut self.exchange;
        loop {
            match exchange.sent(socket.send(exchange.unsent()))? {
                Sent::All => return self.wait_to_receive(socket),
                Sent::Part => {}
                Sent::MustWait => {
                    let writable = socket.writable()?;
                    self.place = Place::Sending(socket);
                    return Err(Yield(writable));
                }
            }
        }
    }

    fn wait_to_receive(
        &mut self,
        mut socket: Socket,
    ) -> Step<Future<()>, Page> {
        let readable = socket.readable()?;
        self.place = Place::Receiving(socket);
        Err(Yield(readable))
    }

    fn receive(&mut self, socket: Socket) -> Step<Future<()>, Page> {
        match receive_chunks(&socket, &mut self.exchange)? {
            Some(page) => Ok(page),
            None => self.wait_to_receive(socket),
        }
    }
}

/// The size of a whole fetch.
pub const FETCH_BYTES: usize = size_of::<Fetch>();
