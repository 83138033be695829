use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::mem;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use crawl::is_in_progress;
use selectors::Interest;

use crate::stream_reader::must_wait;
use crate::{Socket, StreamReader};

/// Connects, and waits until the connection is there.
///
/// ```
/// use std::io::{Read, Write};
/// use std::{net::TcpListener, thread};
/// use stage_09_asyncio as asyncio;
///
/// # fn main() -> std::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let address = listener.local_addr()?;
/// let server = thread::spawn(move || {
///     let (mut client, _) = listener.accept()?;
///     let mut hello = [0; 6];
///     client.read_exact(&mut hello)?;
///     client.write_all(b"world\n")
/// });
///
/// asyncio::run(async {
///     let streams = asyncio::open_connection(address).await?;
///     let (mut reader, mut writer) = streams;
///     writer.write(b"hello\n")?;
///     writer.drain().await?;
///     assert_eq!(reader.readline().await?, b"world\n");
///     Ok::<(), std::io::Error>(())
/// })??;
/// server.join().unwrap()
/// # }
/// ```
///
/// Python's streams have more, which is not here: the name of a host, and
/// a try of each of its addresses (see `loop.getaddrinfo` in the chapter);
/// a `limit` of one's own, `ssl`, `start_tls`, `start_server`,
/// `get_extra_info`, `writelines`, and several separators for `readuntil`.
/// A loop around [`read`](StreamReader::read) stands for a `read` without
/// a number, and a loop around [`readline`](StreamReader::readline) for
/// `async for`.
///
/// After `close`, what the writer has not sent yet goes out while somebody
/// awaits [`wait_closed`](StreamWriter::wait_closed), and the reader still
/// receives until then. A writer that is dropped sends no more.
///
/// # Errors
/// Why there is no connection.
pub fn open_connection(
    address: SocketAddr,
) -> impl Future<Output = io::Result<(StreamReader, StreamWriter)>> {
    Opening(State::New(address))
}

/// What [`open_connection`] returns. It is no `async fn`: this takes 40
/// bytes of whoever awaits it, in place of 80.
struct Opening(State);

enum State {
    New(SocketAddr),
    Connecting { socket: Socket, is_waiting: Cell<bool> },
    Over,
}

impl Opening {
    fn poll_connected(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if let State::New(address) = self.0 {
            self.0 = State::Over; // if it fails
            let (socket, is_waiting) =
                (connect(address)?, Cell::new(false));
            // On loopback the connection is mostly there at once, and
            // asking for it is cheaper than waiting.
            let is_there = socket.peer_addr().is_ok();
            self.0 = State::Connecting { socket, is_waiting };
            if is_there {
                return Poll::Ready(Ok(()));
            }
        }
        let State::Connecting { socket, is_waiting } = &self.0 else {
            panic!("`open_connection` is over");
        };
        let interest = Interest::Writable;
        ready!(socket.poll_ready(interest, is_waiting, context))?;
        match socket.take_error()? {
            // Made, and reset again at once: what came before the reset
            // can be read. (Python raises, and loses it.)
            Some(it) if it.kind() == ErrorKind::ConnectionReset => {}
            Some(error) => return Poll::Ready(Err(error)),
            None => {}
        }
        Poll::Ready(Ok(()))
    }
}

impl Future for Opening {
    type Output = io::Result<(StreamReader, StreamWriter)>;

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Self::Output> {
        let connected = ready!(self.poll_connected(context));
        let state = mem::replace(&mut self.0, State::Over);
        Poll::Ready(connected.map(|()| match state {
            State::Connecting { socket, .. } => streams(socket),
            State::New(_) | State::Over => unreachable!("it is connected"),
        }))
    }
}

impl Drop for Opening {
    /// Dropping a future cancels it.
    fn drop(&mut self) {
        if let State::Connecting { socket, is_waiting } = &self.0 {
            socket.give_up(is_waiting);
        }
    }
}

fn connect(address: SocketAddr) -> io::Result<Socket> {
    let socket = selectors::socket(address)?;
    match socket.connect(&address.into()) {
        Err(error) if !is_in_progress(&error) => Err(error),
        _ => Socket::new(socket),
    }
}

