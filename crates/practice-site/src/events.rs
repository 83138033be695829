//! What the site saw of its clients: who connected, what they asked for, and how they left.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many events are kept. A client that asks without end cannot fill the memory.
const MOST: usize = 1 << 20;

/// How many bytes of a request's first line are kept.
const LONGEST_LINE: usize = 512;

/// One thing that the site saw; see [`Site::events`](crate::Site::events).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, counted from the start of the site.
    pub at: Duration,
    /// On which connection. Connections are counted from 1, in the order in which they were
    /// accepted.
    pub connection: u64,
    /// What happened there.
    pub what: What,
}

/// What happened on a connection.
///
/// A connection has exactly one `Opened`, first, and one `Closed`, last. Between the two it has
/// `Asked` at most once, `Answering` at most once, and `Answered` only after `Answering`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// The site accepted the connection from this address.
    Opened(SocketAddr),
    /// The request is complete. This is its first line, of which 512 bytes are kept.
    Asked(String),
    /// The answer begins. This is noted before its first byte is sent, and where an answer has no
    /// byte at all, before the connection is closed or reset. So a client that begins another
    /// fetch when one has ended never seems to have more fetches in flight than it has.
    Answering,
    /// The system has taken the last byte of what the site sends. The client may have it earlier
    /// than this is noted.
    Answered,
    /// The client closed its side, or was gone, before it had the whole answer. This is noted when
    /// it happens, at most once. A page that is due within a second is still sent, because a client
    /// may close only the half on which it sends; so `Answering` and `Answered` can follow.
    GaveUp,
    /// The site closes the connection. This is noted just before.
    Closed,
}

impl What {
    /// The path and query that a request asks for, if this is [`What::Asked`] and has one.
    ///
    /// ```
    /// use practice_site::What;
    ///
    /// let asked = What::Asked("GET /1?delay=50ms HTTP/1.1".into());
    /// assert_eq!(asked.path(), Some("/1?delay=50ms"));
    /// assert_eq!(What::Answering.path(), None);
    /// ```
    pub fn path(&self) -> Option<&str> {
        match self {
            What::Asked(line) => line.split(' ').nth(1),
            _ => None,
        }
    }
}

/// All events so far.
#[derive(Debug)]
pub(crate) struct Events {
    begun: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kept: Vec<Event>,
    left_out: u64,
    connections: u32,
}

impl Events {
    pub(crate) fn start() -> Events {
        Events { begun: Instant::now(), state: Mutex::default() }
    }

    pub(crate) fn so_far(&self) -> Vec<Event> {
        self.lock().kept.clone()
    }

    pub(crate) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.lock().kept)
    }

    pub(crate) fn left_out(&self) -> u64 {
        self.lock().left_out
    }

    fn open(&self, client: SocketAddr) -> u32 {
        let mut state = self.lock();
        state.connections += 1;
        let connection = state.connections;
        self.add(&mut state, connection, What::Opened(client));
        connection
    }

    fn note(&self, connection: u32, what: What) {
        self.add(&mut self.lock(), connection, what);
    }

    /// The time is read while the lock is held, so that the events stand in the order of time.
    fn add(&self, state: &mut State, connection: u32, what: What) {
        if state.kept.len() < MOST {
            let at = self.begun.elapsed();
            state.kept.push(Event { at, connection: connection.into(), what });
        } else {
            state.left_out += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection, as the events tell of it. Nothing is noted where the site keeps no events.
///
/// Dropping it notes that the connection is closed, so it must be dropped before the socket.
#[derive(Debug)]
pub(crate) struct Visit {
    events: Option<Arc<Events>>,
    connection: u32,
    /// Which of the events that happen once have happened.
    noted: AtomicU8,
}

const ANSWERING: u8 = 1;
const ANSWERED: u8 = 2;
const GAVE_UP: u8 = 4;

impl Visit {
    pub(crate) fn open(events: Option<&Arc<Events>>, client: SocketAddr) -> Visit {
        let connection = events.map_or(0, |events| events.open(client));
        Visit { events: events.cloned(), connection, noted: AtomicU8::new(0) }
    }

    pub(crate) fn asked<'a>(&self, line: impl FnOnce() -> Cow<'a, str>) {
        if let Some(events) = &self.events {
            let line = line();
            let mut end = line.len().min(LONGEST_LINE);
            while !line.is_char_boundary(end) {
                end -= 1;
            }
            events.note(self.connection, What::Asked(line[..end].to_owned()));
        }
    }

    /// To be called before anything that the client can see; calls after the first change nothing.
    pub(crate) fn answering(&self) {
        self.note_once(ANSWERING, What::Answering);
    }

    /// The answer has ended: either the system took all of it, or an error said that the client is
    /// gone.
    pub(crate) fn sent(&self, result: &io::Result<()>) {
        match result {
            Ok(()) => {
                self.answering();
                self.note_once(ANSWERED, What::Answered);
            }
            Err(_) => self.gave_up(),
        }
    }

    pub(crate) fn gave_up(&self) {
        self.note_once(GAVE_UP, What::GaveUp);
    }

    fn note_once(&self, flag: u8, what: What) {
        if let Some(events) = &self.events
            && self.noted.fetch_or(flag, Ordering::Relaxed) & flag == 0
        {
            events.note(self.connection, what);
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(events) = &self.events {
            events.note(self.connection, What::Closed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> SocketAddr {
        ([127, 0, 0, 1], 80).into()
    }

    #[test]
    fn a_visit_is_noted_in_order_and_ends_with_its_close() {
        let events = Arc::new(Events::start());
        let visit = Visit::open(Some(&events), client());
        visit.asked(|| "é".repeat(LONGEST_LINE).into());
        visit.gave_up();
        visit.answering();
        visit.answering();
        visit.sent(&Err(io::ErrorKind::BrokenPipe.into()));
        drop(visit);
        let kept = events.so_far();
        let what: Vec<&What> = kept.iter().map(|event| &event.what).collect();
        let line = What::Asked("é".repeat(LONGEST_LINE / 2));
        let opened = What::Opened(client());
        assert_eq!(what, [&opened, &line, &What::GaveUp, &What::Answering, &What::Closed]);
        assert!(kept.is_sorted_by_key(|event| event.at));
        assert!(kept.iter().all(|event| event.connection == 1));
    }

    #[test]
    fn a_site_without_events_notes_nothing() {
        let visit = Visit::open(None, client());
        visit.asked(|| unreachable!("the line is not even made"));
        visit.sent(&Ok(()));
        assert_eq!((size_of::<Visit>(), size_of::<Event>()), (16, 56));
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let events = Arc::new(Events::start());
        let visit = Visit::open(Some(&events), client());
        for _ in 0..MOST {
            visit.asked(|| "".into());
        }
        assert_eq!((events.so_far().len(), events.left_out()), (MOST, 1));
        assert_eq!(events.take().len(), MOST);
        drop(visit);
        assert_eq!(events.take().len(), 1, "there is room again");
    }
}
