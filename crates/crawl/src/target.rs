use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Uri;
use http::uri::PathAndQuery;

/// A checked `http` URL. Its name has not been looked up: that blocks, so
/// it is done once, before any clock starts.
///
/// ```
/// let url = crawl::Url::parse("http://user@example.com/a b")
///     .unwrap_err();
/// assert!(url.to_string().contains("space"));
///
/// let url = crawl::Url::parse("http://user@example.com?q=ü").unwrap();
/// assert_eq!((url.host(), url.port()), ("example.com", 80));
/// assert_eq!(url.path(), "/?q=%C3%BC");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Url {
    /// What goes into the `Host` field: the authority without userinfo.
    authority: Box<str>,
    path: Box<str>,
    host_bytes: usize,
    port: u16,
}

/// Why a text is not a URL that these stages can fetch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{}\" is not a URL to fetch: {reason}", url.escape_debug())]
pub struct InvalidUrl {
    /// The text as it was given.
    pub url: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Url {
    /// Checks a URL so that nothing in it can break out of the request line
    /// or the `Host` field.
    ///
    /// Userinfo and fragment are dropped; whatever is not ASCII in the path
    /// is percent-encoded.
    pub fn parse(text: &str) -> Result<Url, InvalidUrl> {
        check(text)
            .map_err(|reason| InvalidUrl { url: text.to_owned(), reason })
    }

    /// The host, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        self.authority[..self.host_bytes]
            .trim_start_matches('[')
            .trim_end_matches(']')
    }

    /// The port, 80 where the URL names none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The `Host` field of a request: host, and port where the URL names
    /// one.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Path and query, as the request line has them: `/1?delay=20ms`.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.path)
    }
}

/// More than servers take, and less than `http::Uri` takes: each program
/// that is given the URL checks it again.
const LONGEST_URL: usize = 32 << 10;

fn check(text: &str) -> Result<Url, String> {
    if let Some(bad) = text.chars().find(|c| c.is_control() || *c == ' ') {
        return Err(match bad {
            ' ' => "it has a space in it (write %20)".to_owned(),
            bad => format!(
                "it has the control character U+{:04X} in it",
                u32::from(bad)
            ),
        });
    }
    let rest = after_scheme(text)?;
    let (authority, path) =
        rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (_, authority) =
        authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, port) = split_port(authority)?;
    check_host(host)?;
    let port = port.map_or(Ok(80), |digits| parse_port(host, digits))?;

    let mut path =
        percent_encode(path.split('#').next().unwrap_or_default());
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    let bytes = "http://".len() + authority.len() + path.len();
    if bytes > LONGEST_URL {
        return Err(format!(
            "its {bytes} bytes are more than {LONGEST_URL}"
        ));
    }
    if let Err(error) = format!("http://{authority}{path}").parse::<Uri>() {
        return Err(match invalid_in_path(&path) {
            Some(bad) => format!(
                "it has {bad} in it (write %{:02X})",
                u32::from(bad)
            ),
            None => error.to_string(),
        });
    }
    Ok(Url {
        authority: authority.into(),
        path: path.into(),
        host_bytes: host.len(),
        port,
    })
}

/// What follows `http://`.
fn after_scheme(text: &str) -> Result<&str, String> {
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => {
            (scheme, rest)
        }
        _ => return Err(no_scheme(text)),
    };
    match (scheme.to_ascii_lowercase().as_str(), rest.strip_prefix("//")) {
        ("http", Some(rest)) => Ok(rest),
        ("http", None) => {
            let rest = rest.trim_start_matches(['/', '\\']).escape_debug();
            Err(format!(
                "two slashes follow the colon of a URL: write http://{rest}"
            ))
        }
        ("https", _) => {
            Err("these stages speak plain HTTP, not https".to_owned())
        }
        // A host and a port: `localhost:8000/1`.
        (_, None)
            if rest.is_empty()
                || rest.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            Err(no_scheme(text))
        }
        ("", _) => Err(no_scheme(rest)),
        (_, _) => {
            let scheme = scheme.escape_debug();
            Err(format!(
                "its scheme is {scheme}, and these stages speak http"
            ))
        }
    }
}

fn no_scheme(text: &str) -> String {
    let rest = text.strip_prefix("//").unwrap_or(text);
    let (scheme, rest_of_http) =
        rest.split_at_checked(4).unwrap_or((rest, ""));
    if scheme.eq_ignore_ascii_case("http")
        && let Some(rest) = rest_of_http.strip_prefix("//")
    {
        let rest = rest.escape_debug();
        return format!(
            "a colon follows the http of a URL: write http://{rest}"
        );
    }
    if rest.is_empty() || rest.starts_with('/') {
        let why = "it has no scheme and no host: \
                   write it as in http://127.0.0.1:8000/1";
        return why.to_owned();
    }
    format!("it has no scheme: write http://{}", rest.escape_debug())
}

