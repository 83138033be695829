//! The RFC 9112 response reader: bytes in, a page or what is wrong with
//! them out.
//!
//! It opens no socket and never waits: *need more* is a value that it
//! returns. Its answer depends on the bytes alone, never on how they were
//! cut, because every decision is taken at one byte of the stream and looks
//! at nothing behind that byte.

mod chunk_line;
mod head;

use std::borrow::Cow;
use std::mem;

use self::chunk_line::ChunkLine;
use self::head::{Body, Head};
use crate::{ErrorKind, Limits, Page};

/// The most interim (1xx) answers before the final one.
const MAX_INTERIM: u8 = 16;
/// What every answer that this reader understands starts with.
const START: &[u8; 7] = b"HTTP/1.";

/// Reads one response from a stream of bytes, however they were cut.
///
/// After a page or an error it has ended, and must not be called again.
///
/// # Example
///
/// ```
/// use crawl::{Limits, ResponseReader};
///
/// let mut reader = ResponseReader::new(&Limits::default());
/// assert_eq!(reader.received(b"HTTP/1.1 200 OK\r\nContent-Le"), Ok(None));
/// let page = reader.received(b"ngth: 2\r\n\r\nhi")?;
/// let page = page.expect("the answer is whole");
/// assert_eq!((page.status, page.body), (200, b"hi".to_vec()));
/// # Ok::<(), crawl::BadResponse>(())
/// ```
#[derive(Debug)]
pub struct ResponseReader {
    max_head_bytes: usize,
    /// The limit of a body, or its length once that is known.
    max_body_bytes: u64,
    state: State,
    /// What has arrived of a head, or of a trailer section, that was cut.
    pending: Vec<u8>,
    interim: u8,
    bytes: u64,
    expected_bytes: Option<u64>,
    status: u16,
    location: Option<Box<str>>,
    content_encoding: Option<Box<str>>,
    body: Vec<u8>,
}

/// What the next byte of the stream is part of: every byte before it is
/// judged or in `pending`, and a count of bytes to come is never 0.
#[derive(Clone, Copy, Debug)]
enum State {
    Head,
    /// A body with this many bytes still to come.
    Length(u64),
    /// A body that ends where the stream ends.
    UntilClose,
    ChunkLine(ChunkLine),
    /// A chunk with this many bytes still to come.
    ChunkData(u64),
    ChunkCr,
    ChunkLf,
    Trailers,
    Complete,
}

/// What is wrong with a response: the kind of failure and the words for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadResponse {
    /// `Malformed`, `TooLarge`, `EmptyReply` or `Truncated`.
    pub kind: ErrorKind,
    /// What was found, in a sentence for people.
    pub message: String,
}

impl ResponseReader {
    /// A reader at the start of a stream, with the sizes it may take.
    pub fn new(limits: &Limits) -> ResponseReader {
        ResponseReader {
            max_head_bytes: limits.max_head_bytes,
            max_body_bytes: limits.max_body_bytes,
            state: State::Head,
            pending: Vec::new(),
            interim: 0,
            bytes: 0,
            expected_bytes: None,
            status: 0,
            location: None,
            content_encoding: None,
            body: Vec::new(),
        }
    }

    /// Takes the next bytes of the stream (never none): the whole page, or
    /// `None` for *need more*.
    ///
    /// A page is complete with its last byte; bytes behind it are ignored.
    ///
    /// # Errors
    ///
    /// `Malformed` or `TooLarge`, at the byte that shows it.
    pub fn received(
        &mut self,
        chunk: &[u8],
    ) -> Result<Option<Page>, BadResponse> {
        let mut input = chunk;
        loop {
            if let State::Complete = self.state {
                return Ok(Some(self.page()));
            }
            if input.is_empty() {
                return Ok(None);
            }
            self.step(&mut input)?;
        }
    }

    /// The stream ended in order: a page whose end is the close, or what is
    /// missing.
    ///
    /// # Errors
    ///
    /// `EmptyReply` before any byte of the final answer, `Truncated` after
    /// that.
    pub fn ended(&mut self) -> Result<Page, BadResponse> {
        match self.state {
            State::UntilClose | State::Complete => Ok(self.page()),
            State::Head if self.bytes == 0 => Err(self.empty_reply()),
            _ => Err(self.truncated()),
        }
    }

