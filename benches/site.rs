//! The practice site in a process of its own: there its work is not on the account of a stage, and
//! its sockets do not take descriptors away from one.

use std::env;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::process::{Child, Command, Stdio, exit};
use std::time::Duration;

use crawl::{Target, Url};
use practice_site::{Config, Site};

/// The environment variable that asks this program to be the site.
const ASKED: &str = "WAYS_TO_WAIT_BENCHMARK_SITE";

/// How many different pages there are. A crawl of more asks for some of them again.
const PAGES: usize = 10_000;

/// How many addresses it serves them on: a benchmark makes more connections than a client has ports
/// for one.
const DESTINATIONS: NonZeroUsize = NonZeroUsize::new(16).expect("it is not 0");

/// A site that ends with whoever has started it.
pub struct SiteProcess {
    destinations: Vec<SocketAddr>,
    child: Child,
}

impl SiteProcess {
    /// Starts this program again, as the site.
    ///
    /// # Panics
    /// If that cannot be: nothing can be measured then.
    pub fn start() -> SiteProcess {
        let program = env::current_exe().expect("this program has a path");
        let mut child = Command::new(program)
            .env(ASKED, "yes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process for the site");
        let mut line = String::new();
        let said = child.stdout.take().expect("it is piped");
        BufReader::new(said).read_line(&mut line).expect("the site says where it is");
        SiteProcess { destinations: parse(line.trim()), child }
    }

    /// Where it listens, for [`targets`] in another process.
    pub fn destinations(&self) -> String {
        text(&self.destinations)
    }

    /// So many of its pages, each so far away.
    pub fn targets(&self, pages: usize, delay: Duration) -> Vec<Target> {
        in_turn(&self.destinations, pages, delay)
    }
}

impl Drop for SiteProcess {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // An error would say that it is gone already.
        let _ = self.child.wait();
    }
}

/// So many pages of the site that listens there, each so far away.
///
/// # Panics
/// If `destinations` is not what [`SiteProcess::destinations`] gave.
pub fn targets(destinations: &str, pages: usize, delay: Duration) -> Vec<Target> {
    in_turn(&parse(destinations), pages, delay)
}

fn in_turn(destinations: &[SocketAddr], pages: usize, delay: Duration) -> Vec<Target> {
    let target = |number: usize| {
        let (page, delay) = (number % PAGES + 1, delay.as_millis());
        let address = destinations[number % destinations.len()];
        let url = Url::parse(&format!("http://{address}/{page}?delay={delay}ms"));
        Target::new(url.expect("this is a URL"), address)
    };
    (0..pages).map(target).collect()
}

fn text(destinations: &[SocketAddr]) -> String {
    let addresses: Vec<String> = destinations.iter().map(SocketAddr::to_string).collect();
    addresses.join(",")
}

fn parse(destinations: &str) -> Vec<SocketAddr> {
    destinations.split(',').map(|address| address.parse().expect("an address")).collect()
}

/// Serves until the standard input ends: it is a pipe from the benchmark, and closes with it,
/// however that ends.
pub(crate) fn become_site_if_asked() {
    if env::var_os(ASKED).is_none() {
        return;
    }
    let (destinations, pages, delay) = (DESTINATIONS, PAGES, Duration::ZERO);
    let config = Config { destinations, pages, delay, ..Config::default() };
    let site = Site::start(config).expect("a free port");
    println!("{}", text(site.destinations()));
    let mut nothing = Vec::new();
    let _ = io::stdin().read_to_end(&mut nothing);
    exit(0) // at once, whatever is in flight
}
