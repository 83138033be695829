//! What the site notes of its clients.

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use common::{LONG, fetch, get, receive, send};
use practice_site::{Config, Event, Site, What};

fn start() -> Site {
    let config = Config { events: true, delay: Duration::ZERO, ..Config::default() };
    Site::start(config).expect("loopback has a free port")
}

/// The events, as soon as `count` connections are closed.
fn when_closed(site: &Site, count: usize) -> Vec<Event> {
    let begun = Instant::now();
    loop {
        let events = site.events();
        if events.iter().filter(|event| event.what == What::Closed).count() >= count {
            return events;
        }
        assert!(begun.elapsed() < LONG, "not {count} were closed: {events:?}");
        thread::sleep(Duration::from_millis(1));
    }
}

fn words(events: &[Event], connection: u64) -> Vec<String> {
    let of_it = events.iter().filter(|event| event.connection == connection);
    of_it.map(|event| word(&event.what)).collect()
}

fn word(what: &What) -> String {
    match what {
        What::Opened(_) => "opened".into(),
        What::Asked(line) => format!("asked {}", what.path().unwrap_or(line)),
        What::Answering => "answering".into(),
        What::Answered => "answered".into(),
        What::GaveUp => "gave up".into(),
        What::Closed => "closed".into(),
        other => format!("{other:?}"),
    }
}

#[test]
fn each_connection_is_noted_in_order() {
    let site = start();
    let sockets = [get(&site, "/1?delay=60ms"), get(&site, "/2?delay=20ms")];
    let clients = sockets.each_ref().map(|socket| socket.local_addr().expect("it is open"));
    for socket in sockets {
        receive(socket, usize::MAX);
    }
    let events = when_closed(&site, 2);
    assert!(events.is_sorted_by_key(|event| event.at));
    for (number, path) in [(1, "/1?delay=60ms"), (2, "/2?delay=20ms")] {
        let expected = ["opened", &format!("asked {path}"), "answering", "answered", "closed"];
        assert_eq!(words(&events, number), expected);
    }
    let opened = events.iter().filter_map(|event| match event.what {
        What::Opened(client) => Some(client),
        _ => None,
    });
    assert_eq!(opened.collect::<Vec<SocketAddr>>(), clients);
    let at = |connection, what: &What| {
        let mut of_it = events.iter().filter(|event| event.connection == connection);
        of_it.find(|event| event.what == *what).expect("it is there").at
    };
    assert!(at(2, &What::Answering) < at(1, &What::Answering), "the shorter one is first");
}

#[test]
fn a_site_notes_nothing_unless_it_is_asked_to() {
    let site = Site::start(Config { delay: Duration::ZERO, ..Config::default() });
    let site = site.expect("loopback has a free port");
    fetch(&site, "/1");
    assert_eq!((site.events(), site.take_events(), site.events_left_out()), (vec![], vec![], 0));
}

#[test]
fn events_that_were_taken_are_forgotten() {
    let site = start();
    fetch(&site, "/1");
    let first = when_closed(&site, 1);
    assert_eq!(site.take_events(), first);
    assert_eq!(site.events(), []);
    fetch(&site, "/2");
    let events = when_closed(&site, 1);
    assert!(events.iter().all(|event| event.connection == 2), "{events:?}");
}

/// The client sees nothing of an answer before that is noted. So a client that opens its next
/// connection when one has ended is never seen to have two: 200 in a row, at full speed.
#[test]
fn a_client_with_one_connection_at_a_time_never_seems_to_have_two() {
    let site = start();
    for path in ["/1", "/fault/reset-before-head", "/fault/empty-reply", "/fault/chunked"] {
        for _ in 0..50 {
            receive(get(&site, path), usize::MAX);
        }
    }
    let mut waiting = 0;
    for event in when_closed(&site, 200) {
        match event.what {
            What::Opened(_) => {
                waiting += 1;
                assert_eq!(waiting, 1, "connection {}", event.connection);
            }
            What::Answering => waiting -= 1,
            _ => {}
        }
    }
}

#[test]
fn a_client_that_goes_is_seen_at_once() {
    let check = |path: &str, delay: Duration, expected: &[&str]| {
        let site = start();
        let mut socket = get(&site, path);
        socket.write_all(b"and more, which is thrown away").expect("the site reads on");
        thread::sleep(delay);
        drop(socket);
        let events = when_closed(&site, 1);
        let (asked, all) = (format!("asked {path}"), words(&events, 1));
        assert_eq!(all[..2], ["opened".to_owned(), asked]);
        assert_eq!(all[2..], *expected, "{path}");
    };
    let soon = Duration::from_millis(30);
    check("/1?delay=60s", soon, &["gave up", "closed"]);
    check("/fault/never-answer", soon, &["gave up", "closed"]);
    check("/fault/never-answer?delay=60s", soon, &["gave up", "closed"]);
    check("/counter/ada?delay=60s", soon, &["gave up", "closed"]);
    check("/fault/stall-in-body", soon, &["answering", "gave up", "closed"]);
    check("/fault/drip-body?pause=500ms", soon, &["answering", "gave up", "closed"]);
    // The answer is complete, and the client is right to go.
    check("/fault/stays-open", soon, &["answering", "answered", "closed"]);
    check("/fault/no-content", soon, &["answering", "answered", "closed"]);
}

