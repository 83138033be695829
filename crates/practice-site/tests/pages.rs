//! Pages: their bytes, their parameters, their delays, and the answers to wrong requests.

mod common;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Shutdown, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use common::End::Closed;
use common::{LONG, body, fetch, get, receive, send, text};
use practice_site::{Config, Reply, Site, page_delay};

/// Pages without a delay: most tests are not about time.
fn start() -> Site {
    start_with(Duration::ZERO)
}

fn start_with(delay: Duration) -> Site {
    let config = Config { delay, ..Config::default() };
    Site::start(config).expect("loopback has a free port")
}

#[test]
fn a_page_is_exactly_this() {
    let site = start();
    let (answer, end) = receive(get(&site, "/7?size=100"), usize::MAX);
    let expected = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\
                    Connection: close\r\n\r\n\
                    Page 7, byte 0. A program waits for a socket. .................\n\
                    Page 7, byte 64. The kernel wakes th";
    assert_eq!((text(answer).as_str(), end), (expected, Closed));
}

#[test]
fn statuses_and_sizes() {
    let site = start();
    let check = |path: &str, status: u16, size: usize| {
        let answer = fetch(&site, path);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
        assert_eq!(body(&answer).len(), size, "{path}");
    };
    check("/1", 200, 1024);
    check("/10?", 200, 1024);
    check("/10?&", 200, 1024);
    check("/1?size=0", 200, 0);
    check("/1?size=1", 200, 1);
    check("/1?size=64KiB", 200, 65_536);
    check("/1?size=1MiB", 200, 1_048_576);
    check("/1?size=1MiB&close=1", 200, 1_048_576);
    check("/1?size=1MiB&cut=100000", 200, 1_048_576);
    check("/1?status=404", 404, 1024);
    check("/1?status=599", 599, 1024);
    check("/1?status=204", 204, 0);
    check("/1?status=304", 304, 0);
    check("http://localhost/1?size=3", 200, 3);
}

#[test]
fn framings() {
    let site = start();
    let plain = fetch(&site, "/1");
    let closed = fetch(&site, "/1?close=1");
    assert!(!closed.contains("Content-Length") && !closed.contains("Transfer-Encoding"));
    assert_eq!(body(&closed), body(&plain));

    let chunked = fetch(&site, "/1?chunked=1");
    assert!(
        chunked.contains("Transfer-Encoding: chunked\r\n") && !chunked.contains("Content-Length")
    );
    let (first, second) = body(&plain).split_at(1000);
    let trailer = "0;last\r\nX-Bytes: 1024\r\n\r\n";
    let expected = format!("3e8;from=0\r\n{first}\r\n18;from=1000\r\n{second}\r\n{trailer}");
    assert_eq!(body(&chunked), expected);
}

#[test]
fn an_answer_can_be_cut_anywhere_and_stays_the_same() {
    let site = start();
    for framing in ["", "&chunked=1", "&close=1"] {
        let whole = fetch(&site, &format!("/1?size=100{framing}"));
        for cut in [1, 7, 100] {
            assert_eq!(fetch(&site, &format!("/1?size=100&cut={cut}{framing}")), whole);
        }
    }
    let begun = Instant::now();
    let whole = fetch(&site, "/1?cut=100&pace=10ms");
    let pauses = (whole.len() as u32).div_ceil(100) - 1;
    assert!(begun.elapsed() >= Duration::from_millis(10) * pauses);
}

#[test]
fn a_wrong_request_gets_the_reason() {
    let site = start();
    let check = |request: &str, status: u16, why: &str| {
        let (answer, end) = receive(send(site.address(), request), usize::MAX);
        let answer = text(answer);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        assert!(body(&answer).contains(why), "{request}: {answer}");
        assert_eq!(end, Closed, "{request}");
    };
    check("GET /0 HTTP/1.0\r\n\r\n", 404, "/1 to /10");
    check("GET /11 HTTP/1.0\r\n\r\n", 404, "/1 to /10");
    check("GET /favicon.ico HTTP/1.0\r\n\r\n", 404, "at `/`");
    check("GET /fault/none HTTP/1.0\r\n\r\n", 404, "no such fault. All faults are listed");
    check("GET /1?delay=soon HTTP/1.0\r\n\r\n", 400, "delay=450ms");
    check("GET /1?color=red HTTP/1.0\r\n\r\n", 400, "`color` is not a parameter");
    check("GET /fault/drip-body?size=1 HTTP/1.0\r\n\r\n", 400, "`size` is not a parameter");
    check("GET /1 HTTP/1.1\r\nHost localhost\r\n\r\n", 400, "no colon");
    check("hello\r\n\r\n", 400, "three words");
    check("POST /1 HTTP/1.0\r\nContent-Length: 3\r\n\r\nyes", 405, "GET, not POST");
    check(&format!("GET /{} HTTP/1.0\r\n\r\n", "x".repeat(17_000)), 431, "16 KiB");
    let (answer, _) = receive(send(site.address(), "HEAD /1 HTTP/1.0\r\n\r\n"), usize::MAX);
    assert!(text(answer).ends_with("Allow: GET\r\nConnection: close\r\n\r\n"));
}

