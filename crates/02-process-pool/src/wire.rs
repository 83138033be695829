//! What travels through the pipes: a line of JSON for each message, and the
//! bytes of a body after it.

use std::borrow::Cow;
use std::io::{self, BufRead, Read, Write};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant, SystemTime};

use crawl::protocol::{JobLimits, JobTarget};
use crawl::{FetchError, Limits, Outcome, Page, Target, Timeline, Worker};
use recorder::{By, Note, Place, Recording, What};
use serde::{Deserialize, Serialize};

/// The first line of a worker: a program that writes anything else is not a
/// worker.
pub(crate) const HELLO: &str = "worker of stage-02-process-pool, version 1";

/// No line is longer than this, and a few bytes of JSON for each byte of a
/// head: a program that writes without end is ended.
const MAX_LINE_BYTES: u64 = 1 << 20;
const JSON_BYTES_OF_ONE: u64 = 6;

/// A worker of a recorded crawl has room for so many notes, and for so many
/// of each fetch that may be in flight.
const NOTES: usize = 500;
const NOTES_OF_ONE: usize = 64;

/// From the pool to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// Fetch this.
    Fetch {
        /// The target's, which the answer has, too.
        number: u64,
        /// What to fetch.
        target: JobTarget,
        /// The limits of the crawl.
        limits: JobLimits,
        /// Whether the worker is to compute the digest of the body.
        #[serde(default)]
        digest: bool,
        /// Whether the worker is to note what happens when.
        #[serde(default)]
        record: bool,
    },
    /// Say what memory you have: there is nothing more to fetch.
    #[serde(rename = "Goodbye")] // its name on the pipe
    Stop,
}

/// From a worker to the pool.
#[derive(Debug)]
pub enum Answer {
    /// It is a worker.
    Hello,
    /// A fetch has ended.
    Fetched(Box<Fetched>),
    /// Memory that the worker had for itself alone.
    Memory(Option<u64>),
}

/// An outcome without what only the pool knows.
#[derive(Debug)]
pub struct Fetched {
    result: Result<Page, FetchError>,
    reply: Reply,
}

/// The line for a fetch. The body of a page follows, as so many raw bytes.
#[derive(Debug, Serialize, Deserialize)]
struct Reply {
    number: u64,
    page: Result<Head, FetchError>,
    connected: Option<Duration>,
    sent: Option<Duration>,
    first_byte: Option<Duration>,
    finished: Option<Duration>,
    failed_attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<[u8; 32]>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<NoteLine>,
    /// The moment from which the times of the notes are counted, by the
    /// clock that all processes of a system share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<SystemTime>,
    #[serde(default)]
    dropped_notes: u64,
}

/// A note of a recorded crawl. Its time, and that of the begin of its
/// fetch, are counted from a moment that both sides know, as an `Instant`
/// cannot cross a process.
#[derive(Debug, Serialize, Deserialize)]
struct NoteLine {
    nanos: u64,
    fetch: Option<u64>,
    what: usize,
    number: u64,
    slept: Option<u32>,
    at: Option<(Cow<'static, str>, u32)>,
}

/// A page without its body.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    status: u16,
    location: Option<Box<str>>,
    content_encoding: Option<Box<str>>,
    body_bytes: u64,
}

/// The answer to `Stop`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)] // nothing else passes for it
struct Memory {
    private_bytes: Option<u64>,
}

impl Request {
    /// Writes it to the pipe.
    ///
    /// # Errors
    /// The worker has ended.
    pub fn write(&self, pipe: &mut impl Write) -> io::Result<()> {
        write_line(pipe, self)
    }

    /// Asks for the target with that number.
    pub fn fetch(number: u64, target: &Target, limits: &Limits) -> Request {
        Request::Fetch {
            number,
            target: target.into(),
            limits: limits.into(),
            digest: limits.digest,
            record: recorder::is_on(),
        }
    }

    /// The worker's side: reads the next request.
    ///
    /// # Errors
    /// The pool has ended.
    pub fn read(pipe: &mut impl BufRead) -> io::Result<Request> {
        let request = serde_json::from_str(&read_line(pipe, 0)?)?;
        if let Request::Fetch { record: true, limits, .. } = &request
            && !recorder::is_on()
        {
            let in_flight = limits.concurrency.get().min(NOTES);
            recorder::begin(NOTES + NOTES_OF_ONE * in_flight, || None);
        }
        Ok(request)
    }
}

