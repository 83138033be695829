//! Chapter 9: asyncio.
mod error;

mod clock;
mod crossing;
mod debug;
mod event_loop;
mod handle;
mod runners;
mod running;
mod timers;
mod waker;

mod awaiting;
mod cancellation;
mod cancelled;
mod future;
mod header;
mod outcome;
mod task;
mod tasks;

mod as_completed;
mod awaitable;
mod gather;
mod panics;
mod shield;
mod sleep;
mod task_group;
mod timeout;
mod wait;

mod condition;
mod context;
mod event;
mod executor;
mod generator;
mod lock;
mod queue;
mod semaphore;
mod socket;
mod streams;
mod threadsafe;
mod waiters;

pub use as_completed::{AsCompleted, as_completed};
pub use awaitable::{Awaitable, Several, ensure_future};
pub use awaiting::Await;
pub use cancelled::{CancelledError, catch_cancelled};
pub use condition::{Condition, Held};
pub use context::{AsyncContextManager, with};
pub use error::Error;
pub use event::Event;
pub use event_loop::EventLoop;
pub use executor::{Submitted, ThreadPoolExecutor, to_thread};
pub use future::Future;
pub use gather::{Gather, GatherOutcomes, TryGather, gather, try_gather};
pub use generator::{AsyncGenerator, Yielder, async_generator};
pub use handle::Handle;
pub use lock::{Lock, LockGuard};
pub use queue::{Queue, QueueEmpty, QueueFull};
pub use runners::run;
pub use running::{
    get_event_loop, get_running_loop, new_event_loop, set_event_loop,
};
pub use semaphore::{Permit, Semaphore};
pub use shield::shield;
pub use sleep::{Sleep, sleep};
pub use socket::Socket;
pub use streams::{StreamReader, StreamWriter, open_connection};
pub use task::{Task, TaskState, create_task};
pub use task_group::{ExceptionGroup, TaskGroup, task_group};
pub use tasks::{AnyTask, all_tasks, current_task};
pub use threadsafe::{
    ConcurrentFuture, LoopHandle, ThreadsafeHandle,
    run_coroutine_threadsafe,
};
pub use timeout::{Timeout, TimeoutError, timeout, wait_for};
pub use timers::TimerHandle;
pub use wait::{Wait, wait};
