use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;

use crawl::is_in_progress;

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
/// After `close`, what the writer has not sent yet still goes out, and the
/// reader still receives until then. A loop around
/// [`read`](StreamReader::read) stands for a `read` without a number, and
/// a loop around [`readline`](StreamReader::readline) for `async for`.
///
/// # Errors
/// Why there is no connection.
pub async fn open_connection(
    address: SocketAddr,
) -> io::Result<(StreamReader, StreamWriter)> {
    let socket = selectors::socket(address)?;
    match socket.connect(&address.into()) {
        Err(error) if !is_in_progress(&error) => return Err(error),
        _ => {}
    }
    let socket = Socket::new(socket)?;
    // On loopback the connection is mostly there at once, and asking for
    // it is cheaper than waiting.
    if socket.peer_addr().is_err() {
        socket.writable().await?;
        match socket.take_error()? {
            // Made, and reset again at once: what came before the reset
            // can be read. (Python raises, and loses it.)
            Some(it) if it.kind() == ErrorKind::ConnectionReset => {}
            Some(error) => return Err(error),
            None => {}
        }
    }
    let connection =
        Rc::new(Connection { socket, is_closed: Cell::new(false) });
    let reader = StreamReader::new(Rc::clone(&connection));
    Ok((reader, StreamWriter::new(connection)))
}

/// What both sides have in common.
pub(crate) struct Connection {
    pub(crate) socket: Socket,
    /// The writer has closed it, for the reader as well.
    pub(crate) is_closed: Cell<bool>,
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
    ending: Ending,
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
}

impl StreamWriter {
    fn new(connection: Rc<Connection>) -> StreamWriter {
        StreamWriter { connection, unsent: None, ending: Ending::Open }
    }

    /// Sends what can be sent at once, and keeps the rest for
    /// [`drain`](StreamWriter::drain).
    ///
    /// # Errors
    /// How the connection ended, or that `write_eof` was called.
    pub fn write(&mut self, data: &[u8]) -> io::Result<()> {
        if self.ending == Ending::Eof {
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
            let unsent = Unsent { buffer, sent: 0, again: None };
            self.unsent = Some(Box::new(unsent));
        }
        Ok(())
    }

    /// Waits until everything is sent. (Python's waits only until little
    /// enough is left.)
    ///
    /// # Errors
    /// How the connection ended.
    pub async fn drain(&mut self) -> io::Result<()> {
        if self.ending == Ending::Closed && self.unsent.is_none() {
            return Err(io::Error::new(
                ErrorKind::ConnectionReset,
                "ConnectionResetError: Connection lost",
            ));
        }
        self.flush().await
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
        self.ending == Ending::Closed
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
        if self.ending < ending {
            self.ending = ending;
            if self.unsent.is_none() {
                return self.shut_down();
            }
        }
        Ok(())
    }

    fn shut_down(&self) -> io::Result<()> {
        let Connection { socket, is_closed } = &*self.connection;
        let shut_down = match self.ending {
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

    async fn flush(&mut self) -> io::Result<()> {
        while let Some(unsent) = &mut self.unsent {
            if unsent.again.is_none() {
                let again = self.connection.socket.try_clone()?;
                unsent.again = Some(Socket::new(again)?);
            }
            if let Some(again) = &unsent.again {
                again.writable().await?;
            }
            let rest = &unsent.buffer[unsent.sent..];
            match self.connection.socket.send(rest) {
                Ok(bytes) => unsent.sent += bytes,
                Err(error) if must_wait(&error) => {}
                Err(error) => {
                    self.unsent = None; // nobody will ever take it
                    return Err(error);
                }
            }
            if unsent.sent == unsent.buffer.len() {
                self.unsent = None;
                self.shut_down()?;
            }
        }
        Ok(())
    }
}
