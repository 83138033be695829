use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use recorder::{CONNECT, RECEIVE, SEND, What, note};

use sha2::{Digest, Sha256};

use crate::{
    BadResponse, ErrorKind, FetchError, Limits, Outcome, Page, Phase,
    ResponseReader, Target, Timeline, Worker,
};

/// One request and its response, as a value that never touches a socket
/// (sans-IO).
///
/// The stage owns the socket and the waiting. The exchange says which bytes
/// to send, takes whatever `connect`, `send` and `recv` returned, and
/// answers what that means: go on, wait, or here is the page. It also notes
/// when each of these happened, and how often a call had to wait, so that
/// no stage carries measuring code. (For a recorded run it notes the line
/// of the stage as well, by `#[track_caller]`.)
///
/// ```
/// # use crawl::{Exchange, Limits, Received, Sent, Target, Url};
/// # let url = Url::parse("http://127.0.0.1:8000/1").unwrap();
/// # let target = Target::new(url, "127.0.0.1:8000".parse().unwrap());
/// let mut exchange = Exchange::new(&target, &Limits::default());
/// exchange.connected(Ok(()))?;
/// assert_eq!(exchange.sent(Ok(5))?, Sent::Part);
/// let rest = exchange.unsent().len();
/// assert_eq!(exchange.sent(Ok(rest))?, Sent::All);
///
/// let must_wait = Err(std::io::ErrorKind::WouldBlock.into());
/// assert_eq!(exchange.received(must_wait, b"")?, Received::MustWait);
/// let chunk = b"HTTP/1.1 200 OK\r\nContent-Le";
/// assert_eq!(exchange.received(Ok(chunk.len()), chunk)?, Received::Part);
/// let chunk = b"ngth: 2\r\n\r\nhi";
/// let received = exchange.received(Ok(chunk.len()), chunk)?;
/// let Received::Page(page) = received else { panic!("there is more") };
/// assert_eq!((page.status, &page.body[..]), (200, &b"hi"[..]));
///
/// let outcome = exchange.finish(0, Ok(page));
/// assert!(outcome.result.is_ok());
/// assert!(outcome.timeline.finished >= outcome.timeline.sent);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Everything that can go wrong travels as an [`io::Error`], so that `?`
/// carries it out of any stage. [`finish`](Exchange::finish) is the one
/// place that makes a [`FetchError`] of it.
///
/// **Deadline.** Whenever a call would have to wait, or has brought only a
/// part, the exchange looks at its clock. Past the deadline one more call
/// is allowed, and the next that does not complete the page is an error. So
/// data that is already there wins over a deadline that has passed, and a
/// server that sends one byte a second does not get around it.
#[derive(Debug)]
pub struct Exchange {
    target: Target,
    started: Instant,
    connected: Option<Nanos>,
    sent: Option<Nanos>,
    deadline: Nanos,
    max_body_bytes: u64,
    max_head_bytes: u32,
    /// Bytes of the request that need not be sent any more.
    sent_bytes: u32,
    failed_attempts: u32,
    /// Which address of the target.
    address: u8,
    /// A send or a connect met a reset. Systems report a reset only once,
    /// so it is kept.
    reset: bool,
    /// The deadline had passed when the exchange last looked at its clock.
    overdue: bool,
    digest: bool,
    /// Made with the first byte: thousands of exchanges may be waiting for
    /// theirs.
    answer: Option<Box<Answer>>,
}

#[derive(Debug)]
struct Answer {
    first_byte: Duration,
    reader: ResponseReader,
}

/// A duration in 8 bytes instead of 16, never zero, so that `Option` needs
/// no extra space. Ten thousand exchanges may be waiting: with plain
/// durations, each would take 24 bytes more.
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

/// What `send` came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The whole request is sent, or the connection takes no more of it:
    /// now receive.
    All,
    /// A part is sent: send on.
    Part,
    /// There is no room, or no connection yet: wait until the socket is
    /// writable.
    MustWait,
}

/// What `recv` came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// The response is complete.
    Page(Page),
    /// A part of the response: receive on.
    Part,
    /// Nothing is there yet: wait until the socket is readable.
    MustWait,
}

