use std::io::{self, ErrorKind::*};
use std::time::{Duration, Instant};

use crate::{
    BadResponse, ErrorKind, FetchError, Limits, Outcome, Page, Phase, ResponseReader, Target,
    Timeline, Worker,
};

/// One request and its response, as a value that never touches a socket (sans-IO).
///
/// A stage owns the waiting; the exchange says what to send, takes what came, and knows the end. It also notes when
/// each of these happened, and counts what was tried in vain, so that no stage carries measuring code:
///
/// ```
/// # use crawl::{Exchange, Limits, Target, Url};
/// # let url = Url::parse("http://127.0.0.1:8000/1").unwrap();
/// # let target = Target::new(url, "127.0.0.1:8000".parse().unwrap());
/// let mut exchange = Exchange::new(&target, &Limits::default());
/// exchange.connected();
/// let all = exchange.unsent().len();
/// exchange.sent(Ok(all)).unwrap();
/// assert!(exchange.unsent().is_empty());
///
/// assert_eq!(exchange.received(b"HTTP/1.1 200 OK\r\nContent-Le").unwrap(), None); // need more
/// let page = exchange.received(b"ngth: 2\r\n\r\nhi").unwrap().unwrap();
/// assert_eq!((page.status, &page.body[..]), (200, &b"hi"[..]));
///
/// let outcome = exchange.finish(0, Ok(page));
/// assert!(outcome.result.is_ok() && outcome.timeline.finished >= outcome.timeline.sent);
/// ```
///
/// Everything that can go wrong travels as an [`io::Error`], so that `?` carries it out of any stage, and is judged
/// in one place: [`finish`](Exchange::finish).
#[derive(Debug)]
pub struct Exchange {
    target: Target,
    limits: Limits,
    timeline: Timeline,
    /// Bytes of the request that no longer wait to be sent.
    sent_bytes: u32,
    /// A send met a reset, and systems tell of a reset only once.
    reset: bool,
    failed_attempts: u32,
    /// Made with the first byte: an exchange that waits is small.
    reader: Option<Box<ResponseReader>>,
}

impl Exchange {
    /// Begins the fetch of one target: its clock runs from now.
    pub fn new(target: &Target, limits: &Limits) -> Exchange {
        Exchange {
            target: target.clone(),
            limits: *limits,
            timeline: Timeline::starting_now(),
            sent_bytes: 0,
            reset: false,
            failed_attempts: 0,
            reader: None,
        }
    }

    /// What to fetch.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// When the fetch began.
    pub fn started(&self) -> Instant {
        self.timeline.started
    }

    /// What is left of the deadline, for calls that sleep: the error is [`deadline_passed`].
    pub fn time_left(&self) -> io::Result<Duration> {
        let left = self.limits.deadline.saturating_sub(self.timeline.started.elapsed());
        if left.is_zero() { Err(deadline_passed()) } else { Ok(left) }
    }

    /// The connection is there.
    pub fn connected(&mut self) {
        self.timeline.connected.get_or_insert(self.timeline.started.elapsed());
    }

    /// Whether the connection is known to be there.
    pub fn is_connected(&self) -> bool {
        self.timeline.connected.is_some()
    }

    /// The part of the request that is still to be sent.
    pub fn unsent(&self) -> &[u8] {
        &self.target.request()[self.sent_bytes as usize..]
    }

