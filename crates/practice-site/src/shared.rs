//! What every connection knows of the site.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::addresses::reachable;
use crate::arrival::Arrival;
use crate::clock::Clock;
use crate::config::Config;
use crate::events::Events;
use crate::faults::{Fault, Place};
use crate::linked::Asked;
use crate::named::Numbers;
use crate::ports::Ports;

/// Is called with each arrival, where the owner of the site asked for it.
pub(crate) type Report = Box<dyn Fn(&Arrival<'_>) + Send + Sync>;

pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) address: SocketAddr,
    pub(crate) ports: Ports,
    pub(crate) clock: Clock,
    pub(crate) asked: Asked,
    pub(crate) counters: Numbers,
    /// How often each flaky page was asked for.
    pub(crate) flaky: Numbers,
    /// `None` if the site notes no events.
    pub(crate) events: Option<Arc<Events>>,
    pub(crate) report: Option<Report>,
}

impl Shared {
    /// The host and port of the site's URLs, for a client on this machine.
    pub(crate) fn host(&self) -> String {
        reachable(self.address).to_string()
    }

    /// The URL of a fault for a client that calls the site by this host; `None` if the system
    /// cannot produce the fault.
    pub(crate) fn fault_url(&self, fault: &Fault, host: &str) -> Option<String> {
        if let Place::Path(_) = fault.place {
            return Some(format!("http://{host}/fault/{}", fault.name));
        }
        let address = self.ports.address_of(fault)?;
        Some(format!("http://{}/", host_of_port(without_port(host), address)))
    }
}

/// The host and port of a fault with a port of its own, for a client that calls the site by this
/// name. Such ports are only on the address that the site was told to listen on: not on `[::1]` or
/// 127.0.0.2, where its pages are too.
fn host_of_port(name: &str, address: SocketAddr) -> String {
    let called: Option<IpAddr> = name.trim_matches(['[', ']']).parse().ok();
    match called {
        Some(ip) if ip != address.ip() && !address.ip().is_unspecified() => address.to_string(),
        _ => format!("{name}:{}", address.port()),
    }
}

/// The colons inside the brackets of `[::1]:8000` are part of the address.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_with_a_port_is_where_it_listens() {
        let at = |name, address: &str| host_of_port(name, address.parse().unwrap());
        assert_eq!(at("127.0.0.1", "127.0.0.1:81"), "127.0.0.1:81");
        assert_eq!(at("127.0.0.2", "127.0.0.1:81"), "127.0.0.1:81");
        assert_eq!(at("[::1]", "127.0.0.1:81"), "127.0.0.1:81");
        assert_eq!(at("[::1]", "[::1]:81"), "[::1]:81");
        assert_eq!(at("localhost", "127.0.0.1:81"), "localhost:81");
        assert_eq!(at("192.0.2.7", "0.0.0.0:81"), "192.0.2.7:81");
    }

    #[test]
    fn a_host_without_its_port() {
        assert_eq!(without_port("[::1]:8000"), "[::1]");
        assert_eq!(without_port("[::1]"), "[::1]");
        assert_eq!(without_port("localhost:80"), "localhost");
        assert_eq!(without_port("localhost"), "localhost");
    }
}