    /// Bytes of the final answer so far, its head included.
    ///
    /// An interim answer counts until its status shows what it is, and then
    /// no more. After a page or an error, these are the bytes through the
    /// one that decided it.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes that the final answer says it has, head included, once it has
    /// said so.
    pub fn expected_bytes(&self) -> Option<u64> {
        self.expected_bytes
    }

    /// Takes at least one byte of the input, which is not empty.
    fn step(&mut self, input: &mut &[u8]) -> Result<(), BadResponse> {
        match self.state {
            State::Head => self.head(input),
            State::Length(left) => {
                self.data(input, left, State::Length, State::Complete)
            }
            State::UntilClose => self.until_close(input),
            State::ChunkLine(line) => self.chunk_line(input, line),
            State::ChunkData(left) => {
                self.data(input, left, State::ChunkData, State::ChunkCr)
            }
            State::ChunkCr => self.chunk_end(input, b'\r', State::ChunkLf),
            State::ChunkLf => self.chunk_end(
                input,
                b'\n',
                State::ChunkLine(ChunkLine::START),
            ),
            State::Trailers => self.trailers(input),
            State::Complete => Ok(()),
        }
    }

    fn head(&mut self, input: &mut &[u8]) -> Result<(), BadResponse> {
        self.check_start(input)?;
        // An interim (1xx) answer is not the final answer, so its bytes do
        // not count.
        let is_interim = self.start(input).skip(8).take(2).eq(*b" 1");
        let head = self.section(input, "head");
        if is_interim {
            self.bytes = 0;
        }
        head?.map_or(Ok(()), |head| self.read_head(Head::parse(&head)?))
    }

    /// Refuses what is not HTTP at its first wrong byte: a blank line may
    /// never come.
    fn check_start(&mut self, input: &[u8]) -> Result<(), BadResponse> {
        let Some(wrong) = self
            .start(input)
            .zip(START)
            .position(|(byte, &right)| byte != right)
        else {
            return Ok(());
        };
        let start: Vec<u8> = self.start(input).take(wrong + 1).collect();
        self.bytes = start.len() as u64;
        Err(malformed(format!(
            "the answer starts with {}, not with \"HTTP/1.\"",
            quoted(&start)
        )))
    }