#[test]
fn a_request_may_come_in_pieces() {
    let site = start();
    let mut socket = TcpStream::connect(site.address()).expect("the site listens");
    socket.set_nodelay(true).expect("it is connected");
    for byte in b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n" {
        socket.write_all(&[*byte]).expect("the site still reads");
    }
    assert!(text(receive(socket, usize::MAX).0).starts_with("HTTP/1.1 200 OK"));
}

#[test]
fn each_arrival_is_reported_once_and_before_its_answer() {
    let (to_us, arrivals) = mpsc::channel();
    let site = Site::start_reporting(Config::default(), move |arrival| {
        let request = arrival.request.map(str::to_owned);
        to_us.send((arrival.client, request, arrival.reply)).expect("the test listens");
    });
    let site = site.expect("loopback has a free port");
    let check = |socket: TcpStream, request: Option<&str>, reply: Reply| {
        let client = socket.local_addr().ok();
        let reported = arrivals.recv_timeout(LONG).expect("a report of each arrival");
        assert_eq!(reported, (client, request.map(str::to_owned), reply));
    };
    let answer = |status, delay| Reply::Answer { status, delay: Duration::from_millis(delay) };
    let line = |path| format!("GET {path} HTTP/1.1");

    check(get(&site, "/1?delay=60s"), Some(&line("/1?delay=60s")), answer(200, 60_000));
    check(get(&site, "/2?status=503"), Some(&line("/2?status=503")), answer(503, 450));
    check(get(&site, "/fault/never-answer"), Some(&line("/fault/never-answer")), {
        Reply::Fault("never-answer")
    });
    check(send(site.address(), "hello\r\n\r\n"), Some("hello"), answer(400, 0));
    let early = site.fault_url("early-response").expect("every system can produce it");
    let early = early.trim_start_matches("http://").trim_end_matches('/');
    check(TcpStream::connect(early).expect("it listens"), None, Reply::Fault("early-response"));
    assert!(arrivals.try_recv().is_err(), "one report of each");
}

#[test]
fn no_page_is_early() {
    let site = start_with(Duration::from_millis(30));
    for path in ["/1", "/2?delay=1ms", "/3?delay=40ms"] {
        let expected = match path.split_once("delay=") {
            Some((_, delay)) => delay[..delay.len() - 2].parse().expect("milliseconds"),
            None => 30,
        };
        let begun = Instant::now();
        assert!(fetch(&site, path).starts_with("HTTP/1.1 200 OK"));
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(expected), "{path} took {took:?}");
        assert!(took < Duration::from_secs(2), "{path} took {took:?}");
    }
}

#[test]
fn random_delays_are_what_page_delay_says() {
    let config = Config {
        delay: Duration::from_millis(5),
        jitter: Duration::from_millis(60),
        ..Config::default()
    };
    let site = Site::start(config.clone()).expect("loopback has a free port");
    for number in 1..=config.pages {
        let begun = Instant::now();
        fetch(&site, &format!("/{number}"));
        assert!(begun.elapsed() >= page_delay(&config, number));
    }
}

#[test]
fn two_thousand_pages_wait_at_the_same_time() {
    let site = start();
    let begun = Instant::now();
    let sockets: Vec<_> = (0..2000).map(|_| get(&site, "/1?delay=500ms&size=10")).collect();
    for socket in sockets {
        socket.set_read_timeout(Some(Duration::from_secs(5))).expect("more than zero");
        let answer = std::io::read_to_string(socket).expect("an answer");
        assert!(answer.ends_with("\r\n\r\nPage 1, by"));
    }
    let took = begun.elapsed();
    // One after the other they would take a quarter of an hour.
    assert!(took >= Duration::from_millis(500) && took < Duration::from_secs(6), "{took:?}");
}