/// Between two pieces of an answer that was cut, too. What is written later fails or does not, as
/// the system likes, and does not decide.
#[test]
fn a_client_that_goes_between_two_pieces_is_seen_at_once() {
    let check = |path: &str, pieces: usize| {
        let site = start();
        let mut socket = get(&site, path);
        let mut first = vec![0; 100 * pieces];
        socket.read_exact(&mut first).expect("these pieces come");
        thread::sleep(Duration::from_millis(30));
        drop(socket);
        let events = when_closed(&site, 1);
        assert_eq!(words(&events, 1)[2..4], ["answering", "gave up"], "{path}");
        let when = |what: What| events.iter().find(|event| event.what == what).map(|it| it.at);
        let (gave_up, closed) = (when(What::GaveUp).unwrap(), when(What::Closed).unwrap());
        assert!(closed - gave_up > Duration::from_millis(100), "{path}: not at the next write");
    };
    check("/1?size=180&cut=100&pace=500ms", 1);
    // The client leaves before the last piece, which the system still takes.
    check("/1?size=180&cut=100&pace=500ms", 2);
    check("/fault/chunked?cut=100&pace=500ms", 1);
}

/// A client that closes only its half still gets every piece.
#[test]
fn all_pieces_are_sent_to_a_client_that_has_closed_its_half() {
    let site = start();
    let socket = get(&site, "/1?size=180&cut=100&pace=200ms");
    thread::sleep(Duration::from_millis(30));
    socket.shutdown(Shutdown::Write).expect("it is open");
    let (answer, _) = receive(socket, usize::MAX);
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("it has a head");
    assert_eq!(answer.len() - head - 4, 180);
    let expected = ["answering", "gave up", "answered", "closed"];
    assert_eq!(words(&when_closed(&site, 1), 1)[2..], expected);
}

/// The close is noted when it happens, and the page is sent all the same: the client may have
/// closed only its half.
#[test]
fn a_page_that_is_due_soon_is_sent_to_a_client_that_has_closed() {
    for path in ["/1?delay=400ms", "/fault/chunked?delay=400ms", "/counter/ada?delay=400ms"] {
        let site = start();
        let socket = get(&site, path);
        thread::sleep(Duration::from_millis(30));
        socket.shutdown(Shutdown::Write).expect("it is open");
        let (answer, _) = receive(socket, usize::MAX);
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{path}");
        let events = when_closed(&site, 1);
        let expected = ["gave up", "answering", "answered", "closed"];
        assert_eq!(words(&events, 1)[2..], expected, "{path}");
        let at = |index: usize| events[index].at;
        assert!(at(3) - at(2) > Duration::from_millis(100), "{path}: not when it was sent");
    }
}

#[test]
fn a_client_that_leaves_a_long_answer_gave_up() {
    for path in ["/1?size=100MiB", "/fault/endless-head"] {
        let site = start();
        let socket = get(&site, path);
        receive(socket, 100_000);
        let events = when_closed(&site, 1);
        assert_eq!(words(&events, 1)[2..], ["answering", "gave up", "closed"], "{path}");
    }
}

#[test]
fn a_connection_without_a_request_is_noted() {
    let site = start();
    drop(TcpStream::connect(site.address()).expect("the site listens"));
    assert_eq!(words(&when_closed(&site, 1), 1), ["opened", "gave up", "closed"]);
    receive(send(site.address(), "hello\r\n\r\n"), usize::MAX);
    let expected = ["opened", "asked hello", "answering", "answered", "closed"];
    assert_eq!(words(&when_closed(&site, 2), 2), expected);
    let early = site.fault_url("reset-at-accept").expect("every system can produce it");
    let early = early.trim_start_matches("http://").trim_end_matches('/');
    receive(TcpStream::connect(early).expect("it listens"), usize::MAX);
    let expected = ["opened", "answering", "answered", "closed"];
    assert_eq!(words(&when_closed(&site, 3), 3), expected);
}

/// Every fault with a path: it begins its answer once, or the client gives up first.
#[test]
fn every_fault_notes_its_answer_or_that_the_client_gave_up() {
    let site = start();
    let mut connections = 0;
    for (fault, url) in site.faults().filter(|(_, url)| url.contains("/fault/")) {
        let socket = get(&site, &format!("/fault/{}?pause=500ms", fault.name));
        common::receive_until_silent(socket, 10_000, Duration::from_millis(20));
        connections += 1;
        let words = words(&when_closed(&site, connections), connections as u64);
        let once = |word: &str| words.iter().filter(|other| *other == word).count();
        assert_eq!((once("opened"), once("closed")), (1, 1), "{url}: {words:?}");
        assert!(once("answered") <= once("answering"), "{url}: {words:?}");
        assert_eq!(once("answered") + once("gave up"), 1, "{url}: {words:?}");
    }
}
