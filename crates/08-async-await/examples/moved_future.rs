//! What breaks without `Pin`: a future that is moved after its first poll.
//!
//! A future of the compiler may keep a reference to one of its own
//! variables (`send` keeps `&mut socket`, and both lie in the future of
//! `download`). Here is such a future, written by hand, with the address of
//! its variable in the place of the reference. It never reads through that
//! address; it only compares. A reference would be read, from memory that
//! belongs to somebody else by now.
//!
//! Run it with `cargo run -p stage-08-async-await --example moved_future`.

use std::pin::pin;
use std::ptr;
use std::task::{Context, Poll, Waker};

/// `async { let socket = 7; wait(&socket).await }`, by hand.
struct Download {
    socket: u64,
    /// What `wait` keeps: where the socket is. Null before the first poll.
    borrowed: *const u64,
}

impl Download {
    fn new() -> Download {
        Download { socket: 7, borrowed: ptr::null() }
    }

    /// `poll`, if it took `&mut self` and not `Pin<&mut Self>`.
    fn poll_unpinned(&mut self) -> Poll<&'static str> {
        if self.borrowed.is_null() {
            self.borrowed = &raw const self.socket;
            return Poll::Pending;
        }
        Poll::Ready(if ptr::eq(self.borrowed, &self.socket) {
            "the reference points to the socket"
        } else {
            "the reference points to where the socket was"
        })
    }
}

/// The same, as the compiler writes it.
async fn download() -> u64 {
    let socket = 7;
    let borrowed = &socket;
    yield_once().await;
    *borrowed
}

fn main() {
    let mut stays = Box::new(Download::new());
    println!("stays, first poll:  {:?}", stays.poll_unpinned());
    println!("stays, second poll: {:?}", stays.poll_unpinned());

    let mut moves = Box::new(Download::new());
    println!("moves, first poll:  {:?}", moves.poll_unpinned());
    let mut moved = Box::new(*moves); // to another place
    println!("moves, second poll: {:?}", moved.poll_unpinned());

    // With `Pin` this cannot happen. To be polled, the future has to be
    // pinned, and from then on nobody gets it out to move it:
    //
    //     let moved = *pinned;
    //     error[E0507]: cannot move out of dereference of `Pin<…>`
    let mut pinned = pin!(download());
    let mut context = Context::from_waker(Waker::noop());
    println!(
        "pinned, first poll:  {:?}",
        pinned.as_mut().poll(&mut context)
    );
    println!(
        "pinned, second poll: {:?}",
        pinned.as_mut().poll(&mut context)
    );
}

/// Suspends once.
async fn yield_once() {
    let mut has_suspended = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut has_suspended, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

// Prints:
//
// stays, first poll:  Pending
// stays, second poll: Ready("the reference points to the socket")
// moves, first poll:  Pending
// moves, second poll: Ready("the reference points to where the socket was")
// pinned, first poll:  Pending
// pinned, second poll: Ready(7)
