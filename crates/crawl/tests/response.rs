//! What the response reader makes of each answer, in however many pieces it
//! comes.

use crawl::ErrorKind::{self, EmptyReply, Malformed, TooLarge, Truncated};
use crawl::{BadResponse, Limits, Page, ResponseReader};
use proptest::prelude::*;

/// What became of a stream, and everything a caller could see of it.
#[derive(Debug, PartialEq)]
struct Outcome {
    result: Result<Page, BadResponse>,
    /// The stream had to end first.
    by_the_end: bool,
    bytes: u64,
    expected_bytes: Option<u64>,
}

/// Reads a stream that came in these pieces and then ended.
fn read<'a>(
    limits: &Limits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Outcome {
    let mut reader = ResponseReader::new(limits);
    let mut answer = None;
    for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
        answer = reader.received(piece).transpose();
        if answer.is_some() {
            break;
        }
    }
    let by_the_end = answer.is_none();
    Outcome {
        result: answer.unwrap_or_else(|| reader.ended()),
        by_the_end,
        bytes: reader.bytes(),
        expected_bytes: reader.expected_bytes(),
    }
}

/// Reads a stream whole, byte by byte and with every single cut: they must
/// all be the same.
fn read_every_way(limits: &Limits, stream: &[u8]) -> Outcome {
    let whole = read(limits, [stream]);
    let shown = stream.escape_ascii();
    assert_eq!(
        read(limits, stream.chunks(1)),
        whole,
        "byte by byte: {shown}"
    );
    for cut in 1..stream.len() {
        let (one, two) = stream.split_at(cut);
        assert_eq!(
            read(limits, [one, two]),
            whole,
            "cut at {cut}: {shown}"
        );
    }
    whole
}

