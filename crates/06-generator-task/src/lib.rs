//! Chapter 6: a Future that keeps, a Task that resumes, and a loop that
//! only calls.
//!
//! **What it does.** The crawl is straight functions again: `fetch`
//! connects, sends and receives from top to bottom. Wherever it would have
//! to wait, it yields a [`Future`].
//!
//! **How it waits.** By four parts with one role each:
//!
//! 1. The [`Generator`] can stop in the middle, and go on from there.
//! 2. The [`Future`] is a box that is empty at first, with a list of whom
//!    to call when it is filled.
//! 3. The [`Task`] owns a generator, and resumes it when the future that
//!    the generator has yielded is done.
//! 4. The [`EventLoop`] waits for the sockets and calls `set_result`.
//!
//! **What is new.** Local variables stay where they are, and errors travel
//! with `?`. A callback is still underneath everything, but nobody except
//! the Task registers any. Our generator keeps a stack where Python's keeps
//! a frame, for Rust has no `yield`: see [`Stackful`]. A Python generator
//! can stop only in its own body; on a stack of its own, a function that
//! the body calls can stop as well, so `connect`, `send` and `receive`
//! stand here as they did in chapter 1. Chapter 7 does without the stacks.

mod future;

mod generator;
#[cfg_attr(all(windows, target_arch = "aarch64"), path = "no_stacks.rs")]
mod stackful;

mod task;

mod event_loop;

use std::io;
use std::rc::Rc;

use crawl::{Exchange, Limits, Outcome, Page, Received, Sent, Target};

pub use event_loop::{EventLoop, Socket};
pub use future::{Callback, Future, NotDone};
pub use generator::{Generator, Outward, Raise, Step, Yield, catch};
pub use stackful::{NO_STACKS, STACK_BYTES, Stackful, Yielder};
pub use task::Task;

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
    let start = |(index, target)| start(index, target, &event_loop);
    event_loop.run(targets.iter().enumerate(), start, done)
}

/// Makes a generator of a fetch, and a task that runs it.
fn start(index: usize, target: &Target, event_loop: &Rc<EventLoop>) {
    let (own_target, own_loop) = (target.clone(), Rc::clone(event_loop));
    let generator = Stackful::new(move |yielder: &FetchYielder, ()| {
        own_loop.report(fetch(index, &own_target, &own_loop, yielder));
        Ok(())
    });
    match generator {
        Ok(generator) => Task::start(generator, ()),
        Err(error) => {
            let exchange = Exchange::new(target, &event_loop.limits);
            event_loop.report(exchange.finish(index, Err(error)));
        }
    }
}

/// A fetch yields futures. Nothing is sent back: that it goes on is all it
/// has to know.
type FetchYielder = Yielder<(), Future<()>>;

/// Fetches one target. Each `yielder.suspend(future)` is Python's
/// `yield future`.
fn fetch(
    index: usize,
    target: &Target,
    event_loop: &Rc<EventLoop>,
    yielder: &FetchYielder,
) -> Outcome {
    let mut exchange = Exchange::new(target, &event_loop.limits);
    loop {
        let page = download(&mut exchange, event_loop, yielder);
        if !exchange.try_next_address(&page) {
            return exchange.finish(index, page);
        }
    }
}

fn download(
    exchange: &mut Exchange,
    event_loop: &Rc<EventLoop>,
    yielder: &FetchYielder,
) -> io::Result<Page> {
    let mut socket = connect(exchange, event_loop)?;
    send(&mut socket, exchange, yielder)?;
    receive(&mut socket, exchange, yielder)
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

fn send(
    socket: &mut Socket,
    exchange: &mut Exchange,
    yielder: &FetchYielder,
) -> io::Result<()> {
    loop {
        match exchange.sent(socket.send(exchange.unsent()))? {
            Sent::All => return Ok(()),
            Sent::Part => {}
            Sent::MustWait => {
                yielder.suspend(socket.writable()?);
                // Connected *or failed*: the socket knows which.
                exchange.socket_error(socket.take_error())?;
            }
        }
    }
}

fn receive(
    socket: &mut Socket,
    exchange: &mut Exchange,
    yielder: &FetchYielder,
) -> io::Result<Page> {
    loop {
        yielder.suspend(socket.readable()?);
        if let Some(page) = receive_chunks(socket, exchange)? {
            return Ok(page);
        }
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
