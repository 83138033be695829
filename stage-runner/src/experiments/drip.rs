//! When does a fetch end if each call has a time-out, and the bytes come one by one? Chapter 1.

use std::io::{self, Read};
use std::time::Duration;

use crawl::{DeadlinePassed, Exchange, Limits, Outcome, Page, Received, Sent, Target};
use practice_site::{Config, Site};
use socket2::{Domain, Socket, Type};

use super::seen::{Cell, Seen, wall_us};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Part, Range, Trouble};

pub const EXPERIMENT: Experiment = Experiment {
    name: "drip",
    chapter: 1,
    scene: "A page may take 300 ms. Its server sends a few bytes every 100 ms, for 2 s.",
    parties: &[
        ("each call", "each recv may take 300 ms"),
        ("blocking", "the whole fetch may take 300 ms: each recv gets what is left"),
        ("epoll", "the same in the event loop of chapter 5"),
    ],
    question: "A time-out of 300 ms for each recv: when does the fetch end?",
    choices: &[
        "after 300 ms: it is the time-out",
        "after 400 ms: the first call, and one time-out",
        "after 2 s, when the page is complete",
    ],
    right: 2,
    run,
    rounds: 1,
    ranges: &[
        Range {
            unit: "times 300 ms for a time-out of each call",
            healthy: 5.0..=9.0,
            form: Form::Ratio,
            judged: Judged::Always,
        },
        Range {
            unit: "times for a deadline of the whole fetch (blocking)",
            healthy: 0.9..=1.6,
            form: Form::Ratio,
            judged: Judged::Always,
        },
        Range {
            unit: "times (epoll)",
            healthy: 0.9..=1.6,
            form: Form::Ratio,
            judged: Judged::Always,
        },
    ],
    parts: &[("each-call", Part::Crawls(crawl))],
    needs_python: NeedsPython::No,
    look: ("crates/01-blocking/src/exact_deadlines.rs", "fn sleep_in_parts"),
    next: "stage-runner take 1a",
    sources: &[("stage-runner/src/experiments/drip.rs", include_str!("drip.rs"))],
};

const TIME_OUT: Duration = Duration::from_millis(300);

/// Head and body are 20 pieces, or one more.
const PATH: &str = "/1?size=200&cut=14&pace=100ms";

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    let site = Site::start(Config { delay: Duration::ZERO, ..Config::default() })?;
    let urls = [site.url(PATH)];
    let end = |name, deadline| {
        let run = lab.crawl(name, &urls, &Limits { deadline, ..Limits::default() })?;
        Ok::<_, Trouble>(wall_us(&run))
    };
    // The part has a time-out of its own; this deadline is only there to end it in any case.
    let each_call = end("each-call", Duration::from_secs(20))?;
    let blocking = end("blocking", TIME_OUT)?;
    let epoll = end("epoll", TIME_OUT)?;
    let over = |us: u64| Ok(us as f64 / TIME_OUT.as_micros() as f64);
    Ok(Seen {
        columns: vec!["ended after"],
        rows: vec![
            ("each call", vec![Cell::Time(each_call)]),
            ("blocking", vec![Cell::Time(blocking)]),
            ("epoll", vec![Cell::Time(epoll)]),
        ],
        measures: vec![over(each_call), over(blocking), over(epoll)],
    })
}

/// Chapter 1 with the mistake: the same time-out for each call.
fn crawl(targets: &[Target], limits: &Limits, done: &mut dyn FnMut(Outcome)) -> io::Result<()> {
    for (index, target) in targets.iter().enumerate() {
        let mut exchange = Exchange::new(target, limits);
        let page = download(&mut exchange);
        done(exchange.finish(index, page));
    }
    Ok(())
}

fn download(exchange: &mut Exchange) -> io::Result<Page> {
    let address = exchange.address();
    let mut socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    exchange.connected(socket.connect_timeout(&address.into(), TIME_OUT))?;
    socket.set_write_timeout(Some(TIME_OUT))?;
    socket.set_read_timeout(Some(TIME_OUT))?;
    while !matches!(exchange.sent(socket.send(exchange.unsent()))?, Sent::All) {}
    let mut chunk = crawl::receive_buffer();
    loop {
        let received = match socket.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(DeadlinePassed.into());
            }
            received => received,
        };
        match exchange.received(received, &chunk)? {
            Received::Page(page) => return Ok(page),
            Received::Part | Received::MustWait => {}
        }
    }
}
