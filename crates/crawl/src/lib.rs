//! What to fetch and what came back: the part of the crawler that is the
//! same at every stage, because it never waits. It opens no socket.
//!
//! In the order in which a fetch meets them:
//!
//! 1. [`Url`] checks what was asked for, and [`Target`] adds the address it
//!    was resolved to.
//! 2. [`Limits`] says how many at once, how long, how large.
//! 3. [`Exchange`] is one request and its response without a socket: the
//!    stage sends what it gives, and hands over what came.
//! 4. [`ResponseReader`] is its RFC 9112 half: bytes in, a page out.
//! 5. [`Outcome`] says how it ended: a [`Page`] or a [`FetchError`], with
//!    its [`Timeline`].
//! 6. [`Deadlines`] keeps the deadlines of many exchanges that one thread
//!    waits for.
//! 7. [`protocol`] is how a stage's program and the runner talk.

mod target;

mod limits;

mod exchange;

mod response;

mod error;
mod outcome;
mod page;

mod deadlines;

pub mod protocol;

pub use deadlines::Deadlines;
pub use error::{ErrorKind, FetchError, Phase};
pub use exchange::{
    DeadlinePassed, Exchange, Received, Sent, is_in_progress,
};
pub use limits::Limits;
pub use outcome::{Outcome, Timeline, Worker};
pub use page::Page;
pub use response::{BadResponse, ResponseReader};
pub use target::{InvalidUrl, Target, Url};

/// A receive buffer: one for each thread that receives, never held across a
/// wait.
pub fn receive_buffer() -> Vec<u8> {
    vec![0; 64 << 10]
}
