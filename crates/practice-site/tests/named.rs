//! Counters and flaky pages.

mod common;

use std::time::{Duration, Instant};

use common::End::{Closed, Reset};
use common::{body, fetch, get, receive, text};
use practice_site::{Config, Site};

fn start_with(delay: Duration) -> Site {
    Site::start(Config { delay, ..Config::default() }).expect("loopback has a free port")
}

#[test]
fn a_counter_is_read_and_set() {
    let site = start_with(Duration::ZERO);
    let ask = |path: &str| body(&fetch(&site, path)).to_owned();
    assert_eq!(ask("/counter/ada"), "0");
    assert_eq!(ask("/counter/ada?set=7"), "7");
    assert_eq!(ask("/counter/ada"), "7");
    assert_eq!(ask("/counter/alan"), "0", "each name has a number of its own");
    let whole = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\
                 Content-Length: 1\r\nConnection: close\r\n\r\n7";
    assert_eq!(fetch(&site, "/counter/ada"), whole);
}

/// Both read before one has set: one of two updates is lost, every time.
#[test]
fn two_that_read_before_one_sets_lose_an_update() {
    let site = start_with(Duration::from_millis(40));
    let value =
        |socket| body(&text(receive(socket, usize::MAX).0)).parse::<u64>().expect("a number");
    let begun = Instant::now();
    let read = [get(&site, "/counter/sum"), get(&site, "/counter/sum")].map(value);
    assert!(begun.elapsed() >= Duration::from_millis(40), "a counter takes the delay of a page");
    for number in read {
        value(get(&site, &format!("/counter/sum?set={}&delay=1ms", number + 1)));
    }
    assert_eq!(value(get(&site, "/counter/sum?delay=0")), 1);
}

#[test]
fn a_flaky_page_is_reset_so_often_and_then_sent() {
    let site = start_with(Duration::ZERO);
    let ask = |path: &str| {
        let (answer, end) = receive(get(&site, path), usize::MAX);
        (text(answer), end)
    };
    for _ in 0..2 {
        assert_eq!(ask("/flaky/ada?fails=2"), (String::new(), Reset));
    }
    for _ in 0..2 {
        let (answer, end) = ask("/flaky/ada?fails=2");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && body(&answer).len() == 1024);
        assert_eq!(end, Closed);
    }
    assert_eq!(ask("/flaky/alan").1, Reset, "once, if nothing else is asked for");
    assert_eq!(ask("/flaky/alan").1, Closed);
    assert_eq!(ask("/flaky/none?fails=0").1, Closed);
}

#[test]
fn a_flaky_page_takes_its_delay() {
    let site = start_with(Duration::from_millis(30));
    for (path, least) in [("/flaky/a", 30), ("/flaky/a", 30), ("/flaky/a?delay=60ms", 60)] {
        let begun = Instant::now();
        receive(get(&site, path), usize::MAX);
        assert!(begun.elapsed() >= Duration::from_millis(least), "{path}");
    }
}

#[test]
fn a_wrong_request_gets_the_reason() {
    let site = start_with(Duration::ZERO);
    let check = |path: &str, status: u16, why: &str| {
        let answer = fetch(&site, path);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
        assert!(body(&answer).contains(why), "{path}: {answer}");
    };
    check("/counter/", 404, "as /counter/ada has");
    check("/counter/a/b", 404, "1 to 64 letters");
    check("/counter/ada?set=two", 400, "set=1, set=0");
    check("/counter/ada?set=-1", 400, "whole number");
    check("/counter/ada?size=1", 400, "The parameters are: delay, set.");
    check("/flaky/", 404, "as /flaky/ada has");
    check("/flaky/ada?fails=often", 400, "fails=1, fails=3");
    check("/flaky/ada?set=1", 400, "The parameters are: delay, fails.");
}

#[test]
fn names_without_end_are_refused() {
    let site = start_with(Duration::ZERO);
    for number in 0..1000 {
        fetch(&site, &format!("/counter/{number}?set=1"));
    }
    let answer = fetch(&site, "/counter/more?set=1");
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("keeps 1000 names"), "{answer}");
    assert!(fetch(&site, "/flaky/more?fails=0").starts_with("HTTP/1.1 200 "), "of each kind");
}
