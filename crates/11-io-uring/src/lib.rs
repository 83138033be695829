//! Chapter 11: completion instead of readiness, with io_uring.
//!
//! **What it does.** The steps of chapter 1 once more. A fetch is written
//! down as a chain of requests, *make a socket, connect, send, receive*,
//! and the chain is handed to the system as a whole.
//!
//! **How it waits.** Chapter 5 asked which sockets are *ready*, and then
//! made the calls itself. Here the system makes the calls, and the program
//! sleeps until some of them are *done*. Requests and completions travel
//! through two queues in memory that the program and the system share, so
//! one system call carries the requests of many fetches.
//!
//! **What is new.** A call that returns gives its buffer back. A request
//! returns at once, and its buffer is in use: *it belongs to the kernel
//! until the completion says otherwise*. Who frees or changes it earlier
//! has the kernel write into memory that is something else by now. So the
//! memory is moved into the `Ring`, which hands it out again only
//! after the last completion; this is the one unsafe part of the chapter.
//! A deadline is a request too, linked to the one that it may cut short,
//! and so is cancelling: both complete.
//!
//! - `completion`: the crawl, and what a fetch makes of each completion
//! - `ring`: requests, completions, and the memory that they name
//! - `buffers`: what the kernel may receive into
//!
//! Linux only: on other systems, and where the kernel or a container
//! forbids it, [`available`] says why the stage cannot run.

#[cfg(target_os = "linux")]
mod completion;

#[cfg(target_os = "linux")]
mod ring;

#[cfg(target_os = "linux")]
mod buffers;

#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod completion;

pub use completion::{available, crawl};
