//! The lost update, and the lock that prevents it.
//!
//! To add one to a shared number takes three steps: read it, add, write it
//! back. The system may stop a thread between any two of them and let
//! another one run, which then reads the same old number; both write back
//! the same new one, and one of two updates is lost:
//!
//! ```text
//! thread 1: read 41 .......................... write 42
//! thread 2: ........ read 41, add one, write 42 ..........   41+1+1 = 42
//! ```
//!
//! Rust does not compile this mistake for an ordinary number. To show it,
//! the number has to be an atomic one whose reading and writing are two
//! separate steps.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

/// Counts on several threads without a lock. The result is at most
/// `threads * times`, and mostly less.
pub fn count_without_lock(threads: usize, times: u64) -> u64 {
    let counter = AtomicU64::new(0);
    on_threads(threads, times, || add_one(&counter, thread::yield_now));
    counter.into_inner()
}

/// Counts on several threads, one at a time at the counter. The result is
/// `threads * times`.
pub fn count_with_lock(threads: usize, times: u64) -> u64 {
    let counter = Mutex::new(0);
    on_threads(threads, times, || {
        let mut counter =
            counter.lock().expect("no thread panics while it counts");
        *counter += 1;
    });
    counter.into_inner().expect("no thread panics while it counts")
}

/// Reads, adds, writes. `meanwhile` is what other threads do in between:
/// the system decides.
fn add_one(counter: &AtomicU64, meanwhile: impl FnOnce()) {
    let old = counter.load(Relaxed);
    meanwhile();
    counter.store(old + 1, Relaxed);
}

fn on_threads(threads: usize, times: u64, action: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..times).for_each(|_| action()));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_between_the_reading_and_the_writing_is_lost() {
        let counter = AtomicU64::new(41);
        add_one(&counter, || add_one(&counter, || {}));
        assert_eq!(counter.into_inner(), 42, "two were added to 41");
    }

    #[test]
    fn without_a_lock_updates_get_lost_and_with_one_they_do_not() {
        let lost = (0..1000).any(|_| count_without_lock(4, 1000) < 4000);
        assert!(lost, "not one update was lost in 1,000 attempts");
        assert_eq!(count_with_lock(4, 1000), 4000);
    }
}