/// What a case expects.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Is<'a> {
    /// A page, known without waiting for the end of the stream: its status
    /// and body.
    Whole(u16, &'a str),
    /// A page that the end of the stream completed.
    AtEnd(u16, &'a str),
    Bad(ErrorKind, &'a str),
}
use Is::{AtEnd, Bad, Whole};

/// Small enough to be reached in a line.
fn limits() -> Limits {
    Limits { max_head_bytes: 200, max_body_bytes: 20, ..Limits::default() }
}

#[track_caller]
fn check(stream: impl AsRef<[u8]>, expected: Is) -> Outcome {
    let stream = stream.as_ref();
    let outcome = read_every_way(&limits(), stream);
    let found = match &outcome.result {
        Ok(page) if outcome.by_the_end => {
            AtEnd(page.status, str::from_utf8(&page.body).unwrap())
        }
        Ok(page) => Whole(page.status, str::from_utf8(&page.body).unwrap()),
        Err(bad) => Bad(bad.kind, &bad.message),
    };
    assert_eq!(found, expected, "{}", stream.escape_ascii());
    outcome
}

/// An answer with this one header, and a body of five bytes.
fn with(header: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{header}\r\n\r\nhello")
}

/// An answer whose body is these chunks.
fn chunked(chunks: impl std::fmt::Display) -> String {
    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")
}

#[test]
fn answers_with_a_length() {
    check(with("Content-Length: 5"), Whole(200, "hello"));
    check(with("content-LENGTH:5"), Whole(200, "hello"));
    check(with("Content-Length: \t 5 \t "), Whole(200, "hello"));
    check(with("Content-Length: 0005"), Whole(200, "hello"));
    check(with("Content-Length: 5, 5"), Whole(200, "hello"));
    check(with("Content-Length: 5,5 ,\t5"), Whole(200, "hello"));
    check(
        with("Content-Length: 5\r\nContent-Length: 5"),
        Whole(200, "hello"),
    );
    check(with("Content-Length: 0"), Whole(200, ""));
    check(with("Content-Length: 4"), Whole(200, "hell"));
    check(
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        Whole(200, "hi"),
    );
    check("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", Whole(200, "hi"));
    check("HTTP/1.1 404 \r\nContent-Length: 2\r\n\r\nhi", Whole(404, "hi"));
    check(
        "HTTP/1.1 599 Caf\u{e9}\r\nContent-Length: 2\r\n\r\nhi",
        Whole(599, "hi"),
    );
}

#[test]
fn lengths_that_cannot_be_trusted() {
    let bad = |value: &str, message| {
        check(
            with(&format!("Content-Length: {value}")),
            Bad(Malformed, message),
        )
    };
    bad("0x5", "Content-Length \"0x5\" is not a number");
    bad("+5", "Content-Length \"+5\" is not a number");
    bad("-5", "Content-Length \"-5\" is not a number");
    bad("5.0", "Content-Length \"5.0\" is not a number");
    bad("5 5", "Content-Length \"5 5\" is not a number");
    bad("five", "Content-Length \"five\" is not a number");
    bad("", "Content-Length \"\" is not a number");
    bad("5,", "Content-Length \"\" is not a number");
    bad("\u{665}", "Content-Length \"\\xd9\\xa5\" is not a number");
    bad("5\r\n 5", "Content-Length \"5 5\" is not a number");
    bad("5, 6", "Content-Length is both 5 and 6");
    bad("5\r\nContent-Length: 6", "Content-Length is both 5 and 6");
    bad(
        "18446744073709551616",
        "Content-Length \"18446744073709551616\" does not fit in 64 bits",
    );
    bad(
        &"x".repeat(61),
        &format!(
            "Content-Length \"{}...\" is not a number",
            "x".repeat(60)
        ),
    );
}

#[test]
fn answers_that_end_with_the_stream() {
    check("HTTP/1.1 200 OK\r\n\r\nhello", AtEnd(200, "hello"));
    check("HTTP/1.0 200 OK\r\n\r\n", AtEnd(200, ""));
    check(with("Content-Type: text/plain"), AtEnd(200, "hello"));
}

#[test]
fn answers_without_a_body() {
    check("HTTP/1.1 204 No Content\r\n\r\nextra", Whole(204, ""));
    check(
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nextra",
        Whole(304, ""),
    );
    check(
        "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n",
        Whole(204, ""),
    );
    check(
        "HTTP/1.1 304 No\r\nContent-Length: 99999\r\n\r\n",
        Whole(304, ""),
    );
}

#[test]
fn answers_in_chunks() {
    check(chunked("5\r\nhello\r\n0\r\n\r\n"), Whole(200, "hello"));
    check(
        chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nextra"),
        Whole(200, "hello"),
    );
    check(chunked("0\r\n\r\n"), Whole(200, ""));
    check(chunked("000\r\n\r\n"), Whole(200, ""));
    check(
        chunked("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"),
        Whole(200, "01234567890123456789"),
    );
    check(
        chunked("00000000000000000000005\r\nhello\r\n0\r\n\r\n"),
        Whole(200, "hello"),
    );
    check(
        chunked("5;a=b;c=\"d e\"\r\nhello\r\n0;last\r\n\r\n"),
        Whole(200, "hello"),
    );
    check(chunked("5 \t\r\nhello\r\n0 ;a\r\n\r\n"), Whole(200, "hello"));
    check(chunked("2\r\n\r\n\r\n0\r\n\r\n"), Whole(200, "\r\n"));
    check(
        with("Transfer-Encoding: \t CHUNKED \t"),
        Bad(Malformed, "a chunk's size line has a stray \"h\""),
    );
    check(
        with("Transfer-Encoding:\r\n chunked\r\nA: b"),
        Bad(Malformed, "a chunk's size line has a stray \"h\""),
    );
    // Empty elements of a list are ignored.
    for list in [
        "chunked,",
        ",chunked",
        ", chunked ,,",
        "chunked\r\nTransfer-Encoding:",
    ] {
        let stream = with(&format!("Transfer-Encoding: {list}"));
        check(
            stream,
            Bad(Malformed, "a chunk's size line has a stray \"h\""),
        );
    }
}

#[test]
fn chunks_that_cannot_be_trusted() {
    let stray = |chunks: &str, byte: &str| {
        check(
            chunked(chunks),
            Bad(
                Malformed,
                &format!("a chunk's size line has a stray \"{byte}\""),
            ),
        )
    };
    stray("\r\n", "\\r");
    stray("\n", "\\n");
    stray(";a\r\n", ";");
    stray(" 5\r\nhello\r\n", " ");
    stray("x\r\n", "x");
    stray("0x5\r\nhello\r\n", "x");
    stray("-5\r\nhello\r\n", "-");
    stray("+5\r\nhello\r\n", "+");
    stray("5 5\r\nhello\r\n", "5");
    stray("5\nhello\n0\n\n", "\\n");
    stray("5;a\nhello", "\\n");
    stray("5;a\rb\r\n", "b");
    stray("5;a\0\r\n", "\\x00");
    stray("5;a\x7f\r\n", "\\x7f");
    stray("5\r\r\nhello", "\\r");
    stray("5\r\nhello\r\n\r\n", "\\r");

    check(
        chunked("5\r\nhello!"),
        Bad(Malformed, "chunk data ends in \"!\", not in CRLF"),
    );
    check(
        chunked("5\r\nhello\n0\r\n\r\n"),
        Bad(Malformed, "chunk data ends in \"\\n\", not in CRLF"),
    );
    check(
        chunked("5\r\nhello\r0"),
        Bad(Malformed, "chunk data ends in \"0\", not in CRLF"),
    );

    let overflow = Bad(Malformed, "a chunk's size does not fit in 64 bits");
    check(chunked("10000000000000000\r\n"), overflow);
    check(chunked("fffffffffffffffff\r\n"), overflow);
}

#[test]
fn transfer_codings_that_cannot_be_trusted() {
    let bad = |value: &str, message| {
        check(
            with(&format!("Transfer-Encoding: {value}")),
            Bad(Malformed, message),
        )
    };
    bad(
        "gzip, chunked",
        "Transfer-Encoding \"gzip, chunked\" is not \"chunked\"",
    );
    bad(
        "chunked, chunked",
        "Transfer-Encoding \"chunked, chunked\" is not \"chunked\"",
    );
    bad(
        "chunked;q=1",
        "Transfer-Encoding \"chunked;q=1\" is not \"chunked\"",
    );
    bad("identity", "Transfer-Encoding \"identity\" is not \"chunked\"");
    bad("", "Transfer-Encoding \"\" is not \"chunked\"");
    bad("chunked\r\n ", "a chunk's size line has a stray \"h\"");
    bad(
        "chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding \"chunked, chunked\" is not \"chunked\"",
    );
    let both = "both Transfer-Encoding and Content-Length are there";
    bad("chunked\r\nContent-Length: 5", both);
    bad("chunked\r\nContent-Length: 5\r\nContent-Length: 5", both);
    check(
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Bad(Malformed, "HTTP/1.0 has no Transfer-Encoding"),
    );
}

#[test]
fn trailers() {
    check(chunked("0\r\nA: b\r\n\r\n"), Whole(200, ""));
    check(chunked("0\r\nA: b\r\n\tc\r\nD:\r\n\r\nextra"), Whole(200, ""));
    check(chunked("0\r\nA: b\n\n"), Whole(200, ""));
    check(chunked("0\r\n\n"), Whole(200, ""));
    check(chunked("0\r\nContent-Length: x\r\n\r\n"), Whole(200, ""));
    check(
        chunked("0\r\nA b\r\n\r\n"),
        Bad(Malformed, "the trailer section has an invalid header name"),
    );
    check(
        chunked("0\r\n b: c\r\n\r\n"),
        Bad(Malformed, "the trailer section has an invalid header name"),
    );
    check(
        chunked("0\r\nA: b\rc\r\n\r\n"),
        Bad(Malformed, "the trailer section has an invalid header value"),
    );
    check(
        chunked("0\r\n\rA: b\r\n\r\n"),
        Bad(Malformed, "the trailer section has an invalid new line"),
    );
}

#[test]
fn heads_as_they_come() {
    check("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", Whole(200, "hi"));
    check("HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nhi", Whole(200, "hi"));
    check("HTTP/1.1 200 OK\nContent-Length: 2\r\n\nhi", Whole(200, "hi"));
    check(
        "HTTP/1.1 200 OK\r\nA: b\r\n \r\n\tc\r\nContent-Length:\r\n 2\r\n\r\nhi",
        Whole(200, "hi"),
    );
    check("HTTP/1.1 200 OK\r\nA:\r\n\r\n\r\n", AtEnd(200, "\r\n"));
    check("HTTP/1.1 200 OK\n\n\n", AtEnd(200, "\n"));
}

#[test]
fn heads_that_are_not_http() {
    let bad =
        |stream: &str, message| check(stream, Bad(Malformed, message));
    bad(
        "SSH-2.0-OpenSSH_9.2\r\n",
        "the answer starts with \"S\", not with \"HTTP/1.\"",
    );
    bad("hello", "the answer starts with \"h\", not with \"HTTP/1.\"");
    bad(
        "HTTP/2 200\r\n\r\n",
        "the answer starts with \"HTTP/2\", not with \"HTTP/1.\"",
    );
    bad(
        "HTTP/0.9 200 OK\r\n\r\n",
        "the answer starts with \"HTTP/0\", not with \"HTTP/1.\"",
    );
    bad(
        "http/1.1 200 OK\r\n\r\n",
        "the answer starts with \"h\", not with \"HTTP/1.\"",
    );
    bad(
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "the answer starts with \"\\r\", not with \"HTTP/1.\"",
    );
    bad(
        "HTTP/1\n\n",
        "the answer starts with \"HTTP/1\\n\", not with \"HTTP/1.\"",
    );
    bad("HTTP/1.\n\n", "the head has an invalid HTTP version");
    bad("HTTP/1.2 200 OK\r\n\r\n", "the head has an invalid HTTP version");
    bad("HTTP/1.12 200 OK\r\n\r\n", "the head has an invalid HTTP version");
    bad("HTTP/1.1\r\n\r\n", "the head has an invalid HTTP version");
    bad(
        "HTTP/1.1  200 OK\r\n\r\n",
        "the head has an invalid response status",
    );
    bad(
        "HTTP/1.1 20 OK\r\n\r\n",
        "the head has an invalid response status",
    );
    bad(
        "HTTP/1.1 2000 OK\r\n\r\n",
        "the head has an invalid response status",
    );
    bad(
        "HTTP/1.1 200OK\r\n\r\n",
        "the head has an invalid response status",
    );
    bad("HTTP/1.1 000 OK\r\n\r\n", "status 000 is not between 100 and 599");
    bad("HTTP/1.1 099 OK\r\n\r\n", "status 099 is not between 100 and 599");
    bad("HTTP/1.1 600 OK\r\n\r\n", "status 600 is not between 100 and 599");
    bad("HTTP/1.1 999 OK\r\n\r\n", "status 999 is not between 100 and 599");
    bad(
        "HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
        "the head has an invalid header name",
    );
    bad(
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "the head has an invalid header name",
    );
    bad(
        "HTTP/1.1 200 OK\r\nA\r\n\r\n",
        "the head has an invalid header name",
    );
    bad(
        "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
        "the head has an invalid header name",
    );
    bad(
        "HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n",
        "the head has an invalid header value",
    );
}

#[test]
fn a_bare_cr_in_a_head_is_malformed() {
    let bad =
        |stream: &str, message| check(stream, Bad(Malformed, message));
    bad(
        "HTTP/1.1 200 O\rK\r\n\r\n",
        "the head has an invalid response status",
    );
    bad(
        "HTTP/1.1 200\r\r\n\r\n",
        "the head has an invalid response status",
    );
    bad(
        "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
        "the head has an invalid header value",
    );
    bad(
        "HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n",
        "the head has an invalid header value",
    );
    bad(
        "HTTP/1.1 200 OK\r\nA: \r c\r\n\r\n",
        "the head has an invalid header value",
    );
    bad(
        "HTTP/1.1 200 OK\r\nA\r: b\r\n\r\n",
        "the head has an invalid header name",
    );
    bad(
        "HTTP/1.1 200 OK\r\nA: b\r\n\r\r\n\r\n",
        "the head has an invalid new line",
    );
}

#[test]
fn interim_answers_are_skipped() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    let outcome = check(format!("{interim}{last}"), Whole(200, "hi"));
    assert_eq!(outcome.bytes, last.len() as u64);
    assert_eq!(outcome.expected_bytes, Some(last.len() as u64));

    // What they say of a body or a place is not said of the final answer.
    let hints =
        "HTTP/1.1 103 Hints\r\nLocation: /no\r\nContent-Length: 9\r\n\r\n";
    let outcome = check(format!("{hints}{last}"), Whole(200, "hi"));
    assert_eq!(outcome.result.unwrap().location, None);

    check(interim.repeat(16) + last, Whole(200, "hi"));
    let outcome = check(
        interim.repeat(17),
        Bad(Malformed, "more than 16 interim answers"),
    );
    assert_eq!(outcome.bytes, 0);
    let outcome = check(
        "HTTP/1.1 101 Switching\r\n\r\n",
        Bad(Malformed, "status 101 switches protocols unasked"),
    );
    assert_eq!(outcome.bytes, 0);
}

#[test]
fn streams_that_end_too_soon() {
    let none = Bad(EmptyReply, "the stream ended before an answer");
    let only_interim =
        Bad(EmptyReply, "the stream ended after interim answers only");
    check("", none);
    check("HTTP/1.1 1", none);
    check("HTTP/1.1 100 Continue\r\n", none);
    check("HTTP/1.1 100 Continue\r\n\r\n", only_interim);
    check("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Pro", only_interim);

    let truncated =
        |stream: &str, message| check(stream, Bad(Truncated, message));
    truncated("H", "the stream ended in the head, after 1 bytes");
    truncated("HTTP/1.1 ", "the stream ended in the head, after 9 bytes");
    truncated("HTTP/1.121", "the stream ended in the head, after 10 bytes");
    truncated("HTTP/1.1 2", "the stream ended in the head, after 10 bytes");
    truncated(
        "HTTP/1.1 200 OK\r\nA: b\r\n\r",
        "the stream ended in the head, after 24 bytes",
    );
    truncated(
        "HTTP/1.1 100 C\r\n\r\nHTTP",
        "the stream ended in the head, after 4 bytes",
    );
    let outcome = truncated(
        &with("Content-Length: 6"),
        "the stream ended in the body, after 43 of 44 bytes",
    );
    assert_eq!((outcome.bytes, outcome.expected_bytes), (43, Some(44)));
    truncated(
        &chunked(""),
        "the stream ended in the chunked body, after 47 bytes",
    );
    truncated(
        &chunked("5"),
        "the stream ended in the chunked body, after 48 bytes",
    );
    truncated(
        &chunked("5\r\nhell"),
        "the stream ended in the chunked body, after 54 bytes",
    );
    truncated(
        &chunked("5\r\nhello"),
        "the stream ended in the chunked body, after 55 bytes",
    );
    truncated(
        &chunked("5\r\nhello\r"),
        "the stream ended in the chunked body, after 56 bytes",
    );
    truncated(
        &chunked("5\r\nhello\r\n"),
        "the stream ended in the chunked body, after 57 bytes",
    );
    truncated(
        &chunked("0\r"),
        "the stream ended in the chunked body, after 49 bytes",
    );
    truncated(
        &chunked("0\r\n"),
        "the stream ended in the trailer section, after 50 bytes",
    );
    truncated(
        &chunked("0\r\n\r"),
        "the stream ended in the trailer section, after 51 bytes",
    );
    truncated(
        &chunked("0\r\nA: b\r\n"),
        "the stream ended in the trailer section, after 56 bytes",
    );
}

#[test]
fn heads_have_a_limit() {
    let head_of = |bytes: usize| {
        let rest = "HTTP/1.1 204 No\r\nA: \r\n\r\n".len();
        format!(
            "HTTP/1.1 204 No\r\nA: {}\r\n\r\n",
            "x".repeat(bytes - rest)
        )
    };
    let too_large = Bad(TooLarge, "the head is over 200 bytes");
    check(head_of(200), Whole(204, ""));
    assert_eq!(check(head_of(201), too_large).bytes, 201);
    check(head_of(201) + "extra", too_large);
    check(head_of(900), too_large);
    check(&head_of(201)[..201], too_large);
    check(
        &head_of(201)[..200],
        Bad(Truncated, "the stream ended in the head, after 200 bytes"),
    );

    // Each head has the limit for itself, and bytes of an interim one never
    // count.
    let interim = head_of(200).replace("204", "103");
    check(interim.repeat(2) + &head_of(200), Whole(204, ""));
    assert_eq!(
        check(head_of(201).replace("204", "103"), too_large).bytes,
        0
    );

    let trailers = |bytes: usize| {
        chunked(format!("0\r\nA: {}\r\n\r\n", "x".repeat(bytes - 7)))
    };
    check(trailers(200), Whole(200, ""));
    check(
        trailers(201),
        Bad(TooLarge, "the trailer section is over 200 bytes"),
    );
}

#[test]
fn a_limit_within_the_first_bytes_is_the_same_for_every_cut() {
    for max_head_bytes in 0..12 {
        let limits = Limits { max_head_bytes, ..limits() };
        for stream in [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 100 C\r\n\r\n",
            "HTTP/2",
            "HTX",
            "\n",
        ] {
            let outcome = read_every_way(&limits, stream.as_bytes());
            assert!(outcome.result.is_err(), "{stream:?}: {outcome:?}");
        }
    }
}

#[test]
fn headers_have_a_limit() {
    let limits = Limits::default();
    let headers = |count: usize| {
        format!("HTTP/1.1 204 No\r\n{}\r\n", "A: b\r\n".repeat(count))
    };
    assert!(
        read_every_way(&limits, headers(128).as_bytes()).result.is_ok()
    );
    let bad = read_every_way(&limits, headers(129).as_bytes())
        .result
        .unwrap_err();
    assert_eq!(bad, too_large("the head has more than 128 headers"));

    let trailers = |count: usize| {
        chunked(format!("0\r\n{}\r\n", "A: b\r\n".repeat(count)))
    };
    assert!(
        read_every_way(&limits, trailers(128).as_bytes()).result.is_ok()
    );
    let bad = read_every_way(&limits, trailers(129).as_bytes())
        .result
        .unwrap_err();
    assert_eq!(
        bad,
        too_large("the trailer section has more than 128 headers")
    );
}

#[test]
fn bodies_have_a_limit() {
    let body = "01234567890123456789";
    let with_length = |length: &str| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}!"
        )
    };
    check(with_length("20"), Whole(200, body));
    let outcome = check(
        with_length("21"),
        Bad(TooLarge, "the body of 21 bytes is over 20 bytes"),
    );
    assert_eq!((outcome.bytes, outcome.expected_bytes), (39, Some(60)));
    let outcome = check(
        with_length("18446744073709551615"),
        Bad(
            TooLarge,
            "the body of 18446744073709551615 bytes is over 20 bytes",
        ),
    );
    assert_eq!(outcome.expected_bytes, Some(u64::MAX));

    check(format!("HTTP/1.1 200 OK\r\n\r\n{body}"), AtEnd(200, body));
    let over = Bad(TooLarge, "the body is over 20 bytes");
    assert_eq!(
        check(format!("HTTP/1.1 200 OK\r\n\r\n{body}!!"), over).bytes,
        19 + 21
    );

    check(chunked(format!("14\r\n{body}\r\n0\r\n\r\n")), Whole(200, body));
    check(
        chunked("15\r\n"),
        Bad(
            TooLarge,
            "a chunk of 21 bytes is over the 20 that the body may still have",
        ),
    );
    check(
        chunked("15;"),
        Bad(
            TooLarge,
            "a chunk of 21 bytes is over the 20 that the body may still have",
        ),
    );
    check(
        chunked("5\r\nhello\r\nffffffffffffffff\r"),
        Bad(
            TooLarge,
            "a chunk of 18446744073709551615 bytes is over the 15 that the body may still have",
        ),
    );
}

