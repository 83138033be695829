//! Notes become steps: what a worker did from one note to the next.

use std::collections::HashMap;
use std::time::Instant;

use crawl::Worker;
use crawl::protocol::{ActivityLine, Did, MAX_PLACE, SLEPT_FROM, State, Tenths};
use recorder::{By, Note, Place, UNKNOWN, What};

/// When a crawl ran, and who fetched what.
pub(crate) struct Crawl<'a> {
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    /// By target, as far as there are outcomes.
    pub(crate) workers: &'a [Option<Worker>],
}

/// The steps of a crawl, in the order in which they began.
///
/// Those of one worker tile its time: each ends when its next one begins. The last one of the
/// calling thread ends with the crawl. When the other workers end, nobody notes: their last step
/// takes no time.
pub(crate) fn steps(notes: &[Note], crawl: &Crawl<'_>) -> Vec<ActivityLine> {
    let mut by_worker: HashMap<By, Vec<&Note>> = HashMap::new();
    for note in notes {
        by_worker.entry(note.by).or_default().push(note);
    }
    let mut lines = Vec::new();
    for (by, mut notes) in by_worker {
        notes.sort_by_key(|note| note.at);
        lines.extend(Steps::of(by, &notes, crawl));
    }
    lines.sort_by_key(|line| (line.from_us, line.by));
    lines
}

/// How far a fetch has come.
#[derive(Clone, Copy, Default)]
struct Fetch {
    target: Option<usize>,
    is_connected: bool,
    is_sent: bool,
    /// How often the worker had been woken, when this fetch was last heard of.
    wakes: u32,
}

/// The steps of one worker.
struct Steps<'a> {
    crawl: &'a Crawl<'a>,
    by: Worker,
    fetches: HashMap<Instant, Fetch>,
    /// By the key in the selector.
    keys: HashMap<u64, Instant>,
    /// Who spoke last since the worker woke.
    current: Option<Instant>,
    /// How often a selector or a runtime has woken the worker.
    wakes: u32,
    /// How often the thread had slept, when it last told.
    slept: Option<u32>,
    lines: Vec<ActivityLine>,
}

/// What one note began.
struct Step {
    did: Did,
    state: State,
    /// Whether the place is that of the next note: there the call stands.
    is_there: bool,
}

impl<'a> Steps<'a> {
    fn of(by: By, notes: &[&Note], crawl: &'a Crawl<'a>) -> Vec<ActivityLine> {
        let finished = notes.iter().filter(|note| note.what == What::Finished);
        let targets = finished.filter_map(|note| Some((note.fetch?, note.number as usize)));
        let targets: HashMap<_, _> = targets.collect();
        let worker = match by {
            By::Process(number) => Worker::Process(number),
            By::Thread(_) => {
                let mut all = targets.values().filter_map(|target| *crawl.workers.get(*target)?);
                all.next().unwrap_or(Worker::Main)
            }
        };
        let fetch = |(begin, target)| (begin, Fetch { target: Some(target), ..Fetch::default() });
        let mut steps = Steps {
            crawl,
            by: worker,
            fetches: targets.into_iter().map(fetch).collect(),
            keys: HashMap::new(),
            current: None,
            wakes: 0,
            slept: None,
            lines: Vec::new(),
        };
        if let (By::Process(_), Some(first)) = (by, notes.first()) {
            let from = steps.moment(crawl.began);
            let (to, state) = (steps.moment(first.at), State::Starting);
            steps.lines.push(ActivityLine { to_us: to, ..line(worker, state, from) });
        }
        for (index, note) in notes.iter().enumerate() {
            steps.take(note, notes.get(index + 1).copied());
        }
        steps.lines
    }

    fn take(&mut self, note: &Note, next: Option<&Note>) {
        let about = self.about(note);
        let step = self.step(note, next.map(|next| next.what), about);
        self.remember(note, about);
        let to = match next {
            Some(next) => next.at,
            None if self.by == Worker::Main => self.crawl.ended,
            None => note.at,
        };
        let to = self.moment(to);
        let slept = self.has_slept(note, next);
        let Some(Step { did, state, is_there }) = step else {
            // It belongs to the step before.
            if let Some(last) = self.lines.last_mut() {
                last.to_us = to;
            }
            return;
        };
        let from = self.moment(note.at);
        let takes = Tenths(to.0.saturating_sub(from.0));
        let asleep = match state {
            State::Connecting | State::Sending | State::Receiving | State::Selecting => slept,
            // A worker that has finished a page sleeps until it is handed the next one; a process
            // does not tell.
            _ if did == Did::Finished => {
                let is_process = matches!(self.by, Worker::Process(_));
                Some(slept.unwrap_or(is_process && takes >= SLEPT_FROM))
            }
            _ => Some(false),
        };
        let place = if is_there { next.and_then(|next| next.place.as_ref()) } else { None };
        let number = Some(note.number);
        self.lines.push(ActivityLine {
            target: about.and_then(|fetch| self.fetches.get(&fetch)?.target),
            to_us: to,
            asleep,
            tries: number.filter(|_| note.what == What::InVain),
            bytes: number.filter(|_| matches!(note.what, What::Sent | What::Received)),
            ready: number.filter(|number| note.what == What::Awake && *number != UNKNOWN),
            at: place.or(note.place.as_ref()).map(shown),
            did: Some(did),
            ..line(self.by, state, from)
        });
    }

