//! The web site that every stage crawls: exact delays, and every fault by name.
//!
//! A public site measures the network of the day. This one answers after exactly the delay that
//! was asked for, and misbehaves on purpose: every way in which a server can disappoint a client
//! has a path or a port of its own. The site knows nothing of the crawler and shares no code with
//! it, so that one mistake in reading HTTP cannot hide on both sides.
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
//! From the outside inwards. A module uses only modules that stand below it:
//!
//! - `site`: what the owner of a running site can do with it
//! - `server`: the listening sockets, and one connection from its request to its close
//! - `answer`: what a request means: a page, a text or a fault
//! - `front_page`: the list of all pages, parameters and faults
//! - `request`: what a request's head says
//! - `shared`: what every connection knows of the site
//! - `ports`: the faults that happen before a path is read
//! - `faults`: every fault, in one table, each a small script
//! - `script`: what runs a script
//! - `waiting`: waiting for a moment, and seeing meanwhile that the client goes
//! - `page`: the bytes of a page, piece by piece
//! - `query`: the parameters of a URL
//! - `linked`: a site of linked pages for a crawler, and what a crawl of it finds
//! - `addresses`: where the site listens, and by which addresses it is reached
//! - `named`: what clients keep on the site by name
//! - `events`: what the site saw of its clients
//! - `arrival`: what the site can report while it serves
//! - `seeded`: random delays that are the same everywhere
//! - `config`: what the site serves, and where
//! - `clock`: delays more exact than a millisecond

mod site;

mod server;

mod answer;

mod front_page;

mod request;

mod shared;

mod ports;

mod faults;

mod script;

mod waiting;

mod page;

mod query;

mod linked;

mod addresses;

mod named;

mod events;

mod arrival;

mod seeded;

mod config;

mod clock;

pub use answer::check_path;
pub use arrival::{Arrival, Reply};
pub use config::Config;
pub use events::{Event, What};
pub use faults::{FAULTS, Fault};
pub use linked::linked_answer;
pub use seeded::page_delay;
pub use site::Site;
