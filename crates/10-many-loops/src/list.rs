use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crawl::{Target, Worker};

/// A target that has met so many deaths is given up.
const MOST_DEATHS: u8 = 2;

/// The targets that are left, shared by all loops.
///
/// Invariant: each target is left, or taken by exactly one loop, or has
/// ended.
pub(crate) struct List<'a> {
    targets: &'a [Target],
    shared: Mutex<Shared>,
}

struct Shared {
    /// Those from here on were never taken.
    next: usize,
    /// Those that were given back: they come first.
    given_back: VecDeque<usize>,
    /// By target: who has taken it.
    taken_by: Vec<Option<Worker>>,
    /// By target: how many loops have died with it.
    deaths: Vec<u8>,
    is_closed: bool,
}

impl List<'_> {
    pub(crate) fn new(targets: &[Target]) -> List<'_> {
        let shared = Mutex::new(Shared {
            next: 0,
            given_back: VecDeque::new(),
            taken_by: vec![None; targets.len()],
            deaths: vec![0; targets.len()],
            is_closed: false,
        });
        List { targets, shared }
    }

    /// Takes the next target, with its number.
    pub(crate) fn take(&self, by: Worker) -> Option<(usize, Target)> {
        let mut shared = self.lock();
        if shared.is_closed {
            return None;
        }
        let number = match shared.given_back.pop_front() {
            Some(number) => number,
            None if shared.next < self.targets.len() => {
                shared.next += 1;
                shared.next - 1
            }
            None => return None,
        };
        shared.taken_by[number] = Some(by);
        Some((number, self.targets[number].clone()))
    }

    /// That target has its outcome.
    pub(crate) fn has_ended(&self, target: usize) {
        self.lock().taken_by[target] = None;
    }

    /// That loop cannot go on: what it has taken is left for the others.
    pub(crate) fn give_back(&self, by: Worker) {
        let mut shared = self.lock();
        let taken = shared.taken(by);
        shared.put_in_front(&taken);
    }

    /// That loop has died with what it had taken: gives those targets that
    /// are given up, and leaves the others for whoever is free.
    pub(crate) fn has_died(&self, by: Worker) -> Vec<usize> {
        let mut shared = self.lock();
        let taken = shared.taken(by);
        for target in &taken {
            shared.deaths[*target] += 1;
        }
        let (given_up, left): (Vec<_>, Vec<_>) = taken
            .into_iter()
            .partition(|target| shared.deaths[*target] >= MOST_DEATHS);
        shared.put_in_front(&left);
        given_up
    }

    /// Whether targets are left.
    pub(crate) fn has_more(&self) -> bool {
        let shared = self.lock();
        shared.next < self.targets.len() || !shared.given_back.is_empty()
    }

    /// Gives no more targets.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn taken(&self, by: Worker) -> Vec<usize> {
        let all = self.taken_by.iter().enumerate();
        let its = all.filter(|(_, taken_by)| **taken_by == Some(by));
        its.map(|(target, _)| target).collect()
    }

    /// In their order.
    fn put_in_front(&mut self, targets: &[usize]) {
        for target in targets.iter().rev() {
            self.taken_by[*target] = None;
            self.given_back.push_front(*target);
        }
    }
}