#[test]
fn chunk_lines_have_a_limit() {
    let line = |bytes: usize| {
        chunked(format!("0;{}\r\n\r\n", "x".repeat(bytes - 4)))
    };
    check(line(4096), Whole(200, ""));
    check(
        line(4097),
        Bad(TooLarge, "a chunk's size line is over 4096 bytes"),
    );
    check(
        chunked("0".repeat(5000)),
        Bad(TooLarge, "a chunk's size line is over 4096 bytes"),
    );
}

#[test]
fn pages_keep_where_they_point_and_how_they_are_coded() {
    let page = |headers: &str| {
        let stream = format!(
            "HTTP/1.1 302 Found\r\n{headers}\r\nContent-Length: 0\r\n\r\n"
        );
        let page = check(stream, Whole(302, "")).result.unwrap();
        (page.location, page.content_encoding)
    };
    assert_eq!(page("A: b"), (None, None));
    assert_eq!(page("Location: /there"), (Some("/there".into()), None));
    assert_eq!(page("location:/a\r\n  b"), (Some("/a b".into()), None));
    assert_eq!(
        page("Location: /1\r\nLocation: /2"),
        (Some("/1".into()), None)
    );
    assert_eq!(page("Content-Encoding: gzip"), (None, Some("gzip".into())));
    assert_eq!(page("Content-Encoding: identity"), (None, None));
    assert_eq!(page("Content-Encoding:"), (None, None));
    let twice = page("Content-Encoding: gzip\r\nContent-Encoding: br");
    assert_eq!(twice, (None, Some("gzip, br".into())));
    let list = page("Content-Encoding: , gzip,identity ,,br,");
    assert_eq!(list, (None, Some("gzip, br".into())));

    let stream = b"HTTP/1.1 201 Created\r\nLocation: /\xff\r\nContent-Length: 0\r\n\r\n";
    let page = check(stream, Whole(201, "")).result.unwrap();
    assert_eq!(page.location.as_deref(), Some("/\u{fffd}"));
}