    /// Takes what `send` returned: as often as it takes until nothing is unsent.
    ///
    /// A server may answer and close before it has read all: when the connection takes no more, the
    /// rest is given up, and what can still be received decides.
    ///
    /// # Errors
    /// What else `send` returned, `WouldBlock` included.
    pub fn sent(&mut self, sent: io::Result<usize>) -> io::Result<()> {
        match sent {
            Ok(bytes) => {
                self.connected();
                self.sent_bytes += bytes as u32;
                if self.unsent().is_empty() {
                    self.timeline.sent = Some(self.timeline.started.elapsed());
                }
            }
            Err(error) if error.kind() == Interrupted => {}
            Err(error) if is_reset(&error) => {
                self.connected();
                self.sent_bytes = self.target.request().len() as u32;
                self.reset = true;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Whether `send` or `recv` failed only because it would have to wait: for room, for bytes, or for
    /// the connection, which some systems call *not connected*.
    pub fn must_wait(&mut self, error: &io::Error) -> bool {
        let must = match error.kind() {
            WouldBlock => true,
            NotConnected => !self.is_connected(),
            _ => false,
        };
        self.failed_attempts = self.failed_attempts.saturating_add(u32::from(must));
        must
    }

    /// Takes what `recv` read, where no bytes mean the end of the stream: the page, or `None` for *need more*.
    ///
    /// # Errors
    /// A response that is broken, too large or cut short; or the deadline, when it has passed and these bytes were
    /// not the last: data that is already there wins, but a server that drips does not.
    pub fn received(&mut self, chunk: &[u8]) -> io::Result<Option<Page>> {
        let elapsed = self.timeline.started.elapsed();
        let reader = self.reader.get_or_insert_with(|| Box::new(ResponseReader::new(&self.limits)));
        if chunk.is_empty() {
            if self.reset {
                return Err(ConnectionReset.into());
            }
            return reader.ended().map(Some).map_err(io::Error::other);
        }
        self.timeline.first_byte.get_or_insert(elapsed);
        match reader.received(chunk).map_err(io::Error::other)? {
            None if elapsed >= self.limits.deadline => Err(deadline_passed()),
            page_or_more => Ok(page_or_more),
        }
    }

    /// Ends the exchange: a page, or an error of the kind that its words and its moment make it. A
    /// pool says afterwards which worker it was.
    pub fn finish(mut self, target: usize, result: io::Result<Page>) -> Outcome {
        self.timeline.finished = Some(self.timeline.started.elapsed());
        Outcome {
            target,
            by: Worker::Main,
            failed_attempts: self.failed_attempts,
            result: result.map_err(|error| self.judge(error)),
            timeline: self.timeline,
        }
    }

    fn judge(&self, error: io::Error) -> FetchError {
        let phase = self.phase();
        let bytes = self.reader.as_ref().map_or(0, |reader| reader.bytes());
        let expected_bytes = self.reader.as_ref().and_then(|reader| reader.expected_bytes());
        let (kind, message) = match error.downcast::<BadResponse>() {
            Ok(bad) => (bad.kind, bad.message),
            Err(error) if is_deadline(&error) => (ErrorKind::Timeout, self.overdue(phase)),
            Err(error) if is_reset(&error) && bytes == 0 => {
                (ErrorKind::Reset, format!("the connection was reset before any answer ({error})"))
            }
            Err(error) if is_reset(&error) => (
                ErrorKind::Truncated,
                format!("the connection was reset after {bytes} bytes ({error})"),
            ),
            Err(error) if phase == Phase::Connecting && is_unreachable(&error) => (
                ErrorKind::Connect,
                format!("cannot connect to {}: {error}", self.target.address()),
            ),
            Err(error) => (ErrorKind::Io, error.to_string()),
        };
        FetchError { kind, phase, bytes, expected_bytes, message }
    }

    fn phase(&self) -> Phase {
        match self.timeline {
            Timeline { first_byte: Some(_), .. } => Phase::Receiving,
            Timeline { sent: Some(_), .. } => Phase::Waiting,
            Timeline { connected: Some(_), .. } => Phase::Sending,
            _ => Phase::Connecting,
        }
    }

    fn overdue(&self, phase: Phase) -> String {
        let deadline = self.limits.deadline;
        match phase {
            Phase::Connecting => format!("no connection within {deadline:?}"),
            Phase::Sending => format!("the request was not taken within {deadline:?}"),
            Phase::Waiting => format!("no answer within {deadline:?}"),
            Phase::Receiving => format!("the answer was not complete within {deadline:?}"),
        }
    }
}

/// The deadline of a fetch, as an error: of our own making, so unlike the kernel's it has no number.
pub fn deadline_passed() -> io::Error {
    io::Error::new(TimedOut, "the deadline passed")
}

fn is_deadline(error: &io::Error) -> bool {
    error.kind() == TimedOut && error.raw_os_error().is_none()
}

fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), ConnectionReset | BrokenPipe | ConnectionAborted)
}

fn is_unreachable(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ConnectionRefused | HostUnreachable | NetworkUnreachable | NetworkDown | TimedOut
    )
}
