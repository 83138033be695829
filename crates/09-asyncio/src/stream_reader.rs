use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use selectors::Interest;

use crate::streams::Connection;

/// The side of a connection that receives.
///
/// ```no_run
/// # use stage_09_asyncio as asyncio;
/// # async fn read(address: std::net::SocketAddr) -> std::io::Result<()> {
/// let (mut reader, _writer) = asyncio::open_connection(address).await?;
/// let line = reader.readline().await?;
/// let header = reader.readuntil(b"\r\n\r\n").await?;
/// let number = reader.readexactly(4).await?;
/// while !reader.at_eof() {
///     let chunk = reader.read(1000).await?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct StreamReader {
    connection: Rc<Connection>,
    /// What was received and not read: mostly nothing, while it waits.
    buffer: Option<Box<Buffer>>,
}

/// Invariant: there is something in it that was not read.
struct Buffer {
    received: Vec<u8>,
    /// The first bytes of it were read: at most `LIMIT`, or at most half.
    read: usize,
}

/// The longest line, without its end: 64 KiB, Python's `limit`. A sender
/// that never ends its line cannot fill the memory.
const LIMIT: usize = 64 << 10;

/// So often a reader receives before it gives way: a sender who is faster
/// would keep the loop from all others. (Python receives once in a turn,
/// but more at a time. Here several in a row, so that the end of a page
/// that has arrived is not missed because its deadline came due.)
const MOST_IN_A_ROW: u8 = 16;
/// It has given way since, and may ask again.
const GAVE_WAY: u8 = MOST_IN_A_ROW + 1;

impl StreamReader {
    pub(crate) fn new(connection: Rc<Connection>) -> StreamReader {
        StreamReader { connection, buffer: None }
    }

    /// What is there, up to so many bytes; waits if nothing is there. At
    /// the end of the stream it is empty, and for 0 bytes at once.
    ///
    /// # Errors
    /// How the connection ended.
    pub fn read(
        &mut self,
        most: usize,
    ) -> impl Future<Output = io::Result<Vec<u8>>> {
        let mut receiving = Receive(self);
        poll_fn(move |context| {
            if receiving.0.buffer.is_none() && most > 0 {
                let chunk = ready!(Pin::new(&mut receiving).poll(context))?;
                if chunk.len() <= most {
                    return Poll::Ready(Ok(chunk)); // as it is
                }
                receiving.0.keep(chunk);
            }
            Poll::Ready(Ok(receiving.0.take(most)))
        })
    }

    /// A line with its end; the rest without one, at the end of the
    /// stream.
    ///
    /// # Errors
    /// `InvalidData`: the line is longer than 64 KiB. It is dropped, if
    /// its end is there; if not, what there is of it. Or how the
    /// connection ended.
    pub async fn readline(&mut self) -> io::Result<Vec<u8>> {
        let error = match self.readuntil(b"\n").await {
            Ok(line) => return Ok(line),
            Err(error) => error,
        };
        let error = match error.downcast::<IncompleteReadError>() {
            Ok(rest) => return Ok(rest.partial),
            Err(error) => error,
        };
        let overrun = error.downcast::<LimitOverrunError>()?;
        let end = overrun.consumed;
        let has_end = self.unread().get(end) == Some(&b'\n');
        drop(self.take(if has_end { end + 1 } else { usize::MAX }));
        let words = format!("ValueError: {}", overrun.message);
        Err(io::Error::new(ErrorKind::InvalidData, words))
    }

