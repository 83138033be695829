//! What does it cost to ask which of many sockets is ready? Chapter 5.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use selectors::{Interest, Kind, Selector};
use socket2::{Domain, Socket, Type};

use super::seen::{Cell, Seen};
use super::{Experiment, Form, Judged, Lab, NeedsPython, Numbers, Part, Range, Trouble};

pub const EXPERIMENT: Experiment = Experiment {
    name: "few-or-many",
    chapter: 5,
    scene: "One socket is ready, and all others are silent: 10 of them, or 5,000. A selector \
            is asked which one is ready.",
    parties: &[
        ("poll", "each call hands over the whole list of sockets"),
        ("epoll", "the system keeps the list (on other systems: what they have for it)"),
    ],
    question: "How much longer does the call take with 5,000 sockets than with 10?",
    choices: &[
        "for both as long as before: one socket is ready",
        "for poll more than 50 times as long, for epoll about as long as before",
        "for both about 500 times as long: there are 500 times as many sockets",
    ],
    right: 1,
    run,
    rounds: 1,
    ranges: &[
        Range {
            unit: "times as long for poll",
            healthy: 50.0..=f64::INFINITY,
            form: Form::Ratio,
            judged: Judged::Always,
        },
        Range {
            unit: "times for epoll",
            healthy: 0.3..=3.0,
            form: Form::Ratio,
            judged: Judged::IfQuiet,
        },
    ],
    parts: &[
        ("poll", Part::Plays(|_| costs(Kind::Poll))),
        ("epoll", Part::Plays(|_| costs(Kind::Best))),
    ],
    needs_python: NeedsPython::No,
    look: ("crates/selectors/src/epoll.rs", "fn wait"),
    next: "stage-runner sweep -s poll,epoll --from 100 --to 5000",
    sources: &[("stage-runner/src/experiments/few_or_many.rs", include_str!("few_or_many.rs"))],
};

const FEW: usize = 10;
const MANY: usize = 5000;

/// Of so many calls the one in the middle is taken.
const CALLS: usize = 99;

fn run(lab: &Lab) -> Result<Seen, Trouble> {
    lab.needs_descriptors(MANY)?;
    let poll = lab.play("poll", &[])?;
    let epoll = lab.play("epoll", &[])?;
    let row = |ns: &Numbers| ["few", "many"].map(|many| Cell::Nanoseconds(ns[many])).into();
    Ok(Seen {
        columns: vec!["with 10 sockets", "with 5,000"],
        rows: vec![("poll", row(&poll)), ("epoll", row(&epoll))],
        measures: [poll, epoll].map(|ns| Ok(ns["many"] / ns["few"])).into(),
    })
}

fn costs(kind: Kind) -> io::Result<Numbers> {
    let (few, many) = (cost_ns(kind, FEW)?, cost_ns(kind, MANY)?);
    Ok(Numbers::from([("few".to_owned(), few), ("many".to_owned(), many)]))
}

/// How long a call takes, in nanoseconds, that finds one socket ready among so many silent ones.
fn cost_ns(kind: Kind, silent: usize) -> io::Result<f64> {
    let selector = Selector::new(kind)?;
    let mut watched = Vec::new();
    for key in 0..silent {
        watched.push(selector.watch(socket()?, key));
    }
    let speaker = socket()?;
    let listener = socket()?;
    let address = listener.local_addr()?;
    let listener = selector.watch(listener, silent);
    speaker.send_to(b"ready", &address)?;
    for socket in watched.iter().chain([&listener]) {
        socket.wait_for(Interest::Readable)?;
    }
    let mut times = Vec::new();
    let mut ready = Vec::new();
    for _ in 0..CALLS {
        ready.clear();
        let began = Instant::now();
        selector.wait(&mut ready, Some(Duration::from_secs(5)))?;
        times.push(began.elapsed().as_nanos() as f64);
        if ready != [silent] {
            return Err(io::Error::other(format!("not the one socket is ready: {ready:?}")));
        }
        // Each interest is for one report.
        listener.wait_for(Interest::Readable)?;
    }
    times.sort_by(f64::total_cmp);
    Ok(times[CALLS / 2])
}

/// A socket to which nobody sends, unless somebody does.
fn socket() -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
