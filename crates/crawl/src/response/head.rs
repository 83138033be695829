//! What a complete head says, and which body follows it.

use std::borrow::Cow;

use httparse::{Header, Response, Status};

use super::{BadResponse, malformed, quoted, too_large};

/// The most header fields of one head, and of one trailer section. (Servers
/// and browsers take 100 and more.)
const MAX_HEADERS: usize = 128;

/// What a page and its reader keep of a head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) body: Body,
    pub(super) location: Option<Box<str>>,
    pub(super) content_encoding: Option<Box<str>>,
}

/// How the bytes behind a head are framed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    /// This head was interim; the next one follows.
    AnotherHead,
    Nothing,
    Length(u64),
    Chunked,
    UntilClose,
}

impl Head {
    /// Reads a head through its blank line.
    pub(super) fn parse(head: &[u8]) -> Result<Head, BadResponse> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let response = parse(head, &mut headers, "head")?;
        let status =
            response.code.expect("a head that parsed has a status");
        Ok(Head {
            status,
            body: body(status, &response)?,
            location: values(response.headers, "Location")
                .next()
                .map(|url| text(&url)),
            content_encoding: content_encoding(response.headers),
        })
    }
}

/// Holds trailers, through their blank line, to the rules of headers.
pub(super) fn check_trailers(trailers: &[u8]) -> Result<(), BadResponse> {
    if matches!(trailers, b"\n" | b"\r\n") {
        return Ok(());
    }
    // Only under a status line does httparse take folded lines.
    let head = [b"HTTP/1.1 200\r\n", trailers].concat();
    parse(
        &head,
        &mut [httparse::EMPTY_HEADER; MAX_HEADERS],
        "trailer section",
    )?;
    Ok(())
}

fn parse<'h, 'b>(
    section: &'b [u8],
    headers: &'h mut [Header<'b>],
    name: &str,
) -> Result<Response<'h, 'b>, BadResponse> {
    let mut response = Response::new(headers);
    let parsed = httparse::ParserConfig::default()
        .allow_obsolete_multiline_headers_in_responses(true)
        .parse_response(&mut response, section);
    match parsed {
        Ok(Status::Complete(_)) => Ok(response),
        Ok(Status::Partial) => {
            Err(malformed(format!("the {name} has no end")))
        }
        Err(httparse::Error::TooManyHeaders) => Err(too_large(format!(
            "the {name} has more than {MAX_HEADERS} headers"
        ))),
        Err(error) => Err(malformed(format!("the {name} has an {error}"))),
    }
}

/// Which body follows: RFC 9112, section 6.3, where every doubt is an
/// error.
fn body(
    status: u16,
    response: &Response<'_, '_>,
) -> Result<Body, BadResponse> {
    match status {
        101 => {
            return Err(malformed(
                "status 101 switches protocols unasked".to_owned(),
            ));
        }
        100..200 => return Ok(Body::AnotherHead),
        // These end with their head, whatever its headers say of a body.
        204 | 304 => return Ok(Body::Nothing),
        200..600 => {}
        _ => {
            return Err(malformed(format!(
                "status {status:03} is not between 100 and 599"
            )));
        }
    }
    match (is_chunked(response)?, content_length(response.headers)?) {
        (true, Some(_)) => Err(malformed(
            "both Transfer-Encoding and Content-Length are there"
                .to_owned(),
        )),
        (true, None) => Ok(Body::Chunked),
        (false, Some(length)) => Ok(Body::Length(length)),
        (false, None) => Ok(Body::UntilClose),
    }
}

fn is_chunked(response: &Response<'_, '_>) -> Result<bool, BadResponse> {
    let lists: Vec<_> =
        values(response.headers, "Transfer-Encoding").collect();
    if lists.is_empty() {
        return Ok(false);
    }
    if response.version == Some(0) {
        return Err(malformed(
            "HTTP/1.0 has no Transfer-Encoding".to_owned(),
        ));
    }
    match elements(&lists).collect::<Vec<_>>()[..] {
        [coding] if coding.eq_ignore_ascii_case(b"chunked") => Ok(true),
        _ => {
            let all = lists.join(&b", "[..]);
            Err(malformed(format!(
                "Transfer-Encoding {} is not \"chunked\"",
                quoted(&all)
            )))
        }
    }
}

/// The one length on which all `Content-Length` headers agree: `5, 5` is 5.
fn content_length(
    headers: &[Header<'_>],
) -> Result<Option<u64>, BadResponse> {
    let mut length = None;
    for value in values(headers, "Content-Length") {
        for item in value.split(|&byte| byte == b',') {
            let number = number(item.trim_ascii())?;
            let before = *length.get_or_insert(number);
            if before != number {
                return Err(malformed(format!(
                    "Content-Length is both {before} and {number}"
                )));
            }
        }
    }
    Ok(length)
}

fn number(digits: &[u8]) -> Result<u64, BadResponse> {
    let wrong =
        |why| malformed(format!("Content-Length {} {why}", quoted(digits)));
    // Left to itself, `parse` takes a sign.
    if !digits.iter().all(u8::is_ascii_digit) || digits.is_empty() {
        return Err(wrong("is not a number"));
    }
    let digits = str::from_utf8(digits).expect("digits are ASCII");
    digits.parse().map_err(|_| wrong("does not fit in 64 bits"))
}

fn content_encoding(headers: &[Header<'_>]) -> Option<Box<str>> {
    let lists = values(headers, "Content-Encoding").collect::<Vec<_>>();
    let codings: Vec<_> = elements(&lists)
        .filter(|coding| !coding.eq_ignore_ascii_case(b"identity"))
        .map(text)
        .collect();
    (!codings.is_empty()).then(|| codings.join(", ").into())
}

/// The elements of lists like `one, two`. Empty elements do not count: RFC
/// 9110, section 5.6.1.2.
fn elements<'a>(
    lists: &'a [Cow<'a, [u8]>],
) -> impl Iterator<Item = &'a [u8]> {
    let elements =
        lists.iter().flat_map(|list| list.split(|&byte| byte == b','));
    elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
}

/// The values of a header, in order, without the white space around them.
fn values<'a>(
    headers: &'a [Header<'a>],
    name: &'a str,
) -> impl Iterator<Item = Cow<'a, [u8]>> {
    let named = headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name));
    named.map(|header| unfolded(header.value))
}

/// Only a folded line leaves its end in a value; it is read as a space.
fn unfolded(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.contains(&b'\n') {
        return Cow::Borrowed(value);
    }
    let lines: Vec<_> = value
        .split(|&byte| byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .collect();
    Cow::Owned(lines.join(&b' '))
}

fn text(value: &[u8]) -> Box<str> {
    String::from_utf8_lossy(value).into()
}
