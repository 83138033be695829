use std::io::{self, ErrorKind};
use std::mem;
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;

use crawl::is_in_progress;

use crate::Socket;

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
    let socket = Rc::new(socket);
    let reader = StreamReader {
        socket: Rc::clone(&socket),
        buffer: Vec::new(),
        may_have_more: false,
        is_at_end: false,
    };
    let writer = StreamWriter { socket, again: None, buffer: Vec::new() };
    Ok((reader, writer))
}

/// The side of a connection that receives.
///
/// ```no_run
/// # use stage_09_asyncio as asyncio;
/// # async fn read(address: std::net::SocketAddr) -> std::io::Result<()> {
/// let (mut reader, _writer) = asyncio::open_connection(address).await?;
/// let line = reader.readline().await?;
/// let header = reader.readexactly(4).await?;
/// while !reader.at_eof() {
///     let chunk = reader.read(1000).await?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct StreamReader {
    socket: Rc<Socket>,
    /// Received, but not read.
    buffer: Vec<u8>,
    /// Whether something was there the last time: then it asks at once,
    /// and waits only if nothing is there now.
    may_have_more: bool,
    is_at_end: bool,
}

impl StreamReader {
    /// What is there, up to so many bytes; waits if nothing is there. At
    /// the end of the stream it is empty.
    ///
    /// # Errors
    /// How the connection ended.
    pub async fn read(&mut self, most: usize) -> io::Result<Vec<u8>> {
        if self.buffer.is_empty() {
            self.fill().await?;
        }
        Ok(self.take(most))
    }

    /// A line with its end; the rest without one, at the end of the
    /// stream.
    ///
    /// # Errors
    /// How the connection ended.
    pub async fn readline(&mut self) -> io::Result<Vec<u8>> {
        let mut searched = 0;
        loop {
            let rest = self.buffer[searched..].iter();
            let end = rest.copied().position(|byte| byte == b'\n');
            if let Some(end) = end {
                return Ok(self.take(searched + end + 1));
            }
            if self.is_at_end {
                return Ok(self.take(usize::MAX));
            }
            searched = self.buffer.len();
            self.fill().await?;
        }
    }

    /// So many bytes.
    ///
    /// # Errors
    /// `UnexpectedEof`: the stream ended before; what there was stays and
    /// can be read. Or how the connection ended.
    pub async fn readexactly(
        &mut self,
        bytes: usize,
    ) -> io::Result<Vec<u8>> {
        while self.buffer.len() < bytes {
            if self.is_at_end {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.fill().await?;
        }
        Ok(self.take(bytes))
    }

    /// Whether everything was read, and nothing more will come.
    pub fn at_eof(&self) -> bool {
        self.is_at_end && self.buffer.is_empty()
    }

    fn take(&mut self, most: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(most.min(self.buffer.len()));
        mem::replace(&mut self.buffer, rest)
    }

    async fn fill(&mut self) -> io::Result<()> {
        while !self.is_at_end {
            if !self.may_have_more {
                self.socket.readable().await?;
            }
            let chunk = &mut *self.socket.chunk();
            let received = self.socket.receive(chunk);
            self.may_have_more = received.is_ok();
            match received {
                Ok(0) => self.is_at_end = true,
                Ok(bytes) => self.buffer.extend_from_slice(&chunk[..bytes]),
                Err(error) if must_wait(&error) => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
        Ok(())
    }
}

/// The side of a connection that sends.
///
/// ```no_run
/// # use stage_09_asyncio as asyncio;
/// # async fn write(address: std::net::SocketAddr) -> std::io::Result<()> {
/// let (_reader, mut writer) = asyncio::open_connection(address).await?;
/// writer.write(b"hello\n")?;
/// writer.drain().await?;
/// writer.write_eof()?;
/// # Ok(())
/// # }
/// ```
pub struct StreamWriter {
    socket: Rc<Socket>,
    /// The same socket under a second descriptor, made when it first had
    /// to be waited for: the reader may wait for the first one. Boxed,
    /// because few writers ever wait.
    again: Option<Box<Socket>>,
    /// Written, but not sent.
    buffer: Vec<u8>,
}

impl StreamWriter {
    /// Sends what can be sent at once, and keeps the rest for
    /// [`drain`](StreamWriter::drain).
    ///
    /// # Errors
    /// How the connection ended.
    pub fn write(&mut self, data: &[u8]) -> io::Result<()> {
        let mut sent = 0;
        if self.buffer.is_empty() {
            sent = match self.socket.send(data) {
                Err(error) if must_wait(&error) => 0,
                sent => sent?,
            };
        }
        self.buffer.extend_from_slice(&data[sent..]);
        Ok(())
    }

    /// Waits until everything is sent. (Python's waits only until little
    /// enough is left.)
    ///
    /// # Errors
    /// How the connection ended.
    pub async fn drain(&mut self) -> io::Result<()> {
        while !self.buffer.is_empty() {
            let again = match self.again.take() {
                Some(socket) => socket,
                None => Box::new(Socket::new(self.socket.try_clone()?)?),
            };
            self.again.insert(again).writable().await?;
            match self.socket.send(&self.buffer) {
                Ok(bytes) => drop(self.buffer.drain(..bytes)),
                Err(error) if must_wait(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Tells the other side that nothing more will come. Drain first:
    /// what is not sent yet is lost.
    ///
    /// # Errors
    /// What the system says.
    pub fn write_eof(&self) -> io::Result<()> {
        self.socket.shutdown(Shutdown::Write)
    }
}

fn must_wait(error: &io::Error) -> bool {
    let kind = error.kind();
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
