//! The pool's side of the pipes: one worker process, and the thread that
//! writes to its pipe and reads from it.

use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZeroUsize;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{env, mem};

use crawl::{Limits, Target};

use crate::become_worker::{ASKED, BLOCKING};
use crate::wire::{Answer, HELLO, Request, read_line};

/// A program that sends no hello within this time is not a worker.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// A worker keeps the deadline of a fetch by itself. A worker that is this
/// much later will not answer any more: it has been stopped, for example.
pub const GRACE: Duration = Duration::from_secs(1);

/// A worker process. A read from a pipe cannot be interrupted, so a thread
/// does it.
///
/// Invariant: no worker process outlives its pool. It ends when this value
/// is dropped, or else when its pipe ends.
#[derive(Debug)]
pub struct Process {
    child: Child,
    requests: Sender<Request>,
    answers: Receiver<io::Result<Answer>>,
    thread: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts this program again, as a worker.
    ///
    /// # Errors
    /// What the system says; or what the program did instead of becoming a
    /// worker.
    pub(crate) fn start() -> io::Result<Process> {
        Process::start_with(BLOCKING, serve)
    }

    /// The same, as a worker of that kind. A thread runs `serve`, which
    /// begins with [`read_hello`], and then hands requests to the worker
    /// and its answers back.
    ///
    /// # Errors
    /// What the system says; or what the program did instead of becoming a
    /// worker.
    pub fn start_with(
        kind: &str,
        serve: impl FnOnce(
            ChildStdin,
            BufReader<ChildStdout>,
            Receiver<Request>,
            Sender<io::Result<Answer>>,
        ) + Send
        + 'static,
    ) -> io::Result<Process> {
        let mut child = spawn(kind)?;
        let to = child.stdin.take().expect("it was asked for");
        let from =
            BufReader::new(child.stdout.take().expect("it was asked for"));
        let (requests, to_send) = channel();
        let (sender, answers) = channel();
        let mut process =
            Process { child, requests, answers, thread: None };
        // Without a thread, the drop of `process` ends the child.
        let serve = move || serve(to, from, to_send, sender);
        process.thread = Some(thread::Builder::new().spawn(serve)?);
        match process.answer(HELLO_WITHIN) {
            Ok(_) => Ok(process),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(io::Error::other(format!(
                    "a worker process ended before its hello ({}); \
                     does main begin with become_worker_if_asked()?",
                    process.end()
                )))
            }
            Err(error)
                if !matches!(
                    error.kind(),
                    io::ErrorKind::InvalidData | io::ErrorKind::TimedOut
                ) =>
            {
                Err(error)
            }
            Err(_) => Err(io::Error::other(
                "this program does not become a worker: \
                 call become_worker_if_asked() first in main",
            )),
        }
    }

    /// Has a target fetched, and sleeps until the worker has done it.
    ///
    /// # Errors
    /// The worker has ended, or its answer is not one of a worker.
    pub(crate) fn fetch(
        &mut self,
        index: usize,
        target: &Target,
        limits: &Limits,
    ) -> io::Result<Answer> {
        let concurrency = NonZeroUsize::MIN; // of this worker
        let limits = &Limits { concurrency, ..*limits };
        let request = Request::fetch(index as u64, target, limits);
        self.ask(request, limits.deadline.saturating_add(GRACE))
    }

    /// Memory that the worker has for itself alone, where the system tells.
    pub fn private_bytes(&mut self) -> Option<u64> {
        match self.ask(Request::Stop, GRACE) {
            Ok(Answer::Memory(private_bytes)) => private_bytes,
            _ => None,
        }
    }

    fn ask(
        &mut self,
        request: Request,
        within: Duration,
    ) -> io::Result<Answer> {
        self.send(request)?;
        self.answer(within)
    }

    /// Hands a request over, and does not wait.
    ///
    /// # Errors
    /// The worker has ended.
    pub fn send(&self, request: Request) -> io::Result<()> {
        let gone = |_| io::Error::from(io::ErrorKind::UnexpectedEof);
        self.requests.send(request).map_err(gone)
    }

    /// Sleeps until there is an answer, but not longer than that.
    ///
    /// # Errors
    /// The worker has ended, does not answer, or its answer is invalid.
    pub fn answer(&mut self, within: Duration) -> io::Result<Answer> {
        match self.answers.recv_timeout(within) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "it does not answer",
            )),
            Err(RecvTimeoutError::Disconnected) => {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        }
    }

    /// Whether the process has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends a worker that does not answer any more, and says how it ended.
    pub fn end(mut self) -> String {
        // It may have closed its pipes and live on.
        let _ = self.child.kill();
        self.child.wait().map_or_else(
            |error| error.to_string(),
            |status| status.to_string(),
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A worker keeps nothing that could be lost. The wait leaves no
        // zombie behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Without requests the thread ends, and so it does without a
        // worker. But the worker may have handed on its pipe to a program
        // that it started: then the thread is left to end with that
        // program.
        drop(mem::replace(&mut self.requests, channel().0));
        let has_ended = loop {
            match self.answers.recv_timeout(GRACE) {
                Ok(_) => {}
                Err(error) => {
                    break error == RecvTimeoutError::Disconnected;
                }
            }
        };
        if let Some(thread) = self.thread.take().filter(|_| has_ended) {
            let _ = thread.join();
        }
    }
}

fn spawn(kind: &str) -> io::Result<Child> {
    /// Apple's systems cannot make a pipe and mark it close-on-exec in one
    /// step. So two workers that start at the same time could inherit each
    /// other's pipes, and these would never end.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = cfg!(target_vendor = "apple").then(|| {
        ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
    });
    this_program()?
        .env(ASKED, kind)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
}

/// The program to start again. Its file may be replaced while it runs, by a
/// new build for example. Linux then still has the old one under this name.
/// The command line keeps the name under which this process was started.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn this_program() -> io::Result<Command> {
    use std::os::unix::process::CommandExt;

    let mut program = Command::new("/proc/self/exe");
    program.arg0(env::args_os().next().unwrap_or_default());
    Ok(program)
}

/// The program to start again. Other systems know its path only: if the
/// file there was replaced, the new one is started, and its hello tells
/// whether it is a worker.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn this_program() -> io::Result<Command> {
    let path = env::current_exe()?;
    if path.exists() {
        return Ok(Command::new(path));
    }
    let path = path.display();
    Err(io::Error::other(format!(
        "the file of this program, {path}, is gone: start the program again"
    )))
}

/// Hands requests to a worker and its answers back, until either side ends
/// or an answer is invalid.
fn serve(
    mut to: impl Write,
    mut from: impl BufRead,
    requests: Receiver<Request>,
    answers: Sender<io::Result<Answer>>,
) {
    let mut answer = read_hello(&mut from);
    loop {
        let is_over = answer.is_err();
        if answers.send(answer).is_err() || is_over {
            return;
        }
        let Ok(request) = requests.recv() else { return };
        answer = request
            .write(&mut to)
            .and_then(|()| Answer::read(&mut from, &request));
    }
}

/// Reads the first line of a worker.
///
/// # Errors
/// The worker has ended, or the program is not a worker.
pub fn read_hello(from: &mut impl BufRead) -> io::Result<Answer> {
    let line = read_line(from, 0)?;
    if line == HELLO {
        Ok(Answer::Hello)
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}
