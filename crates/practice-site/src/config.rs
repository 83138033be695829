use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroUsize;
use std::time::Duration;

/// What the site serves, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The address to listen on. Any address except loopback shows a site that misbehaves on
    /// purpose to the whole network; see [`Site::is_loopback`](crate::Site::is_loopback).
    pub listen: IpAddr,
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// On how many addresses to serve the pages. The first is `listen`. Where that is 127.0.0.1 and
    /// the system has them, the others are 127.0.0.2 and so on; elsewhere they are further ports of
    /// `listen`. To a client each is a destination with ports and a backlog of its own; see
    /// [`Site::destinations`](crate::Site::destinations).
    pub destinations: NonZeroUsize,
    /// How many pages there are: `/1`, `/2` and so on.
    pub pages: usize,
    /// How long a page takes, from the last byte of its request to the first of its answer.
    pub delay: Duration,
    /// Each page takes up to this much longer; see [`page_delay`](crate::page_delay).
    pub jitter: Duration,
    /// The size of a page's body in bytes.
    pub size: u64,
    /// Where the random part of the delays starts: the same seed gives the same delays everywhere.
    pub seed: u64,
    /// Whether the site notes what it sees of its clients; see
    /// [`Site::events`](crate::Site::events).
    pub events: bool,
    /// Whether connections have the smallest receive buffers that the system gives. On Linux a
    /// client whose send buffer is as small cannot send 5,000 bytes in one call; elsewhere it may.
    pub narrow: bool,
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
            events: false,
            narrow: false,
        }
    }
}
