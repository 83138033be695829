use std::io::{self, ErrorKind::*};
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use crate::{
    BadResponse, ErrorKind, FetchError, Limits, Outcome, Page, Phase, ResponseReader, Target,
    Timeline, Worker,
};

/// One request and its response, as a value that never touches a socket (sans-IO).
///
/// A stage owns the waiting; the exchange says what to send, takes what came, and knows the end. It
/// also notes when each of these happened, and how often something was tried in vain, so that no
/// stage carries measuring code:
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
/// Everything that can go wrong travels as an [`io::Error`], so that `?` carries it out of any
/// stage, and is judged in one place: [`finish`](Exchange::finish).
#[derive(Debug)]
pub struct Exchange {
    target: Target,
    started: Instant,
    connected: Option<Nanos>,
    sent: Option<Nanos>,
    deadline: Nanos,
    max_body_bytes: u64,
    max_head_bytes: u32,
    /// Bytes of the request that no longer wait to be sent.
    sent_bytes: u32,
    failed_attempts: u32,
    /// A send met a reset, and systems tell of a reset only once.
    reset: bool,
    /// Made with the first byte: thousands of exchanges may be waiting for theirs.
    answer: Option<Box<Answer>>,
}

#[derive(Debug)]
struct Answer {
    first_byte: Duration,
    reader: ResponseReader,
}

/// A duration in 8 bytes: up to 584 years, and never quite zero, so that none at all fits in as well.
#[derive(Clone, Copy, Debug)]
struct Nanos(NonZeroU64);

impl From<Duration> for Nanos {
    fn from(duration: Duration) -> Nanos {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Nanos(NonZeroU64::new(nanos).unwrap_or(NonZeroU64::MIN))
    }
}

impl From<Nanos> for Duration {
    fn from(nanos: Nanos) -> Duration {
        Duration::from_nanos(nanos.0.get())
    }
}

impl Exchange {
    /// Begins the fetch of one target: its clock runs from now.
    pub fn new(target: &Target, limits: &Limits) -> Exchange {
        Exchange {
            target: target.clone(),
            started: Instant::now(),
            connected: None,
            sent: None,
            deadline: limits.deadline.into(),
            max_body_bytes: limits.max_body_bytes,
            max_head_bytes: u32::try_from(limits.max_head_bytes).unwrap_or(u32::MAX),
            sent_bytes: 0,
            failed_attempts: 0,
            reset: false,
            answer: None,
        }
    }

    /// What to fetch.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// When the fetch began.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// What is left of the deadline, for calls that sleep.
    ///
    /// # Errors
    /// When nothing is left.
    pub fn time_left(&self) -> Result<Duration, DeadlinePassed> {
        let left = Duration::from(self.deadline).saturating_sub(self.started.elapsed());
        if left.is_zero() { Err(DeadlinePassed) } else { Ok(left) }
    }

    /// The connection is there.
    pub fn connected(&mut self) {
        self.connected.get_or_insert(self.started.elapsed().into());
    }