impl Exchange {
    /// Begins the fetch of one target: its clock runs from now.
    #[track_caller]
    pub fn new(target: &Target, limits: &Limits) -> Exchange {
        let started = Instant::now();
        note(What::Begun, Some(started), 0);
        Exchange {
            target: target.clone(),
            started,
            connected: None,
            sent: None,
            deadline: limits.deadline.into(),
            max_body_bytes: limits.max_body_bytes,
            max_head_bytes: u32::try_from(limits.max_head_bytes)
                .unwrap_or(u32::MAX),
            sent_bytes: 0,
            failed_attempts: 0,
            address: 0,
            reset: false,
            overdue: false,
            digest: limits.digest,
            answer: None,
        }
    }

    /// Where to connect to.
    pub fn address(&self) -> SocketAddr {
        self.target.addresses()[usize::from(self.address)]
    }

    /// Whether to download once more, from the next address of the target:
    /// it has one, and there was no connection to this one. (A name may
    /// stand for an IPv6 and an IPv4 address, and the server may listen on
    /// one of them only.)
    pub fn try_next_address(&mut self, page: &io::Result<Page>) -> bool {
        let Err(error) = page else { return false };
        let failed =
            self.phase() == Phase::Connecting && is_unreachable(error);
        let next = self.address.saturating_add(1);
        let is_there = usize::from(next) < self.target.addresses().len();
        let again = failed
            && !is_deadline(error)
            && is_there
            && next > self.address;
        if again {
            self.address = next;
        }
        again
    }

    /// When the fetch began.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// What is left of the deadline, for calls that sleep: zero when it has
    /// passed.
    #[track_caller]
    pub fn time_left(&self) -> Duration {
        self.note(What::TimeLeft, 0);
        self.left()
    }

    fn left(&self) -> Duration {
        Duration::from(self.deadline).saturating_sub(self.started.elapsed())
    }

    /// Takes what `connect` returned. On a non-blocking socket that is
    /// mostly *in progress*: the first [`sent`](Exchange::sent) will show
    /// whether the connection is there.
    ///
    /// # Errors
    /// Why there is no connection.
    #[track_caller]
    pub fn connected(
        &mut self,
        connected: io::Result<()>,
    ) -> io::Result<()> {
        match connected {
            Ok(()) => {
                self.note(What::Connected, 0);
                self.is_connected();
                Ok(())
            }
            Err(error) if is_in_progress(&error) => {
                self.note(What::Connecting, 0);
                Ok(())
            }
            Err(error) => {
                self.note(What::Failed, CONNECT);
                self.has_failed(error)
            }
        }
    }

    /// Takes what `take_error` returned, after a wait for the connection or
    /// for room to send. A socket is writable when it is connected *or has
    /// failed*, and only this tells which.
    ///
    /// # Errors
    /// Why there is no connection. A reset is no error yet: an answer may
    /// have come before it.
    #[track_caller]
    pub fn socket_error(
        &mut self,
        error: io::Result<Option<io::Error>>,
    ) -> io::Result<()> {
        self.note(What::Checked, 0);
        error?.map_or(Ok(()), |error| self.has_failed(error))
    }

    fn has_failed(&mut self, error: io::Error) -> io::Result<()> {
        if !is_reset(&error) {
            return Err(error);
        }
        self.give_up_sending();
        Ok(())
    }

    /// The part of the request that is still to be sent.
    #[track_caller]
    pub fn unsent(&self) -> &[u8] {
        self.note(What::Unsent, 0);
        self.rest()
    }

    fn rest(&self) -> &[u8] {
        &self.target.request()[self.sent_bytes as usize..]
    }

    /// Takes what `send` returned for [`unsent`](Exchange::unsent).
    ///
    /// A server may answer and close before it has read the whole request.
    /// When the connection takes no more, the rest is given up: what can
    /// still be received decides.
    ///
    /// # Errors
    /// The deadline has passed; or what else `send` returned.
    #[track_caller]
    pub fn sent(&mut self, sent: io::Result<usize>) -> io::Result<Sent> {
        match sent {
            _ if self.reset => {
                self.note(What::Failed, SEND);
                return Ok(Sent::All);
            }
            Ok(bytes) => {
                self.note(What::Sent, bytes as u64);
                self.is_connected();
                self.sent_bytes += bytes as u32;
            }
            Err(error) if is_reset(&error) => {
                self.note(What::Failed, SEND);
                self.give_up_sending();
                return Ok(Sent::All);
            }
            Err(error) => {
                self.must_wait(SEND, What::SendInVain, error)?;
                return Ok(Sent::MustWait);
            }
        }
        if !self.rest().is_empty() {
            return self.check_deadline().map(|()| Sent::Part);
        }
        self.sent = Some(self.started.elapsed().into());
        self.check_deadline().map(|()| Sent::All)
    }

