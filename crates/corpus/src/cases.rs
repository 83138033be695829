use crawl::ErrorKind::{self, *};
use crawl::Phase::{self, *};

use crate::case::{Case, Source};
use crate::expected::Expected;
use crate::{MAX_BODY_BYTES, MAX_HEAD_BYTES};

/// The case of this name.
pub fn find(name: &str) -> Option<&'static Case> {
    CASES.iter().find(|case| case.name == name)
}

const fn fault(name: &'static str, query: &'static str, expected: Expected) -> Case {
    Case { name, source: Source::Fault { query }, expected, is_long: false }
}

const fn page(name: &'static str, status: u16, bytes: u64) -> Case {
    fault(name, "", Expected::Page { status, bytes, location: None, content_encoding: None })
}

const fn redirects(name: &'static str, status: u16, location: &'static str) -> Case {
    let (location, content_encoding) = (Some(location), None);
    fault(name, "", Expected::Page { status, bytes: 0, location, content_encoding })
}

const fn compressed(name: &'static str, bytes: u64, coding: &'static str) -> Case {
    let (location, content_encoding) = (None, Some(coding));
    fault(name, "", Expected::Page { status: 200, bytes, location, content_encoding })
}

const fn fails(name: &'static str, kind: ErrorKind, phase: Phase, bytes: u64) -> Case {
    let (phase, bytes) = (Some(phase), Some(bytes));
    fault(name, "", Expected::Error { kind, phase, bytes, expected_bytes: None })
}

/// The answer says how many bytes it has.
const fn falls_short(name: &'static str, kind: ErrorKind, bytes: u64, of: u64) -> Case {
    let (phase, bytes, expected_bytes) = (Some(Receiving), Some(bytes), Some(of));
    fault(name, "", Expected::Error { kind, phase, bytes, expected_bytes })
}

/// A reset at once may come before the connection is seen, or before the request is sent.
const fn fails_at_once(name: &'static str, kind: ErrorKind) -> Case {
    let (phase, bytes, expected_bytes) = (None, Some(0), None);
    fault(name, "", Expected::Error { kind, phase, bytes, expected_bytes })
}

/// One byte after another, faster than the site would by itself, and never all.
const fn drips(name: &'static str, expected_bytes: Option<u64>) -> Case {
    let (kind, phase, bytes) = (Timeout, Some(Receiving), None);
    fault(name, "pause=50ms", Expected::Error { kind, phase, bytes, expected_bytes })
}

/// A page of the site, not a fault.
const fn at(path: &'static str, case: Case) -> Case {
    Case { source: Source::Page { path }, ..case }
}

const fn long(case: Case) -> Case {
    Case { is_long: true, ..case }
}

