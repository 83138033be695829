//! Every fault, in one table: a new fault is a new entry here. (What a fetch of it must come to is
//! in the crate `corpus`, whose tests find a fault without an entry there.)

use crate::script::FOREVER;
use crate::script::Step::{
    self, Bytes, Chunks, Pause, Repeat, Reset, Send, Settle, Stall, StayOpen, Text,
};

/// One way in which the site misbehaves, or does something unusual that HTTP allows.
#[derive(Debug)]
#[non_exhaustive]
pub struct Fault {
    /// The fault's name: the last part of its path, if it has one.
    pub name: &'static str,
    /// One line on what happens there.
    pub summary: &'static str,
    /// Whether it only looks odd: HTTP allows it, and a client should come back with a page.
    pub fine: bool,
    pub(crate) place: Place,
}

/// Where a client meets a fault, and what happens there.
#[derive(Debug)]
pub(crate) enum Place {
    /// `/fault/NAME`: the steps begin when the request has been read.
    Path(&'static [Step]),
    /// A port of its own: the steps begin when a connection is accepted, and no request is read.
    Port(&'static [Step]),
    /// A port of its own, on which nobody listens.
    RefusingPort,
    /// A port of its own, whose queue of new connections is full.
    HangingPort,
}

const fn fault(name: &'static str, summary: &'static str, steps: &'static [Step]) -> Fault {
    Fault { name, summary, fine: false, place: Place::Path(steps) }
}

const fn fine(name: &'static str, summary: &'static str, steps: &'static [Step]) -> Fault {
    Fault { name, summary, fine: true, place: Place::Path(steps) }
}

const fn on_port(name: &'static str, summary: &'static str, place: Place) -> Fault {
    Fault { name, summary, fine: false, place }
}

const fn fine_on_port(name: &'static str, summary: &'static str, place: Place) -> Fault {
    Fault { name, summary, fine: true, place }
}

/// The fault with a path of its own that has this name.
pub(crate) fn find(name: &str) -> Option<(&'static Fault, &'static [Step])> {
    FAULTS.iter().find_map(|fault| match fault.place {
        Place::Path(steps) if fault.name == name => Some((fault, steps)),
        _ => None,
    })
}

const HUGE: u64 = 100 * 1024 * 1024;

/// Every fault that the site knows, in the order of the front page. Not every system can produce
/// all of them: see [`Site::faults`](crate::Site::faults).
pub static FAULTS: &[Fault] = &[
    // Before a path is read.
    on_port("refused", "no program listens: the connection is refused", Place::RefusingPort),
    on_port(
        "connect-hangs",
        "the connection is neither accepted nor refused: connecting never ends",
        Place::HangingPort,
    ),
    on_port(
        "reset-at-accept",
        "the connection is accepted and reset at once, before the request is read",
        Place::Port(&[Reset]),
    ),
    fine_on_port(
        "early-response",
        "the whole page is sent before the request is read, and a reset follows a little later",
        // The request is never read, and so the close is a reset.
        Place::Port(&[
            Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"),
            Settle,
        ]),
    ),
    // Windows throws away what a socket has received when a reset comes.
    #[cfg(not(windows))]
    fine_on_port(
        "response-then-reset",
        "the whole page is sent before the request is read, and a reset follows at once",
        Place::Port(&[Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), Reset]),
    ),
    // The connection ends too early.
    fault(
        "reset-before-head",
        "reset as soon as the request is read, before any byte of the answer",
        &[Reset],
    ),
    fault(
        "reset-in-head",
        "reset in the middle of the head",
        &[Send("HTTP/1.1 200 OK\r\nContent-Le"), Settle, Reset],
    ),
    fault(
        "reset-after-head",
        "reset between the head and a body of 1000 bytes",
        &[Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), Settle, Reset],
    ),
    fault(
        "reset-in-body",
        "reset after 100 of 1000 bytes",
        &[Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), Text(100), Settle, Reset],
    ),
    fault(
        "reset-close-delimited",
        "reset in a body that only an orderly close would complete",
        &[Send("HTTP/1.1 200 OK\r\n\r\n"), Text(100), Settle, Reset],
    ),
    fault("empty-reply", "an orderly close without one byte of an answer", &[]),
    fault(
        "truncated-head",
        "an orderly close in the middle of the head",
        &[Send("HTTP/1.1 200 OK\r\nContent-Le")],
    ),
    fault(
        "truncated-length",
        "an orderly close after 100 of 1000 bytes",
        &[Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), Text(100)],
    ),
    fault(
        "truncated-chunk",
        "an orderly close after 50 of a chunk's 100 bytes",
        &[Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n"), Text(50)],
    ),
    fault(
        "truncated-chunks",
        "an orderly close after a whole chunk, without the last one of size 0",
        &[Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")],
    ),
    // It takes too long.
    fault("never-answer", "the request is read and never answered", &[Stall]),
    fault(
        "stall-in-head",
        "silence in the middle of the head",
        &[Send("HTTP/1.1 200 OK\r\nContent-Le"), Stall],
    ),
    fault(
        "stall-in-body",
        "silence after 100 of 1000 bytes",
        &[Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), Text(100), Stall],
    ),
    fault(
        "drip-head",
        "a head that grows by one byte a second and never ends",
        &[Send("HTTP/1.1 200 OK\r\nX-Drip: "), Repeat(FOREVER, &[Send("."), Pause])],
    ),
    fault(
        "drip-body",
        "a body of a million bytes, one a second",
        &[
            Send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"),
            Repeat(1_000_000, &[Send("."), Pause]),
        ],
    ),
    fault(
        "drip-chunks",
        "chunks of one byte, one a second, without end",
        &[
            Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            Repeat(FOREVER, &[Send("1\r\n.\r\n"), Pause]),
        ],
    ),
    fault(
        "drip-1xx",
        "interim answers (100 and 103), one a second, and never a final one",
        &[Repeat(
            FOREVER,
            &[
                Send("HTTP/1.1 100 Continue\r\n\r\n"),
                Pause,
                Send("HTTP/1.1 103 Early Hints\r\nLink: </1>\r\n\r\n"),
                Pause,
            ],
        )],
    ),
    // It is too much.
    fault(
        "endless-1xx",
        "interim answers as fast as the client receives them, and never a final one",
        &[Repeat(FOREVER, &[Send("HTTP/1.1 100 Continue\r\n\r\n")])],
    ),
    fault(
        "endless-head",
        "headers as fast as the client receives them, without end",
        &[
            Send("HTTP/1.1 200 OK\r\n"),
            Repeat(
                FOREVER,
                &[Send("X-More: there is always one more header, and it is never the last\r\n")],
            ),
        ],
    ),
    fault(
        "endless-line",
        "one header line without end, as fast as the client receives it",
        &[
            Send("HTTP/1.1 200 OK\r\nX-Long: "),
            Repeat(FOREVER, &[Send("and on and on and on and on and on and on and on and on ")]),
        ],
    ),
    fault(
        "too-many-headers",
        "a complete head of 200 small headers",
        &[
            Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"),
            Repeat(200, &[Send("X-Small: 1\r\n")]),
            Send("\r\nhello"),
        ],
    ),
    fault(
        "huge-body",
        "100 MiB with an honest Content-Length",
        &[Send("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n"), Text(HUGE)],
    ),
    fault(
        "huge-body-chunked",
        "100 MiB in chunks: nothing announces how much it will be",
        &[Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), Chunks(HUGE)],
    ),
    fault(
        "huge-body-close",
        "100 MiB up to the close: nothing announces how much it will be",
        &[Send("HTTP/1.1 200 OK\r\n\r\n"), Text(HUGE)],
    ),
    // It is not HTTP, or framing that cannot be trusted.
    fault(
        "garbage",
        "bytes that are not HTTP",
        &[Bytes(b"\x16\x03\x01\x00\xff\xfe\x00 not \x80 HTTP \x1b[31m\r\n\r\n")],
    ),
    fault(
        "http09",
        "a bare body without a head, as HTTP/0.9 sent it",
        &[Send("<html>A page from 1991: no status, no headers.</html>\n")],
    ),
    fault(
        "status-099",
        "a status below 100",
        &[Send("HTTP/1.1 099 Odd\r\nContent-Length: 5\r\n\r\nhello")],
    ),
    fault(
        "status-600",
        "a status above 599",
        &[Send("HTTP/1.1 600 Odd\r\nContent-Length: 5\r\n\r\nhello")],
    ),
    fault(
        "switching-101",
        "another protocol (101) that nobody asked for",
        &[Send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n\
             bytes of the other protocol",
        )],
    ),
    fault(
        "bare-cr-in-head",
        "a carriage return alone inside a header",
        &[Send("HTTP/1.1 200 OK\r\nX-Odd: one\rtwo\r\nContent-Length: 5\r\n\r\nhello")],
    ),
    fault(
        "negative-length",
        "Content-Length: -5",
        &[Send("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello")],
    ),
    fault(
        "signed-length",
        "Content-Length: +5",
        &[Send("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello")],
    ),
    fault(
        "hex-length",
        "Content-Length: 0x5",
        &[Send("HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello")],
    ),
    fault(
        "overflow-length",
        "a Content-Length that fits in no integer",
        &[Send("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello")],
    ),
    fault(
        "conflicting-lengths",
        "two different Content-Lengths",
        &[Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!")],
    ),
    fault(
        "length-and-chunked",
        "both a Content-Length and chunks",
        &[Send(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n\
             5\r\nhello\r\n0\r\n\r\n",
        )],
    ),
    fault(
        "chunked-http10",
        "chunks in HTTP/1.0, which does not have them",
        &[Send("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")],
    ),
    fault(
        "unknown-coding",
        "a Transfer-Encoding that nobody asked for: gzip",
        &[Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"), Bytes(HELLO_GZIP)],
    ),
    fault(
        "bad-chunk-size",
        "a chunk whose size is not a number",
        &[Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n")],
    ),
    fault(
        "huge-chunk-size",
        "a chunk whose size fits in no integer",
        &[Send(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
             FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
        )],
    ),
    fault(
        "bad-chunk-end",
        "a chunk longer than its size says: no line end where it should be",
        &[Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!0\r\n\r\n")],
    ),
    // It only looks odd.
    fine(
        "repeated-length",
        "Content-Length: 5, 5, which is 5",
        &[Send("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello")],
    ),
    fine(
        "folded-header",
        "a header folded over two lines, which is obsolete",
        &[Send("HTTP/1.1 200 OK\r\nX-Folded: one\r\n two\r\nContent-Length: 5\r\n\r\nhello")],
    ),
    fine(
        "extra-bytes",
        "more bytes than Content-Length says: they do not belong to the page",
        &[Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and what nobody announced")],
    ),
    fine("empty-200", "a page of 0 bytes", &[Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]),
    fine(
        "no-content",
        "204: never a body, and no length that says so; the connection stays open",
        &[Send("HTTP/1.1 204 No Content\r\n\r\n"), StayOpen],
    ),
    fine(
        "not-modified-304",
        "304: never a body, although a length is given; the connection stays open",
        &[Send("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"), StayOpen],
    ),
    fine(
        "stays-open",
        "a complete page, and the connection is not closed after it",
        &[Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), StayOpen],
    ),
    fine(
        "redirect",
        "302 with a Location",
        &[Send("HTTP/1.1 302 Found\r\nLocation: /1\r\nContent-Length: 0\r\n\r\n")],
    ),
    fine(
        "gzip-body",
        "a compressed body that nobody asked for",
        &[
            Send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 26\r\n\r\n"),
            Bytes(HELLO_GZIP),
        ],
    ),
    fine(
        "interim",
        "100, then 103, then the page",
        &[
            Send("HTTP/1.1 100 Continue\r\n\r\n"),
            Settle,
            Send("HTTP/1.1 103 Early Hints\r\nLink: </1>\r\n\r\n"),
            Settle,
            Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        ],
    ),
    fine(
        "close-delimited",
        "no length: the page ends where the connection does",
        &[Send("HTTP/1.1 200 OK\r\n\r\nhello")],
    ),
    fine(
        "empty-elements",
        "Transfer-Encoding: ,chunked, with empty list elements, which are to be ignored",
        &[Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: ,chunked,\r\n\r\n5\r\nhello\r\n0\r\n\r\n")],
    ),
    fine(
        "many-headers",
        "a head of 100 small headers",
        &[
            Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"),
            Repeat(99, &[Send("X-Small: 1\r\n")]),
            Send("\r\nhello"),
        ],
    ),
    fine("http10", "a page in HTTP/1.0, up to the close", &[Send("HTTP/1.0 200 OK\r\n\r\nhello")]),
    fine(
        "chunked",
        "chunks with extensions, and a trailer after the last one",
        &[Send(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
             3;first\r\nhel\r\n2;q=\"a;b\"\r\nlo\r\n0;last\r\nX-Sum: 532\r\n\r\n",
        )],
    ),
];

/// `hello` and a line end, as gzip has it.
const HELLO_GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\xe7\x02\
    \x00\x20\x30\x3a\x36\x06\x00\x00\x00";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_readable() {
        for (index, fault) in FAULTS.iter().enumerate() {
            let readable = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
            assert!(fault.name.bytes().all(readable), "{}", fault.name);
            assert!(!FAULTS[..index].iter().any(|other| other.name == fault.name));
        }
    }

    #[test]
    fn nothing_follows_a_stall_or_a_reset() {
        fn check(steps: &[Step], last: bool) {
            for (index, step) in steps.iter().enumerate() {
                let last = last && index + 1 == steps.len();
                match step {
                    Stall | StayOpen | Reset | Repeat(FOREVER, _) => assert!(last, "{steps:?}"),
                    Repeat(_, steps) => check(steps, false),
                    _ => {}
                }
            }
        }
        for fault in FAULTS {
            if let Place::Path(steps) | Place::Port(steps) = fault.place {
                check(steps, true);
            }
        }
    }
}
