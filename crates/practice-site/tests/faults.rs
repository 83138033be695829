//! Each fault does what its name says: its bytes, and its ending.

mod common;

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use common::End::{self, Closed, Endless, Reset, Silent};
use common::{LONG, SHORT, fetch, get, receive, receive_until_silent, text};
use practice_site::{Config, Site};

fn start() -> Site {
    Site::start(Config::default()).expect("loopback has a free port")
}

fn address_of(site: &Site, name: &str) -> Option<SocketAddr> {
    let url = site.fault_url(name)?;
    let rest = url.strip_prefix("http://")?;
    rest.split('/').next()?.parse().ok()
}

#[test]
fn every_fault_with_a_path_does_what_its_name_says() {
    let site = start();
    let mut checked = Vec::new();
    let mut check = |name: &'static str, ending: End, begin: &str, end: &str| {
        checked.push(name);
        let (query, most) = match name.starts_with("drip") {
            true => ("?pause=2ms", 100),
            false => ("", 200_000),
        };
        let silence = if ending == Silent { SHORT } else { LONG };
        let socket = get(&site, &format!("/fault/{name}{query}"));
        let (received, how) = receive_until_silent(socket, most, silence);
        let received = text(received);
        let seen = &received[..received.len().min(500)];
        assert_eq!(how, ending, "{name} sent {seen:?}");
        assert!(received.starts_with(begin), "{name} sent {seen:?}");
        assert!(received.ends_with(end), "{name} sent {seen:?}");
        // There is nothing between the beginning and the end, except where the end is left open.
        if !end.is_empty() && ending != Endless {
            let whole = received.len() <= begin.len() + end.len();
            assert!(whole || name.ends_with("many-headers"), "{name} sent {seen:?}");
        }
    };

    const THOUSAND: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    check("reset-before-head", Reset, "", "");
    check("reset-in-head", Reset, "HTTP/1.1 200 OK\r\n", "Content-Le");
    check("reset-after-head", Reset, THOUSAND, "\r\n\r\n");
    check("reset-in-body", Reset, THOUSAND, "");
    check("reset-close-delimited", Reset, "HTTP/1.1 200 OK\r\n\r\nPage 0", "");
    check("empty-reply", Closed, "", "");
    check("truncated-head", Closed, "HTTP/1.1 200 OK\r\n", "Content-Le");
    check("truncated-length", Closed, THOUSAND, "");
    check("truncated-chunk", Closed, CHUNKED, "");
    check("truncated-chunks", Closed, CHUNKED, "5\r\nhello\r\n");

    check("never-answer", Silent, "", "");
    check("stall-in-head", Silent, "HTTP/1.1 200 OK\r\n", "Content-Le");
    check("stall-in-body", Silent, THOUSAND, "");
    check("drip-head", Endless, "HTTP/1.1 200 OK\r\nX-Drip: ....", "....");
    check("drip-body", Endless, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n....", "....");
    check("drip-chunks", Endless, CHUNKED, "1\r\n.\r\n1\r\n.\r\n");
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </1>\r\n\r\n";
    check("drip-1xx", Endless, "HTTP/1.1 100 Continue\r\n\r\n", hints);

    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    check("endless-1xx", Endless, &interim.repeat(17), "");
    check("endless-head", Endless, "HTTP/1.1 200 OK\r\nX-More: ", "");
    check("endless-line", Endless, "HTTP/1.1 200 OK\r\nX-Long: ", "");
    check("too-many-headers", Closed, "HTTP/1.1 200 OK\r\n", "X-Small: 1\r\n\r\nhello");
    check("many-headers", Closed, "HTTP/1.1 200 OK\r\n", "X-Small: 1\r\n\r\nhello");
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\nPage 0, byte 0.";
    check("huge-body", Endless, head, "");
    check("huge-body-chunked", Endless, CHUNKED, "");
    check("huge-body-close", Endless, "HTTP/1.1 200 OK\r\n\r\nPage 0, byte 0.", "");

    check("garbage", Closed, "\u{16}\u{3}\u{1}\0", "");
    check("http09", Closed, "<html>", "A page from 1991: no status, no headers.</html>\n");
    check("status-099", Closed, "HTTP/1.1 099 Odd\r\n", "Content-Length: 5\r\n\r\nhello");
    check("status-600", Closed, "HTTP/1.1 600 Odd\r\n", "Content-Length: 5\r\n\r\nhello");
    check("switching-101", Closed, "HTTP/1.1 101 Switching Protocols\r\n", "");
    check("bare-cr-in-head", Closed, "HTTP/1.1 200 OK\r\nX-Odd: one\rtwo\r\n", "");
    let mut check_head = |name, ending, head: &str, body| {
        check(name, ending, &format!("HTTP/1.1 {head}\r\n\r\n"), body);
    };
    check_head("negative-length", Closed, "200 OK\r\nContent-Length: -5", "hello");
    check_head("signed-length", Closed, "200 OK\r\nContent-Length: +5", "hello");
    check_head("hex-length", Closed, "200 OK\r\nContent-Length: 0x5", "hello");
    let overflow = "200 OK\r\nContent-Length: 99999999999999999999999";
    check_head("overflow-length", Closed, overflow, "hello");
    let two = "200 OK\r\nContent-Length: 5\r\nContent-Length: 6";
    check_head("conflicting-lengths", Closed, two, "hello!");
    let both = "200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked";
    check_head("length-and-chunked", Closed, both, "5\r\nhello\r\n0\r\n\r\n");
    check_head("unknown-coding", Closed, "200 OK\r\nTransfer-Encoding: gzip", "");
    let chunked = "200 OK\r\nTransfer-Encoding: chunked";
    check_head("bad-chunk-size", Closed, chunked, "xyz\r\nhello\r\n0\r\n\r\n");
    check_head("huge-chunk-size", Closed, chunked, "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n");
    check_head("bad-chunk-end", Closed, chunked, "5\r\nhello!0\r\n\r\n");

    check_head("repeated-length", Closed, "200 OK\r\nContent-Length: 5, 5", "hello");
    let folded = "200 OK\r\nX-Folded: one\r\n two\r\nContent-Length: 5";
    let empty_elements = "200 OK\r\nTransfer-Encoding: ,chunked,";
    check_head("empty-elements", Closed, empty_elements, "5\r\nhello\r\n0\r\n\r\n");
    check_head("folded-header", Closed, folded, "hello");
    let five = "200 OK\r\nContent-Length: 5";
    check_head("extra-bytes", Closed, five, "hello and what nobody announced");
    check_head("empty-200", Closed, "200 OK\r\nContent-Length: 0", "");
    check_head("no-content", Silent, "204 No Content", "");
    check_head("not-modified-304", Silent, "304 Not Modified\r\nContent-Length: 5", "");
    check_head("stays-open", Silent, five, "hello");
    check_head("redirect", Closed, "302 Found\r\nLocation: /1\r\nContent-Length: 0", "");
    check_head("gzip-body", Closed, "200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 26", "");
    check_head("close-delimited", Closed, "200 OK", "hello");
    let trailer = "200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum";
    let chunks = "3;first\r\nhel\r\n2;q=\"a;b\"\r\nlo\r\n0;last\r\nX-Sum: 532\r\n\r\n";
    check_head("chunked", Closed, trailer, chunks);
    let page = format!("{hints}HTTP/1.1 {five}\r\n\r\nhello");
    check("interim", Closed, interim, &page);
    check("http10", Closed, "HTTP/1.0 200 OK\r\n\r\n", "hello");
    let chunks = "5\r\nhello\r\n0\r\n\r\n";
    check(
        "chunked-http10",
        Closed,
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        chunks,
    );

    for (fault, url) in site.faults() {
        let here = url == site.url(&format!("/fault/{}", fault.name));
        assert!(!here || checked.contains(&fault.name), "{} is not checked", fault.name);
    }
}

