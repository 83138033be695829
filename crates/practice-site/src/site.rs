//! What the owner of a running site can do with it.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::addresses::{self, reachable};
use crate::arrival::Arrival;
use crate::config::Config;
use crate::events::Event;
use crate::faults::{FAULTS, Fault};
use crate::server::{self, Server};

/// A running site. It serves on a thread of its own until it is stopped or dropped.
pub struct Site {
    server: Server,
}

impl Site {
    /// Starts the site and returns as soon as it listens.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened on, saying which one: `cannot listen on 127.0.0.1:80:
    /// Permission denied`. Also if the system gives no thread or no descriptors.
    pub fn start(config: Config) -> io::Result<Site> {
        server::start(config, None).map(|server| Site { server })
    }

    /// Starts the site as [`Site::start`] does, and calls `report` with each request as it arrives.
    ///
    /// The call comes from the thread that serves, so everything that `report` does delays the
    /// answers. A channel to another thread, which prints there, delays them least.
    ///
    /// ```
    /// use practice_site::{Config, Site};
    /// use std::io::Write;
    /// use std::sync::mpsc;
    ///
    /// let (to_us, arrivals) = mpsc::channel();
    /// let site = Site::start_reporting(Config::default(), move |arrival| {
    ///     let _ = to_us.send(arrival.to_string());
    /// })?;
    /// let mut socket = std::net::TcpStream::connect(site.address())?;
    /// socket.write_all(b"GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    /// let line = arrivals.recv().expect("the site serves");
    /// assert!(line.ends_with(" \"GET /1 HTTP/1.1\": status 200 in 450ms"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Site::start`].
    pub fn start_reporting(
        config: Config,
        report: impl Fn(&Arrival<'_>) + Send + Sync + 'static,
    ) -> io::Result<Site> {
        server::start(config, Some(Box::new(report))).map(|server| Site { server })
    }

    /// The address that the site listens on, also if the system chose the port.
    pub fn address(&self) -> SocketAddr {
        self.server.destinations[0]
    }

    /// All addresses that the site listens on to serve its pages, [`Site::address`] first: as many
    /// as [`Config::destinations`] asks for.
    ///
    /// A client can have some 28,000 connections to one address on Linux, 16,000 on macOS, and one
    /// that was closed a moment ago still counts.
    ///
    /// ```
    /// # use practice_site::{Config, Site};
    /// let destinations = 3.try_into().expect("more than zero");
    /// let site = Site::start(Config { destinations, ..Config::default() })?;
    /// assert_eq!(site.destinations().len(), 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn destinations(&self) -> &[SocketAddr] {
        &self.server.destinations
    }

    /// The same site on `[::1]`, where the system has it: on the same port if that one is free.
    pub fn ipv6_address(&self) -> Option<SocketAddr> {
        self.server.ipv6_address
    }

    /// Whether only this machine can reach the site.
    pub fn is_loopback(&self) -> bool {
        self.address().ip().is_loopback()
    }

    /// The addresses by which other machines can reach the site: none if it listens on loopback,
    /// and those of all network interfaces if it listens on 0.0.0.0 or `[::]`. A firewall may still
    /// be in the way.
    ///
    /// # Errors
    ///
    /// If the system does not list its interfaces. `ip addr` (Linux), `ifconfig` (macOS) or
    /// `ipconfig` (Windows) may show the addresses all the same.
    pub fn addresses_for_others(&self) -> io::Result<Vec<SocketAddr>> {
        addresses::for_others(self.address())
    }

    /// The full URL of a path on this site.
    ///
    /// ```
    /// # use practice_site::{Config, Site};
    /// let site = Site::start(Config::default())?;
    /// assert_eq!(site.url("/1"), format!("http://127.0.0.1:{}/1", site.address().port()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn url(&self, path: &str) -> String {
        url(self.address(), path)
    }

    /// The URLs of all pages in order, `/1` to the last, each on the next of the destinations.
    pub fn page_urls(&self) -> impl Iterator<Item = String> {
        let destinations = self.destinations().iter().cycle();
        let pages = (1..=self.server.shared.config.pages).zip(destinations);
        pages.map(|(number, destination)| url(*destination, &format!("/{number}")))
    }

    /// Every fault of this site with its URL, those on ports of their own included. A fault that
    /// this system cannot produce is left out.
    pub fn faults(&self) -> impl Iterator<Item = (&'static Fault, String)> {
        FAULTS.iter().filter_map(|fault| Some((fault, self.fault_url(fault.name)?)))
    }

    /// The URL of the fault of this name; `None` if there is no such fault, or if this system
    /// cannot produce it.
    ///
    /// ```
    /// # use practice_site::{Config, Site};
    /// let site = Site::start(Config::default())?;
    /// assert_eq!(site.fault_url("garbage"), Some(site.url("/fault/garbage")));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn fault_url(&self, name: &str) -> Option<String> {
        let fault = FAULTS.iter().find(|fault| fault.name == name)?;
        let site = &self.server.shared;
        site.fault_url(fault, &site.host())
    }

    /// What the site saw of its clients so far, in the order of time: nothing unless
    /// [`Config::events`] asked for it.
    ///
    /// The site sees a client from outside, in whatever language it is written: how many
    /// connections it makes, how many at once, in which order, and when it goes. The site does not
    /// see a connection that was refused or that waits in the backlog, nor what waiting costs the
    /// client.
    ///
    /// At most 2^20 events are kept, the first ones; see [`Site::events_left_out`]. What happens
    /// after the last byte of an answer may be noted a moment after the client has it.
    ///
    /// ```
    /// use practice_site::{Config, Site, What};
    /// use std::io::{Read, Write};
    /// use std::time::Duration;
    ///
    /// let delay = Duration::from_millis(50);
    /// let site = Site::start(Config { events: true, delay, ..Config::default() })?;
    /// let mut socket = std::net::TcpStream::connect(site.address())?;
    /// socket.write_all(b"GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    /// socket.read_to_end(&mut Vec::new())?;
    ///
    /// let events = site.events();
    /// assert_eq!(events[0].what, What::Opened(socket.local_addr()?));
    /// assert_eq!(events[1].what, What::Asked("GET /1 HTTP/1.1".into()));
    /// assert_eq!(events[2].what, What::Answering);
    /// assert!(events[2].at - events[1].at >= delay);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn events(&self) -> Vec<Event> {
        self.server.shared.events.as_ref().map_or_else(Vec::new, |events| events.so_far())
    }

    /// The same as [`Site::events`], and forgets them: so who takes them often enough gets all of
    /// them, however many there are.
    ///
    /// ```
    /// use practice_site::{Config, Site};
    ///
    /// let site = Site::start(Config { events: true, ..Config::default() })?;
    /// assert!(site.take_events().is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn take_events(&self) -> Vec<Event> {
        self.server.shared.events.as_ref().map_or_else(Vec::new, |events| events.take())
    }

    /// How many events were not kept, because 2^20 were kept already.
    pub fn events_left_out(&self) -> u64 {
        self.server.shared.events.as_ref().map_or(0, |events| events.left_out())
    }

    /// Stops the site at once, whatever is in flight: when this returns, its threads have ended
    /// and its sockets are closed. Dropping the site does the same.
    pub fn stop(self) {}
}

fn url(address: SocketAddr, path: &str) -> String {
    format!("http://{}{path}", reachable(address))
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("destinations", &self.server.destinations)
            .field("config", &self.server.shared.config)
            .finish_non_exhaustive()
    }
}
