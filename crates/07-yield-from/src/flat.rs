//! Step one: the fetch of chapter 6 as ONE generator, written by hand. Only the stack went.
//!
//! A function that stops has to remember two things: where it is, and its local variables. The stack
//! of chapter 6 remembers both, in 4 KiB. Here [`State`] says where it is, and the fields of [`Fetch`]
//! are the local variables.

use std::io;
use std::mem;
use std::rc::Rc;

use crawl::{Exchange, Limits, Outcome, Page, Target};
use selectors::Interest;
use stage_06_generator_task::{
    EventLoop, Future, Generator, Ready, Return, Socket, Step, Task, Yield,
};

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

/// Fetches one target.
struct Fetch {
    event_loop: Rc<EventLoop>,
    index: usize,
    exchange: Exchange,
    state: State,
}

/// Where the function has stopped: one variant for each `yield`, with the variables that live on.
enum State {
    Start,
    /// Until there is room to send, or the connection itself is there.
    Writable(Socket),
    Readable(Socket),
    End,
}

/// The size of a whole fetch.
pub const FETCH_BYTES: usize = size_of::<Fetch>();

impl Fetch {
    fn new(event_loop: &Rc<EventLoop>, index: usize, target: &Target) -> Fetch {
        let exchange = Exchange::new(target, &event_loop.limits);
        Fetch { event_loop: Rc::clone(event_loop), index, exchange, state: State::Start }
    }

    /// From one stop to the next: jumps to where the function had stopped.
    fn download(&mut self, ready: Ready) -> io::Result<Step<Future<Ready>, Page>> {
        match mem::replace(&mut self.state, State::End) {
            State::Start => {
                let socket = selectors::connect(self.exchange.target().address())?;
                self.send(self.event_loop.watch(socket, self.exchange.started()))
            }
            State::Writable(socket) => {
                ready?;
                socket.connection()?;
                self.exchange.connected();
                self.send(socket)
            }
            State::Readable(socket) => self.receive(socket, ready),
            State::End => unreachable!("a task does not resume a generator that has ended"),
        }
    }

    fn send(&mut self, socket: Socket) -> io::Result<Step<Future<Ready>, Page>> {
        while !self.exchange.unsent().is_empty() {
            let sent = socket.send(self.exchange.unsent());
            match self.exchange.sent(sent) {
                Err(error) if self.exchange.must_wait(&error) => {
                    return self.stop(socket, Interest::Writable, State::Writable);
                }
                sent => sent?,
            }
        }
        self.stop(socket, Interest::Readable, State::Readable)
    }

    fn receive(&mut self, socket: Socket, ready: Ready) -> io::Result<Step<Future<Ready>, Page>> {
        let mut chunk = socket.chunk();
        match socket.receive(&mut chunk) {
            // Nothing there: the deadline has passed, or it was a false alarm.
            Err(error) if self.exchange.must_wait(&error) => ready?,
            received => {
                if let Some(page) = self.exchange.received(&chunk[..received?])? {
                    return Ok(Return(page));
                }
            }
        }
        drop(chunk);
        self.stop(socket, Interest::Readable, State::Readable)
    }

    /// `yield future`: remembers where it is, and hands out what it waits for.
    fn stop(
        &mut self,
        socket: Socket,
        interest: Interest,
        place: fn(Socket) -> State,
    ) -> io::Result<Step<Future<Ready>, Page>> {
        let future = socket.wait_for(interest)?;
        self.state = place(socket);
        Ok(Yield(future))
    }
}

impl Generator for Fetch {
    type Sent = Ready;
    type Yielded = Future<Ready>;
    type Returned = ();

    fn resume(&mut self, ready: Ready) -> Step<Future<Ready>, ()> {
        let page = match self.download(ready) {
            Ok(Yield(future)) => return Yield(future),
            Ok(Return(page)) => Ok(page),
            Err(error) => Err(error),
        };
        self.event_loop.finish(self.exchange.finish(self.index, page));
        Return(())
    }
}
