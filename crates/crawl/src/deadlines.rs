use std::time::{Duration, Instant};

/// The deadlines of all fetches in flight, the next one to pass in front.
///
/// All are equally long, so the oldest fetch is the next to run out of
/// time: a queue does what elsewhere takes a heap or a timer wheel. It is a
/// linked list inside a vector, 16 bytes a fetch, and every operation is a
/// few loads and stores, also when a fetch leaves from the middle.
///
/// Invariant: from `oldest`, the `newer` links visit every key that is in
/// the queue, in the order of their deadlines, and `older` links are the
/// same way back. An entry that is not in the queue is older than itself.
///
/// ```
/// # use std::time::{Duration, Instant};
/// let mut deadlines = crawl::Deadlines::new(Duration::from_secs(10));
/// let start = Instant::now();
/// deadlines.push(7, start);
/// deadlines.push(3, start + Duration::from_secs(1));
/// deadlines.remove(7);
/// assert_eq!(deadlines.next(), Some(start + Duration::from_secs(11)));
/// assert!(!deadlines.is_overdue());
/// let later = start + Duration::from_secs(12);
/// assert_eq!(deadlines.pop_passed(later), Some(3));
/// ```
#[derive(Debug)]
pub struct Deadlines {
    after: Duration,
    /// What deadlines are counted from: a number is half as large as an
    /// `Instant`.
    origin: Instant,
    entries: Vec<Entry>,
    oldest: u32,
    newest: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Nanoseconds after the origin, up to 584 years.
    passes: u64,
    older: u32,
    newer: u32,
}

/// No entry: the end of a list.
const NONE: u32 = u32::MAX;

impl Deadlines {
    /// No fetches yet; each will have this long.
    pub fn new(after: Duration) -> Deadlines {
        Deadlines {
            after,
            origin: Instant::now(),
            entries: Vec::new(),
            oldest: NONE,
            newest: NONE,
        }
    }

    /// A fetch began at `started`, mostly later than all that are in the
    /// queue. (One that tries the next address of its target began earlier
    /// than some.) `key` is a small number, free until
    /// [`remove`](Deadlines::remove)d.
    pub fn push(&mut self, key: usize, started: Instant) {
        let key32 =
            u32::try_from(key).expect("fewer than 2^32 fetches in flight");
        let passes = started
            .saturating_duration_since(self.origin)
            .saturating_add(self.after);
        let passes = u64::try_from(passes.as_nanos()).unwrap_or(u64::MAX);
        let (mut older, mut newer) = (self.newest, NONE);
        while let Some(entry) = self.entries.get(older as usize)
            && entry.passes > passes
        {
            (older, newer) = (entry.older, older);
        }
        if key >= self.entries.len() {
            let absent = |key| Entry { passes, older: key, newer: NONE };
            self.entries
                .extend((self.entries.len() as u32..=key32).map(absent));
        }
        self.entries[key] = Entry { passes, older, newer };
        *self.newer_link(older) = key32;
        *self.older_link(newer) = key32;
    }

    /// That fetch has ended, or is not in the queue any more.
    pub fn remove(&mut self, key: usize) {
        let Entry { older, newer, .. } = self.entries[key];
        if older == key as u32 {
            return;
        }
        self.entries[key].older = key as u32;
        *self.newer_link(older) = newer;
        *self.older_link(newer) = older;
    }

    /// When the next deadline passes, if any is left.
    pub fn next(&self) -> Option<Instant> {
        let oldest = self.entries.get(self.oldest as usize)?;
        // None that is too far for the clock will ever pass.
        self.origin.checked_add(Duration::from_nanos(oldest.passes))
    }

    /// Whether the next deadline has passed: who starts many fetches in a
    /// row looks at the others in between.
    pub fn is_overdue(&self) -> bool {
        self.next().is_some_and(|passes| passes <= Instant::now())
    }

    /// A fetch whose deadline has passed, the oldest one: the same until it
    /// is removed.
    pub fn first_passed(&self, now: Instant) -> Option<usize> {
        self.next()
            .filter(|passes| *passes <= now)
            .map(|_| self.oldest as usize)
    }

    /// Takes out one fetch whose deadline has passed.
    pub fn pop_passed(&mut self, now: Instant) -> Option<usize> {
        let key = self.first_passed(now)?;
        self.remove(key);
        Some(key)
    }

    /// The link that leads away from `key`, or into the queue.
    fn newer_link(&mut self, key: u32) -> &mut u32 {
        match key {
            NONE => &mut self.oldest,
            key => &mut self.entries[key as usize].newer,
        }
    }

    /// The link that leads back from `key`, or into the queue from its end.
    fn older_link(&mut self, key: u32) -> &mut u32 {
        match key {
            NONE => &mut self.newest,
            key => &mut self.entries[key as usize].older,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    #[test]
    fn an_entry_is_small() {
        assert_eq!(size_of::<Entry>(), 16);
    }

    proptest! {
        /// The same as a plain queue that is searched from the front.
        #[test]
        fn behaves_like_a_searched_queue(
            steps in prop::collection::vec((0..4u32, 0..12usize), 1..200)
        ) {
            let after = Duration::from_millis(50);
            let start = Instant::now() + Duration::from_millis(30);
            let mut deadlines = Deadlines::new(after);
            let mut was_pushed = [false; 12];
            let mut model: VecDeque<(usize, Instant)> = VecDeque::new();
            for (step, (action, key)) in steps.into_iter().enumerate() {
                let now = start + Duration::from_millis(step as u64 * 10);
                let at = model.iter().position(|entry| entry.0 == key);
                match (action, at) {
                    (0 | 1, None) => {
                        // One in two began earlier than those before it.
                        let started =
                            now - Duration::from_millis(25) * action;
                        deadlines.push(key, started);
                        was_pushed[key] = true;
                        let passes = started + after;
                        let at = model
                            .partition_point(|entry| entry.1 <= passes);
                        model.insert(at, (key, passes));
                    }
                    (2, at) if was_pushed[key] => {
                        deadlines.remove(key);
                        at.and_then(|at| model.remove(at));
                    }
                    (3, _) => {
                        let first = model.front().copied();
                        let passed = first.filter(|it| it.1 <= now);
                        if passed.is_some() {
                            model.pop_front();
                        }
                        let passed = passed.map(|entry| entry.0);
                        prop_assert_eq!(deadlines.pop_passed(now), passed);
                    }
                    _ => {}
                }
                let next = model.front().map(|entry| entry.1);
                prop_assert_eq!(deadlines.next(), next);
            }
        }
    }
}
