//! What travels through the pipes: a line of JSON for each message, and the bytes of a body after it.

use std::io::{self, BufRead, Read, Write};
use std::time::{Duration, Instant};

use crawl::protocol::{JobLimits, JobTarget};
use crawl::{FetchError, Outcome, Page, Timeline, Worker};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The first line that a worker says: a program that says anything else is none.
pub(crate) const HELLO: &str = "worker of stage-02-process-pool, version 1";

/// From the pool to a worker.
#[derive(Serialize, Deserialize)]
pub(crate) enum Request {
    Fetch { target: JobTarget, limits: JobLimits },
    Goodbye,
}

/// From a worker to the pool, for each fetch. The body of a page follows, as so many raw bytes.
#[derive(Serialize, Deserialize)]
pub(crate) struct Reply {
    result: Result<Page, FetchError>,
    body_bytes: u64,
    connected: Option<Duration>,
    sent: Option<Duration>,
    first_byte: Option<Duration>,
    finished: Option<Duration>,
    failed_attempts: u32,
}

/// From a worker to the pool, at the end.
#[derive(Serialize, Deserialize)]
pub(crate) struct Farewell {
    pub(crate) private_bytes: Option<u64>,
}

impl Reply {
    pub(crate) fn new(outcome: Outcome) -> Reply {
        let Timeline { connected, sent, first_byte, finished, .. } = outcome.timeline;
        let body_bytes = outcome.result.as_ref().map_or(0, |page| page.body.len() as u64);
        let Outcome { result, failed_attempts, .. } = outcome;
        Reply { result, body_bytes, connected, sent, first_byte, finished, failed_attempts }
    }

    pub(crate) fn write(&self, pipe: &mut impl Write) -> io::Result<()> {
        write_line(pipe, self)?;
        let body = self.result.as_ref().map_or(&[][..], |page| &page.body);
        pipe.write_all(body)?;
        pipe.flush()
    }

    pub(crate) fn read(pipe: &mut impl BufRead) -> io::Result<Reply> {
        let mut reply: Reply = read_line(pipe)?;
        if let Ok(page) = &mut reply.result {
            pipe.take(reply.body_bytes).read_to_end(&mut page.body)?;
            if page.body.len() as u64 != reply.body_bytes {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(reply)
    }

    /// An `Instant` cannot cross a process: the fetch began, for us, when the target was handed over.
    pub(crate) fn into_outcome(self, target: usize, by: Worker, started: Instant) -> Outcome {
        let Reply { result, connected, sent, first_byte, finished, failed_attempts, .. } = self;
        let timeline = Timeline { started, connected, sent, first_byte, finished };
        Outcome { target, by, result, timeline, failed_attempts }
    }
}

pub(crate) fn write_line(pipe: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    pipe.write_all(&line)
}

/// # Errors
/// `UnexpectedEof` at the end of the pipe: whoever wrote to it is gone.
pub(crate) fn read_line<T: DeserializeOwned>(pipe: &mut impl BufRead) -> io::Result<T> {
    let mut line = String::new();
    match pipe.read_line(&mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(serde_json::from_str(&line)?),
    }
}