    /// The head from its first byte on, as far as it is here and within its
    /// limit.
    fn start<'a>(
        &'a self,
        input: &'a [u8],
    ) -> impl Iterator<Item = u8> + 'a {
        self.pending.iter().chain(input).take(self.max_head_bytes).copied()
    }

    fn read_head(&mut self, head: Head) -> Result<(), BadResponse> {
        self.state = match head.body {
            Body::AnotherHead if self.interim == MAX_INTERIM => {
                return Err(malformed(format!(
                    "more than {MAX_INTERIM} interim answers"
                )));
            }
            Body::AnotherHead => {
                self.interim += 1;
                State::Head
            }
            Body::Nothing => State::Complete,
            Body::Length(length) => self.length(length)?,
            Body::Chunked => State::ChunkLine(ChunkLine::START),
            Body::UntilClose => State::UntilClose,
        };
        self.status = head.status;
        self.location = head.location;
        self.content_encoding = head.content_encoding;
        Ok(())
    }

    fn length(&mut self, length: u64) -> Result<State, BadResponse> {
        self.expected_bytes = Some(self.bytes.saturating_add(length));
        if length > self.max_body_bytes {
            let limit = self.max_body_bytes;
            return Err(too_large(format!(
                "the body of {length} bytes is over {limit} bytes"
            )));
        }
        self.max_body_bytes = length;
        Ok(if length == 0 {
            State::Complete
        } else {
            State::Length(length)
        })
    }

    /// Takes body bytes of which `left` are to come; `more` is the state
    /// while some still are.
    fn data(
        &mut self,
        input: &mut &[u8],
        left: u64,
        more: fn(u64) -> State,
        then: State,
    ) -> Result<(), BadResponse> {
        let here =
            usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let (data, rest) = input.split_at(here);
        *input = rest;
        self.keep(data);
        self.state = match left - data.len() as u64 {
            0 => then,
            left => more(left),
        };
        Ok(())
    }

    fn until_close(
        &mut self,
        input: &mut &[u8],
    ) -> Result<(), BadResponse> {
        let room = self.body_room();
        if input.len() as u64 > room {
            self.bytes += room + 1;
            return Err(too_large(format!(
                "the body is over {} bytes",
                self.max_body_bytes
            )));
        }
        self.keep(mem::take(input));
        Ok(())
    }

    fn chunk_line(
        &mut self,
        input: &mut &[u8],
        mut line: ChunkLine,
    ) -> Result<(), BadResponse> {
        while let Some(byte) = self.next(input) {
            if let Some(size) = line.push(byte, self.body_room())? {
                self.state = if size == 0 {
                    State::Trailers
                } else {
                    State::ChunkData(size)
                };
                return Ok(());
            }
        }
        self.state = State::ChunkLine(line);
        Ok(())
    }

    fn chunk_end(
        &mut self,
        input: &mut &[u8],
        wanted: u8,
        then: State,
    ) -> Result<(), BadResponse> {
        if let Some(byte) = self.next(input).filter(|&byte| byte != wanted)
        {
            let found = quoted(&[byte]);
            return Err(malformed(format!(
                "chunk data ends in {found}, not in CRLF"
            )));
        }
        self.state = then;
        Ok(())
    }

    /// Trailers are checked and then dropped: a page keeps nothing of them.
    fn trailers(&mut self, input: &mut &[u8]) -> Result<(), BadResponse> {
        if let Some(trailers) = self.section(input, "trailer section")? {
            head::check_trailers(&trailers)?;
            self.state = State::Complete;
        }
        Ok(())
    }

    /// Takes lines through the next blank one, or keeps what there is of
    /// them.
    ///
    /// A section that arrives whole, as most do, is lent from the chunk
    /// without a copy.
    fn section<'a>(
        &mut self,
        input: &mut &'a [u8],
        name: &str,
    ) -> Result<Option<Cow<'a, [u8]>>, BadResponse> {
        let searched = self.pending.len();
        let room = self.max_head_bytes - searched;
        let (window, beyond) = input.split_at(input.len().min(room));
        let mut section = Cow::Borrowed(window);
        if searched > 0 {
            self.pending.extend_from_slice(window);
            section = Cow::Owned(mem::take(&mut self.pending));
        }

        if let Some(end) = section_end(&section, searched) {
            self.bytes += (end - searched) as u64;
            *input = &input[end - searched..];
            match &mut section {
                Cow::Borrowed(bytes) => *bytes = &bytes[..end],
                Cow::Owned(bytes) => bytes.truncate(end),
            }
            return Ok(Some(section));
        }
        self.bytes += window.len() as u64;
        if !beyond.is_empty() {
            self.bytes += 1;
            return Err(too_large(format!(
                "the {name} is over {} bytes",
                self.max_head_bytes
            )));
        }
        *input = beyond;
        self.pending = section.into_owned();
        Ok(None)
    }

    fn next(&mut self, input: &mut &[u8]) -> Option<u8> {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        self.bytes += 1;
        Some(byte)
    }

    fn body_room(&self) -> u64 {
        self.max_body_bytes - self.body.len() as u64
    }

    /// Adds to the body, for which there is room.
    ///
    /// It doubles what has arrived, whatever was announced, and stops at
    /// its limit: doubled once more, a body just short of the limit would
    /// take twice the memory that it may.
    fn keep(&mut self, data: &[u8]) {
        self.bytes += data.len() as u64;
        let needed = self.body.len() + data.len();
        if needed > self.body.capacity() {
            let most =
                usize::try_from(self.max_body_bytes).unwrap_or(usize::MAX);
            let capacity = needed
                .max(self.body.capacity().saturating_mul(2))
                .min(most);
            self.body.reserve_exact(capacity - self.body.len());
        }
        self.body.extend_from_slice(data);
    }

    fn page(&mut self) -> Page {
        Page {
            status: self.status,
            body: mem::take(&mut self.body),
            location: self.location.take(),
            content_encoding: self.content_encoding.take(),
        }
    }

    fn empty_reply(&self) -> BadResponse {
        let message = match self.interim {
            0 => "the stream ended before an answer",
            _ => "the stream ended after interim answers only",
        };
        BadResponse {
            kind: ErrorKind::EmptyReply,
            message: message.to_owned(),
        }
    }

    fn truncated(&self) -> BadResponse {
        let place = match self.state {
            State::Head => "head",
            State::Length(_) => "body",
            State::Trailers => "trailer section",
            _ => "chunked body",
        };
        let bytes = self.bytes;
        let message = match self.expected_bytes {
            Some(all) => format!(
                "the stream ended in the {place}, \
                 after {bytes} of {all} bytes"
            ),
            None => format!(
                "the stream ended in the {place}, after {bytes} bytes"
            ),
        };
        BadResponse { kind: ErrorKind::Truncated, message }
    }
}

