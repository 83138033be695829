//! Watches a crawl from inside, at next to no cost to it.
//!
//! `done` only moves what it is given into a buffer that was allocated and touched before the clock
//! started; the reporter, a thread of its own, turns it into lines, and what that thread costs is
//! subtracted.

use std::collections::HashSet;
use std::io::{self, Write};
use std::mem;
use std::process;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crawl::protocol::{Line, OutcomeLine, Usage};
use crawl::{ErrorKind, Outcome, Worker};
use sha2::{Digest, Sha256};

use crate::system::{self, Cpu};

/// Between two looks of the reporter, and before its first, which counts the threads of short
/// crawls too.
const REPORT_EVERY: Duration = Duration::from_millis(50);
const FIRST_REPORT: Duration = Duration::from_millis(1);

/// Lines are written out when there are this many bytes of them.
const BUFFER_BYTES: usize = 64 << 10;

/// The longest text from outside in one line: three of them, escaped, must fit the longest line.
const TEXT_BYTES: usize = 2 << 10;

/// An outcome without its body.
#[derive(Clone)]
struct Record {
    outcome: Outcome,
    bytes: u64,
    sha256: Option<[u8; 32]>,
}

/// Takes outcomes from the crawl and writes them out, on a thread of its own.
pub(crate) struct Reporter {
    shared: Arc<Shared>,
    /// Dropping it tells the thread to write what is left and end.
    running: Option<Sender<()>>,
    thread: Option<JoinHandle<HashSet<Worker>>>,
    start: Option<Start>,
}

/// What the figures are counted from.
struct Start {
    cpu: Option<Cpu>,
    reporter: Option<Cpu>,
    runnable_us: Option<u64>,
    rss_bytes: Option<u64>,
    peak_is_ours: bool,
}

struct Shared {
    began: OnceLock<Instant>,
    records: Mutex<Vec<Record>>,
    /// Held by the reporter while it works: whoever has it sees figures that stand still.
    work: Mutex<Work>,
}

#[derive(Default)]
struct Work {
    /// What the reporter has cost so far.
    spent: Option<Cpu>,
    /// The most threads seen, without the reporter.
    threads: Option<u64>,
}

impl Reporter {
    /// Starts the thread for a crawl of so many targets. When this returns, it sleeps.
    pub(crate) fn start(targets: usize) -> io::Result<Reporter> {
        let shared = Arc::new(Shared {
            began: OnceLock::new(),
            records: Mutex::new(touched_buffer(targets)),
            work: Mutex::default(),
        });
        let (running, stop) = mpsc::channel();
        let (ready, is_ready) = mpsc::channel();
        let thread = thread::Builder::new().spawn({
            let shared = Arc::clone(&shared);
            let other = touched_buffer(targets);
            move || shared.report(other, &ready, &stop)
        })?;
        let _ = is_ready.recv();
        Ok(Reporter { shared, running: Some(running), thread: Some(thread), start: None })
    }

    /// Notes the figures of this moment, and starts the clock.
    pub(crate) fn begin(&mut self) -> Instant {
        let peak_is_ours = system::reset_peak();
        let work = lock(&self.shared.work);
        self.start = Some(Start {
            peak_is_ours,
            rss_bytes: system::resident(),
            reporter: work.spent,
            runnable_us: system::this_thread_runnable_us(),
            cpu: system::process(),
        });
        drop(work);
        *self.shared.began.get_or_init(Instant::now)
    }

    /// Takes an outcome. All that the crawl pays for being watched is this.
    pub(crate) fn done(&self, mut outcome: Outcome, digest: bool) {
        let mut record_bytes = 0;
        let mut sha256 = outcome.sha256;
        if let Ok(page) = &mut outcome.result {
            let body = mem::take(&mut page.body);
            record_bytes = body.len() as u64;
            // A stage that ends its fetches in its own way has not computed it.
            sha256 = sha256.or_else(|| digest.then(|| Sha256::digest(&body).into()));
        }
        lock(&self.shared.records).push(Record { outcome, bytes: record_bytes, sha256 });
    }

