//! What each fault of the practice site comes to, at every stage.
#![allow(dead_code, reason = "each test program uses a part of it")]

use crawl::ErrorKind::{self, *};
use crawl::Phase::{self, *};
use crawl::protocol::OutcomeLine;

/// A fault, and how its fetch ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) fault: &'static str,
    /// What the site is told about it: `pause=50ms`.
    pub(crate) query: &'static str,
    expected: Expected,
}

#[derive(Clone, Copy, Debug)]
enum Expected {
    /// The status and the bytes of the body.
    Page(u16, u64),
    /// The kind; the phase, where it cannot vary; the bytes of the answer, where the time does not
    /// decide; and how many it would have had, where it says so.
    Error(ErrorKind, Option<Phase>, Option<u64>, Option<u64>),
}

impl Case {
    /// The fetch was still running at its deadline.
    pub(crate) fn is_slow(&self) -> bool {
        matches!(self.expected, Expected::Error(Timeout, ..))
    }

    /// The site would send on for ever, or for very long.
    pub(crate) fn is_long(&self) -> bool {
        ["endless", "huge-body"].iter().any(|long| self.fault.starts_with(long))
    }

    /// Whether an outcome is the expected one.
    pub(crate) fn is_met_by(&self, outcome: &OutcomeLine) -> bool {
        let is = |expected: Option<u64>, actual| expected.is_none_or(|bytes| bytes == actual);
        match (self.expected, &outcome.error) {
            (Expected::Page(status, bytes), None) => {
                (outcome.status, outcome.bytes) == (Some(status), Some(bytes))
            }
            (Expected::Error(kind, phase, bytes, all), Some(error)) => {
                error.kind == kind
                    && (phase.is_none() || error.phase == phase)
                    && is(bytes, error.bytes)
                    && (all.is_none() || error.expected_bytes == all)
            }
            _ => false,
        }
    }
}

/// The largest body in these tests: small, so that debug builds are soon through with it.
pub(crate) const MAX_BODY: u64 = 1 << 20;
/// The largest head.
pub(crate) const MAX_HEAD: u64 = 64 << 10;

const fn page(fault: &'static str, status: u16, bytes: u64) -> Case {
    Case { fault, query: "", expected: Expected::Page(status, bytes) }
}

const fn fails(fault: &'static str, kind: ErrorKind, phase: Phase, bytes: u64) -> Case {
    Case { fault, query: "", expected: Expected::Error(kind, Some(phase), Some(bytes), None) }
}

const fn falls_short(fault: &'static str, kind: ErrorKind, bytes: u64, all: u64) -> Case {
    let expected = Expected::Error(kind, Some(Receiving), Some(bytes), Some(all));
    Case { fault, query: "", expected }
}

/// One byte after another, faster than the site would by itself: how many come depends on the time.
const fn drips(fault: &'static str) -> Case {
    let expected = Expected::Error(Timeout, Some(Receiving), None, None);
    Case { fault, query: "pause=50ms", expected }
}

/// The list. The bytes of an error are those of the answer up to and with the one that decided it.
pub(crate) const CASES: &[Case] = &[
    fails("refused", Connect, Connecting, 0),
    fails("connect-hangs", Timeout, Connecting, 0),
    // The reset may overtake the connection, or the request.
    Case {
        fault: "reset-at-accept",
        query: "",
        expected: Expected::Error(Reset, None, Some(0), None),
    },
    fails("reset-before-head", Reset, Waiting, 0),
    fails("reset-in-head", Truncated, Receiving, 27),
    falls_short("reset-after-head", Truncated, 41, 1041),
    falls_short("reset-in-body", Truncated, 141, 1041),
    fails("reset-close-delimited", Truncated, Receiving, 119),
    fails("empty-reply", EmptyReply, Waiting, 0),
    fails("truncated-head", Truncated, Receiving, 27),
    falls_short("truncated-length", Truncated, 141, 1041),
    fails("truncated-chunk", Truncated, Receiving, 101),
    fails("truncated-chunks", Truncated, Receiving, 57),
    fails("never-answer", Timeout, Waiting, 0),
    fails("stall-in-head", Timeout, Receiving, 27),
    falls_short("stall-in-body", Timeout, 141, 1041),
    drips("drip-head"),
    drips("drip-body"),
    drips("drip-chunks"),
    drips("drip-1xx"),
    fails("endless-1xx", Malformed, Receiving, 0),
    fails("endless-head", TooLarge, Receiving, MAX_HEAD + 1),
    fails("endless-line", TooLarge, Receiving, MAX_HEAD + 1),
    fails("too-many-headers", TooLarge, Receiving, 2438),
    falls_short("huge-body", TooLarge, 46, 46 + (100 << 20)),
    // The size line of the chunk that would be too much, up to the semicolon after its size.
    fails("huge-body-chunked", TooLarge, Receiving, 1_067_898),
    fails("huge-body-close", TooLarge, Receiving, 19 + MAX_BODY + 1),
    fails("garbage", Malformed, Receiving, 1),
    fails("http09", Malformed, Receiving, 1),
    fails("status-099", Malformed, Receiving, 39),
    fails("status-600", Malformed, Receiving, 39),
    fails("switching-101", Malformed, Receiving, 0),
    fails("bare-cr-in-head", Malformed, Receiving, 54),
    fails("negative-length", Malformed, Receiving, 39),
    fails("signed-length", Malformed, Receiving, 39),
    fails("hex-length", Malformed, Receiving, 40),
    fails("overflow-length", Malformed, Receiving, 60),
    fails("conflicting-lengths", Malformed, Receiving, 57),
    fails("length-and-chunked", Malformed, Receiving, 66),
    fails("chunked-http10", Malformed, Receiving, 47),
    fails("unknown-coding", Malformed, Receiving, 44),
    fails("bad-chunk-size", Malformed, Receiving, 48),
    fails("huge-chunk-size", Malformed, Receiving, 64),
    fails("bad-chunk-end", Malformed, Receiving, 56),
    page("early-response", 200, 5),
    page("repeated-length", 200, 5),
    page("folded-header", 200, 5),
    page("extra-bytes", 200, 5),
    page("empty-200", 200, 0),
    page("no-content", 204, 0),
    page("not-modified-304", 304, 0),
    page("stays-open", 200, 5),
    page("redirect", 302, 0),
    page("gzip-body", 200, 26),
    page("interim", 200, 5),
    page("close-delimited", 200, 5),
    page("http10", 200, 5),
    page("chunked", 200, 5),
];