    /// Everything up to a separator, and the separator.
    ///
    /// # Errors
    /// `UnexpectedEof`, with an [`IncompleteReadError`]: the stream ended
    /// before. `InvalidData`, with a [`LimitOverrunError`]: it is more
    /// than 64 KiB, and stays there to be read. `InvalidInput`: an empty
    /// separator. Or how the connection ended.
    pub async fn readuntil(
        &mut self,
        separator: &[u8],
    ) -> io::Result<Vec<u8>> {
        if separator.is_empty() {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                "ValueError: Separator should be at least one-byte string",
            ));
        }
        let mut searched = 0;
        loop {
            let unread = self.unread();
            let mut rest = unread[searched..].windows(separator.len());
            if let Some(found) = rest.position(|it| it == separator) {
                let start = searched + found;
                if start > LIMIT {
                    let words = "Separator is found, but chunk is longer \
                                 than limit";
                    return Err(LimitOverrunError::at(start, words));
                }
                return Ok(self.take(start + separator.len()));
            }
            // The separator may have come in part.
            searched = (unread.len() + 1).saturating_sub(separator.len());
            if searched > LIMIT {
                let words =
                    "Separator is not found, and chunk exceed the limit";
                return Err(LimitOverrunError::at(searched, words));
            }
            if self.is_at_end() {
                return Err(self.incomplete(None));
            }
            self.fill().await?;
        }
    }

    /// So many bytes.
    ///
    /// # Errors
    /// `UnexpectedEof`, with an [`IncompleteReadError`]: the stream ended
    /// before. Or how the connection ended.
    pub async fn readexactly(
        &mut self,
        bytes: usize,
    ) -> io::Result<Vec<u8>> {
        while self.unread().len() < bytes {
            if self.is_at_end() {
                return Err(self.incomplete(Some(bytes)));
            }
            self.fill().await?;
        }
        Ok(self.take(bytes))
    }

    /// Whether everything was read, and nothing more will come.
    pub fn at_eof(&self) -> bool {
        self.is_at_end() && self.unread().is_empty()
    }

    fn unread(&self) -> &[u8] {
        match &self.buffer {
            Some(buffer) => &buffer.received[buffer.read..],
            None => &[],
        }
    }

    /// Reads from the buffer: all of it as it is; of a part, a copy. (A
    /// line that somebody keeps must not keep the whole buffer, and the
    /// rest does not move for each line.)
    fn take(&mut self, most: usize) -> Vec<u8> {
        let Some(mut buffer) = self.buffer.take() else {
            return Vec::new();
        };
        let unread = &buffer.received[buffer.read..];
        if most < unread.len() {
            let part = unread[..most].to_vec();
            buffer.read += most;
            // From half on, each byte moves for one that was read.
            if buffer.read > LIMIT.max(buffer.received.len() / 2) {
                buffer.forget();
            }
            self.buffer = Some(buffer);
            part
        } else if buffer.read == 0 {
            buffer.received
        } else {
            unread.to_vec()
        }
    }

    fn incomplete(&mut self, expected: Option<usize>) -> io::Error {
        let partial = self.take(usize::MAX);
        let error = IncompleteReadError { partial, expected };
        io::Error::new(ErrorKind::UnexpectedEof, error)
    }

    fn is_at_end(&self) -> bool {
        self.connection.is_at_end()
    }

    async fn fill(&mut self) -> io::Result<()> {
        let chunk = Receive(self).await?;
        if !chunk.is_empty() {
            self.keep(chunk);
        }
        Ok(())
    }

    fn keep(&mut self, chunk: Vec<u8>) {
        if let Some(buffer) = &mut self.buffer {
            buffer.forget();
            buffer.received.extend(chunk);
        } else {
            let buffer = Buffer { received: chunk, read: 0 };
            self.buffer = Some(Box::new(buffer));
        }
    }
}

impl Buffer {
    /// Makes room for what comes next.
    fn forget(&mut self) {
        self.received.drain(..self.read);
        self.read = 0;
    }
}

/// Receives once, when something is there: at the end of the stream it is
/// empty. It is no `async fn`: this takes 8 bytes of whoever awaits it, in
/// place of 40.
struct Receive<'a>(&'a mut StreamReader);