/// The worker's side: writes the outcome of the fetch that was asked for
/// under this number. The times of what it has noted are counted from
/// `since`.
///
/// # Errors
/// The pool has ended.
pub fn write_outcome(
    pipe: &mut impl Write,
    number: u64,
    outcome: Outcome,
    since: Instant,
) -> io::Result<()> {
    let Timeline { connected, sent, first_byte, finished, .. } =
        outcome.timeline;
    let failed_attempts = outcome.failed_attempts;
    let sha256 = outcome.sha256;
    let recorded = recorder::take();
    let notes = recorded.notes.into_iter();
    let notes: Vec<NoteLine> =
        notes.map(|note| NoteLine::new(note, since)).collect();
    let has_notes = !notes.is_empty();
    let since = SystemTime::now().checked_sub(since.elapsed());
    let mut body = Vec::new();
    let page = outcome.result.map(|page| {
        body = page.body;
        Head {
            status: page.status,
            location: page.location,
            content_encoding: page.content_encoding,
            body_bytes: body.len() as u64,
        }
    });
    let reply = Reply {
        number,
        page,
        connected,
        sent,
        first_byte,
        finished,
        failed_attempts,
        sha256,
        notes,
        since: since.filter(|_| has_notes),
        dropped_notes: recorded.dropped,
    };
    write_line(pipe, &reply)?;
    pipe.write_all(&body)?;
    pipe.flush()
}

/// The worker's side: writes what memory it had.
///
/// # Errors
/// The pool has ended.
pub fn write_memory(
    pipe: &mut impl Write,
    private_bytes: Option<u64>,
) -> io::Result<()> {
    let private_bytes =
        private_bytes.map(|bytes| bytes.saturating_sub(recorder::bytes()));
    write_line(pipe, &Memory { private_bytes })?;
    pipe.flush()
}

impl Answer {
    /// Reads the answer to a request, and checks it like any input.
    ///
    /// # Errors
    /// `UnexpectedEof` when the worker has ended; `InvalidData` when the
    /// answer is invalid.
    pub fn read(
        pipe: &mut impl BufRead,
        request: &Request,
    ) -> io::Result<Answer> {
        let Request::Fetch { number, limits, .. } = request else {
            let line = read_line(pipe, 0)?;
            return Ok(Answer::Memory(
                serde_json::from_str::<Memory>(&line)?.private_bytes,
            ));
        };
        let answer = Answer::read_any(pipe, limits)?;
        match &answer {
            Answer::Fetched(fetched) if fetched.number() == *number => {
                Ok(answer)
            }
            _ => Err(invalid(
                "its answer has another number than the request",
            )),
        }
    }

    /// Reads the answer to any request with these limits.
    ///
    /// # Errors
    /// As [`read`](Answer::read).
    pub fn read_any(
        pipe: &mut impl BufRead,
        limits: &JobLimits,
    ) -> io::Result<Answer> {
        let line = read_line(pipe, limits.max_head_bytes as u64)?;
        let reply: Reply = match serde_json::from_str(&line) {
            Ok(reply) => reply,
            Err(error) => {
                let memory: Memory =
                    serde_json::from_str(&line).map_err(|_| error)?;
                return Ok(Answer::Memory(memory.private_bytes));
            }
        };
        let result = match &reply.page {
            Ok(head) if head.body_bytes > limits.max_body_bytes => {
                return Err(invalid("its body is larger than the limit"));
            }
            Ok(head) if !(200..600).contains(&head.status) => {
                let status = head.status;
                return Err(invalid(&format!(
                    "status {status} is not between 200 and 599"
                )));
            }
            Ok(head) => Ok(Page {
                status: head.status,
                location: head.location.clone(),
                content_encoding: head.content_encoding.clone(),
                body: read_body(pipe, head.body_bytes)?,
            }),
            Err(error) => Err(error.clone()),
        };
        Ok(Answer::Fetched(Box::new(Fetched { result, reply })))
    }
}

impl Fetched {
    /// The number of the target, as the request had it.
    pub fn number(&self) -> u64 {
        self.reply.number
    }

    /// The moment from which the times of its notes are counted, which lies
    /// in `between`. The worker has told it by the system's clock. If that
    /// clock was set meanwhile, only `between` is known.
    pub fn since(&self, between: RangeInclusive<Instant>) -> Instant {
        let (earliest, latest) = between.into_inner();
        let ago = self.reply.since.and_then(|since| since.elapsed().ok());
        let since = ago.and_then(|ago| Instant::now().checked_sub(ago));
        since.unwrap_or(latest).clamp(earliest, latest)
    }

    /// An `Instant` cannot cross a process: the fetch began, for us, when
    /// the target was handed over. The times of what the worker has noted
    /// are counted from `since`.
    pub fn into_outcome(
        self,
        by: Worker,
        started: Instant,
        since: Instant,
    ) -> Outcome {
        let Fetched { result, reply } = self;
        let target = reply.number as usize;
        let Reply { connected, sent, first_byte, finished, .. } = reply;
        let timeline =
            Timeline { started, connected, sent, first_byte, finished };
        let (failed_attempts, sha256) =
            (reply.failed_attempts, reply.sha256);
        if let Worker::Process(number) = by {
            let notes = reply.notes.into_iter();
            let note = |note: NoteLine| note.read(number, since);
            recorder::add(Recording {
                notes: notes.filter_map(note).collect(),
                dropped: reply.dropped_notes,
            });
        }
        Outcome { target, by, result, timeline, failed_attempts, sha256 }
    }
}