    /// Whether the connection is known to be there.
    pub fn is_connected(&self) -> bool {
        self.connected.is_some()
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
                    self.sent = Some(self.started.elapsed().into());
                }
            }
            Err(error) if error.kind() == Interrupted => {}
            Err(error) if is_reset(&error) => self.give_up_sending(),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Takes what became of the connection, where it had to be waited for: the socket's pending
    /// error, if any. A connection that was reset again may have brought an answer before.
    ///
    /// # Errors
    /// Why there is no connection.
    pub fn connection(&mut self, made: io::Result<()>) -> io::Result<()> {
        match made {
            Ok(()) => self.connected(),
            Err(error) if is_reset(&error) => self.give_up_sending(),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn give_up_sending(&mut self) {
        self.sent_bytes = self.target.request().len() as u32;
        self.reset = true;
    }

    /// Whether `send` or `recv` failed only because it would have to wait: for room, for bytes, or for
    /// the connection, which some systems call *not connected*. That is one attempt in vain, and is
    /// counted: ask once for each error.
    pub fn must_wait(&mut self, error: &io::Error) -> bool {
        let must = match error.kind() {
            // Hardly any call that does not sleep is interrupted; one that was is made again.
            WouldBlock | Interrupted => true,
            NotConnected => !self.is_connected() && !self.reset,
            _ => false,
        };
        self.failed_attempts = self.failed_attempts.saturating_add(u32::from(must));
        must
    }

    /// Takes what `recv` read, where no bytes mean the end of the stream: the page, or `None` for
    /// *need more*.
    ///
    /// # Errors
    /// A response that is broken, too large or cut short; or the deadline, when it has passed and
    /// these bytes were not the last: data that is already there wins, a server that drips does not.
    pub fn received(&mut self, chunk: &[u8]) -> io::Result<Option<Page>> {
        let elapsed = self.started.elapsed();
        if chunk.is_empty() {
            return self.ended();
        }
        let answer = match &mut self.answer {
            Some(answer) => answer,
            None => {
                let answer = Answer { first_byte: elapsed, reader: self.new_reader() };
                self.answer.insert(Box::new(answer))
            }
        };
        match answer.reader.received(chunk).map_err(io::Error::other)? {
            None if elapsed >= self.deadline.into() => Err(DeadlinePassed.into()),
            page_or_more => Ok(page_or_more),
        }
    }

    fn ended(&mut self) -> io::Result<Option<Page>> {
        if self.reset {
            return Err(ConnectionReset.into());
        }
        let page = match &mut self.answer {
            Some(answer) => answer.reader.ended(),
            None => self.new_reader().ended(),
        };
        page.map(Some).map_err(io::Error::other)
    }

    fn new_reader(&self) -> ResponseReader {
        ResponseReader::new(&Limits {
            max_head_bytes: self.max_head_bytes as usize,
            max_body_bytes: self.max_body_bytes,
            ..Limits::default()
        })
    }

    /// Ends the exchange: a page, or an error of the kind that its words and its moment make it. A
    /// pool says afterwards which worker it was.
    pub fn finish(&self, target: usize, result: io::Result<Page>) -> Outcome {
        Outcome {
            target,
            by: Worker::Main,
            failed_attempts: self.failed_attempts,
            timeline: Timeline {
                started: self.started,
                connected: self.connected.map(Duration::from),
                sent: self.sent.map(Duration::from),
                first_byte: self.answer.as_ref().map(|answer| answer.first_byte),
                finished: Some(self.started.elapsed()),
            },
            result: result.map_err(|error| self.judge(error)),
        }
    }

    fn judge(&self, error: io::Error) -> FetchError {
        let phase = self.phase();
        let reader = self.answer.as_ref().map(|answer| &answer.reader);
        let bytes = reader.map_or(0, ResponseReader::bytes);
        let expected_bytes = reader.and_then(ResponseReader::expected_bytes);
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
        if self.answer.is_some() {
            Phase::Receiving
        } else if self.sent.is_some() {
            Phase::Waiting
        } else if self.is_connected() {
            Phase::Sending
        } else {
            Phase::Connecting
        }
    }

    fn overdue(&self, phase: Phase) -> String {
        let deadline = Duration::from(self.deadline);
        match phase {
            Phase::Connecting => format!("no connection within {deadline:?}"),
            Phase::Sending => format!("the request was not taken within {deadline:?}"),
            Phase::Waiting => format!("no answer within {deadline:?}"),
            Phase::Receiving => format!("the answer was not complete within {deadline:?}"),
        }
    }
}

/// The deadline of a fetch has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the deadline passed")]
pub struct DeadlinePassed;

impl From<DeadlinePassed> for io::Error {
    /// An error of our own making: unlike the kernel's, it has no number.
    fn from(passed: DeadlinePassed) -> io::Error {
        io::Error::new(TimedOut, passed)
    }
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
        ConnectionRefused
            | HostUnreachable
            | NetworkUnreachable
            | NetworkDown
            | NotConnected
            | TimedOut
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Url;

    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

    fn exchange(deadline: Duration) -> Exchange {
        let url = Url::parse("http://127.0.0.1:8000/1").unwrap();
        let target = Target::new(url, "127.0.0.1:8000".parse().unwrap());
        Exchange::new(&target, &Limits { deadline, ..Limits::default() })
    }

    /// Runs the steps of a fetch until one fails, and compares the kind and the phase of the error.
    fn check(
        steps: impl FnOnce(&mut Exchange) -> io::Result<Option<Page>>,
        kind: ErrorKind,
        phase: Phase,
    ) {
        let mut exchange = exchange(Duration::from_secs(10));
        let error = steps(&mut exchange).expect_err("the steps end in an error");
        let error = exchange.finish(0, Err(error)).result.unwrap_err();
        assert_eq!((error.kind, error.phase), (kind, phase), "{error}");
    }

    fn sent(exchange: &mut Exchange) -> io::Result<()> {
        exchange.connected();
        exchange.sent(Ok(exchange.unsent().len()))
    }

    #[test]
    fn an_error_is_judged_by_its_moment() {
        use Phase::*;
        let refused = || io::Error::from(ConnectionRefused);
        let reset = || io::Error::from(ConnectionReset);

        check(|_| Err(refused()), ErrorKind::Connect, Connecting);
        check(|_| Err(reset()), ErrorKind::Reset, Connecting);
        check(|_| Err(io::Error::from_raw_os_error(24)), ErrorKind::Io, Connecting);
        check(|_| Err(DeadlinePassed.into()), ErrorKind::Timeout, Connecting);
        check(|e| (e.connected(), Err(DeadlinePassed.into())).1, ErrorKind::Timeout, Sending);
        check(|e| sent(e).and(Err(DeadlinePassed.into())), ErrorKind::Timeout, Waiting);
        check(|e| sent(e).and(Err(reset())), ErrorKind::Reset, Waiting);
        check(|e| sent(e).and(e.received(b"")), ErrorKind::EmptyReply, Waiting);
        check(|e| e.received(HEAD).and(Err(reset())), ErrorKind::Truncated, Receiving);
        check(|e| e.received(HEAD).and(e.received(b"")), ErrorKind::Truncated, Receiving);
        check(|e| e.received(HEAD).and(Err(DeadlinePassed.into())), ErrorKind::Timeout, Receiving);
        check(|e| e.received(b"220 ready"), ErrorKind::Malformed, Receiving);
    }

    #[test]
    fn a_reset_while_sending_is_told_after_all_has_been_received() {
        let send_reset = |e: &mut Exchange| {
            e.sent(Ok(3))?;
            e.sent(Err(BrokenPipe.into()))?;
            assert!(e.unsent().is_empty());
            io::Result::Ok(())
        };
        check(|e| send_reset(e).and(e.received(b"")), ErrorKind::Reset, Phase::Sending);

        let refused = |e: &mut Exchange| {
            e.sent(Err(BrokenPipe.into()))?;
            Err(ConnectionRefused.into())
        };
        check(refused, ErrorKind::Connect, Phase::Connecting);

        let mut late = exchange(Duration::from_secs(10));
        late.connection(Err(ConnectionReset.into())).unwrap();
        assert_eq!(late.received(HEAD).unwrap(), None);
        assert!(late.received(b"hello").unwrap().is_some(), "the answer came before the reset");

        let mut early = exchange(Duration::from_secs(10));
        send_reset(&mut early).unwrap();
        assert_eq!(early.received(HEAD).unwrap(), None);
        assert!(early.received(b"hello").unwrap().is_some(), "the answer came before the reset");
    }

    #[test]
    fn sends_may_be_short_or_interrupted() {
        let mut exchange = exchange(Duration::from_secs(10));
        let all = exchange.unsent().to_vec();
        exchange.sent(Ok(5)).unwrap();
        exchange.sent(Err(Interrupted.into())).unwrap();
        assert_eq!(exchange.unsent(), &all[5..]);
        assert_eq!(exchange.sent(Err(WouldBlock.into())).unwrap_err().kind(), WouldBlock);
    }

    #[test]
    fn after_the_deadline_only_the_last_bytes_count() {
        let mut late = exchange(Duration::ZERO);
        assert!(late.time_left().is_err());
        let drip = late.received(HEAD).unwrap_err();
        assert_eq!(late.finish(0, Err(drip)).result.unwrap_err().kind, ErrorKind::Timeout);

        let mut whole = exchange(Duration::ZERO);
        assert!(whole.received(&[HEAD, b"hello"].concat()).unwrap().is_some());
    }

    #[test]
    fn not_connected_is_a_reason_to_wait_only_before_the_connection() {
        let mut exchange = exchange(Duration::from_secs(10));
        assert!(exchange.must_wait(&NotConnected.into()));
        exchange.connected();
        assert!(!exchange.must_wait(&NotConnected.into()));
        assert!(exchange.must_wait(&WouldBlock.into()));
        assert!(exchange.must_wait(&Interrupted.into()));
        assert_eq!(exchange.finish(0, Err(NotConnected.into())).failed_attempts, 3);
    }

    /// The largest part of what a waiting fetch costs, at every stage.
    #[test]
    fn an_exchange_that_waits_is_small() {
        assert!(size_of::<Exchange>() <= 88, "{} bytes", size_of::<Exchange>());
    }
}
