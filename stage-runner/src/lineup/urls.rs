//! From URLs as people write them to targets with addresses.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use crawl::{Target, Url};

/// Names looked up at once: getaddrinfo blocks, and one that never answers must not stop the
/// others.
const LOOKUPS_AT_ONCE: usize = 16;

/// So many connections go to one destination: as many as Linux keeps in the queue of a listening
/// socket, and far fewer than the ports that a client has for it, of which one that was closed a
/// moment ago still takes one.
const CONNECTIONS_EACH: usize = 4_000;

/// These have 2,800,000 ports on Linux: more than anyone makes connections in the minute that a
/// port stays taken.
const MOST_DESTINATIONS: usize = 100;

/// One URL, with its target or with why its name has no address.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What to fetch.
    pub url: Url,
    /// Its target, if its name has an address.
    pub target: Result<Target, String>,
}

/// On how many addresses the practice site should serve its pages, for so many connections to it.
pub fn destinations(connections: usize) -> NonZeroUsize {
    let destinations = connections.div_ceil(CONNECTIONS_EACH).min(MOST_DESTINATIONS);
    NonZeroUsize::new(destinations).unwrap_or(NonZeroUsize::MIN)
}

/// Checks URLs from the command line.
///
/// # Errors
/// The first URL that cannot be fetched, and why.
pub fn parse_all<'a>(urls: impl Iterator<Item = &'a str>) -> Result<Vec<Url>, String> {
    urls.map(|url| Url::parse(url).map_err(|error| error.to_string())).collect()
}

/// Reads and checks a file of URLs, one a line; empty lines are passed over, and comments: from a
/// `#` at the start of a line, or after a space, to its end.
///
/// # Errors
/// The file cannot be read, or one of its lines is not a URL that can be fetched.
pub fn read_file(path: &Path) -> Result<Vec<Url>, String> {
    let name = name_of(path);
    let bytes = if is_stdin(path) { read_stdin() } else { fs::read(path) };
    let bytes = bytes.map_err(|error| format!("cannot read {name}: {error}"))?;
    let text = decoded(bytes).ok_or_else(|| format!("{name} is not text in UTF-8 or UTF-16"))?;
    let mut urls = Vec::new();
    for (line, url) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let url = without_comment(url).trim();
        if url.is_empty() {
            continue;
        }
        let at = line + 1;
        urls.push(Url::parse(url).map_err(|error| format!("{name}, line {at}: {error}"))?);
    }
    Ok(urls)
}

/// What a file of URLs is called in messages.
pub fn name_of(path: &Path) -> String {
    if is_stdin(path) { "stdin".to_owned() } else { path.display().to_string() }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Text in UTF-8, or in UTF-16 with its mark: the `>` of Windows PowerShell writes that.
fn decoded(bytes: Vec<u8>) -> Option<String> {
    let unit = match bytes.get(..2) {
        Some([0xff, 0xfe]) => u16::from_le_bytes,
        Some([0xfe, 0xff]) => u16::from_be_bytes,
        _ => return String::from_utf8(bytes).ok(),
    };
    let (units, rest) = bytes.as_chunks();
    let units: Vec<u16> = units.iter().map(|pair| unit(*pair)).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

/// A `#` without a space before it begins the fragment of a URL.
fn without_comment(line: &str) -> &str {
    let is_comment =
        |(at, _): &(usize, &str)| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    line.match_indices('#').find(is_comment).map_or(line, |(at, _)| &line[..at])
}

/// Looks every name up once, before any clock starts.
pub fn resolve(urls: Vec<Url>) -> Vec<Wanted> {
    let mut places: Vec<(&str, u16)> = urls.iter().map(|url| (url.host(), url.port())).collect();
    places.sort_unstable();
    places.dedup();
    let addresses = look_up(&places);
    let wanted = urls.iter().map(|url| Wanted {
        url: url.clone(),
        target: addresses[&(url.host(), url.port())]
            .clone()
            .map(|addresses| Target::with_addresses(url.clone(), &addresses)),
    });
    wanted.collect()
}

type Addresses<'a> = HashMap<(&'a str, u16), Result<Vec<SocketAddr>, String>>;

fn look_up<'a>(places: &[(&'a str, u16)]) -> Addresses<'a> {
    let addresses = Mutex::new(HashMap::new());
    let next = Mutex::new(places.iter());
    let look_up_all = || {
        loop {
            let place = next.lock().expect("no lookup panics").next();
            let Some(&(host, port)) = place else { break };
            let found = resolve_one(host, port);
            addresses.lock().expect("no lookup panics").insert((host, port), found);
        }
    };
    thread::scope(|scope| {
        let threads = 1..places.len().min(LOOKUPS_AT_ONCE);
        // Where there are fewer threads to be had, those that have started do the work.
        let start = |_| thread::Builder::new().spawn_scoped(scope, look_up_all).is_ok();
        let _ = threads.take_while(|number| start(*number)).count();
        look_up_all();
    });
    addresses.into_inner().expect("no lookup panics")
}

/// The addresses of a host, in the order in which the system gives them.
fn resolve_one(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let found = (host, port).to_socket_addrs();
    let found = found.map_err(|error| format!("no address for {host}: {error}"))?;
    let mut addresses = Vec::new();
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() { Err(format!("no address for {host}")) } else { Ok(addresses) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(urls: &[&str]) -> Vec<Result<SocketAddr, String>> {
        let wanted = resolve(parse_all(urls.iter().copied()).unwrap());
        wanted.into_iter().map(|wanted| Ok(wanted.target?.address())).collect()
    }

    #[test]
    fn as_many_destinations_as_the_connections_need() {
        let counts = [0, 1, 4_000, 4_001, 250_000, usize::MAX];
        let destinations = counts.map(|connections| destinations(connections).get());
        assert_eq!(destinations, [1, 1, 1, 2, 63, 100]);
    }

    #[test]
    fn addresses_and_localhost_need_no_network() {
        let found = addresses(&["http://127.0.0.2:81/a", "http://[::1]/", "http://localhost:82/"]);
        let text: Vec<_> = found.into_iter().map(|found| found.unwrap().to_string()).collect();
        assert_eq!(text, ["127.0.0.2:81", "[::1]:80", "127.0.0.1:82"]);
    }

    #[test]
    fn a_name_without_address_costs_only_its_own_pages() {
        let found = addresses(&["http://no-such-host.invalid/", "http://127.0.0.1/"]);
        assert!(found[0].as_ref().unwrap_err().contains("no-such-host.invalid"));
        assert!(found[1].is_ok());
    }
}
