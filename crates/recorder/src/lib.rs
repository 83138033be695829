//! Notes of what a crawl did, when and where, for the report and the trace.
//!
//! [`note`] is called where every stage passes: in `crawl::Exchange` and in `selectors`. It is
//! `#[track_caller]`, and so are its callers, so a note points to the line of the stage. Unless
//! somebody has called [`begin`], a note costs one load and one branch: in the stages measured, all
//! notes of a fetch cost less than 1 % of its user instructions (docs/report.md has the figures).
//!
//! A fetch is known by the moment at which it began, so an exchange needs no space for a number. A
//! thread is known by a number of its own. What the notes mean is for `stage-program` to say: a
//! step lasts from one note of a thread to its next.

use std::borrow::Cow;
use std::cell::RefCell;
use std::mem;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Instant,
    /// Who noted it.
    pub by: By,
    /// What.
    pub what: What,
    /// Which fetch: the moment at which it began. `None` where only a socket's key is known, or
    /// where it is about no single fetch.
    pub fetch: Option<Instant>,
    /// Bytes, a key, a target, or how often.
    pub number: u64,
    /// How often the thread had slept by then; only after calls that may sleep, and only where the
    /// system tells.
    pub slept: Option<u32>,
    /// Where the stage called what noted it.
    pub place: Option<Place>,
}

/// Who notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// A thread of this process, by a number of this crate.
    Thread(u32),
    /// A worker process, by the number that its pool gave it.
    Process(u32),
}

/// A line of source code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Place {
    pub file: Cow<'static, str>,
    pub line: u32,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// A fetch began.
    Begun,
    /// It asked how long its next call may sleep.
    TimeLeft,
    /// It asked what is still to be sent.
    Unsent,
    /// It asked whether the connection has failed.
    Checked,
    /// A connection is in progress.
    Connecting,
    /// A connection was made.
    Connected,
    /// So many bytes were sent.
    Sent,
    /// A send would have had to wait, or several calls one after another: so many, of one fetch or
    /// of several.
    SendInVain,
    /// The same, where the first of them was a receive.
    ReceiveInVain,
    /// So many bytes were received; none at the end of the stream.
    Received,
    /// A call failed: [`CONNECT`], [`SEND`] or [`RECEIVE`].
    Failed,
    /// The fetch of this target ended.
    Finished,
    /// A selector is to report the socket with this key.
    WaitFor,
    /// The socket with this key is about to be read.
    Receive,
    /// A selector, or a runtime, is about to wait.
    Asleep,
    /// It has waited, and so many sockets are ready, or [`UNKNOWN`].
    Awake,
}

/// A number that nobody told.
pub const UNKNOWN: u64 = u64::MAX;

/// Which call has failed.
pub const CONNECT: u64 = 0;
/// Which call has failed.
pub const SEND: u64 = 1;
/// Which call has failed.
pub const RECEIVE: u64 = 2;

impl What {
    /// All of them.
    pub const ALL: [What; 16] = [
        What::Begun,
        What::TimeLeft,
        What::Unsent,
        What::Checked,
        What::Connecting,
        What::Connected,
        What::Sent,
        What::SendInVain,
        What::ReceiveInVain,
        What::Received,
        What::Failed,
        What::Finished,
        What::WaitFor,
        What::Receive,
        What::Asleep,
        What::Awake,
    ];

    /// Whether it comes before a call, and says nothing if the call fails. Of a run of calls in
    /// vain only the first and the last such note is kept: 13 million reads are one step.
    fn is_before_a_call(self) -> bool {
        matches!(self, What::TimeLeft | What::Unsent | What::Checked | What::Receive)
    }

    fn is_in_vain(self) -> bool {
        matches!(self, What::SendInVain | What::ReceiveInVain)
    }
}

/// How often the calling thread has slept, as the system tells.
pub type Slept = fn() -> Option<u64>;

static ON: AtomicBool = AtomicBool::new(false);
static THREADS: AtomicU32 = AtomicU32::new(0);
static RECORDING: Mutex<Recording> = Mutex::new(Recording { notes: Vec::new(), dropped: 0 });
static SLEPT: Mutex<Slept> = Mutex::new(|| None);

/// What was noted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// Those of each thread are in order.
    pub notes: Vec<Note>,
    /// Notes for which there was no room.
    pub dropped: u64,
}

/// What a thread has noted and not yet written down.
#[derive(Default)]
struct Held {
    /// The first of a run of calls in vain; its number counts them.
    in_vain: Option<Note>,
    /// A call is about to be made.
    before_a_call: Option<Note>,
}

thread_local! {
    static THREAD: u32 = THREADS.fetch_add(1, Relaxed);
    static HELD: RefCell<Held> = RefCell::default();
}

