use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::EventLoop;
use crate::crossing::{Arrival, Jobs, Place};
use crate::debug::report_unseen;
use crate::outcome::words;
use crate::running::{drops_main, running, running_or_panic};

/// Threads for calls that block: for files, for names, for computing.
/// Each thread is started when it is first needed.
///
/// ```
/// use stage_09_asyncio as asyncio;
/// use asyncio::ThreadPoolExecutor;
///
/// asyncio::run(async {
///     let pool = ThreadPoolExecutor::new(2);
///     let event_loop = asyncio::get_running_loop()?;
///     let sum = || (1..=100).sum::<i32>();
///     let sum = event_loop.run_in_executor(Some(&pool), sum);
///     assert_eq!(sum.await, 5050);
///     Ok::<(), asyncio::Error>(())
/// })??;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// Dropping it waits until all its calls have returned, but for the call
/// that drops it, if one does.
pub struct ThreadPoolExecutor {
    jobs: Arc<Jobs<Job>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    most: usize,
}

/// It is told whether a thread runs it: without one there is an error to
/// hand over instead of a result.
type Job = Box<dyn FnOnce(bool) + Send>;

impl ThreadPoolExecutor {
    /// At most this many threads, but one at least.
    pub fn new(most: usize) -> ThreadPoolExecutor {
        let (jobs, threads) = (Arc::new(Jobs::new()), Mutex::default());
        ThreadPoolExecutor { jobs, threads, most: most.max(1) }
    }

    /// Python's default: four more threads than processors, at most 32.
    fn by_default() -> ThreadPoolExecutor {
        let cores = thread::available_parallelism();
        let cores = cores.map_or(1, usize::from);
        ThreadPoolExecutor::new((cores + 4).min(32))
    }

    /// Has a function called on one of the threads.
    ///
    /// The call is made also if nobody ever awaits it. If somebody awaits
    /// it and gives up before it has begun, it is not made any more. A
    /// call that has begun goes on: a thread cannot be cancelled.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// # asyncio::run(async {
    /// let pool = asyncio::ThreadPoolExecutor::new(1);
    /// assert_eq!(pool.submit(|| 42).await, 42);
    /// # })?;
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub fn submit<T: Send + 'static>(
        &self,
        function: impl FnOnce() -> T + Send + 'static,
    ) -> Submitted<T> {
        let (sender, place) = Place::new();
        self.add(Box::new(move |has_thread| {
            if sender.is_cancelled() {
                return;
            }
            let function = AssertUnwindSafe(function);
            sender.set(match has_thread {
                true => catch_unwind(function),
                false => Err(Box::new(NO_THREAD) as Box<dyn Any + Send>),
            });
        }));
        Submitted { place, is_waiting: false }
    }

    fn add(&self, job: Job) {
        if !self.jobs.add(job, self.most) {
            return;
        }
        let jobs = Arc::clone(&self.jobs);
        let work = move || {
            while let Some(job) = jobs.next() {
                // A result that nobody wants is dropped here, and may
                // panic. The thread goes on.
                let _ = catch_unwind(AssertUnwindSafe(|| job(true)));
            }
        };
        match thread::Builder::new().spawn(work) {
            Ok(thread) => {
                let mut threads = self.threads.lock().expect(NO_PANIC);
                threads.push(thread);
            }
            Err(_) => {
                for job in self.jobs.not_started() {
                    job(false);
                }
            }
        }
    }
}

const NO_THREAD: &str = "RuntimeError: can't start new thread";

impl Drop for ThreadPoolExecutor {
    fn drop(&mut self) {
        self.jobs.close();
        let threads = self.threads.get_mut().expect(NO_PANIC);
        for it in threads.drain(..) {
            // One of its calls may drop it: no thread can join itself.
            if it.thread().id() != thread::current().id() {
                let _ = it.join();
            }
        }
    }
}

const NO_PANIC: &str = "nothing panics while it holds the lock";

impl EventLoop {
    /// Has a function called on a thread of the given pool, or of the
    /// loop's own. Awaiting what this returns awaits the call.
    ///
    /// See [`ThreadPoolExecutor`] for an example.
    pub fn run_in_executor<T: Send + 'static>(
        &self,
        executor: Option<&ThreadPoolExecutor>,
        function: impl FnOnce() -> T + Send + 'static,
    ) -> Submitted<T> {
        let own = &self.0.executor;
        let own = || own.get_or_init(ThreadPoolExecutor::by_default);
        executor.unwrap_or_else(own).submit(function)
    }
}

/// A call that a thread makes, whether this is awaited or not. If
/// somebody awaits it and gives up before the call has begun, the call is
/// not made any more.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// let event_loop = asyncio::get_running_loop()?;
/// let call = event_loop.run_in_executor(None, || 6 * 7);
/// assert_eq!(call.await, 42);
/// # Ok::<(), asyncio::Error>(())
/// # })??;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// If the function has panicked and this is dropped without being awaited,
/// the loop that runs on this thread reports the panic.
///
/// # Panics
/// Awaiting it panics if the function does, or if the system has no
/// thread left.
#[must_use = "the result is there when it is awaited"]
pub struct Submitted<T> {
    place: Arc<Place<thread::Result<T>>>,
    is_waiting: bool,
}

impl<T> Future for Submitted<T> {
    type Output = T;

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<T> {
        let poll = self.place.poll(context);
        self.is_waiting = poll.is_pending();
        poll.map(|arrival| match arrival {
            Arrival::Here(Ok(result)) => result,
            Arrival::Here(Err(panic)) => resume_unwind(panic),
            _ => panic!("it is not awaited after its end"),
        })
    }
}

impl<T> Drop for Submitted<T> {
    fn drop(&mut self) {
        if self.is_waiting && !drops_main() {
            self.place.cancel();
        }
        // If a panic is here, nobody has seen it.
        let arrival = self.place.wait(Some(Duration::ZERO));
        if let Arrival::Here(Err(panic)) = arrival {
            let words = words(&panic);
            report_unseen(running(), "Future", &format!("{words:?}"));
        }
    }
}

/// Has a function called on a thread of the running loop's own pool.
///
/// ```
/// use std::{thread, time::Duration};
/// use stage_09_asyncio as asyncio;
///
/// asyncio::run(async {
///     let block = || thread::sleep(Duration::from_millis(1));
///     asyncio::to_thread(block).await;
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// # Panics
/// Awaiting it panics if the function does, and where no loop runs.
pub async fn to_thread<T: Send + 'static>(
    function: impl FnOnce() -> T + Send + 'static,
) -> T {
    running_or_panic().run_in_executor(None, function).await
}