impl Future for Receive<'_> {
    type Output = io::Result<Vec<u8>>;

    fn poll(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Vec<u8>>> {
        let connection = &self.0.connection;
        while !connection.is_at_end() {
            ready!(connection.poll_turn(context))?;
            if connection.is_at_end() {
                break; // the writer was closed meanwhile
            }
            match connection.receive() {
                Err(error) if must_wait(&error) => {}
                result => return Poll::Ready(result),
            }
        }
        Poll::Ready(Ok(Vec::new()))
    }
}

impl Drop for Receive<'_> {
    /// Dropping a future cancels it.
    fn drop(&mut self) {
        let connection = &self.0.connection;
        connection.socket.give_up(&connection.reader_is_waiting);
    }
}

impl Connection {
    /// Waits until something is there; or only gives way to others now and
    /// then, while there is always something.
    fn poll_turn(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.in_a_row.get() {
            0 => {
                let is_waiting = &self.reader_is_waiting;
                let interest = Interest::Readable;
                return self
                    .socket
                    .poll_ready(interest, is_waiting, context);
            }
            MOST_IN_A_ROW => {
                self.in_a_row.set(GAVE_WAY);
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            GAVE_WAY => self.in_a_row.set(0),
            _ => {}
        }
        Poll::Ready(Ok(()))
    }

    fn receive(&self) -> io::Result<Vec<u8>> {
        let chunk = &mut *self.socket.chunk();
        let received = self.socket.receive(chunk);
        let before = received.as_ref().map(|_| self.in_a_row.get());
        self.in_a_row.set(before.map_or(0, |before| before + 1));
        let bytes = received?;
        self.has_eof.set(bytes == 0);
        Ok(chunk[..bytes].to_vec())
    }
}

pub(crate) fn must_wait(error: &io::Error) -> bool {
    let kind = error.kind();
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// The stream ended in the middle of what was asked for. It is inside of
/// an `io::Error` of the kind `UnexpectedEof`:
///
/// ```
/// # use std::net::TcpListener;
/// use asyncio::{IncompleteReadError, open_connection};
/// use stage_09_asyncio as asyncio;
///
/// # fn main() -> std::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let address = listener.local_addr()?;
/// # let server = std::thread::spawn(move || drop(listener.accept()));
/// let error = asyncio::run(async {
///     let (mut reader, _writer) = open_connection(address).await?;
///     reader.readexactly(4).await
/// })?
/// .unwrap_err();
/// let error = error.downcast::<IncompleteReadError>()?;
/// assert_eq!(error.partial, b"");
/// assert_eq!(error.expected, Some(4));
/// # drop(server.join());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct IncompleteReadError {
    /// What was there; it is no more in the stream.
    pub partial: Vec<u8>,
    /// How many bytes were asked for, if it was a number.
    pub expected: Option<usize>,
}

impl fmt::Display for IncompleteReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, expected) = (self.partial.len(), self.expected);
        let expected = expected
            .map_or_else(|| "undefined".to_owned(), |it| it.to_string());
        write!(
            f,
            "IncompleteReadError: {bytes} bytes read on a total of \
             {expected} expected bytes"
        )
    }
}

impl Error for IncompleteReadError {}

/// There is no separator in the first 64 KiB. It is inside of an
/// `io::Error` of the kind `InvalidData`.
///
/// ```no_run
/// use stage_09_asyncio as asyncio;
/// # async fn read(reader: &mut asyncio::StreamReader)
/// # -> std::io::Result<()> {
/// let error = reader.readuntil(b"|").await.unwrap_err();
/// let error = error.downcast::<asyncio::LimitOverrunError>()?;
/// let long = reader.readexactly(error.consumed).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LimitOverrunError {
    /// So many bytes before the separator, or where it may begin.
    pub consumed: usize,
    message: &'static str,
}

impl LimitOverrunError {
    fn at(consumed: usize, message: &'static str) -> io::Error {
        let error = LimitOverrunError { consumed, message };
        io::Error::new(ErrorKind::InvalidData, error)
    }
}

impl fmt::Display for LimitOverrunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LimitOverrunError: {}", self.message)
    }
}

impl Error for LimitOverrunError {}
