//! Where to listen: for the pages, and for the faults that happen before a path is read, each of which
//! needs a port of its own.
//!
//! All of them are on the address of the site. An "unroutable" address would do for some of them,
//! until the network of the day routes it or answers for it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// A fault with a port of its own.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) fine: bool,
    pub(crate) address: SocketAddr,
}

/// The sockets behind these ports.
pub(crate) struct Sockets {
    pub(crate) reset_at_accept: Socket,
    pub(crate) early_response: Socket,
    /// Kept open, and never looked at again.
    pub(crate) kept: Vec<Socket>,
}

pub(crate) fn open(ip: IpAddr) -> io::Result<(Vec<Port>, Sockets)> {
    let refused = bind(SocketAddr::new(ip, 0))?;
    let reset_at_accept = listen(SocketAddr::new(ip, 0))?;
    let early_response = listen(SocketAddr::new(ip, 0))?;
    let mut ports = vec![
        Port {
            name: "refused",
            summary: "nobody listens there: the connection is refused",
            fine: false,
            address: address(&refused)?,
        },
        Port {
            name: "reset-at-accept",
            summary: "accepted and reset at once, before the request is read",
            fine: false,
            address: address(&reset_at_accept)?,
        },
        Port {
            name: "early-response",
            summary: "the whole page is sent before the request was read, and then reset",
            fine: true,
            address: address(&early_response)?,
        },
    ];
    // Bound and not listening: it refuses, and nobody else can be given this port.
    let mut kept = vec![refused];
    if let Some((address, sockets)) = hang(ip) {
        ports.push(Port {
            name: "connect-hangs",
            summary: "neither accepted nor refused: connecting takes for ever",
            fine: false,
            address,
        });
        kept.extend(sockets);
    }
    let sockets = Sockets { reset_at_accept, early_response, kept };
    Ok((ports, sockets))
}

/// A port on which connecting hangs: Linux drops each SYN while a listener's queue is full. Other
/// systems refuse or accept. So the queue is filled until a connection attempt proves it.
fn hang(ip: IpAddr) -> Option<(SocketAddr, Vec<Socket>)> {
    if cfg!(not(target_os = "linux")) {
        return None;
    }
    let listener = bind(SocketAddr::new(ip, 0)).ok()?;
    listener.listen(0).ok()?;
    let address = address(&listener).ok()?;
    let mut sockets = vec![listener];
    for _ in 0..4 {
        match TcpStream::connect_timeout(&reachable(address), Duration::from_millis(10)) {
            Ok(filler) => sockets.push(filler.into()),
            // Before anything is in the queue this machine is only slow.
            Err(error) if error.kind() != io::ErrorKind::TimedOut => return None,
            Err(_) if sockets.len() == 1 => {}
            Err(_) => return Some((address, sockets)),
        }
    }
    None
}

/// A listening socket with a backlog as deep as the kernel allows. A short one drops SYNs under
/// load, and their retransmission a second later looks like a slow client.
///
/// # Errors
///
/// They name the address.
pub(crate) fn listen(address: SocketAddr) -> io::Result<Socket> {
    let listen = || {
        let socket = bind(address)?;
        // Its connections inherit this, and in TIME_WAIT they then let a new site have the port.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.listen(i32::MAX)?;
        Ok(socket)
    };
    listen().map_err(|error: io::Error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    })
}

/// One more destination beside the first: 127.0.0.2, 127.0.0.3 and so on, on the same port. Where that is
/// not to be had, for the system has no such address or somebody listens there, another port of the first.
pub(crate) fn listen_beside(first: SocketAddr, number: usize) -> io::Result<Socket> {
    let beside = address_beside(first.ip(), number).map(|ip| SocketAddr::new(ip, first.port()));
    match beside.map(listen) {
        Some(Ok(socket)) => Ok(socket),
        _ => listen(SocketAddr::new(first.ip(), 0)),
    }
}

/// So many after 127.0.0.1.
fn address_beside(first: IpAddr, number: usize) -> Option<IpAddr> {
    let beside = Ipv4Addr::LOCALHOST.to_bits().checked_add(u32::try_from(number).ok()?)?;
    let beside = Ipv4Addr::from_bits(beside);
    (first == Ipv4Addr::LOCALHOST && beside.is_loopback()).then_some(beside.into())
}

fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // On Unix this only lets a restarted site have its old port back while connections of its
    // previous life are in TIME_WAIT; on Windows it would mean to share a port. Not for a port
    // that the kernel chooses: it would be free to choose one that another site is about to use.
    #[cfg(unix)]
    socket.set_reuse_address(address.port() != 0)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

pub(crate) fn address(socket: &Socket) -> io::Result<SocketAddr> {
    let address = socket.local_addr()?.as_socket();
    Ok(address.expect("a TCP socket has an internet address"))
}

/// Where to connect to: a socket may listen on every address of the machine, and then says 0.0.0.0.
pub(crate) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
