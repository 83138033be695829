use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Uri;

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

/// More than servers take, and less than `http::Uri` does: whoever is
/// handed the URL checks it again.
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
    let Some((scheme, rest)) = text.split_once("://") else {
        let rest = text
            .split_once(":/")
            .map_or(text, |(_, rest)| rest)
            .trim_start_matches('/');
        let slashes = if rest.len() < text.len() {
            "one slash after its scheme"
        } else {
            "no scheme"
        };
        return Err(format!(
            "it has {slashes}: write http://{}",
            rest.escape_debug()
        ));
    };
    match scheme.to_ascii_lowercase().as_str() {
        "http" => {}
        "https" => {
            return Err(
                "these stages speak plain HTTP, not https".to_owned()
            );
        }
        other => {
            let other = other.escape_debug();
            return Err(format!(
                "its scheme is {other}, and these stages speak http"
            ));
        }
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err("it has no host".to_owned());
    }
    if !authority.is_ascii() {
        return Err(
            "its host is not ASCII: write the name in its xn-- form"
                .to_owned(),
        );
    }

    let uri: Uri = percent_encode(text)
        .parse()
        .map_err(|error| why_not(text, &error))?;
    let authority = uri.authority().ok_or("it has no host")?;
    let (_, authority) = authority
        .as_str()
        .rsplit_once('@')
        .unwrap_or(("", authority.as_str()));
    let (host, port) = split_port(authority)?;
    if host.is_empty() {
        return Err("it has no host".to_owned());
    }
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']').unwrap_or(address);
        address
            .parse::<std::net::Ipv6Addr>()
            .map_err(|_| format!("[{address}] is not an IPv6 address"))?;
    } else if let Some(bad) = host.chars().find(|c| !is_host_char(*c)) {
        return Err(format!("its host has {bad:?} in it"));
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let url = Url {
        authority: authority.into(),
        path: if path.starts_with('/') {
            path.into()
        } else {
            format!("/{path}").into()
        },
        host_bytes: host.len(),
        port: port.unwrap_or(80),
    };
    match url.to_string().len() {
        ..=LONGEST_URL => Ok(url),
        bytes => {
            Err(format!("its {bytes} bytes are more than {LONGEST_URL}"))
        }
    }
}

/// Names the character for which `http::Uri` refuses a text, or says what
/// it says.
fn why_not(text: &str, error: &dyn fmt::Display) -> String {
    match text.chars().find(|c| "<>\\^`{|}".contains(*c)) {
        Some(bad) => {
            format!("it has {bad} in it (write %{:02X})", u32::from(bad))
        }
        None => error.to_string(),
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

/// Host and port of an authority. `http::Uri` reads port 99999 as *no
/// port*, which would silently become 80.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), String> {
    let after_brackets = authority.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = authority[after_brackets..].rfind(':') else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at(after_brackets + colon);
    let digits = &port[1..];
    if digits.is_empty() {
        let why = "its port is empty: \
                   write a number after the colon, or no colon";
        return Err(why.to_owned());
    }
    match digits.parse() {
        // `parse` takes a sign as well, and a URL does not.
        Ok(port)
            if port > 0
                && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            Ok((host, Some(port)))
        }
        _ => Err(format!(
            "its port {digits} is not a number from 1 to 65535"
        )),
    }
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

    /// The whole request.
    pub(crate) fn request(&self) -> &[u8] {
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
        bad("", "no scheme");
        bad("example.com/1", "http://example.com/1");
        bad("https://example.com/", "plain HTTP");
        bad("ftp://example.com/", "ftp");
        bad("http://", "no host");
        bad("http:///path", "no host");
        bad("http://:80/", "no host");
        bad("http://user@/", "");
        bad("http://a:99999/", "99999");
        bad("http://a:0/", "port 0");
        bad("http://a:/", "its port is empty");
        bad("http:/a/1", "one slash after its scheme: write http://a/1");
        bad("http://a/<b>", "it has < in it (write %3C)");
        bad("http://a:-1/", "");
        bad("http://a:+80/", "port");
        bad("http://a/b c", "space");
        bad("http://a/\r\nHost: b", "U+000D");
        bad("http://a/\u{9b}31m", "U+009B");
        bad("http://ü.example/", "xn--");
        bad("http://[::1/", "");
        bad("http://[zz]/", "");
        bad("http://a,b/", "host");
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