    /// Stops the clock: what the crawl cost.
    pub(crate) fn end(&self, began: Instant) -> Usage {
        let wall = began.elapsed();
        let work = lock(&self.shared.work);
        let start = self.start.as_ref().expect("begin came first");
        let cpu = system::process().zip(start.cpu).map(|(now, then)| now - then);
        let reporter = work.spent.zip(start.reporter).map(|(now, then)| now - then);
        let cpu = cpu.zip(reporter).map(|(cpu, reporter)| cpu - reporter);
        let runnable = system::this_thread_runnable_us().zip(start.runnable_us);
        let peak = system::peak_resident().filter(|_| start.peak_is_ours);
        Usage {
            wall_us: Some(wall.as_micros() as u64),
            user_us: cpu.map(|cpu| cpu.user_us),
            system_us: cpu.map(|cpu| cpu.system_us),
            runnable_us: runnable.map(|(now, then)| now.saturating_sub(then)),
            start_rss_bytes: start.rss_bytes,
            peak_rss_bytes: peak.max(start.rss_bytes.filter(|_| peak.is_some())),
            threads: work.threads,
            voluntary_switches: cpu.and_then(|cpu| cpu.switches).map(|switches| switches.0),
            involuntary_switches: cpu.and_then(|cpu| cpu.switches).map(|switches| switches.1),
            ..Usage::default()
        }
    }

    /// Writes what is left: all who ran a fetch.
    pub(crate) fn finish(&mut self) -> HashSet<Worker> {
        drop(self.running.take());
        let thread = self.thread.take();
        thread.map(|thread| thread.join().expect("the reporter does not panic")).unwrap_or_default()
    }
}

/// When a stage panics, what it had finished is still told.
impl Drop for Reporter {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Shared {
    fn report(
        &self,
        mut records: Vec<Record>,
        ready: &Sender<()>,
        stop: &Receiver<()>,
    ) -> HashSet<Worker> {
        let mut workers = HashSet::new();
        let mut lines = vec![1; 2 * BUFFER_BYTES];
        lines.clear();
        *lock(&self.work) = Work { threads: threads_but_this(), spent: about_to_sleep() };
        let _ = ready.send(());
        let mut pause = FIRST_REPORT;
        loop {
            let ended = stop.recv_timeout(pause) != Err(RecvTimeoutError::Timeout);
            pause = REPORT_EVERY;

            let mut work = lock(&self.work);
            mem::swap(&mut *lock(&self.records), &mut records);
            for record in records.drain(..) {
                workers.insert(record.outcome.by);
                self.write(&record, &mut lines);
            }
            flush(&mut lines);
            if system::stdout_is_closed() {
                process::exit(1);
            }
            work.threads = work.threads.max(threads_but_this());
            work.spent = about_to_sleep();
            if ended {
                return workers;
            }
        }
    }

    fn write(&self, record: &Record, lines: &mut Vec<u8>) {
        let began = self.began.get().expect("outcomes come after the beginning");
        let mut line = OutcomeLine::new(&record.outcome, *began);
        if record.outcome.result.is_ok() {
            line.bytes = Some(record.bytes);
        }
        line.sha256 =
            record.sha256.map(|hash| hash.iter().map(|byte| format!("{byte:02x}")).collect());
        for text in [&mut line.location, &mut line.content_encoding].into_iter().flatten() {
            shorten(text);
        }
        if let Some(error) = &mut line.error {
            shorten(&mut error.message);
        }
        serde_json::to_writer(&mut *lines, &Line::Outcome(line)).expect("an outcome is JSON");
        lines.push(b'\n');
        if lines.len() > BUFFER_BYTES {
            flush(lines);
        }
    }
}

/// Room for all outcomes, in memory that is already there: the crawl shall not pay for its first
/// use.
fn touched_buffer(targets: usize) -> Vec<Record> {
    let outcome = Outcome::not_fetched(0, Worker::Main, ErrorKind::Io, String::new());
    let mut buffer = vec![Record { outcome, bytes: 0, sha256: None }; targets];
    buffer.clear();
    buffer
}

fn threads_but_this() -> Option<u64> {
    system::threads().map(|threads| threads.saturating_sub(1))
}

/// What this thread has cost, with the context switch that its next sleep will be.
fn about_to_sleep() -> Option<Cpu> {
    let mut cpu = system::this_thread()?;
    cpu.switches = cpu.switches.map(|(voluntary, involuntary)| (voluntary + 1, involuntary));
    Some(cpu)
}

fn flush(lines: &mut Vec<u8>) {
    write_out(lines);
    lines.clear();
}

/// Writes to the parent. Where there is none any more, nobody needs this process.
pub(crate) fn write_out(lines: &[u8]) {
    let mut stdout = io::stdout().lock();
    if stdout.write_all(lines).and_then(|()| stdout.flush()).is_err() {
        process::exit(1);
    }
}

fn shorten(text: &mut String) {
    let mut end = TEXT_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

/// A panic of the stage does not poison what it had finished.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