/// Host and port of an authority, an IPv6 address with its brackets.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), String> {
    let after_brackets =
        match (authority.starts_with('['), authority.rfind(']')) {
            (true, None) => {
                return Err(
                    "its host begins with [ and has no ] at its end"
                        .to_owned(),
                );
            }
            (_, end) => end.map_or(0, |at| at + 1),
        };
    let Some(colon) = authority[after_brackets..].find(':') else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at(after_brackets + colon);
    let port = &port[1..];
    if port.contains(':') {
        let why = "it has two colons after its host: an IPv6 \
                   address needs brackets, as in http://[::1]:8000/";
        return Err(why.to_owned());
    }
    Ok((host, Some(port)))
}

fn check_host(host: &str) -> Result<(), String> {
    if host.is_empty() {
        return Err(
            "it has no host: write it as in http://127.0.0.1:8000/1"
                .to_owned(),
        );
    }
    if !host.is_ascii() {
        return Err(
            "its host is not ASCII: write the name in its xn-- form"
                .to_owned(),
        );
    }
    if let Some(address) = host.strip_prefix('[') {
        let address = address
            .strip_suffix(']')
            .and_then(|address| address.parse().ok());
        return match address {
            Some(std::net::Ipv6Addr { .. }) => Ok(()),
            None => Err(format!(
                "its host {host} is not an IPv6 address in brackets"
            )),
        };
    }
    match host.chars().find(|c| !is_host_char(*c)) {
        None => Ok(()),
        Some(bad) => Err(format!("its host has {bad} in it")),
    }
}

fn is_host_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._".contains(c)
}

/// Bytes outside of ASCII as `%XX`: `http::Uri` would let them pass into
/// the request line.
fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            encoded.push(c);
        } else {
            let mut utf8 = [0; 4];
            for byte in c.encode_utf8(&mut utf8).bytes() {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    encoded
}

/// The port. (`http::Uri` reads port 99999 as *no port*, which would
/// silently become 80.)
fn parse_port(host: &str, digits: &str) -> Result<u16, String> {
    if digits.is_empty() {
        return Err(format!(
            "it has a colon after its host and no port: \
             write http://{host}/ for port 80"
        ));
    }
    match digits.parse() {
        // `parse` takes a sign as well, and a URL does not.
        Ok(port)
            if port > 0
                && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            Ok(port)
        }
        _ => Err(format!(
            "its port {} is not a number from 1 to 65535",
            digits.escape_debug()
        )),
    }
}

/// The first character that `http::Uri` does not take in a path, or in a
/// query. (It says itself only that there is one.)
fn invalid_in_path(path: &str) -> Option<char> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let is_invalid = |before: &str, c: char| {
        format!("{before}{c}").parse::<PathAndQuery>().is_err()
    };
    let mut in_path = path.chars().filter(|c| is_invalid("/", *c));
    let mut in_query = query.chars().filter(|c| is_invalid("/?", *c));
    in_path.next().or_else(|| in_query.next())
}

/// What to fetch: a checked URL with its resolved address and the request
/// that asks for it.
///
/// A clone costs a reference count.
#[derive(Clone, Debug)]
pub struct Target(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    url: Url,
    /// At least one, at most [`MOST_ADDRESSES`].
    addresses: Box<[SocketAddr]>,
    request: Box<[u8]>,
}

/// A name may stand for more addresses than anyone would try.
const MOST_ADDRESSES: usize = 16;

impl Target {
    /// Joins a URL and the address that its host stands for.
    pub fn new(url: Url, address: SocketAddr) -> Target {
        Target::with_addresses(url, &[address])
    }

    /// Joins a URL and the addresses that its host stands for, in the order
    /// in which to try them. (RFC 8305 without its race: the next address
    /// is tried when there is no connection to the one before it. The first
    /// 16 are kept.)
    ///
    /// # Panics
    /// If there is no address.
    pub fn with_addresses(url: Url, addresses: &[SocketAddr]) -> Target {
        assert!(!addresses.is_empty(), "a target has an address");
        let addresses =
            addresses[..addresses.len().min(MOST_ADDRESSES)].into();
        // `Connection: close`: the job is one new connection for each page,
        // at every stage.
        let request = format!(
            "GET {} HTTP/1.1\r\n\
             Host: {}\r\n\
             User-Agent: ways-to-wait/{}\r\n\
             Accept: */*\r\n\
             Connection: close\r\n\r\n",
            url.path(),
            url.authority(),
            env!("CARGO_PKG_VERSION"),
        );
        Target(Arc::new(Inner {
            url,
            addresses,
            request: request.into_bytes().into(),
        }))
    }

    /// The URL as it is asked for: without userinfo and fragment.
    pub fn url(&self) -> &Url {
        &self.0.url
    }

    /// Where to connect to first.
    pub fn address(&self) -> SocketAddr {
        self.0.addresses[0]
    }