    fn give_up_sending(&mut self) {
        self.sent_bytes = self.target.request().len() as u32;
        self.reset = true;
    }

    /// Takes what `recv` returned, and the chunk that it filled. No bytes
    /// mean the end of the stream.
    ///
    /// # Errors
    /// A response that is malformed, too large or truncated; the deadline
    /// has passed; or what else `recv` returned.
    #[track_caller]
    pub fn received(
        &mut self,
        bytes: io::Result<usize>,
        chunk: &[u8],
    ) -> io::Result<Received> {
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                self.must_wait(RECEIVE, What::ReceiveInVain, error)?;
                return Ok(Received::MustWait);
            }
        };
        self.note(What::Received, bytes as u64);
        if bytes == 0 {
            return self.ended().map(Received::Page);
        }
        if self.answer.is_none() {
            let first_byte = self.started.elapsed();
            let reader = self.new_reader();
            self.answer = Some(Box::new(Answer { first_byte, reader }));
        }
        let answer = self.answer.as_mut().expect("it was made above");
        match answer
            .reader
            .received(&chunk[..bytes])
            .map_err(io::Error::other)?
        {
            Some(page) => Ok(Received::Page(page)),
            None => {
                self.check_deadline()?;
                Ok(Received::Part)
            }
        }
    }

    fn ended(&mut self) -> io::Result<Page> {
        if self.reset {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let page = match &mut self.answer {
            Some(answer) => answer.reader.ended(),
            None => self.new_reader().ended(),
        };
        page.map_err(io::Error::other)
    }

    fn new_reader(&self) -> ResponseReader {
        ResponseReader::new(&Limits {
            max_head_bytes: self.max_head_bytes as usize,
            max_body_bytes: self.max_body_bytes,
            ..Limits::default()
        })
    }

    /// `send` or `recv` failed: only because it would have to wait for
    /// room, for bytes, or for the connection (which some systems call *not
    /// connected*)? Then it is counted as an attempt that failed, and may
    /// be made again until the deadline.
    #[track_caller]
    fn must_wait(
        &mut self,
        call: u64,
        in_vain: What,
        error: io::Error,
    ) -> io::Result<()> {
        let must = match error.kind() {
            // Hardly any call that does not sleep is interrupted; one that
            // was is made again.
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => true,
            io::ErrorKind::NotConnected => {
                self.connected.is_none() && !self.reset
            }
            _ => false,
        };
        if !must {
            self.note(What::Failed, call);
            return Err(error);
        }
        self.note(in_vain, 0);
        self.failed_attempts = self.failed_attempts.saturating_add(1);
        self.check_deadline()
    }

    /// A call fails by the deadline only if the deadline had passed
    /// *before* the call was made: the page may have arrived between the
    /// call and this look at the clock.
    fn check_deadline(&mut self) -> io::Result<()> {
        if self.overdue {
            return Err(DeadlinePassed.into());
        }
        self.overdue = self.left().is_zero();
        Ok(())
    }

    #[inline]
    #[track_caller]
    fn note(&self, what: What, number: u64) {
        note(what, Some(self.started), number);
    }

    fn is_connected(&mut self) {
        self.connected.get_or_insert_with(|| self.started.elapsed().into());
    }

    /// Ends the exchange: a page, or an error with its kind and its phase.
    /// A pool adds which worker it was.
    #[track_caller]
    pub fn finish(
        &self,
        target: usize,
        result: io::Result<Page>,
    ) -> Outcome {
        self.note(What::Finished, target as u64);
        let finished = self.started.elapsed();
        let page = result.as_ref().ok().filter(|_| self.digest);
        Outcome {
            target,
            by: Worker::Main,
            failed_attempts: self.failed_attempts,
            timeline: Timeline {
                started: self.started,
                connected: self.connected.map(Duration::from),
                sent: self.sent.map(Duration::from),
                first_byte: self
                    .answer
                    .as_ref()
                    .map(|answer| answer.first_byte),
                finished: Some(finished),
            },
            sha256: page.map(|page| Sha256::digest(&page.body).into()),
            result: result.map_err(|error| self.fetch_error(error)),
        }
    }

    /// The bytes decide, not the error's number: the same fault has the
    /// same kind at every stage.
    fn fetch_error(&self, error: io::Error) -> FetchError {
        let phase = self.phase();
        let reader = self.answer.as_ref().map(|answer| &answer.reader);
        let bytes = reader.map_or(0, ResponseReader::bytes);
        let expected_bytes =
            reader.and_then(ResponseReader::expected_bytes);
        let (kind, message) = match error.downcast::<BadResponse>() {
            Ok(bad) => (bad.kind, bad.message),
            Err(error) if is_deadline(&error) => {
                (ErrorKind::Timeout, self.too_late(phase))
            }
            Err(error) if is_reset(&error) && bytes == 0 => (
                ErrorKind::Reset,
                format!(
                    "the connection was reset before any answer ({error})"
                ),
            ),
            Err(error) if is_reset(&error) => (
                ErrorKind::Truncated,
                format!(
                    "the connection was reset after {bytes} bytes ({error})"
                ),
            ),
            Err(error)
                if phase == Phase::Connecting && is_unreachable(&error) =>
            {
                (
                    ErrorKind::Connect,
                    format!(
                        "cannot connect to {}: {error}",
                        self.address()
                    ),
                )
            }
            Err(error) => (ErrorKind::Io, error.to_string()),
        };
        FetchError { kind, phase, bytes, expected_bytes, message }
    }

    fn phase(&self) -> Phase {
        if self.answer.is_some() {
            Phase::Receiving
        } else if self.sent.is_some() {
            Phase::Waiting
        } else if self.connected.is_some() {
            Phase::Sending
        } else {
            Phase::Connecting
        }
    }

    fn too_late(&self, phase: Phase) -> String {
        let deadline = Duration::from(self.deadline);
        match phase {
            Phase::Connecting => {
                format!("no connection within {deadline:?}")
            }
            Phase::Sending => {
                format!("the request was not taken within {deadline:?}")
            }
            Phase::Waiting => format!("no answer within {deadline:?}"),
            Phase::Receiving => {
                format!("the answer was not complete within {deadline:?}")
            }
        }
    }
}

