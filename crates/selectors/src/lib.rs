//! Which sockets are ready: `select`, `poll` and the platform's best, behind one face.
//!
//! The contract is **one-shot readiness**. Waiting for a socket asks once; the next
//! [`wait`](Selector::wait) that finds it ready reports it once, even if it was ready before the
//! asking; then there is silence until it is asked for again. It is what a callback that runs once,
//! a future and an `await` mean anyway, and all systems can keep it: edge-triggered readiness exists
//! in neither `select` nor `poll`, nor on Windows. A report may be spurious: whoever finds that the
//! operation would still block asks again.
//!
//! ```
//! use selectors::{Interest, Kind, Selector};
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let address = listener.local_addr()?;
//!
//! let selector = Selector::new(Kind::Best)?;
//! let socket = selector.watch(selectors::connect(address)?, 7);
//! socket.wait_for(Interest::Writable)?;
//!
//! let mut ready = Vec::new();
//! selector.wait(&mut ready, None)?;
//! assert_eq!(ready, [7]); // connected, or failed: the socket knows which
//! socket.connection()?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod selector;

// One file for each way to ask the system, all with the same three functions: wait_for, wait, forget.
mod best;
mod poll;
mod select;

mod time;

mod connect;

pub use best::Notifier;
pub use connect::{connect, socket};
pub use selector::{Interest, Kind, Selector, Watched};
