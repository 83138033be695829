//! The addresses on which the site listens, and those by which it is reached.

use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use if_addrs::IfOperStatus;
use socket2::{Domain, Socket, Type};

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
    listen()
        .map_err(|cause: io::Error| io::Error::new(cause.kind(), CannotListen { address, cause }))
}

/// Why it listens nowhere, with the cause for those who know what would help.
#[derive(Debug)]
struct CannotListen {
    address: SocketAddr,
    cause: io::Error,
}

impl Display for CannotListen {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: {}", self.address, self.cause)
    }
}

impl Error for CannotListen {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

/// One more destination: 127.0.0.2, 127.0.0.3 and so on, on the port of the first. Where the system
/// has no such address, or another program listens there, it is another port of the first address.
pub(crate) fn listen_beside(first: SocketAddr, number: usize) -> io::Result<Socket> {
    let beside = address_beside(first.ip(), number).map(|ip| SocketAddr::new(ip, first.port()));
    match beside.map(listen) {
        Some(Ok(socket)) => Ok(socket),
        _ => listen(SocketAddr::new(first.ip(), 0)),
    }
}

/// The same port on `[::1]` if it is free, else another; `None` without IPv6, or if the site is on
/// IPv6 already.
pub(crate) fn listen_on_ipv6(address: SocketAddr) -> Option<Socket> {
    if address.is_ipv6() {
        return None;
    }
    let ipv6 = |port| SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port);
    let same_port = listen(ipv6(address.port()));
    same_port.or_else(|_| listen(ipv6(0))).ok()
}

/// The address that is `number` after 127.0.0.1.
fn address_beside(first: IpAddr, number: usize) -> Option<IpAddr> {
    let beside = Ipv4Addr::LOCALHOST.to_bits().checked_add(u32::try_from(number).ok()?)?;
    let beside = Ipv4Addr::from_bits(beside);
    (first == Ipv4Addr::LOCALHOST && beside.is_loopback()).then_some(beside.into())
}

pub(crate) fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // On Unix this only lets a restarted site have its old port back while old connections are in
    // TIME_WAIT; on Windows it would mean to share a port. Not for a port that the kernel chooses:
    // it would be free to choose one that another site is about to use.
    #[cfg(unix)]
    socket.set_reuse_address(address.port() != 0)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// The address of a socket that is bound.
pub(crate) fn address(socket: &Socket) -> io::Result<SocketAddr> {
    let address = socket.local_addr()?.as_socket();
    Ok(address.expect("a TCP socket has an internet address"))
}

/// Where a client on this machine connects to: a socket may listen on every address of the machine,
/// and then its own address is 0.0.0.0.
pub(crate) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Where clients on other machines connect to: see `Site::addresses_for_others`.
pub(crate) fn for_others(address: SocketAddr) -> io::Result<Vec<SocketAddr>> {
    if address.ip().is_loopback() {
        return Ok(Vec::new());
    }
    if !address.ip().is_unspecified() {
        return Ok(vec![address]);
    }
    let mut interfaces = if_addrs::get_if_addrs()?;
    interfaces.retain(|interface| interface.oper_status != IfOperStatus::Down);
    let mut ips: Vec<IpAddr> = interfaces.iter().map(|interface| interface.ip()).collect();
    ips.retain(|ip| ip.is_ipv4() == address.is_ipv4() && is_for_others(*ip));
    ips.sort_unstable();
    ips.dedup();
    Ok(ips.into_iter().map(|ip| SocketAddr::new(ip, address.port())).collect())
}

/// A link-local address of IPv6 needs the name of an interface, which is different on each machine.
fn is_for_others(ip: IpAddr) -> bool {
    let needs_interface = matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    !(ip.is_loopback() || ip.is_unspecified() || needs_interface)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_cannot_use_every_address() {
        let check = |ip: &str, expected| assert_eq!(is_for_others(ip.parse().unwrap()), expected);
        check("192.168.0.7", true);
        check("2001:db8::7", true);
        check("127.0.0.1", false);
        check("::1", false);
        check("fe80::7", false);
    }

    #[test]
    fn the_address_that_was_asked_for_is_the_one_for_others() {
        let check = |address: &str, expected: &[&str]| {
            let expected: Vec<SocketAddr> = expected.iter().map(|a| a.parse().unwrap()).collect();
            assert_eq!(for_others(address.parse().unwrap()).unwrap(), expected);
        };
        check("127.0.0.1:80", &[]);
        check("[::1]:80", &[]);
        check("192.0.2.7:80", &["192.0.2.7:80"]);
    }

    #[test]
    fn a_site_on_every_address_has_those_of_the_interfaces() {
        let all = for_others("0.0.0.0:80".parse().unwrap()).unwrap();
        let others = |at: &SocketAddr| at.is_ipv4() && is_for_others(at.ip()) && at.port() == 80;
        assert!(all.iter().all(others), "{all:?}");
        // Each is an address of this machine: it can be bound.
        for address in all {
            bind(SocketAddr::new(address.ip(), 0)).expect("an address of this machine");
        }
    }
}