/// The deadline of a fetch has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the deadline passed")]
pub struct DeadlinePassed;

impl From<DeadlinePassed> for io::Error {
    fn from(passed: DeadlinePassed) -> io::Error {
        io::Error::new(io::ErrorKind::TimedOut, passed)
    }
}

fn is_deadline(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<DeadlinePassed>())
}

/// Whether a non-blocking `connect` has only begun: Unix says *in
/// progress*, Windows *would block*.
pub fn is_in_progress(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(libc::EINPROGRESS) {
        return true;
    }
    error.kind() == io::ErrorKind::WouldBlock
}

fn is_reset(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), ConnectionReset | BrokenPipe | ConnectionAborted)
}

fn is_unreachable(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionRefused, HostUnreachable, NetworkDown,
        NetworkUnreachable, NotConnected, TimedOut,
    };
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
    use io::ErrorKind::{
        BrokenPipe, ConnectionRefused, ConnectionReset, Interrupted,
        NotConnected, WouldBlock,
    };

    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

    fn exchange(deadline: Duration) -> Exchange {
        let url = Url::parse("http://127.0.0.1:8000/1").unwrap();
        let target = Target::new(url, "127.0.0.1:8000".parse().unwrap());
        Exchange::new(&target, &Limits { deadline, ..Limits::default() })
    }

    /// A fetch fails at some step.
    type Failure = io::Result<std::convert::Infallible>;

    /// Runs the steps of a fetch until one fails, and compares the kind and
    /// the phase of the error.
    fn check(
        steps: impl FnOnce(&mut Exchange) -> Failure,
        kind: ErrorKind,
        phase: Phase,
    ) {
        let mut exchange = exchange(Duration::from_secs(10));
        let Err(error) = steps(&mut exchange);
        let error = exchange.finish(0, Err(error)).result.unwrap_err();
        assert_eq!((error.kind, error.phase), (kind, phase), "{error}");
    }

    fn send_all(exchange: &mut Exchange) -> io::Result<()> {
        exchange.connected(Ok(()))?;
        let all = exchange.unsent().len();
        assert_eq!(exchange.sent(Ok(all))?, Sent::All);
        Ok(())
    }

    fn receive(
        exchange: &mut Exchange,
        chunk: &[u8],
    ) -> io::Result<Received> {
        exchange.received(Ok(chunk.len()), chunk)
    }

    /// What `recv` says next decides.
    fn then(exchange: &mut Exchange, bytes: io::Result<usize>) -> Failure {
        exchange
            .received(bytes, b"")
            .map(|received| panic!("{received:?} is not an error"))
    }

    #[test]
    fn the_kind_of_an_error_follows_from_the_error_and_from_its_phase() {
        use Phase::*;
        let reset = || io::Error::from(ConnectionReset);
        let end = || Ok(0);
        let late = || Err(DeadlinePassed.into());

        check(
            |_| Err(ConnectionRefused.into()),
            ErrorKind::Connect,
            Connecting,
        );
        check(|_| Err(reset()), ErrorKind::Reset, Connecting);
        check(
            |_| Err(io::Error::from_raw_os_error(24)),
            ErrorKind::Io,
            Connecting,
        );
        check(|_| late(), ErrorKind::Timeout, Connecting);
        check(
            |e| e.connected(Ok(())).and(late()),
            ErrorKind::Timeout,
            Sending,
        );
        check(|e| send_all(e).and(late()), ErrorKind::Timeout, Waiting);
        check(
            |e| send_all(e).and(then(e, Err(reset()))),
            ErrorKind::Reset,
            Waiting,
        );
        check(
            |e| send_all(e).and_then(|()| then(e, end())),
            ErrorKind::EmptyReply,
            Waiting,
        );
        check(
            |e| receive(e, HEAD).and(then(e, Err(reset()))),
            ErrorKind::Truncated,
            Receiving,
        );
        check(
            |e| receive(e, HEAD).and_then(|_| then(e, end())),
            ErrorKind::Truncated,
            Receiving,
        );
        check(
            |e| receive(e, HEAD).and(late()),
            ErrorKind::Timeout,
            Receiving,
        );
        check(
            |e| receive(e, b"220 ready").map(|_| panic!("not HTTP")),
            ErrorKind::Malformed,
            Receiving,
        );
    }

    /// A time-out of the kernel is not our deadline, although its kind is
    /// the same.
    #[test]
    fn a_connection_that_the_kernel_gave_up_is_not_the_deadline() {
        let timed_out = || io::ErrorKind::TimedOut.into();
        check(
            |e| e.connected(Err(timed_out())).and(Err(timed_out())),
            ErrorKind::Connect,
            Phase::Connecting,
        );
    }

    #[test]
    fn a_reset_while_sending_counts_only_after_all_has_been_received() {
        let send_reset = |e: &mut Exchange| {
            assert_eq!(e.sent(Ok(3))?, Sent::Part);
            assert_eq!(e.sent(Err(BrokenPipe.into()))?, Sent::All);
            assert!(e.unsent().is_empty());
            io::Result::Ok(())
        };
        check(
            |e| send_reset(e).and_then(|()| then(e, Ok(0))),
            ErrorKind::Reset,
            Phase::Sending,
        );

        let refused = |e: &mut Exchange| {
            e.sent(Err(BrokenPipe.into()))?;
            Err(ConnectionRefused.into())
        };
        check(refused, ErrorKind::Connect, Phase::Connecting);

        let mut late = exchange(Duration::from_secs(10));
        late.socket_error(Ok(Some(ConnectionReset.into()))).unwrap();
        assert_eq!(
            late.sent(Ok(0)).unwrap(),
            Sent::All,
            "nothing is left to be sent"
        );
        assert_eq!(receive(&mut late, HEAD).unwrap(), Received::Part);
        let page = receive(&mut late, b"hello").unwrap();
        assert!(
            matches!(page, Received::Page(_)),
            "the answer came before the reset"
        );

        let mut early = exchange(Duration::from_secs(10));
        send_reset(&mut early).unwrap();
        assert_eq!(receive(&mut early, HEAD).unwrap(), Received::Part);
        let page = receive(&mut early, b"hello").unwrap();
        assert!(
            matches!(page, Received::Page(_)),
            "the answer came before the reset"
        );
    }

    #[test]
    fn sends_may_be_short_or_interrupted() {
        let mut exchange = exchange(Duration::from_secs(10));
        let all = exchange.unsent().to_vec();
        assert_eq!(exchange.sent(Ok(5)).unwrap(), Sent::Part);
        assert_eq!(
            exchange.sent(Err(Interrupted.into())).unwrap(),
            Sent::MustWait
        );
        assert_eq!(exchange.unsent(), &all[5..]);
        assert_eq!(
            exchange.sent(Err(WouldBlock.into())).unwrap(),
            Sent::MustWait
        );
    }

    #[test]
    fn a_connect_that_is_in_progress_is_not_an_error() {
        let mut exchange = exchange(Duration::from_secs(10));
        exchange.connected(Err(WouldBlock.into())).unwrap();
        #[cfg(unix)]
        exchange
            .connected(Err(io::Error::from_raw_os_error(libc::EINPROGRESS)))
            .unwrap();
        assert_eq!(
            exchange.finish(0, Err(NotConnected.into())).timeline.connected,
            None
        );
        assert!(exchange.connected(Err(ConnectionRefused.into())).is_err());
    }

    #[test]
    fn after_the_deadline_only_the_last_bytes_count() {
        let is_late = |exchange: &Exchange, error: io::Error| {
            exchange.finish(0, Err(error)).result.unwrap_err().kind
                == ErrorKind::Timeout
        };
        let mut late = exchange(Duration::ZERO);
        assert!(late.time_left().is_zero());
        assert_eq!(
            late.sent(Err(WouldBlock.into())).unwrap(),
            Sent::MustWait
        );
        let error = late.sent(Err(WouldBlock.into())).unwrap_err();
        assert!(is_late(&late, error));
        let error = late.received(Err(WouldBlock.into()), b"").unwrap_err();
        assert!(is_late(&late, error));
        let drip = receive(&mut late, HEAD).unwrap_err();
        assert!(is_late(&late, drip));

        let mut whole = exchange(Duration::ZERO);
        assert_eq!(receive(&mut whole, HEAD).unwrap(), Received::Part);
        assert!(matches!(
            receive(&mut whole, b"hello").unwrap(),
            Received::Page(_)
        ));

        let mut whole = exchange(Duration::ZERO);
        let page = receive(&mut whole, &[HEAD, b"hello"].concat()).unwrap();
        assert!(matches!(page, Received::Page(_)));
    }

    #[test]
    fn not_connected_is_a_reason_to_wait_only_before_the_connection() {
        let mut exchange = exchange(Duration::from_secs(10));
        assert_eq!(
            exchange.sent(Err(NotConnected.into())).unwrap(),
            Sent::MustWait
        );
        exchange.connected(Ok(())).unwrap();
        assert!(exchange.sent(Err(NotConnected.into())).is_err());
        for kind in [WouldBlock, Interrupted] {
            assert_eq!(
                exchange.received(Err(kind.into()), b"").unwrap(),
                Received::MustWait
            );
        }
        assert_eq!(
            exchange.finish(0, Err(NotConnected.into())).failed_attempts,
            3
        );
    }

    #[test]
    fn the_next_address_is_for_a_connection_that_failed() {
        let url = Url::parse("http://localhost/1").unwrap();
        let addresses =
            ["[::1]:80".parse().unwrap(), "127.0.0.1:80".parse().unwrap()];
        let target = Target::with_addresses(url, &addresses);
        let refused = || Err(io::Error::from(ConnectionRefused));

        let mut exchange = Exchange::new(&target, &Limits::default());
        assert_eq!(exchange.address(), addresses[0]);
        assert!(exchange.try_next_address(&refused()));
        assert_eq!(exchange.address(), addresses[1]);
        assert!(
            !exchange.try_next_address(&refused()),
            "there is no third"
        );
        let error = exchange.finish(0, refused()).result.unwrap_err();
        assert!(error.message.contains("127.0.0.1:80"), "{error}");

        for error in [DeadlinePassed.into(), ConnectionReset.into()] {
            let mut exchange = Exchange::new(&target, &Limits::default());
            assert!(!exchange.try_next_address(&Err(error)));
        }
        let mut connected = Exchange::new(&target, &Limits::default());
        connected.connected(Ok(())).unwrap();
        assert!(!connected.try_next_address(&refused()));
    }

    /// The largest part of what a waiting fetch costs, at every stage.
    #[test]
    fn an_exchange_that_waits_is_small() {
        assert!(
            size_of::<Exchange>() <= 80,
            "{} bytes",
            size_of::<Exchange>()
        );
    }
}