fn streams(socket: Socket) -> (StreamReader, StreamWriter) {
    let connection = Rc::new(Connection {
        socket,
        reader_is_waiting: Cell::new(false),
        in_a_row: Cell::new(0),
        has_eof: Cell::new(false),
        ending: Cell::new(Ending::Open),
        is_closed: Cell::new(false),
    });
    let reader = StreamReader::new(Rc::clone(&connection));
    (reader, StreamWriter { connection, unsent: None })
}

/// Shared by the reader and the writer. It also holds small fields of one
/// side, because here they take no more memory.
pub(crate) struct Connection {
    pub(crate) socket: Socket,
    pub(crate) reader_is_waiting: Cell<bool>,
    /// So often something was there since the reader has last waited. 0:
    /// it waits. From 1 on it asks at once, and waits only if nothing is
    /// there now; `MOST_IN_A_ROW`: it gives way first; `GAVE_WAY`: it has.
    pub(crate) in_a_row: Cell<u8>,
    /// The other side has said that nothing more will come.
    pub(crate) has_eof: Cell<bool>,
    ending: Cell<Ending>,
    /// The writer has closed it, for the reader as well.
    is_closed: Cell<bool>,
}

impl Connection {
    pub(crate) fn is_at_end(&self) -> bool {
        self.has_eof.get() || self.is_closed.get()
    }
}

/// The side of a connection that sends.
///
/// Nothing is sent behind your back: what the socket did not take at once
/// is sent while somebody awaits [`drain`](StreamWriter::drain) or
/// [`wait_closed`](StreamWriter::wait_closed). (Python's loop also sends
/// it while nobody waits.) A writer that is dropped sends no more, and the
/// connection is closed when both sides are dropped.
///
/// ```no_run
/// # use stage_09_asyncio as asyncio;
/// # async fn write(address: std::net::SocketAddr) -> std::io::Result<()> {
/// let (_reader, mut writer) = asyncio::open_connection(address).await?;
/// writer.write(b"hello\n")?;
/// writer.drain().await?;
/// writer.write(b"and goodbye\n")?;
/// writer.write_eof()?; // no more will come, but an answer may
/// writer.close();
/// assert!(writer.is_closing());
/// writer.wait_closed().await
/// # }
/// ```
pub struct StreamWriter {
    connection: Rc<Connection>,
    /// Boxed, because few writers ever wait.
    unsent: Option<Box<Unsent>>,
}

/// Invariant: what the writer has promised to the other side happens when
/// everything is sent, and not before.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Ending {
    Open,
    /// `write_eof` was called.
    Eof,
    /// `close` was called.
    Closed,
}

/// Written, but not sent.
struct Unsent {
    buffer: Vec<u8>,
    /// The first bytes of it, which are sent by now.
    sent: usize,
    /// The same socket under a second descriptor: the reader may wait for
    /// the first one. Made when it is first waited for.
    again: Option<Socket>,
    is_waiting: Cell<bool>,
}

impl StreamWriter {
    /// Sends what can be sent at once, and keeps the rest for
    /// [`drain`](StreamWriter::drain).
    ///
    /// # Errors
    /// How the connection ended, or that `write_eof` was called.
    pub fn write(&mut self, data: &[u8]) -> io::Result<()> {
        if self.connection.ending.get() == Ending::Eof {
            return Err(io::Error::new(
                ErrorKind::BrokenPipe,
                "RuntimeError: Cannot call write() after write_eof()",
            ));
        }
        if let Some(unsent) = &mut self.unsent {
            unsent.buffer.extend_from_slice(data);
            return Ok(());
        }
        let sent = match self.connection.socket.send(data) {
            Err(error) if must_wait(&error) => 0,
            sent => sent?,
        };
        if sent < data.len() {
            let buffer = data[sent..].to_vec();
            let is_waiting = Cell::new(false);
            let unsent =
                Unsent { buffer, sent: 0, again: None, is_waiting };
            self.unsent = Some(Box::new(unsent));
        }
        Ok(())
    }

