//! A client of Redis over streams of chapter 9. The library `redis-protocol` reads and writes the
//! bytes, and never waits: that is done here.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use redis_protocol::resp2::decode::decode;
use redis_protocol::resp2::encode::encode;
use redis_protocol::resp2::types::{OwnedFrame, Resp2Frame};
use stage_09_asyncio::{StreamReader, StreamWriter, open_connection, to_thread};

pub(crate) struct Redis {
    reader: StreamReader,
    writer: StreamWriter,
    received: Vec<u8>,
}

/// What Redis answers.
pub(crate) struct Reply(OwnedFrame);

impl Redis {
    pub(crate) async fn connect(address: &str) -> io::Result<Redis> {
        connect(address).await.map_err(|error| {
            let why =
                format!("no Redis at {address}: {error}; start one, or give --redis HOST:PORT");
            io::Error::new(error.kind(), why)
        })
    }

    /// Sends one command, and waits for its answer.
    pub(crate) async fn call(&mut self, command: &[&str]) -> io::Result<Reply> {
        let mut replies = self.calls(&[command.to_vec()]).await?;
        Ok(replies.remove(0))
    }

    /// Sends several commands at once, and waits for all answers: one round trip.
    pub(crate) async fn calls(&mut self, commands: &[Vec<&str>]) -> io::Result<Vec<Reply>> {
        let mut bytes = Vec::new();
        for command in commands {
            let words = command.iter().map(|word| OwnedFrame::BulkString(word.as_bytes().to_vec()));
            let frame = OwnedFrame::Array(words.collect());
            let start = bytes.len();
            bytes.resize(start + frame.encode_len(false), 0);
            encode(&mut bytes[start..], &frame, false).map_err(io::Error::other)?;
        }
        self.writer.write(&bytes)?;
        self.writer.drain().await?;
        let mut replies = Vec::new();
        for command in commands {
            let reply = self.receive().await?;
            if let Some(error) = error(&reply) {
                return Err(io::Error::other(format!("Redis, asked {}: {error}", command[0])));
            }
            replies.push(Reply(reply));
        }
        Ok(replies)
    }

    async fn receive(&mut self) -> io::Result<OwnedFrame> {
        loop {
            if let Some((frame, bytes)) = decode(&self.received).map_err(io::Error::other)? {
                self.received.drain(..bytes);
                return Ok(frame);
            }
            let chunk = self.reader.read(usize::MAX).await?;
            if chunk.is_empty() {
                let why = "Redis has closed the connection";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
            }
            self.received.extend(chunk);
        }
    }
}

/// A name may stand for several addresses, and Redis may listen on one of them only.
async fn connect(address: &str) -> io::Result<Redis> {
    let name = address.to_owned();
    // The lookup of a name blocks, so it has a thread.
    let look_up = move || name.to_socket_addrs().map(Iterator::collect);
    let addresses: Vec<SocketAddr> = to_thread(look_up).await?;
    let mut last = io::Error::other("the name has no address");
    for address in addresses {
        match open_connection(address).await {
            Ok((reader, writer)) => return Ok(Redis { reader, writer, received: Vec::new() }),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The error in an answer; one command of a transaction may have failed alone.
fn error(frame: &OwnedFrame) -> Option<&str> {
    match frame {
        OwnedFrame::Error(words) => Some(words),
        OwnedFrame::Array(frames) => frames.iter().find_map(error),
        _ => None,
    }
}

impl Reply {
    /// An element of an array; empty if there is none.
    pub(crate) fn at(&self, index: usize) -> Reply {
        let element = match &self.0 {
            OwnedFrame::Array(frames) => frames.get(index).cloned(),
            _ => None,
        };
        Reply(element.unwrap_or(OwnedFrame::Null))
    }

    pub(crate) fn all(&self) -> Vec<Reply> {
        match &self.0 {
            OwnedFrame::Array(frames) => frames.iter().cloned().map(Reply).collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn text(&self) -> String {
        match &self.0 {
            OwnedFrame::BulkString(bytes) | OwnedFrame::SimpleString(bytes) => {
                String::from_utf8_lossy(bytes).into_owned()
            }
            _ => String::new(),
        }
    }

    /// A number; 0 if there is none.
    pub(crate) fn number(&self) -> i64 {
        match &self.0 {
            OwnedFrame::Integer(number) => *number,
            _ => self.text().parse().unwrap_or(0),
        }
    }
}