#[test]
fn lengths_of_what_is_left_open_above() {
    let site = start();
    let check = |name, expected: usize| {
        let socket = get(&site, &format!("/fault/{name}"));
        let answer = text(receive_until_silent(socket, usize::MAX, SHORT).0);
        assert_eq!(common::body(&answer).len(), expected, "{name}");
    };
    check("reset-in-body", 100);
    check("reset-close-delimited", 100);
    check("truncated-length", 100);
    check("stall-in-body", 100);
    check("truncated-chunk", "64\r\n".len() + 50);
    check("bare-cr-in-head", 5);
    let small = |path| fetch(&site, path).matches("X-Small: 1\r\n").count();
    assert_eq!(small("/fault/too-many-headers"), 200);
    assert_eq!(small("/fault/many-headers"), 99);
    let (gzip, _) = receive(get(&site, "/fault/gzip-body"), usize::MAX);
    assert!(gzip[gzip.len() - 26..].starts_with(b"\x1f\x8b"));
}

#[test]
fn what_happens_before_a_path_is_read() {
    let site = start();
    let connect = |name| TcpStream::connect(address_of(&site, name).expect(name));

    let refused = connect("refused").expect_err("nobody listens there");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);

    // The reset may come before or after `connect` returns.
    match connect("reset-at-accept") {
        Ok(socket) => assert_eq!(receive(socket, 100), (vec![], Reset)),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }

    // Nothing is sent, and the page comes all the same.
    let (page, _) = receive(connect("early-response").expect("it listens"), 1000);
    assert!(text(page).ends_with("\r\n\r\nhello"));
    // A request that is never read makes the close a reset, after the page.
    let mut socket = connect("early-response").expect("it listens");
    socket.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("a small request");
    let (page, end) = receive(socket, 1000);
    assert!(text(page).ends_with("\r\n\r\nhello"));
    assert_eq!(end, Reset);

    // The page comes before the reset, although the site waits for nothing between them. (If the
    // reset comes before `connect` returns, `connect` fails and closes the socket with the page.)
    #[cfg(not(windows))]
    if let Ok(socket) = connect("response-then-reset") {
        let (page, end) = receive(socket, 1000);
        assert_eq!(text(page), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        assert_eq!(end, Reset);
    }
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "only Linux drops the SYN")]
fn a_connect_can_hang() {
    let site = start();
    let address = address_of(&site, "connect-hangs").expect("Linux can do it");
    for _ in 0..3 {
        let error = TcpStream::connect_timeout(&address, Duration::from_millis(50));
        assert_eq!(error.expect_err("it hangs").kind(), ErrorKind::TimedOut);
    }
}