    /// Waits until everything is sent. (Python's waits only until little
    /// enough is left.)
    ///
    /// # Errors
    /// How the connection ended.
    pub fn drain(&mut self) -> impl Future<Output = io::Result<()>> {
        let mut flushing = self.flush();
        poll_fn(move |context| {
            let Flush(writer) = &flushing;
            if writer.is_closing() && writer.unsent.is_none() {
                return Poll::Ready(Err(io::Error::new(
                    ErrorKind::ConnectionReset,
                    "ConnectionResetError: Connection lost",
                )));
            }
            Pin::new(&mut flushing).poll(context)
        })
    }

    /// Tells the other side that nothing more will come, once everything
    /// that was written is sent. This side can still read.
    ///
    /// # Errors
    /// What the system says.
    pub fn write_eof(&mut self) -> io::Result<()> {
        self.end(Ending::Eof)
    }

    /// Closes both sides once everything that was written is sent: now,
    /// or in [`wait_closed`](StreamWriter::wait_closed). A reader then
    /// comes to the end of its stream.
    pub fn close(&mut self) {
        // Python's returns nothing, either: who has closed a connection
        // needs it no more, whatever became of it.
        let _ = self.end(Ending::Closed);
    }

    /// Whether [`close`](StreamWriter::close) was called.
    pub fn is_closing(&self) -> bool {
        self.connection.ending.get() == Ending::Closed
    }

    /// After [`close`](StreamWriter::close): sends what is not sent yet,
    /// and waits until it is.
    ///
    /// # Errors
    /// How the connection ended; or that nobody called `close`, where
    /// Python would wait until the connection is lost.
    pub async fn wait_closed(&mut self) -> io::Result<()> {
        if !self.is_closing() {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                "wait_closed: the stream is open, so call close() first",
            ));
        }
        self.flush().await
    }

    fn end(&mut self, ending: Ending) -> io::Result<()> {
        if self.connection.ending.get() < ending {
            self.connection.ending.set(ending);
            if self.unsent.is_none() {
                return self.shut_down();
            }
        }
        Ok(())
    }

    fn shut_down(&self) -> io::Result<()> {
        let Connection { socket, ending, is_closed, .. } =
            &*self.connection;
        let shut_down = match ending.get() {
            Ending::Open => Ok(()),
            Ending::Eof => socket.shutdown(Shutdown::Write),
            Ending::Closed => {
                is_closed.set(true);
                socket.wake(); // the reader, if it waits
                socket.shutdown(Shutdown::Both)
            }
        };
        match shut_down {
            // The other side was faster.
            Err(it) if it.kind() == ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }

    /// Sends what is not sent yet.
    fn flush(&mut self) -> Flush<'_> {
        Flush(self)
    }
}

/// What [`StreamWriter::flush`] returns.
struct Flush<'a>(&'a mut StreamWriter);

impl Future for Flush<'_> {
    type Output = io::Result<()>;

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let Flush(writer) = &mut *self;
        let socket = &writer.connection.socket;
        while let Some(unsent) = &mut writer.unsent {
            let again = match unsent.again.take() {
                Some(again) => again,
                None => Socket::new(socket.try_clone()?)?,
            };
            let again = unsent.again.insert(again);
            let interest = Interest::Writable;
            let is_waiting = &unsent.is_waiting;
            ready!(again.poll_ready(interest, is_waiting, context))?;
            match socket.send(&unsent.buffer[unsent.sent..]) {
                Ok(bytes) => unsent.sent += bytes,
                Err(error) if must_wait(&error) => {}
                Err(error) => {
                    writer.unsent = None; // nobody will ever take it
                    return Poll::Ready(Err(error));
                }
            }
            if unsent.sent == unsent.buffer.len() {
                writer.unsent = None;
                writer.shut_down()?;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Flush<'_> {
    fn drop(&mut self) {
        if let Some(unsent) = &self.0.unsent
            && let Some(again) = &unsent.again
        {
            again.give_up(&unsent.is_waiting);
        }
    }
}
