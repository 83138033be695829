use std::fmt::Display;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use asyncio::{IncompleteReadError, LimitOverrunError};
use asyncio::{StreamReader, StreamWriter, create_task, open_connection};
use asyncio::{sleep, to_thread};
use stage_09_asyncio as asyncio;

use crate::tracing::python;

/// More than the system takes while nobody receives.
const MANY: usize = 10 << 20;

fn trace(what: impl Display) {
    println!(" - {what}");
}

/// `trace!("{} bytes", 3)`: as `println!`.
macro_rules! trace {
    ($($argument:tt)*) => { trace(format_args!($($argument)*)) };
}

/// As Python prints them.
fn bytes(bytes: &[u8]) -> String {
    format!("b'{}'", bytes.escape_ascii())
}

type Streams = (StreamReader, StreamWriter);

/// Sends some bytes, and counts what comes until the end. It receives
/// from the beginning, or only when it is told to.
struct Server {
    listener: TcpListener,
    counting: JoinHandle<usize>,
    may_receive: Sender<()>,
}

impl Server {
    fn new(
        data: Vec<u8>,
        closes: bool,
        receives: bool,
    ) -> io::Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let accepting = listener.try_clone()?;
        let (may_receive, wait) = mpsc::channel();
        if receives {
            let _ = may_receive.send(());
        }
        let run = move || -> io::Result<usize> {
            let (mut client, _) = accepting.accept()?;
            client.write_all(&data)?;
            if closes {
                client.shutdown(Shutdown::Write)?;
            }
            let _ = wait.recv();
            let (mut count, mut chunk) = (0, vec![0; 65536]);
            loop {
                match client.read(&mut chunk) {
                    Ok(0) => return Ok(count),
                    Ok(bytes) => count += bytes,
                    // All has come, and the client closes both sides.
                    Err(it) if it.kind() == ErrorKind::ConnectionReset => {
                        return Ok(count);
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        let run = move || run().expect("the server serves");
        let counting = thread::spawn(run);
        Ok(Server { listener, counting, may_receive })
    }

    async fn connect(&self) -> io::Result<Streams> {
        open_connection(self.listener.local_addr()?).await
    }

    async fn counted(self) -> usize {
        let counting = self.counting;
        to_thread(|| counting.join().expect("it does not panic")).await
    }
}

/// A reader for which all of this is there already, and its end.
async fn arrived(data: impl Into<Vec<u8>>) -> io::Result<Streams> {
    let server = Server::new(data.into(), true, true)?;
    let streams = server.connect().await?;
    sleep(Duration::from_millis(100)).await;
    Ok(streams)
}

fn error_of<T>(result: io::Result<T>) -> io::Error {
    let error = result.err().expect("it is an error");
    trace!("{error}");
    error
}

async fn nothing_to_wait_for() -> io::Result<()> {
    let server = Server::new(Vec::new(), false, true)?;
    let (mut reader, mut writer) = server.connect().await?;
    let (none, exactly) =
        (reader.read(0).await?, reader.readexactly(0).await?);
    trace!("nothing {} {}", bytes(&none), bytes(&exactly));
    let waiting = create_task(async move {
        let chunk = reader.read(10).await.unwrap();
        (chunk, reader.at_eof())
    });
    sleep(Duration::ZERO).await;
    writer.close();
    trace!("is closing: {}", python(writer.is_closing()));
    writer.wait_closed().await?;
    let (chunk, at_eof) = waiting.await;
    let (chunk, at_eof) = (bytes(&chunk), python(at_eof));
    trace!("who waits at the close: {chunk} {at_eof}");
    error_of(writer.drain().await);
    writer.close();
    trace!("again, and {}", server.counted().await);
    Ok(())
}

async fn eof_after_the_rest() -> io::Result<()> {
    let server = Server::new(b"hello".to_vec(), false, false)?;
    let (mut reader, mut writer) = server.connect().await?;
    writer.write(&vec![0; MANY])?;
    writer.write_eof()?;
    error_of(writer.write(b"more"));
    writer.write_eof()?;
    trace!("{}", bytes(&reader.readexactly(5).await?));
    let _ = server.may_receive.send(());
    writer.drain().await?;
    let (end, at_eof) = (reader.read(10).await?, reader.at_eof());
    trace!("the end: {} {}", bytes(&end), python(at_eof));
    let has_all = server.counted().await == MANY;
    trace!("the server has all: {}", python(has_all));
    writer.close();
    writer.wait_closed().await
}

async fn close_after_the_rest() -> io::Result<()> {
    let server = Server::new(Vec::new(), false, false)?;
    let (_reader, mut writer) = server.connect().await?;
    writer.write(&vec![0; MANY])?;
    writer.close();
    writer.write(b"more")?; // of what is sent before the end
    let _ = server.may_receive.send(());
    writer.wait_closed().await?;
    let has_more = server.counted().await == MANY + 4;
    trace!("more: {}", python(has_more));
    Ok(())
}

async fn until() -> io::Result<()> {
    let (mut reader, _writer) = arrived(b"a|b||c|||de\nf").await?;
    let one = bytes(&reader.readuntil(b"||").await?);
    trace!("{one} {}", bytes(&reader.readuntil(b"||").await?));
    let line = bytes(&reader.readline().await?);
    trace!("{line} {}", bytes(&reader.readline().await?));
    let end = bytes(&reader.readline().await?);
    trace!("at the end: {end} {}", python(reader.at_eof()));
    error_of(reader.readuntil(b"|").await);
    error_of(reader.readuntil(b"").await);
    Ok(())
}

async fn too_few() -> io::Result<()> {
    let (mut reader, _writer) = arrived(b"abc").await?;
    let error = error_of(reader.readexactly(10).await);
    let error: IncompleteReadError = error.downcast()?;
    let expected = error.expected.expect("it is a number");
    let partial = bytes(&error.partial);
    trace!("{partial} {expected} {}", python(reader.at_eof()));
    error_of(reader.readexactly(1).await);
    let (mut reader, _writer) = arrived(b"abc").await?;
    let error = error_of(reader.readuntil(b"|").await);
    let error: IncompleteReadError = error.downcast()?;
    trace!("{} {}", bytes(&error.partial), python(reader.at_eof()));
    Ok(())
}

async fn too_long() -> io::Result<()> {
    let line = |length| [&vec![b'x'; length], &b"\nrest\n"[..]].concat();
    let (mut reader, _writer) = arrived(line(65536)).await?;
    let fits = reader.readline().await?.len();
    trace!("fits: {fits} {}", bytes(&reader.readline().await?));
    let (mut reader, _writer) = arrived(line(65537)).await?;
    error_of(reader.readline().await);
    trace!("goes on with {}", bytes(&reader.readline().await?));
    let (mut reader, _writer) = arrived(line(65537)).await?;
    for _ in 0..2 {
        let error = error_of(reader.readuntil(b"\n").await);
        let error: LimitOverrunError = error.downcast()?;
        trace!("consumed {}", error.consumed);
    }
    trace!("exactly {}", reader.readexactly(65537).await?.len());
    let end = bytes(&reader.readline().await?);
    trace!("{end} {}", bytes(&reader.readline().await?));
    let (mut reader, _writer) = arrived(vec![b'x'; 100_000]).await?;
    error_of(reader.readline().await);
    Ok(())
}

async fn main() -> io::Result<()> {
    nothing_to_wait_for().await?;
    eof_after_the_rest().await?;
    close_after_the_rest().await?;
    until().await?;
    too_few().await?;
    too_long().await
}

pub(crate) fn scenario() {
    asyncio::run(main()).unwrap().unwrap();
}
