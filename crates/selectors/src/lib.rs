//! Which sockets are ready: `select`, `poll` and `epoll` behind one face.
//!
//! The contract is **one-shot readiness**. A program registers its interest
//! in a socket, and the next [`wait`](Selector::wait) that finds the socket
//! ready reports it once, even if it was ready before. After the report
//! there is silence until the interest is registered again. A callback that
//! runs once, a future and an `await` need no more, and every system can
//! keep this contract: edge-triggered readiness exists neither in `select`
//! nor in `poll`, nor on Windows. A report may be spurious: a program whose
//! operation would still block registers its interest again.
//!
//! ```
//! use selectors::{Interest, Kind, Selector};
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let address = listener.local_addr()?;
//!
//! let selector = Selector::new(Kind::Best)?;
//! let socket = selectors::socket(address)?;
//! let _in_progress = socket.connect(&address.into());
//! let socket = selector.watch(socket, 7);
//! socket.wait_for(Interest::Writable)?;
//!
//! let mut ready = Vec::new();
//! selector.wait(&mut ready, None)?;
//! assert_eq!(ready, [7]); // connected, or failed: the socket knows which
//! assert!(socket.take_error()?.is_none());
//! # Ok::<(), std::io::Error>(())
//! ```

mod selector;

// One file for each way to ask the system, all with the same functions.
mod select;

mod poll;

#[cfg(target_os = "linux")]
mod epoll;

mod polling;

mod notifier;

mod time;

mod socket;

pub use notifier::Notifier;
pub use selector::{Interest, Kind, Selector, Watched};
pub use socket::socket;
