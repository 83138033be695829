//! What was seen of one run, from outside.

use std::collections::BTreeMap;
use std::time::Duration;

use crawl::protocol::OutcomeLine;
use practice_site::{Event, What};

/// One run of a program, as it was seen.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Path and query of each target, as the exercise has them.
    pub paths: Vec<String>,
    /// How many fetches the job allowed in flight.
    pub concurrency: usize,
    /// The time that the job allowed for each fetch.
    pub deadline: Duration,
    /// What the program said of each target; `None` where it said nothing.
    pub outcomes: Vec<Option<OutcomeLine>>,
    /// The targets in the order in which their outcomes were said.
    pub said: Vec<usize>,
    /// When each of those was said, on the clock of the site: as long as `said`.
    pub said_at: Vec<Duration>,
    /// How the program ended.
    pub ending: Ending,
    /// The last line that it printed to stderr.
    pub stderr: Option<String>,
    /// What the site saw.
    pub site: Seen,
    /// What the system counted.
    pub process: Process,
}

/// How a program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with exit status 0.
    #[default]
    Well,
    /// It said nothing for this long, and was ended.
    Hung(Duration),
    /// It said a line that is not one of the protocol, and was ended: `line 3 is not an outcome`.
    WrongLine(String),
    /// Otherwise: `exit status 3`, `SIGSEGV`.
    Badly(String),
    /// It did not run: this system cannot produce the fault of this name.
    NotHere(String),
}

/// What the system counted. A figure that this system does not tell is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// From the start of the program to its end.
    pub wall: Duration,
    /// CPU time of the program and of all that it waited for.
    pub cpu: Option<Duration>,
    /// How often one of its threads gave up the processor to wait: voluntary context switches.
    pub sleeps: Option<u64>,
    /// How often it asked a socket in vain, if the program itself tells (docs/protocol.md).
    pub in_vain: Option<u64>,
    /// The threads of each process: of the program, and of its children.
    pub threads: Option<Vec<Threads>>,
    /// How many different child processes were seen, its children's children among them.
    pub children: Option<usize>,
    /// How many of those were seen with a TCP socket: the ones that fetch.
    pub workers: Option<usize>,
    /// After how many outcomes one of those was killed, where the run asks for that and there was
    /// one to kill.
    pub killed_after: Option<usize>,
    /// How many processes it started after that.
    pub hired: Option<usize>,
}

/// The threads of one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Threads {
    /// How many it had when it waited for its job. `None` if it was not there then, or if the
    /// program never came to rest.
    pub before_the_job: Option<u64>,
    /// The most that it had at once.
    pub most: u64,
}

/// One connection, as the site saw it. Times count from the start of the site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Connection {
    pub opened: Duration,
    /// Path and query of its request, once there was one.
    pub path: Option<String>,
    pub asked: Option<Duration>,
    /// Just before the first byte of the answer.
    pub answering: Option<Duration>,
    pub answered: Option<Duration>,
    /// When the client went before it had its answer.
    pub gave_up: Option<Duration>,
    pub closed: Option<Duration>,
}

impl Connection {
    /// When this fetch can be over for the client, at the earliest: only then can another one take
    /// its place.
    pub fn over(&self) -> Option<Duration> {
        self.answering.into_iter().chain(self.gave_up).min().or(self.closed)
    }
}

/// What the site saw: its connections in the order in which they opened.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// All of them.
    pub connections: Vec<Connection>,
}

impl Seen {
    /// Sorts the events of a site by connection. A connection that was open before the first event
    /// is not of this run.
    pub fn new(events: &[Event]) -> Seen {
        let mut connections: BTreeMap<u64, Connection> = BTreeMap::new();
        for Event { at, connection, what, .. } in events {
            let at = *at;
            if let What::Opened(_) = what {
                let opened = Connection { opened: at, ..Connection::default() };
                connections.insert(*connection, opened);
                continue;
            }
            let Some(connection) = connections.get_mut(connection) else { continue };
            match what {
                What::Asked(_) => {
                    connection.asked = Some(at);
                    connection.path = what.path().map(str::to_owned);
                }
                What::Answering => connection.answering = Some(at),
                What::Answered => connection.answered = Some(at),
                What::GaveUp => connection.gave_up = Some(at),
                What::Closed => connection.closed = Some(at),
                _ => {}
            }
        }
        let mut connections: Vec<Connection> = connections.into_values().collect();
        connections.sort_by_key(|connection| connection.opened);
        Seen { connections }
    }

    /// The connections that asked for this path.
    pub fn of_path<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Connection> {
        self.connections.iter().filter(move |connection| connection.path.as_deref() == Some(path))
    }

    /// The most connections at once that had asked and had no answer yet, of those that `counts`.
    pub fn peak_waiting(&self, counts: impl Fn(&Connection) -> bool) -> usize {
        peak(
            self.connections
                .iter()
                .filter(|connection| counts(connection))
                .filter_map(|connection| connection.asked.zip(connection.over())),
        )
    }

    /// The most connections at once that were open and had no answer yet, of those that `counts`.
    pub fn peak_open(&self, counts: impl Fn(&Connection) -> bool) -> usize {
        peak(
            self.connections
                .iter()
                .filter(|connection| counts(connection))
                .filter_map(|connection| Some((connection.opened, connection.over()?))),
        )
    }
}

impl Observed {
    /// Whether a connection is for one of the targets, and not for something else of the site.
    pub fn is_for_a_target(&self, connection: &Connection) -> bool {
        connection.path.as_ref().is_some_and(|path| self.paths.contains(path))
    }

    /// How many targets have no outcome.
    pub fn missing(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.is_none()).count()
    }
}

/// The most of these spans that overlap. One that ends at the moment at which another begins makes
/// room for it.
fn peak(spans: impl Iterator<Item = (Duration, Duration)>) -> usize {
    let mut marks: Vec<(Duration, i32)> =
        spans.flat_map(|(from, to)| [(from, 1), (to.max(from), -1)]).collect();
    marks.sort_unstable();
    let (mut now, mut most) = (0, 0);
    for (_, change) in marks {
        now += change;
        most = most.max(now);
    }
    most as usize
}