impl NoteLine {
    fn new(note: Note, since: Instant) -> NoteLine {
        let nanos = |at: Instant| {
            at.saturating_duration_since(since).as_nanos() as u64
        };
        let is_its = |what: &What| *what == note.what;
        NoteLine {
            nanos: nanos(note.at),
            fetch: note.fetch.map(nanos),
            what: What::ALL.iter().position(is_its).expect("all are there"),
            number: note.number,
            slept: note.slept,
            at: note.place.map(|place| (place.file, place.line)),
        }
    }

    fn read(self, by: u32, since: Instant) -> Option<Note> {
        let at = |nanos| since.checked_add(Duration::from_nanos(nanos));
        Some(Note {
            at: at(self.nanos)?,
            by: By::Process(by),
            what: *What::ALL.get(self.what)?,
            fetch: self.fetch.and_then(at),
            number: self.number,
            slept: self.slept,
            place: self.at.map(|(file, line)| Place { file, line }),
        })
    }
}

fn write_line(
    pipe: &mut impl Write,
    message: &impl Serialize,
) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    pipe.write_all(&line)
}

/// A line without its end, in which there may be so many bytes of a head.
pub(crate) fn read_line(
    pipe: &mut impl BufRead,
    head_bytes: u64,
) -> io::Result<String> {
    let most = head_bytes
        .saturating_mul(JSON_BYTES_OF_ONE)
        .saturating_add(MAX_LINE_BYTES);
    let mut line = Vec::new();
    pipe.take(most).read_until(b'\n', &mut line)?;
    match line.pop() {
        Some(b'\n') => String::from_utf8(line)
            .map_err(|_| invalid("a line is not UTF-8")),
        Some(_) if line.len() as u64 + 1 >= most => {
            Err(invalid("a line is too long"))
        }
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn read_body(pipe: &mut impl BufRead, bytes: u64) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    pipe.take(bytes).read_to_end(&mut body)?;
    if body.len() as u64 == bytes {
        Ok(body)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crawl::{ErrorKind, Phase, Url};

    /// A worker that began so long ago to count the times of its notes.
    fn fetched(since: Option<SystemTime>) -> Fetched {
        let error = FetchError {
            kind: ErrorKind::Timeout,
            message: "too late".into(),
            phase: Phase::Connecting,
            bytes: 0,
            expected_bytes: None,
        };
        let reply = Reply {
            number: 0,
            page: Err(error.clone()),
            connected: None,
            sent: None,
            first_byte: None,
            finished: None,
            failed_attempts: 0,
            sha256: None,
            notes: Vec::new(),
            since,
            dropped_notes: 0,
        };
        Fetched { result: Err(error), reply }
    }

    /// The hello of a worker may be read late: the times of its notes are
    /// not later for that.
    #[test]
    fn notes_are_counted_from_when_the_worker_says() {
        let latest = Instant::now();
        let [second, minute] = [1, 60].map(Duration::from_secs);
        let earliest = latest.checked_sub(minute).unwrap();
        let since = |told| fetched(told).since(earliest..=latest);
        let now = SystemTime::now();
        let ago = latest - since(now.checked_sub(second));
        assert!(ago >= second - second / 4 && ago < minute / 2, "{ago:?}");
        // Where the clock was set meanwhile, or nothing was told.
        assert_eq!(since(now.checked_sub(10 * minute)), earliest);
        assert_eq!(since(now.checked_add(minute)), latest);
        assert_eq!(since(None), latest);
    }

    /// A head may be as large as the limits say, and one of its headers
    /// nearly all of it.
    #[test]
    fn what_a_head_may_hold_gets_through() {
        let url = Url::parse("http://127.0.0.1:9/").unwrap();
        let target = Target::new(url, "127.0.0.1:9".parse().unwrap());
        let location = "\u{1}".repeat(2 << 20);
        let limits = Limits {
            max_head_bytes: location.len() + 100,
            ..Limits::default()
        };
        let page = Page {
            status: 302,
            location: Some(location.as_str().into()),
            content_encoding: None,
            body: b"there".to_vec(),
        };
        let outcome = Outcome {
            target: 0,
            by: Worker::Main,
            result: Ok(page.clone()),
            timeline: Timeline::starting_now(),
            failed_attempts: 0,
            sha256: None,
        };
        let mut pipe = Vec::new();
        write_outcome(&mut pipe, 7, outcome, Instant::now()).unwrap();
        let request = Request::fetch(7, &target, &limits);
        let answer = Answer::read(&mut &pipe[..], &request).unwrap();
        let Answer::Fetched(fetched) = answer else { panic!("{answer:?}") };
        let now = Instant::now();
        let outcome = fetched.into_outcome(Worker::Process(1), now, now);
        assert_eq!(outcome.result.unwrap(), page);
    }
}
