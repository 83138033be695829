//! The faults that happen before a path is read: each needs a port of its own.
//!
//! All of these ports are on the address of the site. For some faults an "unroutable" address would
//! do too, until a network routes it or answers in its place.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::Socket;

use crate::addresses::{address, bind, listen, reachable};
use crate::faults::{FAULTS, Fault, Place};
use crate::script::Step;

/// Where each fault with a port of its own is.
#[derive(Debug)]
pub(crate) struct Ports(Vec<(&'static str, SocketAddr)>);

impl Ports {
    /// `None` for a fault with a path, and for one that this system cannot produce.
    pub(crate) fn address_of(&self, fault: &Fault) -> Option<SocketAddr> {
        self.0.iter().find(|(name, _)| *name == fault.name).map(|(_, address)| *address)
    }
}

/// A fault that accepts connections.
pub(crate) struct Listening {
    pub(crate) name: &'static str,
    pub(crate) listener: Socket,
    pub(crate) steps: &'static [Step],
}

/// The sockets behind these ports.
#[derive(Default)]
pub(crate) struct Sockets {
    pub(crate) listening: Vec<Listening>,
    /// Only kept open.
    pub(crate) kept: Vec<Socket>,
}

pub(crate) fn open(ip: IpAddr) -> io::Result<(Ports, Sockets)> {
    let any_port = SocketAddr::new(ip, 0);
    let (mut ports, mut sockets) = (Vec::new(), Sockets::default());
    for Fault { name, place, .. } in FAULTS {
        let at = match place {
            Place::Path(_) => continue,
            Place::Port(steps) => {
                let listener = listen(any_port)?;
                let at = address(&listener)?;
                sockets.listening.push(Listening { name, listener, steps });
                at
            }
            Place::RefusingPort => {
                // Bound and not listening: it refuses, and no other program can get this port.
                let refusing = bind(any_port)?;
                let at = address(&refusing)?;
                sockets.kept.push(refusing);
                at
            }
            Place::HangingPort => {
                let Some((at, hanging)) = hang(any_port) else { continue };
                sockets.kept.extend(hanging);
                at
            }
        };
        ports.push((*name, at));
    }
    Ok((Ports(ports), sockets))
}

/// A port on which connecting hangs: Linux drops each SYN while a listener's queue is full. Other
/// systems refuse or accept. So the queue is filled until an attempt to connect proves it.
fn hang(any_port: SocketAddr) -> Option<(SocketAddr, Vec<Socket>)> {
    if cfg!(not(target_os = "linux")) {
        return None;
    }
    let listener = bind(any_port).ok()?;
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