fn too_large(message: &str) -> BadResponse {
    BadResponse { kind: TooLarge, message: message.to_owned() }
}

/// A whole answer as bytes, and the page that it is.
fn answers() -> impl Strategy<Value = (Vec<u8>, Page)> {
    let body = prop::collection::vec(any::<u8>(), 0..300);
    let extras = (
        prop::collection::vec(0..4_usize, 0..4),
        prop::collection::vec(headers(), 0..6),
        prop::option::of("/[a-z]{0,9}"),
        prop::option::of("gzip|br"),
    );
    (200..600_u16, body, extras, framings(), any::<bool>()).prop_map(
        |(
            status,
            body,
            (interim, headers, location, coding),
            framing,
            lf_only,
        )| {
            let mut head: String =
                interim.into_iter().map(|which| INTERIM[which]).collect();
            head += &format!(
                "HTTP/1.1 {status} Some Reason\r\n{}",
                headers.concat()
            );
            if let Some(location) = &location {
                head += &format!("Location: {location}\r\n");
            }
            if let Some(coding) = &coding {
                head += &format!("content-encoding:\t{coding}\r\n");
            }
            let (framing_header, coded) = framing.apply(&body);
            head += &format!("{framing_header}\r\n");
            if lf_only {
                head = head.replace("\r\n", "\n");
            }
            let body =
                if matches!(status, 204 | 304) { Vec::new() } else { body };
            let (location, content_encoding) =
                (location.map(Into::into), coding.map(Into::into));
            (
                [head.into_bytes(), coded].concat(),
                Page { status, body, location, content_encoding },
            )
        },
    )
}

