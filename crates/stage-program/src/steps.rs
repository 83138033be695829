//! Notes become steps: what a worker did from one note to the next.

use std::collections::HashMap;
use std::time::Instant;

use crawl::Worker;
use crawl::protocol::{ActivityLine, Did, MAX_PLACE, SLEPT_FROM, State, Tenths};
use recorder::{By, CONNECT, Note, Place, SEND, UNKNOWN, What};

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
    /// How often the worker had been woken, when this fetch was last heard of.
    wakes: u32,
}

/// The steps of one worker.
struct Steps<'a> {
    crawl: &'a Crawl<'a>,
    by: Worker,
    /// A process with a loop: in the calls of its fetches it never sleeps.
    is_loop_process: bool,
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
            is_loop_process: matches!(by, By::Process(_))
                && notes.iter().any(|note| note.what == What::Awake),
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
        let step = self.step(note, next, about);
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
            State::Connecting | State::Sending | State::Receiving => {
                slept.or(self.is_loop_process.then_some(false))
            }
            // Of a loop's process only the time tells.
            State::Selecting => {
                let is_process = matches!(self.by, Worker::Process(_));
                slept.or((is_process && takes >= SLEPT_FROM).then_some(true))
            }
            // A worker that has finished a page sleeps until it is handed the next one; a process
            // does not tell.
            _ if did == Did::Finished => {
                let is_process = matches!(self.by, Worker::Process(_));
                let has_one_fetch = is_process && !self.is_loop_process;
                Some(slept.unwrap_or(has_one_fetch && takes >= SLEPT_FROM))
            }
            _ => Some(false),
        };
        let place = if is_there { next.and_then(|next| next.place.as_ref()) } else { None };
        let number = Some(note.number);
        self.lines.push(ActivityLine {
            target: about.and_then(|fetch| self.fetches.get(&fetch)?.target),
            to_us: to,
            asleep,
            tries: number.filter(|_| did == Did::Asked),
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

    fn step(&self, note: &Note, next: Option<&Note>, about: Option<Instant>) -> Option<Step> {
        // A call is noted next, unless it is made later, by the system itself (chapter 11).
        let is_its = |next: &&Note| next.fetch.is_none() || next.fetch == note.fetch;
        let then = next.filter(is_its).map(|next| (next.what, next.number));
        let fetch = about.and_then(|fetch| self.fetches.get(&fetch).copied()).unwrap_or_default();
        // It is the first that is heard of this fetch since the worker was woken.
        let resumes = fetch.wakes < self.wakes;
        let step = |did, state| Some(Step { did, state, is_there: false });
        match note.what {
            What::Begun => step(Did::Begun, State::Running),
            What::TimeLeft => match then? {
                (What::Connecting | What::Connected, _) | (What::Failed, CONNECT) => {
                    Some(Step { did: Did::Calling, state: State::Connecting, is_there: true })
                }
                (What::Sent | What::SendInVain, _) | (What::Failed, SEND) => {
                    step(Did::Sending, State::Sending)
                }
                (What::Received | What::ReceiveInVain | What::Failed, _) => {
                    step(Did::Calling, State::Receiving)
                }
                // Somebody only asked for the time.
                _ => None,
            },
            What::Unsent => match then? {
                (What::Sent | What::Failed | What::SendInVain, _) => {
                    step(Did::Sending, State::Sending)
                }
                _ => None,
            },
            What::Checked if resumes => step(Did::Resumed, State::Running),
            What::Checked => None,
            What::Connecting => step(Did::Connecting, State::Running),
            What::Connected => step(Did::Connected, State::Running),
            What::Sent => step(Did::Sent, State::Running),
            What::SendInVain | What::ReceiveInVain => match note.number {
                ..=1 => step(Did::Asked, State::Running),
                _ => step(Did::Asked, State::Spinning),
            },
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
        if note.what == What::WaitFor {
            self.keys.insert(note.number, begin);
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::time::Duration;

    use recorder::RECEIVE;

    use super::*;

    /// A note of the only thread, some tenths of a microsecond after the beginning. The fetch that
    /// began at tenth 1 has target 0, and so on.
    #[derive(Clone, Copy)]
    struct At(u64, What, Option<u64>, u64, Option<u32>);

    fn run_by(by: By, notes: &[At], workers: &[Option<Worker>], end: u64) -> Vec<ActivityLine> {
        let began = Instant::now();
        let after = |tenths: u64| began + Duration::from_nanos(100 * tenths);
        let note = |(line, &At(at, what, fetch, number, slept)): (usize, &At)| Note {
            at: after(at),
            by,
            what,
            fetch: fetch.map(after),
            number,
            slept,
            place: Some(Place { file: Cow::Borrowed("a.rs"), line: line as u32 }),
        };
        let notes: Vec<Note> = notes.iter().enumerate().map(note).collect();
        let lines = steps(&notes, &Crawl { began, ended: after(end), workers });
        for pair in lines.windows(2) {
            assert_eq!(pair[0].to_us, pair[1].from_us, "steps tile a worker's time: {lines:?}");
        }
        lines
    }

    fn run(notes: &[At]) -> Vec<ActivityLine> {
        run_by(By::Thread(0), notes, &[Some(Worker::Main)], 1_000_000)
    }

    /// What the first of two notes of one fetch is, and at whose place. (Third, its page ends.)
    #[track_caller]
    fn pair(first: What, second: What, expected: Option<(Did, State, u32)>) {
        check(&[], first, (second, 7), expected);
    }

    #[track_caller]
    fn check(
        before: &[What],
        first: What,
        second: (What, u64),
        expected: Option<(Did, State, u32)>,
    ) {
        let mut notes = vec![At(1, What::Begun, Some(1), 0, None)];
        let before_it = before.iter().chain([&first]).map(|what| (*what, 7));
        for (index, (what, number)) in before_it.chain([second, (What::Finished, 0)]).enumerate() {
            let fetch = match what {
                What::WaitFor | What::Receive | What::Asleep | What::Awake => None,
                _ => Some(1),
            };
            notes.push(At(10 * (index as u64 + 1), what, fetch, number, None));
        }
        let from = Tenths(10 * (before.len() as u64 + 1));
        let steps = run(&notes);
        let found = steps.iter().find(|step| step.from_us == from);
        let place = |line: u32| format!("a.rs:{}", before.len() as u32 + line);
        let found = found.map(|step| (step.did.clone().unwrap(), step.state, step.at.clone()));
        let expected = expected.map(|(did, state, line)| (did, state, Some(place(line))));
        assert_eq!(found, expected, "{before:?}, {first:?} until {second:?}");
    }

    #[test]
    fn a_step_is_what_the_next_note_says() {
        let (first, second) = (1, 2);
        let connecting = Some((Did::Calling, State::Connecting, second));
        let sending = Some((Did::Sending, State::Sending, first));
        let receiving = Some((Did::Calling, State::Receiving, first));
        let running = |did| Some((did, State::Running, first));

        pair(What::TimeLeft, What::Connected, connecting.clone());
        pair(What::TimeLeft, What::Connecting, connecting.clone());
        check(&[], What::TimeLeft, (What::Failed, CONNECT), connecting);
        pair(What::TimeLeft, What::Sent, sending.clone());
        check(&[], What::TimeLeft, (What::Failed, SEND), sending.clone());
        pair(What::TimeLeft, What::Received, receiving.clone());
        check(&[], What::TimeLeft, (What::Failed, RECEIVE), receiving.clone());
        pair(What::TimeLeft, What::WaitFor, None);
        pair(What::TimeLeft, What::Finished, None);

        pair(What::Unsent, What::Sent, sending.clone());
        pair(What::Unsent, What::SendInVain, sending.clone());
        pair(What::Unsent, What::ReceiveInVain, None);
        pair(What::TimeLeft, What::SendInVain, sending.clone());
        pair(What::TimeLeft, What::ReceiveInVain, receiving.clone());
        pair(What::Unsent, What::Failed, sending);
        pair(What::Unsent, What::Received, None);
        pair(What::Checked, What::Unsent, None);

        pair(What::Connecting, What::Unsent, running(Did::Connecting));
        pair(What::Connected, What::Unsent, running(Did::Connected));
        pair(What::Sent, What::WaitFor, running(Did::Sent));
        pair(What::Failed, What::Finished, running(Did::Failed));
        pair(What::WaitFor, What::Asleep, running(Did::Parked));
        pair(What::Received, What::Receive, running(Did::Received));
        for in_vain in [What::SendInVain, What::ReceiveInVain] {
            pair(in_vain, What::Received, Some((Did::Asked, State::Spinning, first)));
        }
        pair(What::Receive, What::Received, receiving);
        pair(What::Asleep, What::Awake, Some((Did::Slept, State::Selecting, first)));
        pair(What::Awake, What::Receive, running(Did::Woken));
    }

    /// What is heard first of a fetch after a wake resumes it.
    #[test]
    fn a_fetch_resumes_after_a_wake() {
        let before = [What::WaitFor, What::Asleep, What::Awake];
        check(
            &before,
            What::Receive,
            (What::Received, 7),
            Some((Did::Resumed, State::Receiving, 1)),
        );
        check(&before, What::Checked, (What::Unsent, 7), Some((Did::Resumed, State::Running, 1)));
        let before = [What::WaitFor, What::Asleep, What::Awake, What::Received];
        check(
            &before,
            What::Receive,
            (What::ReceiveInVain, 1),
            Some((Did::Calling, State::Receiving, 1)),
        );
    }

    #[test]
    fn one_call_in_vain_does_not_spin() {
        let notes = [
            At(1, What::Begun, Some(1), 0, None),
            At(2, What::ReceiveInVain, Some(1), 1, None),
            At(3, What::Finished, Some(1), 0, None),
        ];
        let step = &run(&notes)[1];
        assert_eq!((step.state, step.tries), (State::Running, Some(1)));
    }

    /// A selector knows keys only: a key belongs to the fetch that has spoken last.
    #[test]
    fn keys_belong_to_fetches() {
        let notes = [
            At(1, What::Begun, Some(1), 0, None),
            At(2, What::WaitFor, None, 50, None),
            At(3, What::Begun, Some(3), 0, None),
            At(4, What::WaitFor, None, 51, None),
            At(5, What::Asleep, None, 0, None),
            At(6, What::Awake, None, 2, None),
            At(7, What::Receive, None, 51, None),
            At(8, What::Finished, Some(3), 1, None),
            At(9, What::Receive, None, 50, None),
            At(10, What::Finished, Some(1), 0, None),
        ];
        let steps = run(&notes);
        let targets: Vec<_> = steps.iter().map(|step| step.target).collect();
        let (first, second) = (Some(0), Some(1));
        let expected = [first, first, second, second, None, None, second, second, first, first];
        assert_eq!(targets, expected);
        assert_eq!(steps[5].ready, Some(2));
        assert_eq!(steps.last().unwrap().to_us, Tenths(1_000_000), "it ends with the crawl");
    }

    #[test]
    fn sleep_is_proved_by_the_thread_where_it_can_be() {
        let asleep = |slept: [Option<u32>; 3]| {
            let notes = [
                At(1, What::Begun, Some(1), 0, slept[0]),
                At(2, What::TimeLeft, Some(1), 0, slept[1]),
                At(5_000, What::Received, Some(1), 5, slept[2]),
                At(5_001, What::Finished, Some(1), 0, None),
            ];
            let steps = run(&notes);
            assert_eq!(steps[2].asleep, Some(false), "code that runs does not sleep");
            steps[1].asleep
        };
        assert_eq!(asleep([Some(3), None, Some(4)]), Some(true));
        assert_eq!(asleep([Some(3), None, Some(3)]), Some(false), "it waited for a processor");
        assert_eq!(asleep([None, None, Some(4)]), None, "the reader goes by how long it took");
        assert_eq!(asleep([None; 3]), None);
    }

    #[test]
    fn a_process_starts_and_names_itself() {
        let notes = [
            At(70, What::Begun, Some(70), 0, None),
            At(80, What::Finished, Some(70), 3, None),
            At(2_000, What::Begun, Some(2_000), 0, None),
            At(2_010, What::Finished, Some(2_000), 5, None),
        ];
        let steps = run_by(By::Process(4), &notes, &[], 9_000);
        assert!(steps.iter().all(|step| step.by == Worker::Process(4)));
        let first = &steps[0];
        assert_eq!(
            (first.state, first.from_us, first.to_us),
            (State::Starting, Tenths(0), Tenths(70))
        );
        let targets: Vec<_> = steps.iter().map(|step| step.target).collect();
        assert_eq!(targets, [None, Some(3), Some(3), Some(5), Some(5)]);
        assert_eq!(steps[2].asleep, Some(true), "it sleeps until it is handed the next page");
        assert_eq!(steps[4].to_us, Tenths(2_010), "nobody knows when it ended");
    }

    /// Of a process nobody knows how often it slept. One with a loop sleeps in its selector alone,
    /// however long a call takes.
    #[test]
    fn a_process_with_a_loop_sleeps_in_its_selector_alone() {
        let notes = [
            At(1, What::Begun, Some(1), 0, None),
            At(2, What::TimeLeft, Some(1), 0, None),
            At(5_000, What::Connecting, Some(1), 0, None),
            At(5_001, What::Asleep, None, 0, None),
            At(9_000, What::Awake, None, 1, None),
            At(9_001, What::Finished, Some(1), 0, None),
            At(19_000, What::Asleep, None, 0, None),
        ];
        let asleep = |notes: &[At]| -> Vec<_> {
            let steps = run_by(By::Process(1), notes, &[], 20_000);
            steps.into_iter().filter_map(|step| Some((step.did?, step.asleep))).collect()
        };
        let steps = asleep(&notes);
        assert_eq!(steps[1], (Did::Calling, Some(false)));
        assert_eq!(steps[3], (Did::Slept, Some(true)));
        assert_eq!(steps[5], (Did::Finished, Some(false)));
        assert_eq!(asleep(&notes[..3])[1], (Did::Calling, None), "the reader goes by its length");
    }

    #[test]
    fn a_thread_has_the_name_of_the_outcomes_that_it_made() {
        let notes = [At(1, What::Begun, Some(1), 0, None), At(2, What::Finished, Some(1), 1, None)];
        let workers = [Some(Worker::Main), Some(Worker::Thread(2))];
        let steps = run_by(By::Thread(9), &notes, &workers, 50);
        assert!(steps.iter().all(|step| step.by == Worker::Thread(2)), "{steps:?}");
    }

    #[test]
    fn places_are_the_same_on_every_system() {
        let place = Place { file: Cow::Borrowed(r"crates\a\src\lib.rs"), line: 7 };
        assert_eq!(shown(&place), "crates/a/src/lib.rs:7");
        let long = Place { file: Cow::Owned("x".repeat(500)), line: 7 };
        assert_eq!(shown(&long).len(), MAX_PLACE);
    }
}