/// Where the first blank line ends, if none ends in the bytes already
/// searched.
///
/// Each LF is judged by what stands before it, so that no byte is searched
/// twice. A lone LF ends a line too, as RFC 9112 permits in a head and in
/// trailers (section 2.2).
fn section_end(bytes: &[u8], searched: usize) -> Option<usize> {
    let ends = |end: &usize| {
        matches!(
            &bytes[..*end],
            b"\n"
                | b"\r\n"
                | [.., b'\n', b'\n']
                | [.., b'\n', b'\r', b'\n']
        )
    };
    let mut line_ends =
        (searched + 1..=bytes.len()).filter(|end| bytes[end - 1] == b'\n');
    line_ends.find(ends)
}

fn malformed(message: String) -> BadResponse {
    BadResponse { kind: ErrorKind::Malformed, message }
}

fn too_large(message: String) -> BadResponse {
    BadResponse { kind: ErrorKind::TooLarge, message }
}

/// Bytes from outside, fit for a message: printable ASCII, and not long.
fn quoted(bytes: &[u8]) -> String {
    const MOST: usize = 60;
    let mut shown: String =
        bytes.escape_ascii().take(MOST).map(char::from).collect();
    if bytes.escape_ascii().nth(MOST).is_some() {
        shown.push_str("...");
    }
    format!("\"{shown}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEGABYTE: u64 = 1 << 20;

    #[test]
    fn a_reader_is_small() {
        assert!(
            size_of::<ResponseReader>() <= 200,
            "{}",
            size_of::<ResponseReader>()
        );
    }

    #[test]
    fn a_body_takes_memory_for_what_arrived_and_not_for_what_was_announced()
    {
        let limits =
            Limits { max_body_bytes: 100 * MEGABYTE, ..Limits::default() };
        let mut reader = ResponseReader::new(&limits);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
            100 * MEGABYTE
        );
        assert_eq!(reader.received(head.as_bytes()), Ok(None));
        assert_eq!(reader.received(&[b'x'; 1000]), Ok(None));
        assert!(
            reader.body.capacity() < 3000,
            "{}",
            reader.body.capacity()
        );
        assert_eq!(
            reader.pending.capacity(),
            0,
            "a head that comes whole is not copied"
        );
    }

    #[test]
    fn a_body_never_takes_more_memory_than_its_limit_or_its_length() {
        const LENGTH: u64 = 3 * MEGABYTE;
        for (framing, limit) in [
            ("\r\n", LENGTH),
            ("Transfer-Encoding: chunked\r\n\r\n300000\r\n", LENGTH),
            ("Content-Length: 3145728\r\n\r\n", 100 * MEGABYTE),
        ] {
            let limits =
                Limits { max_body_bytes: limit, ..Limits::default() };
            let mut reader = ResponseReader::new(&limits);
            let head = format!("HTTP/1.1 200 OK\r\n{framing}");
            assert_eq!(reader.received(head.as_bytes()), Ok(None));
            let almost = vec![b'x'; LENGTH as usize - 1];
            for piece in almost.chunks(40_000) {
                assert_eq!(reader.received(piece), Ok(None));
                assert!(
                    reader.body.capacity() as u64 <= LENGTH,
                    "{framing}"
                );
            }
        }
    }
}
