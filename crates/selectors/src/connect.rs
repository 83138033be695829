use std::io;
use std::net::SocketAddr;

use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

/// A non-blocking socket that has begun to connect. It does not wait for
/// the connection.
///
/// A first `send` may work at once; on loopback it mostly does. Where it
/// would block, wait for [`Writable`](crate::Interest::Writable) and look
/// at [`connection`](crate::Watched::connection), which shows whether the
/// connection was refused.
///
/// # Errors
/// What the system says when it has no descriptor left, or knows at once
/// that nobody listens.
pub fn connect(address: SocketAddr) -> io::Result<Socket> {
    let socket = non_blocking(Domain::for_address(address))?;
    match socket.connect(&address.into()) {
        Err(error) if !is_in_progress(&error) => Err(error),
        _ => Ok(socket),
    }
}

/// Unix says *in progress*, Windows *would block*.
fn is_in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error())
}

/// Where the system can, the call that makes the socket also makes it
/// non-blocking.
#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd"
))]
fn non_blocking(domain: Domain) -> io::Result<Socket> {
    Socket::new(domain, Type::STREAM.nonblocking(), None)
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd"
)))]
fn non_blocking(domain: Domain) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
