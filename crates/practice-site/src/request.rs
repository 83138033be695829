//! What a request's head says.
//!
//! The site reads no more of a request than it needs, but that part strictly: if a program
//! forgets the colon after `Host`, its author should read so, and not get a page.

use std::borrow::Cow;

/// The largest head that is read, in bytes.
pub(crate) const LARGEST_HEAD: usize = 16 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// The path with its query, even if the whole URL was asked for.
    pub(crate) target: &'a str,
    pub(crate) host: Option<&'a str>,
}

/// What has arrived so far.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed<'a> {
    Incomplete,
    TooLarge,
    /// Not a request, and why.
    Wrong(String),
    Complete(Request<'a>),
}

pub(crate) fn parse(received: &[u8]) -> Parsed<'_> {
    let Some(end) = end_of_head(received) else {
        return match received.len() > LARGEST_HEAD {
            true => Parsed::TooLarge,
            false => Parsed::Incomplete,
        };
    };
    if end > LARGEST_HEAD {
        return Parsed::TooLarge;
    }
    match std::str::from_utf8(&received[..end]) {
        Ok(head) => read(head).map_or_else(Parsed::Wrong, Parsed::Complete),
        Err(_) => Parsed::Wrong("The request is not text.".into()),
    }
}

/// The first line of what has arrived, for people.
pub(crate) fn first_line(received: &[u8]) -> Cow<'_, str> {
    let line = received.split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line))
}

/// The head ends with an empty line. Lines may end in a bare LF: a request typed by hand does.
fn end_of_head(received: &[u8]) -> Option<usize> {
    let mut line_start = 0;
    for (index, _) in received.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        if matches!(&received[line_start..index], b"" | b"\r") && line_start > 0 {
            return Some(index + 1);
        }
        line_start = index + 1;
    }
    None
}

fn read(head: &str) -> Result<Request<'_>, String> {
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let mut words = first.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(format!(
            "The first line of a request has three words, as `GET /1 HTTP/1.1` has; this one is \
             `{first}`."
        ));
    };
    if !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
        return Err(format!("This site understands HTTP/1.1 and HTTP/1.0, not `{version}`."));
    }
    let mut host = None;
    for line in lines.take_while(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once(':') else {
            return Err(format!(
                "This header has no colon: `{line}`. A header is a name, a colon and a value."
            ));
        };
        if name.eq_ignore_ascii_case("host") {
            host = Some(value.trim());
        }
    }
    if host.is_none() && version == "HTTP/1.1" {
        return Err("The `Host:` header is missing. Every request of HTTP/1.1 has one.".into());
    }
    let target = path_of(target)
        .ok_or_else(|| format!("The path `{target}` does not start with a slash, as `/1` does."))?;
    Ok(Request { method, target, host })
}

/// `http://host/1` asks for `/1`: a client sends the whole URL to a proxy, and every server must
/// understand it.
fn path_of(target: &str) -> Option<&str> {
    if target.starts_with('/') {
        return Some(target);
    }
    let rest = target.strip_prefix("http://")?;
    Some(rest.find('/').map_or("/", |slash| &rest[slash..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(received: &str, expected: &str) {
        let parsed = match parse(received.as_bytes()) {
            Parsed::Incomplete => "incomplete".into(),
            Parsed::TooLarge => "too large".into(),
            Parsed::Wrong(why) => why,
            Parsed::Complete(request) => {
                format!("{} {} {:?}", request.method, request.target, request.host)
            }
        };
        assert!(parsed.contains(expected), "{received:?} gave {parsed:?}");
    }

    #[test]
    fn heads() {
        check("", "incomplete");
        check("GET /1 HTTP/1.1\r\nHost: a\r\n", "incomplete");
        check("GET /1 HTTP/1.1\r\nHost: a\r\n\r", "incomplete");
        check("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", r#"GET /1 Some("a")"#);
        check("GET /1 HTTP/1.1\r\nhOST:a \r\n\r\nmore", r#"GET /1 Some("a")"#);
        check("GET /1 HTTP/1.1\nHost: a\n\n", r#"GET /1 Some("a")"#);
        check("GET /1 HTTP/1.0\r\n\r\n", "GET /1 None");
        check("GET http://a/1?x HTTP/1.0\r\n\r\n", "GET /1?x None");
        check("GET http://a HTTP/1.0\r\n\r\n", "GET / None");
        check("HEAD / HTTP/1.0\r\n\r\n", "HEAD / None");
        check("GET /1 HTTP/1.1\r\n\r\n", "`Host:` header is missing");
        check("GET /1 HTTP/1.1\r\nHost a\r\n\r\n", "no colon: `Host a`");
        check("GET 1 HTTP/1.0\r\n\r\n", "path `1` does not start");
        check("GET /1\r\n\r\n", "three words");
        check("GET /1 HTTP/2.0\r\n\r\n", "not `HTTP/2.0`");
        check("\r\n\r\n", "three words");
    }

    #[test]
    fn large_heads() {
        let padding = "x".repeat(LARGEST_HEAD);
        check(&format!("GET /{padding}"), "too large");
        check(&format!("GET /{padding} HTTP/1.0\r\n\r\n"), "too large");
    }
}