    /// All addresses of its name, in the order in which to try them.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.0.addresses
    }

    /// The whole request. It never changes, and stays where it is as long
    /// as a clone of the target is left.
    pub fn request(&self) -> &[u8] {
        &self.0.request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(
        text: &str,
        authority: &str,
        host: &str,
        port: u16,
        path: &str,
    ) {
        let url =
            Url::parse(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (url.authority(), url.host(), url.port(), url.path()),
            (authority, host, port, path),
            "{text}"
        );
    }

    fn bad(text: &str, reason: &str) {
        let error = Url::parse(text).expect_err(text).to_string();
        assert!(error.contains(reason), "{text:?}: {error}");
        assert!(!error.contains(char::is_control), "{error:?}");
    }

    #[test]
    fn urls_that_can_be_fetched() {
        good("http://example.com", "example.com", "example.com", 80, "/");
        good(
            "HTTP://example.com:8080/a/b?c=d#e",
            "example.com:8080",
            "example.com",
            8080,
            "/a/b?c=d",
        );
        good(
            "http://example.com?q",
            "example.com",
            "example.com",
            80,
            "/?q",
        );
        good(
            "http://user:password@example.com/",
            "example.com",
            "example.com",
            80,
            "/",
        );
        good("http://[::1]:81/x", "[::1]:81", "::1", 81, "/x");
        good(
            "http://127.0.0.1:65535/1",
            "127.0.0.1:65535",
            "127.0.0.1",
            65535,
            "/1",
        );
        good("http://a/\u{202e}ü", "a", "a", 80, "/%E2%80%AE%C3%BC");
    }

    #[test]
    fn urls_that_cannot() {
        bad(
            "",
            "no scheme and no host: write it as in http://127.0.0.1:8000/1",
        );
        bad("example.com/1", ": write http://example.com/1");
        bad("//example.com/1", ": write http://example.com/1");
        bad("://example.com/1", ": write http://example.com/1");
        bad("localhost:8000/a:b", ": write http://localhost:8000/a:b");
        bad("localhost:", ": write http://localhost:");
        bad("/1?x://y", "no scheme and no host");
        bad(
            "http:/example.com/1",
            "colon of a URL: write http://example.com/1",
        );
        bad("http:example.com", "colon of a URL: write http://example.com");
        bad(
            "HTTP:\\\\example.com",
            "colon of a URL: write http://example.com",
        );
        bad("http//x", "a colon follows the http of a URL: write http://x");
        bad("HTTP//x:80/1", "the http of a URL: write http://x:80/1");
        bad("http/x", ": write http://http/x");
        bad("https:/example.com/", "plain HTTP");
        bad("mailto:a@b", "its scheme is mailto");
        bad("https://example.com/", "plain HTTP");
        bad("ftp://example.com/", "ftp");
        bad("http://", "no host");
        bad("http:///path", "no host");
        bad("http://:80/", "no host");
        bad("http://user@/", "no host");
        bad(
            "http://a:99999/",
            "port 99999 is not a number from 1 to 65535",
        );
        bad("http://a:0/", "port 0 is");
        bad("http://a:/", "no port: write http://a/ for port 80");
        bad("http://[::1]:", "write http://[::1]/ for port 80");
        bad("http://a:-1/", "port -1 is");
        bad("http://a:+80/", "port +80 is");
        bad("http://a:8x/", "port 8x is");
        bad("http://a/b c", "space");
        bad("http://a/\r\nHost: b", "U+000D");
        bad("http://a/\u{9b}31m", "U+009B");
        bad("http://ü.example/", "xn--");
        bad("http://a/<b>", "it has < in it (write %3C)");
        bad("http://a/b?c=d>e", "it has > in it (write %3E)");
        bad("http://a/{b}/`?`", "it has ` in it (write %60)");
        bad("http://[::1/", "no ] at its end");
        bad("http://[zz]/", "its host [zz] is not an IPv6 address");
        bad("http://[::1]a/", "its host [::1]a is not an IPv6 address");
        bad("http://::1/", "needs brackets, as in http://[::1]:8000/");
        bad("http://a,b/", "its host has , in it");
        bad("http://a<b/", "its host has < in it");
        bad("http://a\\b", "its host has \\ in it");
        bad("http://]:80/", "its host has ] in it");
    }

    #[test]
    fn what_can_be_fetched_can_be_read_again() {
        for bytes in [LONGEST_URL - 1, LONGEST_URL, LONGEST_URL + 1] {
            for start in
                ["http://a?", "http://a/?", "http://user@a/?", "http://a/ü"]
            {
                let text = format!("{start:q<bytes$}");
                match Url::parse(&text) {
                    Ok(url) => drop(Url::parse(&url.to_string()).unwrap()),
                    Err(error) => assert!(
                        error.to_string().contains("are more than 32768")
                    ),
                }
            }
        }
        bad(
            &format!("http://a/{:q<40000}", ""),
            "its 40009 bytes are more than 32768",
        );
    }

    #[test]
    fn a_request_has_one_line_for_each_field() {
        let url = Url::parse("http://user@example.com:81/1?x").unwrap();
        let target = Target::new(url, "127.0.0.1:81".parse().unwrap());
        let request = std::str::from_utf8(target.request()).unwrap();
        assert!(
            request.starts_with(
                "GET /1?x HTTP/1.1\r\nHost: example.com:81\r\n"
            ),
            "{request}"
        );
        assert!(
            request.ends_with("\r\nConnection: close\r\n\r\n"),
            "{request}"
        );
    }
}