/// All cases. The bytes of an error are those of the answer up to and with the one that decided.
pub const CASES: &[Case] = &[
    // Pages, and the limit of their size.
    at("/1", page("plain", 200, 1024)),
    at("/1?status=404", page("status-404", 404, 1024)),
    at("/1?status=503&size=0", page("status-503-empty", 503, 0)),
    at("/1?status=204", page("status-204", 204, 0)),
    at("/1?status=304", page("status-304", 304, 0)),
    at("/501", page("no-such-page", 404, 26)),
    long(at("/1?size=1MiB", page("largest-body", 200, MAX_BODY_BYTES))),
    long(at("/1?size=1MiB&chunked=1", page("largest-body-chunked", 200, MAX_BODY_BYTES))),
    long(at("/1?size=1MiB&close=1", page("largest-body-close", 200, MAX_BODY_BYTES))),
    long(at("/1?size=1048577", falls_short("larger-body", TooLarge, 89, 89 + MAX_BODY_BYTES + 1))),
    long(at(
        "/1?size=1048577&chunked=1",
        fails("larger-body-chunked", TooLarge, Receiving, 1_067_961),
    )),
    long(at(
        "/1?size=1048577&close=1",
        fails("larger-body-close", TooLarge, Receiving, 64 + MAX_BODY_BYTES + 1),
    )),
    // Faults.
    fails("refused", Connect, Connecting, 0),
    fails("connect-hangs", Timeout, Connecting, 0),
    fails_at_once("reset-at-accept", Reset),
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
    drips("drip-head", None),
    drips("drip-body", Some(44 + 1_000_000)),
    drips("drip-chunks", None),
    drips("drip-1xx", None),
    long(fails("endless-1xx", Malformed, Receiving, 0)),
    long(fails("endless-head", TooLarge, Receiving, MAX_HEAD_BYTES as u64 + 1)),
    long(fails("endless-line", TooLarge, Receiving, MAX_HEAD_BYTES as u64 + 1)),
    fails("too-many-headers", TooLarge, Receiving, 2438),
    long(falls_short("huge-body", TooLarge, 46, 46 + (100 << 20))),
    // The size line of the chunk that would be too much, up to the semicolon after its size.
    long(fails("huge-body-chunked", TooLarge, Receiving, 1_067_898)),
    long(fails("huge-body-close", TooLarge, Receiving, 19 + MAX_BODY_BYTES + 1)),
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
    // What only looks odd.
    page("early-response", 200, 5),
    #[cfg(not(windows))]
    page("response-then-reset", 200, 5),
    page("repeated-length", 200, 5),
    page("folded-header", 200, 5),
    page("extra-bytes", 200, 5),
    page("empty-200", 200, 0),
    page("no-content", 204, 0),
    page("not-modified-304", 304, 0),
    page("stays-open", 200, 5),
    redirects("redirect", 302, "/1"),
    compressed("gzip-body", 26, "gzip"),
    page("interim", 200, 5),
    page("empty-elements", 200, 5),
    page("many-headers", 200, 5),
    page("close-delimited", 200, 5),
    page("http10", 200, 5),
    page("chunked", 200, 5),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use practice_site::{FAULTS, Site};

    use super::*;

    #[test]
    fn every_fault_of_the_site_is_a_case_and_every_fault_here_is_one_of_the_site() {
        let offered: BTreeSet<_> = FAULTS.iter().map(|fault| fault.name).collect();
        let known = CASES.iter().filter(|case| case.is_fault()).map(|case| case.name);
        assert_eq!(offered, known.collect());
    }

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<_> = CASES.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), CASES.len());
    }

    /// What the site calls fine is a page here, and the reverse.
    #[test]
    fn a_page_is_expected_of_what_http_allows() {
        for fault in FAULTS {
            let case = find(fault.name).expect(fault.name);
            let is_page = matches!(case.expected, Expected::Page { .. });
            assert_eq!(is_page, fault.fine, "{}", fault.name);
        }
    }

    #[test]
    fn every_case_has_its_url() {
        let site = Site::start(crate::site_config()).expect("loopback has a free port");
        let port = site.address().port();
        let check = |name: &str, expected: &str, cut: Option<&str>| {
            let at = |path| format!("http://127.0.0.1:{port}{path}");
            let case = find(name).expect(name);
            assert_eq!(case.url(&site), Some(at(expected)));
            assert_eq!(case.url_with(&site, "cut=7"), cut.map(at));
        };
        check("plain", "/1", Some("/1?cut=7"));
        check("status-404", "/1?status=404", Some("/1?status=404&cut=7"));
        check("garbage", "/fault/garbage", Some("/fault/garbage?cut=7"));
        check(
            "drip-head",
            "/fault/drip-head?pause=50ms",
            Some("/fault/drip-head?pause=50ms&cut=7"),
        );

        let refused = find("refused").expect("it is a case");
        assert_eq!(refused.url(&site), site.fault_url("refused"));
        assert_eq!(refused.url_with(&site, "cut=7"), None);
        let offered: BTreeSet<_> = site.faults().map(|(fault, _)| fault.name).collect();
        for case in CASES {
            let is_here = !case.is_fault() || offered.contains(case.name);
            assert_eq!(case.url(&site).is_some(), is_here, "{}", case.name);
        }
    }
}
