//! Chapter 6: a Future that keeps, a Task that resumes, and a loop that only calls.
//!
//! **What it does.** The crawl is one straight function again: `fetch` connects, sends and
//! receives from top to bottom. Wherever it would have to wait, it yields a [`Future`].
//!
//! **How it waits.** Keep your place in the function; a Task comes back to it. One role each: the
//! *Future* keeps a result that will arrive later, and the callbacks to run then; the *Task* owns
//! the generator and resumes it when the future that it has yielded is done; the *event loop* waits
//! for the sockets and calls `set_result`.
//!
//! **What is new.** A generator can suspend in the middle and be resumed, so local variables stay
//! where they are and errors travel with `?`. A callback is still underneath everything, but nobody
//! except the Task registers any. Our generator keeps a stack where Python's keeps a frame, for Rust
//! has no `yield`: see [`Stackful`]. Chapter 7 does without.

mod future;

mod generator;
mod stackful;

mod task;

mod event_loop;

use std::io;
use std::rc::Rc;

use crawl::{Exchange, Limits, Outcome, Page, Target};

pub use event_loop::{EventLoop, PRIME, Socket, Waited};
pub use future::{Callback, Future, NotDone};
pub use generator::{Generator, Return, Step, Yield};
pub use stackful::{STACK_BYTES, Stackful, Yielder};
pub use task::Task;

/// Fetches the targets, and hands each outcome to `done` as it comes.
///
/// # Errors
/// What the system says when it cannot wait.
pub fn crawl(targets: &[Target], limits: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    let event_loop = EventLoop::new(limits)?;
    let start = |(index, target)| start(index, target, &event_loop);
    event_loop.run(targets.iter().enumerate(), start, done)
}

/// Makes a generator of a fetch, and a task that runs it.
fn start(index: usize, target: &Target, event_loop: &Rc<EventLoop>) {
    let (own_target, own_loop) = (target.clone(), Rc::clone(event_loop));
    let generator = Stackful::new(move |yielder: &FetchYielder, _| {
        own_loop.report(fetch(index, &own_target, &own_loop, yielder));
    });
    match generator {
        Ok(generator) => Task::start(generator, PRIME),
        Err(error) => {
            let exchange = Exchange::new(target, &event_loop.limits);
            event_loop.report(exchange.finish(index, Err(error)));
        }
    }
}

/// A fetch yields futures, and gets back what became of them.
type FetchYielder = Yielder<Waited, Future<Waited>>;

/// Fetches one target. Each `yielder.suspend(future)` is Python's `yield future`.
fn fetch(
    index: usize,
    target: &Target,
    event_loop: &Rc<EventLoop>,
    yielder: &FetchYielder,
) -> Outcome {
    let mut exchange = Exchange::new(target, &event_loop.limits);
    let page = download(&mut exchange, event_loop, yielder);
    exchange.finish(index, page)
}

fn download(
    exchange: &mut Exchange,
    event_loop: &Rc<EventLoop>,
    yielder: &FetchYielder,
) -> io::Result<Page> {
    // Begin to connect, and try to send without asking whether the connection is there: on loopback
    // it mostly is. Otherwise the send says that it would have to wait.
    let socket = selectors::connect(exchange.target().address())?;
    let mut socket = event_loop.watch(socket, exchange.started());
    let sent = socket.send(exchange.unsent());
    match exchange.sent(sent) {
        Ok(()) => {}
        Err(error) if exchange.must_wait(&error) => {
            let writable = socket.writable()?;
            yielder.suspend(writable)?;
            exchange.connection(socket.connection())?;
        }
        Err(error) => return Err(error),
    }

    // Send.
    while !exchange.unsent().is_empty() {
        let sent = socket.send(exchange.unsent());
        match exchange.sent(sent) {
            Ok(()) => {}
            Err(error) if exchange.must_wait(&error) => {
                let writable = socket.writable()?;
                yielder.suspend(writable)?;
            }
            Err(error) => return Err(error),
        }
    }

    // Receive.
    loop {
        let readable = socket.readable()?;
        let waited = yielder.suspend(readable);
        let chunk = &mut *socket.chunk();
        match socket.receive(chunk) {
            Ok(bytes) => {
                if let Some(page) = exchange.received(&chunk[..bytes])? {
                    return Ok(page);
                }
            }
            // Nothing there: the deadline has passed, or it was a false alarm.
            Err(error) if exchange.must_wait(&error) => waited?,
            Err(error) => return Err(error),
        }
    }
}