const INTERIM: [&str; 4] = [
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLocation: /no\r\nContent-Encoding: no\r\n\r\n",
    "HTTP/1.0 199\r\nContent-Length: 7\r\n\r\n",
    "HTTP/1.1 102 \r\nTransfer-Encoding: no,\r\n such\r\n\r\n",
];

/// A header that means nothing here, perhaps folded.
fn headers() -> impl Strategy<Value = String> {
    "X-[A-Za-z]{1,9}:[ \t]{0,2}[!-~]{0,9}(\r\n[ \t]{1,2}[ -~]{0,9}){0,2}\r\n"
}

#[derive(Clone, Debug)]
enum Framing {
    Length { copies: usize },
    UntilClose,
    Chunked { sizes: Vec<usize>, extension: String, trailers: Vec<String> },
}

fn framings() -> impl Strategy<Value = Framing> {
    let sizes = prop::collection::vec(1..40_usize, 1..5);
    let extension = "[ \t]{0,2}(;[!-~]{0,9}(=\"[ -~]{0,9}\")?)?";
    let trailers = prop::collection::vec(headers(), 0..3);
    prop_oneof![
        (1..4_usize).prop_map(|copies| Framing::Length { copies }),
        Just(Framing::UntilClose),
        (sizes, extension, trailers).prop_map(
            |(sizes, extension, trailers)| Framing::Chunked {
                sizes,
                extension,
                trailers
            }
        ),
    ]
}