#[test]
fn the_pause_of_a_drip_can_be_chosen() {
    let site = start();
    let begun = Instant::now();
    let (received, end) = receive(get(&site, "/fault/drip-body?pause=20ms"), 60);
    assert_eq!(end, Endless);
    let drops = received.iter().rev().take_while(|byte| **byte == b'.').count();
    assert!(drops > 5 && begun.elapsed() >= Duration::from_millis(20) * (drops as u32 - 1));

    let (_, end) = receive_until_silent(get(&site, "/fault/drip-body"), 100, SHORT);
    assert_eq!(end, Silent, "without `pause` a drip is slower than this test waits");
}

#[test]
fn a_stall_ends_when_the_client_goes_away() {
    let site = start();
    let socket = get(&site, "/fault/never-answer");
    socket.shutdown(std::net::Shutdown::Write).expect("it is connected");
    assert_eq!(receive(socket, 1), (vec![], Closed));
}

#[test]
fn a_fault_can_be_delayed_and_cut() {
    let site = start();
    let begun = Instant::now();
    let answer = fetch(&site, "/fault/chunked?delay=50ms&cut=1");
    assert!(begun.elapsed() >= Duration::from_millis(50));
    assert_eq!(answer, fetch(&site, "/fault/chunked"));
}

#[test]
fn what_was_sent_in_pieces_arrives_before_the_reset() {
    let site = start();
    let answers = |client: fn(TcpStream) -> usize| {
        let socket = || get(&site, "/fault/reset-in-body?cut=1");
        let sockets: Vec<_> = (0..20).map(|_| socket()).collect();
        sockets.into_iter().map(client).collect::<Vec<_>>()
    };
    // A client that reads late acknowledges late.
    let late = |socket| {
        std::thread::sleep(Duration::from_millis(30));
        receive(socket, usize::MAX).0.len()
    };
    assert_eq!(answers(|socket| receive(socket, usize::MAX).0.len()), [141; 20]);
    assert_eq!(answers(late), [141; 20]);
}

#[test]
fn the_front_page_lists_every_fault() {
    let site = start();
    let html = fetch(&site, "/").replace("localhost", "127.0.0.1");
    let port = site.address().port();
    for (_, url) in site.faults() {
        // The front page knows the host by which it was asked: here one without a port.
        let url = url.replace(&format!(":{port}/"), "/");
        assert!(html.contains(&format!("href=\"{url}\"")), "{url} is not there");
    }
}
