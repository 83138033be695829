//! The pool's side of the pipes: one worker process.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{env, thread};

use crawl::{Limits, Target};

use crate::wire::{Farewell, HELLO, Reply, Request, read_line, write_line};
use crate::worker::ASKED;

/// A worker that does not speak within this time is none.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// A worker process and the two pipes that join us.
///
/// Invariant: no worker outlives its pool. Dropping it ends it; and if the pool never comes to that,
/// the end of its input does.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    requests: ChildStdin,
    replies: BufReader<ChildStdout>,
}

impl Process {
    /// Starts this program again, as a worker.
    pub(crate) fn start() -> io::Result<Process> {
        let mut child = Command::new(env::current_exe()?)
            .env(ASKED, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let requests = child.stdin.take().expect("it was asked for");
        let replies = BufReader::new(child.stdout.take().expect("it was asked for"));
        match greet(replies) {
            Ok(replies) => Ok(Process { child, requests, replies }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// Has a target fetched, and sleeps until the worker has done it.
    ///
    /// # Errors
    /// The worker is gone.
    pub(crate) fn fetch(&mut self, target: &Target, limits: &Limits) -> io::Result<Reply> {
        self.request(&Request::Fetch { target: target.into(), limits: limits.into() })?;
        Reply::read(&mut self.replies)
    }

    /// Memory that the worker has for itself alone, where the system tells.
    pub(crate) fn private_bytes(&mut self) -> Option<u64> {
        self.request(&Request::Goodbye).ok()?;
        read_line::<Farewell>(&mut self.replies).ok()?.private_bytes
    }

    fn request(&mut self, request: &Request) -> io::Result<()> {
        write_line(&mut self.requests, request)
    }

    pub(crate) fn is_gone(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// How a worker ended that does not answer any more.
    pub(crate) fn end(mut self) -> String {
        let _ = self.child.kill(); // it may have closed its pipes and live on
        self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A worker keeps nothing that could be lost. The wait leaves no zombie behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the worker's first line, but not for ever: a program that does not become a worker may
/// say nothing at all.
fn greet(mut replies: BufReader<ChildStdout>) -> io::Result<BufReader<ChildStdout>> {
    let (sender, greeting) = mpsc::channel();
    thread::Builder::new().spawn(move || {
        let mut line = String::new();
        let read = replies.read_line(&mut line);
        let _ = sender.send(read.map(|_| (line, replies)));
    })?;
    match greeting.recv_timeout(HELLO_WITHIN) {
        Ok(Ok((line, replies))) if line.trim_end() == HELLO => Ok(replies),
        Ok(Err(error)) => Err(error),
        _ => Err(io::Error::other(
            "this program does not become a worker: call become_worker_if_asked() first in main",
        )),
    }
}
