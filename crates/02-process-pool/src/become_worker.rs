//! The worker's side of the pipes: this program, started again.

use std::io::{self, BufReader, BufWriter, Write};
use std::process::exit;
use std::sync::mpsc;
use std::{env, thread};

use crawl::protocol::JobTarget;
use crawl::{Limits, Outcome, Target, receive_buffer};
use stage_01_blocking::fetch;

use crate::wire::{HELLO, Request, write_memory, write_outcome};

/// The environment variable that asks this program to be a worker; its
/// value says of which kind.
pub(crate) const ASKED: &str = "WAYS_TO_WAIT_PROCESS_POOL_WORKER";

/// The kind of this chapter: one fetch after the other.
pub(crate) const BLOCKING: &str = "1";

/// Turns this process into a worker if a pool has started it as one, and
/// then never returns.
///
/// Call it at the very beginning of `main` in every program that uses the
/// pool, like Python's `multiprocessing.freeze_support()`. A program
/// without it is started again as a whole: the pool then notices that the
/// first line is not the hello of a worker, and says so.
///
/// ```no_run
/// stage_02_process_pool::become_worker_if_asked();
/// // … and only now the program
/// ```
pub fn become_worker_if_asked() {
    become_if_asked(BLOCKING, work);
}

/// The same, for a kind of worker with that name, which works in another
/// way.
pub fn become_if_asked(kind: &str, work: fn() -> io::Result<()>) {
    if env::var_os(ASKED).is_some_and(|asked| asked == kind) {
        match work() {
            Ok(()) => exit(0),
            // The pool has ended: it has no use for words.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                exit(0)
            }
            Err(error) => {
                // Where they do not arrive, the exit status has to do.
                let _ = writeln!(io::stderr(), "worker process: {error}");
                exit(1)
            }
        }
    }
}

/// A worker never starts workers: a program that forgot the hook would
/// multiply without end.
///
/// # Errors
/// This process is a worker.
pub fn refuse_to_nest() -> io::Result<()> {
    if env::var_os(ASKED).is_none() {
        return Ok(());
    }
    Err(io::Error::other(
        "a worker process cannot have workers: \
         call become_worker_if_asked() first in main",
    ))
}

fn work() -> io::Result<()> {
    let (sender, requests) = mpsc::channel();
    thread::Builder::new().spawn(move || read_requests(&sender))?;

    let mut pool = BufWriter::new(io::stdout().lock());
    say_hello(&mut pool)?;
    let mut chunk = receive_buffer();
    for request in requests {
        match request {
            Request::Fetch { number, target, limits, digest, .. } => {
                let outcome = fetch_target(
                    number as usize,
                    &target,
                    &Limits { digest, ..Limits::from(&limits) },
                    &mut chunk,
                )?;
                let since = outcome.timeline.started;
                write_outcome(&mut pool, number, outcome, since)?;
            }
            Request::Stop => write_memory(&mut pool, private_bytes())?,
        }
    }
    Ok(())
}

/// The first thing that a worker does.
///
/// # Errors
/// The pool has ended.
pub fn say_hello(pool: &mut impl Write) -> io::Result<()> {
    // Otherwise Linux lists it as `exe`, the name by which it was started.
    #[cfg(target_os = "linux")]
    let _ = std::fs::write("/proc/self/comm", "pool-worker");
    writeln!(pool, "{HELLO}")?;
    pool.flush()
}

/// Reads the requests. When the pipe ends, the pool has ended, in whatever
/// way: then this process ends too, at once, even in the middle of a fetch.
fn read_requests(requests: &mpsc::Sender<Request>) {
    let mut pool = BufReader::new(io::stdin());
    while let Ok(request) = Request::read(&mut pool) {
        if requests.send(request).is_err() {
            break;
        }
    }
    exit(0)
}

fn fetch_target(
    number: usize,
    target: &JobTarget,
    limits: &Limits,
    chunk: &mut [u8],
) -> io::Result<Outcome> {
    let target = Target::try_from(target).map_err(io::Error::other)?;
    Ok(fetch(number, &target, limits, chunk))
}

/// Memory that no other process shares, from `/proc`: what this worker
/// costs in addition. (It shares the pages of the program itself with the
/// others.)
#[cfg(target_os = "linux")]
pub fn private_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let anonymous =
        status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(
        anonymous.trim().trim_end_matches(" kB").parse::<u64>().ok()?
            * 1024,
    )
}

/// Not every system tells.
#[cfg(not(target_os = "linux"))]
pub fn private_bytes() -> Option<u64> {
    None
}
