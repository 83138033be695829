//! The web site every stage crawls: exact delays, and every fault by name.
//!
//! A public site measures the network of the day. This one answers after exactly the delay that
//! was asked for, and misbehaves on purpose: every way in which a server can disappoint a client
//! has a path of its own. It knows nothing of the crawler and shares no code with it, so that one
//! mistake in reading HTTP cannot hide on both sides.
//!
//! ```
//! use practice_site::{Config, Site};
//! use std::io::{Read, Write};
//! use std::time::Duration;
//!
//! let site = Site::start(Config { delay: Duration::from_millis(20), ..Config::default() })?;
//! let mut socket = std::net::TcpStream::connect(site.address())?;
//! socket.write_all(b"GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
//! let mut answer = String::new();
//! socket.read_to_string(&mut answer)?;
//! assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Layout
//!
//! In reading order, from the socket inwards:
//!
//! - `server`: the listening sockets, and one connection from its request to its close
//! - `request`: what a request's head says
//! - `answer`: what a request means: a page, a text or a fault
//! - `query`: the parameters of a URL
//! - `page`: the bytes of a page, piece by piece
//! - `faults`: every fault by name, each a small script
//! - `script`: what runs a script
//! - `ports`: where to listen, and the faults that happen before a path is read
//! - `front_page`: the list of it all
//! - `clock`: delays more exact than a millisecond
//! - `seeded`: random delays that are the same everywhere

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

mod server;

mod request;

mod answer;

mod query;

mod page;

mod faults;

mod script;

mod ports;

mod front_page;

mod clock;

mod seeded;

pub use seeded::page_delay;

/// What the site serves, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The address to listen on. Anything but loopback shows a site that misbehaves on purpose
    /// to the whole network; see [`Site::is_loopback`].
    pub listen: IpAddr,
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// On how many addresses to serve the pages: `listen`, and then, where that is 127.0.0.1 and the
    /// system has them, 127.0.0.2 and so on; elsewhere further ports of `listen`. To a client each is
    /// a destination with ports and a backlog of its own; see [`Site::destinations`].
    pub destinations: NonZeroUsize,
    /// How many pages there are: `/1`, `/2` and so on.
    pub pages: usize,
    /// How long a page takes, from the last byte of its request to the first of its answer.
    pub delay: Duration,
    /// Each page takes up to this much longer; see [`page_delay`].
    pub jitter: Duration,
    /// The size of a page's body in bytes.
    pub size: u64,
    /// Where the random part of the delays starts: the same seed gives the same delays everywhere.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            destinations: NonZeroUsize::MIN,
            pages: 10,
            delay: Duration::from_millis(450),
            jitter: Duration::ZERO,
            size: 1024,
            seed: 2016,
        }
    }
}

/// One way in which the site misbehaves, or does something unusual that is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The fault's name: the last part of its path.
    pub name: &'static str,
    /// Where to meet it.
    pub url: String,
    /// One line on what happens there.
    pub summary: &'static str,
    /// Whether it only looks odd: HTTP allows it, and a client should come back with a page.
    pub fine: bool,
}

/// A running site. It serves on a thread of its own until it is stopped or dropped.
pub struct Site {
    config: Config,
    destinations: Vec<SocketAddr>,
    ipv6_address: Option<SocketAddr>,
    faults: Vec<Fault>,
    /// Dropping it tells the serving thread to end.
    running: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Site {
    /// Starts the site and returns as soon as it listens.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened on, saying which one: `cannot listen on 127.0.0.1:80:
    /// Permission denied`. Also if the system gives no thread or no descriptors.
    pub fn start(config: Config) -> io::Result<Site> {
        server::start(config)
    }

    /// The address that the site listens on, with the port it really has.
    pub fn address(&self) -> SocketAddr {
        self.destinations[0]
    }

    /// All addresses that the site listens on to serve its pages, [`Site::address`] first: as many as
    /// [`Config::destinations`] asks for.
    ///
    /// A client can have some 28,000 connections to one address on Linux, 16,000 on macOS, and one
    /// that was closed a moment ago still counts.
    ///
    /// ```
    /// # use practice_site::{Config, Site};
    /// let destinations = 3.try_into().expect("more than none");
    /// let site = Site::start(Config { destinations, ..Config::default() })?;
    /// assert_eq!(site.destinations().len(), 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn destinations(&self) -> &[SocketAddr] {
        &self.destinations
    }

    /// The same site on `[::1]`, where the system has it: on the same port if that one is free.
    pub fn ipv6_address(&self) -> Option<SocketAddr> {
        self.ipv6_address
    }

    /// Whether only this machine can reach the site.
    pub fn is_loopback(&self) -> bool {
        self.address().ip().is_loopback()
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
        let destinations = self.destinations.iter().cycle();
        let pages = (1..=self.config.pages).zip(destinations);
        pages.map(|(number, destination)| url(*destination, &format!("/{number}")))
    }

    /// Every fault of this site with its URL, those on ports of their own included. A fault that
    /// this system cannot produce is not in the list.
    pub fn faults(&self) -> Vec<Fault> {
        self.faults.clone()
    }

    /// Stops the site at once, whatever is in flight: when this returns, its threads have ended
    /// and its sockets are closed. Dropping the site does the same.
    pub fn stop(self) {}
}

fn url(address: SocketAddr, path: &str) -> String {
    format!("http://{}{path}", ports::reachable(address))
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.running.take());
        if let Some(thread) = self.thread.take() {
            // A panic over there was already reported on stderr; one more here would hide it.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("destinations", &self.destinations)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
