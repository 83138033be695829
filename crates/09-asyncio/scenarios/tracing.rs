//! What scenarios share: a clock that jumps, and lines of a trace.

use std::cell::Cell;
use std::fmt::Display;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use stage_09_asyncio as asyncio;

thread_local! {
    static START: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A loop in virtual time.
pub(crate) fn virtual_loop() -> asyncio::EventLoop {
    let event_loop = asyncio::new_event_loop().unwrap();
    event_loop.use_virtual_time();
    START.set(Some(event_loop.time()));
    event_loop
}

/// `asyncio::run`, in virtual time.
pub(crate) fn run<F: IntoFuture>(main: F) -> F::Output {
    let event_loop = virtual_loop();
    let main = AssertUnwindSafe(|| event_loop.run_until_complete(main));
    let result = catch_unwind(main);
    event_loop.cancel_all_tasks().unwrap();
    result.unwrap_or_else(|panic| resume_unwind(panic)).unwrap()
}

/// The seconds since the start of the loop, and what happened.
pub(crate) fn say(what: impl Display) {
    let seconds = asyncio::get_running_loop().ok().map(|event_loop| {
        let now = event_loop.time();
        let start = START.get().unwrap_or(now);
        (now - start).as_secs_f64().round().to_string()
    });
    println!("{:>2} {what}", seconds.as_deref().unwrap_or("-"));
    std::io::stdout().flush().unwrap();
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// As Python prints a `bool`.
pub(crate) fn python(truth: bool) -> &'static str {
    if truth { "True" } else { "False" }
}

/// As Python prints a list of strings.
pub(crate) fn list<T: Display>(
    items: impl IntoIterator<Item = T>,
) -> String {
    let items = items.into_iter().map(|item| format!("'{item}'"));
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// Python's `finally`, where nothing is awaited in it.
pub(crate) struct Finally(pub(crate) String);

impl Drop for Finally {
    fn drop(&mut self) {
        say(&self.0);
    }
}

/// `trace!("{name} starts")`: as `println!`.
macro_rules! trace {
    ($($argument:tt)*) => {
        $crate::tracing::say(format_args!($($argument)*))
    };
}
pub(crate) use trace;