impl Framing {
    /// The header, and the body as it is sent.
    fn apply(&self, body: &[u8]) -> (String, Vec<u8>) {
        match self {
            Framing::UntilClose => (String::new(), body.to_vec()),
            Framing::Length { copies } => {
                let lengths =
                    vec![body.len().to_string(); *copies].join(" , ");
                (format!("Content-Length: {lengths}\r\n"), body.to_vec())
            }
            Framing::Chunked { sizes, extension, trailers } => {
                let mut coded = Vec::new();
                let (mut left, mut sizes) = (body, sizes.iter().cycle());
                while !left.is_empty() {
                    let size = left
                        .len()
                        .min(*sizes.next().expect("a cycle has no end"));
                    coded
                        .extend(format!("{size:X}{extension}\r\n").bytes());
                    coded.extend(&left[..size]);
                    coded.extend(b"\r\n");
                    left = &left[size..];
                }
                coded.extend(
                    format!("00{extension}\r\n{}\r\n", trailers.concat())
                        .bytes(),
                );
                ("Transfer-Encoding: Chunked\r\n".to_owned(), coded)
            }
        }
    }
}

/// Cuts a stream into pieces of these sizes, taken in turn.
fn cut<'a>(mut stream: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if stream.is_empty() {
            break;
        }
        let (piece, rest) = stream.split_at(stream.len().min(*size));
        pieces.push(piece);
        stream = rest;
    }
    pieces
}