/// Takes notes from now on, of which there is room for so many. The room is allocated and touched
/// now, so that the crawl does not pay for it: it takes [`bytes`].
pub fn begin(room: usize, slept: Slept) {
    *lock(&SLEPT) = slept;
    let place = Some(Place { file: Cow::Borrowed(""), line: 0 });
    let (by, what) = (By::Thread(0), What::Begun);
    let blank = Note { at: Instant::now(), by, what, fetch: None, number: 0, slept: None, place };
    let mut notes = vec![blank; room];
    notes.clear();
    *lock(&RECORDING) = Recording { notes, dropped: 0 };
    ON.store(true, Relaxed);
}

/// Whether notes are taken.
#[inline]
pub fn is_on() -> bool {
    ON.load(Relaxed)
}

/// The memory that the notes have.
pub fn bytes() -> u64 {
    (lock(&RECORDING).notes.capacity() * size_of::<Note>()) as u64
}

/// What was noted since the last time. It goes on, with the same room.
pub fn take() -> Recording {
    write_held();
    let mut recording = lock(&RECORDING);
    let notes = recording.notes.drain(..).collect();
    Recording { notes, dropped: mem::take(&mut recording.dropped) }
}

/// Takes no more notes: what was noted.
pub fn end() -> Recording {
    ON.store(false, Relaxed);
    write_held();
    mem::take(&mut *lock(&RECORDING))
}

/// Adds what another process has noted.
pub fn add(other: Recording) {
    let mut recording = lock(&RECORDING);
    other.notes.into_iter().for_each(|note| recording.add(note));
    recording.dropped += other.dropped;
}

/// Notes that something happened in the function that called whoever calls this.
#[inline]
#[track_caller]
pub fn note(what: What, fetch: Option<Instant>, number: u64) {
    if is_on() {
        write(what, fetch, number, Some(Location::caller()));
    }
}

/// A runtime is about to put this thread to sleep, in code of its own.
pub fn asleep() {
    if is_on() {
        write(What::Asleep, None, 0, None);
    }
}

/// A runtime goes on, in code of its own.
pub fn awake() {
    if is_on() {
        write(What::Awake, None, UNKNOWN, None);
    }
}

#[cold]
fn write(
    what: What,
    fetch: Option<Instant>,
    number: u64,
    place: Option<&'static Location<'static>>,
) {
    let mut at = Instant::now();
    while what == What::Begun && Some(at) == fetch {
        at = Instant::now(); // the next fetch must begin at another moment than this one
    }
    let may_have_slept = !what.is_before_a_call() && what != What::WaitFor && !what.is_in_vain();
    let ask = *lock(&SLEPT);
    let slept = may_have_slept.then(ask).flatten().map(|slept| slept as u32);
    let place = place.map(|place| Place { file: Cow::Borrowed(place.file()), line: place.line() });
    let by = By::Thread(THREAD.with(|thread| *thread));
    HELD.with_borrow_mut(|held| held.take(Note { at, by, what, fetch, number, slept, place }));
}

fn write_held() {
    HELD.with_borrow_mut(|held| held.write(&mut lock(&RECORDING)));
}

impl Held {
    fn take(&mut self, note: Note) {
        match (note.what, &mut self.in_vain) {
            (what, Some(first)) if what.is_in_vain() => {
                first.number += 1;
                first.fetch = first.fetch.filter(|fetch| Some(*fetch) == note.fetch);
                self.before_a_call = None;
            }
            (what, None) if what.is_in_vain() => {
                self.write(&mut lock(&RECORDING));
                self.in_vain = Some(Note { number: 1, ..note });
            }
            // Between two calls in vain.
            (what, Some(_)) if what.is_before_a_call() => self.before_a_call = Some(note),
            (what, None) if what.is_before_a_call() => {
                // One call of chapter 1 asks several times: the first has the line of the stage.
                let is_same = |held: &Note| {
                    let is_its = held.what == What::TimeLeft && held.fetch == note.fetch;
                    is_its && (what == What::Unsent || held.place == note.place)
                };
                if self.before_a_call.as_ref().is_some_and(is_same) {
                    return;
                }
                self.write(&mut lock(&RECORDING));
                self.before_a_call = Some(note);
            }
            _ => {
                let recording = &mut lock(&RECORDING);
                self.write(recording);
                recording.add(note);
            }
        }
    }

    fn write(&mut self, recording: &mut Recording) {
        let held = [self.in_vain.take(), self.before_a_call.take()];
        held.into_iter().flatten().for_each(|note| recording.add(note));
    }
}

impl Recording {
    fn add(&mut self, note: Note) {
        if self.notes.len() < self.notes.capacity() {
            self.notes.push(note);
        } else {
            self.dropped += 1;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
