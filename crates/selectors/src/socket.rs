use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};

/// A non-blocking socket for connections to that address.
///
/// Its `connect` does not wait for the connection: mostly it returns the
/// error *in progress* (Unix) or *would block* (Windows). A first `send`
/// may work at once; on loopback it mostly does. Where it would block, wait
/// for [`Writable`](crate::Interest::Writable), and look at `take_error`:
/// it shows whether the connection was refused.
///
/// # Errors
/// What the system says when it has no descriptor left.
pub fn socket(address: SocketAddr) -> io::Result<Socket> {
    non_blocking(Domain::for_address(address))
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