#[test]
fn the_same_site_is_on_ipv6() {
    let site = start();
    let Some(address) = site.ipv6_address() else {
        return; // This system has no IPv6.
    };
    assert!(address.is_ipv6());
    let request = format!("GET /1 HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let (answer, _) = receive(send(address, &request), usize::MAX);
    assert_eq!(text(answer), fetch(&site, "/1"));
}

#[test]
fn urls_are_complete() {
    let site = start();
    let urls: Vec<_> = site.page_urls().collect();
    assert_eq!(urls.len(), 10);
    assert_eq!(urls[0], format!("http://{}/1", site.address()));
    assert_eq!(urls[9], format!("http://{}/10", site.address()));
    assert!(site.is_loopback());
}

#[test]
fn pages_go_to_all_destinations_in_turn() {
    let destinations = 3.try_into().expect("more than zero");
    let config = Config { destinations, delay: Duration::ZERO, ..Config::default() };
    let site = Site::start(config).expect("loopback has three free ports");
    let at = site.destinations().to_vec();
    assert_eq!((at.len(), at[0]), (3, site.address()));
    assert!(at[0] != at[1] && at[1] != at[2] && at[2] != at[0], "{at:?}");
    let urls: Vec<_> = site.page_urls().collect();
    for (index, url) in urls.iter().enumerate() {
        assert_eq!(*url, format!("http://{}/{}", at[index % 3], index + 1));
    }
    for address in &at {
        let request = format!("GET /9?size=3 HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let (answer, _) = receive(send(*address, &request), usize::MAX);
        assert!(text(answer).ends_with("\r\n\r\nPag"), "{address}");
    }
    site.stop();
    for address in at {
        TcpStream::connect(address).expect_err("each is closed");
    }
}

/// If another program listens on the next address, a further port of the first is a destination.
#[test]
#[cfg(target_os = "linux")]
fn destinations_are_addresses_of_loopback_as_far_as_they_are_free() {
    let two = 2.try_into().expect("more than zero");
    let site = Site::start(Config { destinations: two, ..Config::default() });
    let site = site.expect("loopback has two addresses");
    let [first, second] = site.destinations() else { panic!("{site:?}") };
    assert_eq!(second.to_string(), format!("127.0.0.2:{}", first.port()));
    let taken = *second;
    site.stop();
    let _taken = std::net::TcpListener::bind(taken).expect("it is free again");
    let config = Config { destinations: two, port: taken.port(), ..Config::default() };
    let site = Site::start(config).expect("the first is free again");
    let [first, second] = site.destinations() else { panic!("{site:?}") };
    assert_eq!((first.ip(), first.port()), (second.ip(), taken.port()));
    assert_ne!(first.port(), second.port());
}

#[test]
fn the_front_page_uses_the_name_it_was_called_by() {
    let site = start();
    let ask = |host: &str| {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        text(receive(send(site.address(), &request), usize::MAX).0)
    };
    assert!(ask("school.example:8000").contains("href=\"http://school.example:8000/1\""));
    let hostile = ask("<script>alert(1)</script>");
    assert!(!hostile.contains("<script>"));
    assert!(hostile.contains(&format!("href=\"http://{}/1\"", site.address())));
}

#[test]
fn an_address_that_is_taken_is_named() {
    let site = start();
    let taken = Config { port: site.address().port(), ..Config::default() };
    let error = Site::start(taken).expect_err("the port is taken").to_string();
    assert!(error.starts_with(&format!("cannot listen on {}: ", site.address())), "{error}");
}

#[test]
fn a_stopped_site_can_start_again_on_its_port() {
    let site = start();
    fetch(&site, "/1");
    let port = site.address().port();
    site.stop();
    let again = Config { listen: IpAddr::V4(Ipv4Addr::LOCALHOST), port, ..Config::default() };
    let site = Site::start(again).expect("the port is free again");
    assert_eq!(site.address().port(), port);
}

/// Its connection is closed before the time of its page.
#[test]
fn a_client_that_has_gone_is_not_kept() {
    let site = start();
    let mut socket = get(&site, "/1?delay=60s");
    socket.write_all(b"and one more thing").expect("the site reads on");
    socket.shutdown(Shutdown::Write).expect("it is open");
    let begun = Instant::now();
    let (answer, end) = receive(socket, usize::MAX);
    assert_eq!((answer.len(), end), (0, Closed));
    assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());

    let socket = get(&site, "/1?delay=300ms&size=3");
    socket.shutdown(Shutdown::Write).expect("it is open");
    let (answer, _) = receive(socket, usize::MAX);
    assert!(text(answer).ends_with("\r\n\r\nPag"), "it may have closed only its half");
}

#[test]
fn a_slow_client_does_not_delay_others() {
    let site = start();
    let _silent = TcpStream::connect(site.address()).expect("the site listens");
    let _unread = get(&site, "/1?size=100MiB");
    thread::sleep(Duration::from_millis(20));
    assert!(fetch(&site, "/1").starts_with("HTTP/1.1 200 OK"));
}
