//! Chapter 6: a Future that keeps, a Task that resumes, and a loop that only calls.
//!
//! **What it does.** The crawl is one straight function again: [`fetch`] connects, sends and
//! receives from top to bottom. Wherever it would have to wait, it yields a [`Future`].
//!
//! **How it waits.** Keep your place in the function; a Task comes back to it. One role each: the
//! *Future* keeps a result that will arrive later, and the callbacks to run then; the *Task* owns
//! the generator and resumes it when the future that it yielded is done; the *event loop* waits for
//! the sockets and sets the results.
//!
//! **What is new.** A generator can stop in the middle and be taken up again, so local variables
//! stay where they are and errors travel with `?`. A callback is still underneath everything, but
//! the Task is the only one who registers any. Our generator keeps a stack where Python's keeps a
//! frame, for Rust has no `yield`: see [`Stackful`]. Chapter 7 does without.

mod future;

mod generator;
mod stackful;

mod task;

mod event_loop;

use std::io;
use std::rc::Rc;

use crawl::{Exchange, Limits, Outcome, Page, Target};
use selectors::Interest;

pub use event_loop::{EventLoop, Ready, Socket};
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
    let mut list = targets.iter().enumerate();
    let start_next = || match list.next() {
        Some((index, target)) => {
            start(&event_loop, index, target);
            true
        }
        None => false,
    };
    event_loop.run(start_next, done)
}

/// Makes a generator of a fetch, and a task that runs it.
fn start(event_loop: &Rc<EventLoop>, index: usize, target: &Target) {
    let (own_loop, own_target) = (Rc::clone(event_loop), target.clone());
    let generator = Stackful::new(move |yielder: &Yielder<Ready, Future<Ready>>, _| {
        own_loop.finish(fetch(index, &own_target, &own_loop, yielder));
    });
    match generator {
        Ok(generator) => Task::start(generator, Ok(())),
        Err(error) => {
            let exchange = Exchange::new(target, &event_loop.limits);
            event_loop.finish(exchange.finish(index, Err(error)));
        }
    }
}

/// Fetches one target. Each `yielder.suspend(future)` is a `yield future`.
fn fetch(
    index: usize,
    target: &Target,
    event_loop: &Rc<EventLoop>,
    yielder: &Yielder<Ready, Future<Ready>>,
) -> Outcome {
    let mut exchange = Exchange::new(target, &event_loop.limits);
    let page = download(&mut exchange, event_loop, yielder);
    exchange.finish(index, page)
}

fn download(
    exchange: &mut Exchange,
    event_loop: &Rc<EventLoop>,
    yielder: &Yielder<Ready, Future<Ready>>,
) -> io::Result<Page> {
    let socket = selectors::connect(exchange.target().address())?;
    let socket = event_loop.watch(socket, exchange.started());

    while !exchange.unsent().is_empty() {
        let sent = socket.send(exchange.unsent());
        match exchange.sent(sent) {
            Err(error) if exchange.must_wait(&error) => {
                yielder.suspend(socket.wait_for(Interest::Writable)?)?;
                socket.connection()?;
                exchange.connected();
            }
            sent => sent?,
        }
    }

    loop {
        let ready = yielder.suspend(socket.wait_for(Interest::Readable)?);
        let chunk = &mut *socket.chunk();
        match socket.receive(chunk) {
            // Nothing there: the deadline has passed, or it was a false alarm.
            Err(error) if exchange.must_wait(&error) => ready?,
            received => {
                if let Some(page) = exchange.received(&chunk[..received?])? {
                    return Ok(page);
                }
            }
        }
    }
}