proptest! {
    #[test]
    fn a_whole_answer_is_its_page_in_any_pieces(
        (stream, page) in answers(),
        sizes in prop::collection::vec(1..50_usize, 1..6),
    ) {
        let limits = Limits::default();
        let whole = read(&limits, [&stream[..]]);
        prop_assert_eq!(whole.result.as_ref(), Ok(&page));
        prop_assert_eq!(read(&limits, cut(&stream, &sizes)), whole);
    }

    #[test]
    fn a_spoiled_answer_has_one_outcome_in_any_pieces(
        (mut stream, _) in answers(),
        faults in prop::collection::vec((any::<prop::sample::Index>(), faults()), 1..5),
        sizes in prop::collection::vec(1..50_usize, 1..6),
        max_head_bytes in 0..400_usize,
        max_body_bytes in 0..300_u64,
    ) {
        for (at, fault) in faults {
            fault.apply(&mut stream, at);
        }
        let limits = Limits { max_head_bytes, max_body_bytes, ..Limits::default() };
        let whole = read(&limits, [&stream[..]]);
        prop_assert_eq!(&read(&limits, cut(&stream, &sizes)), &whole);
        prop_assert_eq!(&read(&limits, stream.chunks(1)), &whole);
        prop_assert!(whole.result.is_err() || whole.bytes <= stream.len() as u64);
    }
}

#[derive(Clone, Debug)]
enum Fault {
    Set(u8),
    Insert(&'static str),
    Remove,
    CutOff,
}

fn faults() -> impl Strategy<Value = Fault> {
    prop_oneof![
        any::<u8>().prop_map(Fault::Set),
        prop::sample::select(
            &[
                "\r", "\n", "\r\n\r\n", " ", "0", "f", ",", ";", ":",
                "1.1 100"
            ][..]
        )
        .prop_map(Fault::Insert),
        Just(Fault::Remove),
        Just(Fault::CutOff),
    ]
}

impl Fault {
    fn apply(self, stream: &mut Vec<u8>, at: prop::sample::Index) {
        if stream.is_empty() {
            return;
        }
        let at = at.index(stream.len());
        match self {
            Fault::Set(byte) => stream[at] = byte,
            Fault::Insert(text) => {
                drop(stream.splice(at..at, text.bytes()))
            }
            Fault::Remove => drop(stream.remove(at)),
            Fault::CutOff => stream.truncate(at),
        }
    }
}
