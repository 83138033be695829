//! A client of raw bytes, as simple as can be: it must not make the mistakes it looks for.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use practice_site::Site;

/// How a connection ended, or that it is still open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Closed,
    Reset,
    /// Nothing more came in the time given, and the connection is still open.
    Silent,
    /// More came than the test wanted to read.
    Endless,
}

/// A silence of this length counts as a stall, where a stall is expected.
pub(crate) const SHORT: Duration = Duration::from_millis(300);
/// A silence of this length is a failure: even a busy machine answers sooner.
pub(crate) const LONG: Duration = Duration::from_secs(10);

/// Everything that came, up to about `most` bytes, and how it ended.
pub(crate) fn receive(socket: TcpStream, most: usize) -> (Vec<u8>, End) {
    receive_until_silent(socket, most, LONG)
}

pub(crate) fn receive_until_silent(
    mut socket: TcpStream,
    most: usize,
    silence: Duration,
) -> (Vec<u8>, End) {
    socket.set_read_timeout(Some(silence)).expect("a timeout of more than zero");
    let (mut received, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    let end = loop {
        match socket.read(&mut buffer) {
            Ok(0) => break End::Closed,
            Ok(count) => received.extend_from_slice(&buffer[..count]),
            Err(error) => match error.kind() {
                ErrorKind::ConnectionReset => break End::Reset,
                ErrorKind::WouldBlock | ErrorKind::TimedOut => break End::Silent,
                _ => panic!("{error}"),
            },
        }
        if received.len() >= most {
            break End::Endless;
        }
    };
    (received, end)
}

pub(crate) fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).expect("the site listens");
    socket.write_all(request.as_bytes()).expect("a socket takes a small request");
    socket
}

pub(crate) fn get(site: &Site, path: &str) -> TcpStream {
    send(site.address(), &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
}

/// The whole answer as text.
pub(crate) fn fetch(site: &Site, path: &str) -> String {
    text(receive(get(site, path), usize::MAX).0)
}

pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(crate) fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").expect("a head ends with an empty line").1
}