    /// Which fetch a note is about.
    fn about(&self, note: &Note) -> Option<Instant> {
        match note.what {
            What::Asleep | What::Awake => None,
            // A fetch that waits has spoken just before; one that waits once more for the same may
            // not have.
            What::WaitFor => self.current.or_else(|| self.keys.get(&note.number).copied()),
            What::Receive => self.keys.get(&note.number).copied().or(self.current),
            _ => note.fetch,
        }
    }

    fn step(&self, note: &Note, then: Option<What>, about: Option<Instant>) -> Option<Step> {
        let fetch = about.and_then(|fetch| self.fetches.get(&fetch).copied()).unwrap_or_default();
        // It is the first that is heard of this fetch since the worker was woken.
        let resumes = fetch.wakes < self.wakes;
        let step = |did, state| Some(Step { did, state, is_there: false });
        match note.what {
            What::Begun => step(Did::Begun, State::Running),
            What::TimeLeft => match then {
                Some(What::Connecting | What::Connected) => Some(connecting()),
                Some(What::Failed | What::InVain) if !fetch.is_connected => Some(connecting()),
                Some(What::Sent) => step(Did::Sending, State::Sending),
                Some(What::Failed | What::InVain) if !fetch.is_sent => {
                    step(Did::Sending, State::Sending)
                }
                Some(What::Received | What::Failed | What::InVain) => {
                    step(Did::Calling, State::Receiving)
                }
                // Somebody only asked for the time.
                _ => None,
            },
            What::Unsent => match then {
                Some(What::Sent | What::Failed | What::InVain) => {
                    step(Did::Sending, State::Sending)
                }
                _ => None,
            },
            What::Checked if resumes => step(Did::Resumed, State::Running),
            What::Checked => None,
            What::Connecting => step(Did::Connecting, State::Running),
            What::Connected => step(Did::Connected, State::Running),
            What::Sent => step(Did::Sent, State::Running),
            What::InVain if note.number > 1 => step(Did::Asked, State::Spinning),
            What::InVain => step(Did::Asked, State::Running),
            What::Received => step(Did::Received, State::Running),
            What::Failed => step(Did::Failed, State::Running),
            What::Finished => step(Did::Finished, State::Running),
            What::WaitFor => step(Did::Parked, State::Running),
            What::Receive if resumes => step(Did::Resumed, State::Receiving),
            What::Receive => step(Did::Calling, State::Receiving),
            What::Asleep => step(Did::Slept, State::Selecting),
            What::Awake => step(Did::Woken, State::Running),
        }
    }

    fn remember(&mut self, note: &Note, about: Option<Instant>) {
        if note.what == What::Awake {
            self.current = None;
            self.wakes += 1;
        }
        let Some(begin) = about else { return };
        let fetch = self.fetches.entry(begin).or_default();
        fetch.wakes = self.wakes;
        match note.what {
            What::Connected => fetch.is_connected = true,
            What::Sent => (fetch.is_connected, fetch.is_sent) = (true, true),
            What::WaitFor => drop(self.keys.insert(note.number, begin)),
            _ => {}
        }
        self.current = Some(begin);
    }

    /// Whether the thread slept between two notes, if both told how often it had by then.
    fn has_slept(&mut self, note: &Note, next: Option<&Note>) -> Option<bool> {
        self.slept = note.slept.or(self.slept);
        let (before, after) = self.slept.zip(next?.slept)?;
        Some(after > before)
    }

    fn moment(&self, at: Instant) -> Tenths {
        at.min(self.crawl.ended).saturating_duration_since(self.crawl.began).into()
    }
}

fn connecting() -> Step {
    Step { did: Did::Calling, state: State::Connecting, is_there: true }
}

/// A step of which nothing else is known.
fn line(by: Worker, state: State, from_us: Tenths) -> ActivityLine {
    ActivityLine {
        by,
        did: None,
        state,
        target: None,
        from_us,
        to_us: from_us,
        asleep: None,
        tries: None,
        bytes: None,
        ready: None,
        at: None,
    }
}

/// `file:line`, with `/` on every system.
fn shown(place: &Place) -> String {
    let text = format!("{}:{}", place.file.replace('\\', "/"), place.line);
    text.chars().take(MAX_PLACE).collect()
}
