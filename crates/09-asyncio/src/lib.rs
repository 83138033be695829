//! Chapter 9: asyncio, the library that a Python programmer expects.
//!
//! **What it does.** Every name of Python's asyncio that the article
//! shows, and what a program has come to expect since: [`run`],
//! [`create_task`], [`gather`], [`timeout`], [`task_group`], [`Queue`] and
//! the rest. What a program can see of the *order* in which things happen
//! is the same as in CPython 3.13; `behaviors.md` says what shows it, and
//! what cannot be equal.
//!
//! **How it waits.** Chapter 8 had an executor for tasks and a reactor for
//! sockets. Here one [`EventLoop`] has one queue of what is ready: steps
//! of tasks, calls, timers that have come due. In each turn it runs what
//! is ready when the turn begins, and it sleeps while nothing is.
//!
//! **What is new.** Tasks have results, names and callbacks; they can be
//! awaited and cancelled. In chapter 8 to cancel was to drop. Python
//! *throws* into a task, so that the task can clean up with awaits: here
//! the future is dropped up to the innermost [`catch_cancelled`],
//! [`timeout`] or [`task_group`] around the place where the task waits,
//! and that one goes on.
//!
//! ```
//! use std::time::Duration;
//! use stage_09_asyncio as asyncio;
//!
//! async fn say_after(milliseconds: u64, what: &str) -> String {
//!     asyncio::sleep(Duration::from_millis(milliseconds)).await;
//!     what.to_uppercase()
//! }
//!
//! fn main() -> Result<(), asyncio::Error> {
//!     let both = [say_after(20, "hello"), say_after(10, "world")];
//!     let both = asyncio::run(async { asyncio::gather(both).await })?;
//!     assert_eq!(both, ["HELLO", "WORLD"]); // in the order given
//!     Ok(())
//! }
//! ```
//!
//! # Four words that mislead
//!
//! | Python | Rust |
//! |---|---|
//! | a coroutine | a future: what an `async fn` returns |
//! | a `Future` | here [`Future`]; elsewhere a oneshot channel |
//! | `add_done_callback(step)` | a waker, cloned and kept |
//! | `send(value)` into a coroutine | wake, and then poll: it asks |
//!
//! A Python coroutine raises; here an expected failure is a `Result`, and
//! a panic is what a task keeps as its exception. Nothing runs before it
//! is awaited or made a task of, in both languages.
//!
//! # Where to read
//!
//! `crawl` is the program that all of this is for, as one writes it in
//! Python; `crawl_with_sockets` is the same program one level below, and
//! `owed` what both use so that nobody waits for what never comes.
//!
//! **Part 1, the loop.** `event_loop` has the turn, in four steps, and
//! `ready` what it runs. `handle` and `timers` are the calls; `clock` and
//! `debug` are small.
//! `waker` and `crossing` are the way in from other threads, `running`
//! says which loop runs, and `runners` has [`run`].
//!
//! **Part 2, tasks.** `future` is a place for a result, with `outcome`
//! for its states, `done_callbacks` for those who hear of it, and
//! `awaiting` for the `.await`. `task` adds a coroutine; `header` and
//! `tasks` are what the loop knows of it.
//! `cancellation` is the heart: how a cancellation travels.
//!
//! Who stops here has the lesson: all the rest is built from these two
//! parts.
//!
//! **Part 3, what is built on them.** Waiting: `sleep`, `timeout`; and
//! for several at once, with `awaitable` for what they are given,
//! `gather`, `shield`, `as_completed`, `wait`, `task_group`. Sharing:
//! `waiters`, then `lock`, `semaphore`, `event`, `condition`, `queue`.
//! Syntax: `generator` and `context` for `async for` and `async with`.
//! The world: `executor` and `threadsafe` for threads, `socket`,
//! `stream_reader` and `streams` for sockets. Read each when you need it.
//!
//! `examples/` is the tour, in pairs of Python and Rust. `scenarios/` and
//! `oracle/` are the judge.
//!
//! Not here: `Barrier`, `BoundedSemaphore`, queues of another order,
//! `Queue.shutdown`, `Runner`, servers, transports and protocols, TLS,
//! subprocesses, signals, context variables, eager tasks, `timeout_at`
//! and `Timeout.reschedule`, `aclose` of a generator, and messages of
//! cancellations. The chapter says of each what to use instead.

mod error;

// The stage, in two forms.
mod crawl;
mod crawl_with_sockets;
mod owed;

// Part 1: the loop.
mod event_loop;
mod ready;

mod handle;
mod timers;

mod clock;
mod debug;

mod crossing;
mod waker;

mod running;

mod runners;

// Part 2: tasks.
mod awaiting;
mod done_callbacks;
mod future;
mod outcome;

mod header;
mod task;
mod tasks;

mod cancellation;
mod cancelled;

// Part 3: what is built on them.
mod sleep;
mod timeout;

mod awaitable;

mod as_completed;
mod gather;
mod shield;
mod wait;

mod panics;
mod task_group;

mod waiters;

mod condition;
mod event;
mod lock;
mod queue;
mod semaphore;

mod context;
mod generator;

mod executor;
mod threadsafe;

mod socket;
mod stream_reader;
mod streams;

pub use crawl::crawl;
pub use crawl_with_sockets::{
    Crawl, crawl_from, crawl_with_sockets, fetch,
};

pub use error::Error;

pub use event_loop::EventLoop;
pub use handle::Handle;
pub use runners::run;
pub use running::{get_event_loop, get_running_loop};
pub use running::{new_event_loop, set_event_loop};
pub use timers::TimerHandle;

pub use awaiting::Await;
pub use cancelled::{CancelledError, catch_cancelled};
pub use future::Future;
pub use task::{Task, create_task};
pub use tasks::{AnyTask, TaskState, all_tasks, current_task};

pub use as_completed::{AsCompleted, as_completed};
pub use awaitable::{Awaitable, Several, ensure_future};
pub use gather::{Gather, GatherOutcomes, TryGather, gather, try_gather};
pub use shield::shield;
pub use sleep::{Sleep, sleep};
pub use task_group::{ExceptionGroup, TaskGroup, task_group};
pub use timeout::{Timeout, TimeoutError, timeout, wait_for};
pub use wait::{Wait, wait};

pub use condition::{Condition, Held};
pub use event::Event;
pub use lock::{Lock, LockGuard};
pub use queue::{Queue, QueueEmpty, QueueFull};
pub use semaphore::{Permit, Semaphore};

pub use context::{AsyncContextManager, with};
pub use generator::{AsyncGenerator, Yielder, async_generator};

pub use executor::{Submitted, ThreadPoolExecutor, to_thread};
pub use threadsafe::run_coroutine_threadsafe;
pub use threadsafe::{ConcurrentFuture, LoopHandle, ThreadsafeHandle};

pub use socket::Socket;
pub use stream_reader::StreamReader;
pub use stream_reader::{IncompleteReadError, LimitOverrunError};
pub use streams::{StreamWriter, open_connection};
