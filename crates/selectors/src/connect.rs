use std::io::{self, ErrorKind::*};
use std::net::SocketAddr;

use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

/// A non-blocking socket that has begun to connect. Nobody has waited for the connection.
///
/// A first `send` may work at once, as it mostly does on loopback. Where it would block, wait for
/// [`Writable`](crate::Interest::Writable) and look at [`connection`](crate::Watched::connection):
/// that is where a refused one shows.
///
/// # Errors
/// What the system says, where it has no descriptor left or knows at once that nobody listens.
pub fn connect(address: SocketAddr) -> io::Result<Socket> {
    let socket = socket(address)?;
    match socket.connect(&address.into()) {
        Err(error) if !is_in_progress(&error) => Err(error),
        _ => Ok(socket),
    }
}

/// Unix says *in progress*, Windows *would block*.
fn is_in_progress(error: &io::Error) -> bool {
    error.kind() == WouldBlock || error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error())
}

/// A non-blocking socket for connections to that kind of address. Where the
/// system can, the call that makes the socket also makes it non-blocking.
///
/// # Errors
/// What the system says when it has no descriptor left for it.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub fn socket(address: SocketAddr) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    Socket::new(domain, Type::STREAM.nonblocking(), None)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
#[allow(missing_docs, reason = "as above")]
pub fn socket(address: SocketAddr) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
