//! The worker's side of the pipes: this program, started again, with a
//! loop.

use std::cell::OnceCell;
use std::io::{self, BufReader, BufWriter};
use std::process::exit;
use std::rc::Rc;
use std::thread;
use std::time::Instant;

use crawl::{Limits, Target};
use stage_02_process_pool::parts::{
    Request, become_if_asked, private_bytes, say_hello, write_memory,
    write_outcome,
};
use stage_09_asyncio::{Crawl, EventLoop, LoopHandle, create_task, fetch};

/// This kind of worker.
pub(crate) const LOOP: &str = "loop";

/// Turns this process into a worker if a pool of this chapter has started
/// it as one, and then never returns.
///
/// Call it at the very beginning of `main` in every program that uses the
/// pool, like chapter 2's function of this name.
///
/// ```no_run
/// stage_10_many_loops::processes::become_worker_if_asked();
/// // … and only now the program
/// ```
pub fn become_worker_if_asked() {
    become_if_asked(LOOP, work);
}

thread_local! {
    /// What the fetches have in common, on the loop's thread.
    static CRAWL: OnceCell<Rc<Crawl>> = const { OnceCell::new() };
}

fn work() -> io::Result<()> {
    let since = Instant::now();
    say_hello(&mut io::stdout().lock())?;
    let mut requests = BufReader::new(io::stdin());
    let Ok(first) = Request::read(&mut requests) else { return Ok(()) };
    let event_loop = EventLoop::new()?;
    let handle = event_loop.handle();
    let crawl = match &first {
        Request::Fetch { limits, digest, .. } => {
            Crawl::new(Limits { digest: *digest, ..Limits::from(limits) })
        }
        Request::Stop => Crawl::new(Limits::default()),
    };
    let crawl = CRAWL.with(|its| Rc::clone(its.get_or_init(|| crawl)));
    hand_over(&handle, first);
    thread::Builder::new().spawn(move || {
        while let Ok(request) = Request::read(&mut requests) {
            hand_over(&handle, request);
        }
        // The pool has ended, in whatever way: then this process ends too,
        // at once, even in the middle of a fetch.
        exit(0)
    })?;
    event_loop.run_until_complete(async {
        loop {
            let outcome = crawl.finished().await;
            let mut pool = BufWriter::new(io::stdout().lock());
            let number = outcome.target as u64;
            if write_outcome(&mut pool, number, outcome, since).is_err() {
                exit(0) // nobody reads any more
            }
        }
    })?
}

/// Has the loop begin with what is asked for. This runs on the thread that
/// reads, and the call on the loop's.
fn hand_over(event_loop: &LoopHandle, request: Request) {
    event_loop.call_soon_threadsafe(move || match request {
        Request::Fetch { number, target, .. } => {
            let crawl = CRAWL.with(|its| its.get().map(Rc::clone));
            match Target::try_from(&target).ok().zip(crawl) {
                Some((target, crawl)) => {
                    create_task(fetch(number as usize, target, crawl));
                }
                // The pool sends URLs that are valid.
                None => exit(1),
            }
        }
        Request::Stop => {
            let _ = write_memory(&mut io::stdout().lock(), private_bytes());
        }
    });
}
