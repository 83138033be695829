//! What share of a core a program gets here that wants a whole one.

use std::hint;
use std::time::{Duration, Instant};

use stage_program::system;

/// For how long it is tried.
const TRIED_FOR: Duration = Duration::from_millis(100);

/// Spins for 100 ms, and returns which part of the time this process had a core: 1 on a quiet
/// machine. `None` where the system does not tell CPU times.
///
/// No other thread of this process may compute meanwhile.
pub fn share_of_a_core() -> Option<f64> {
    let (cpu, began) = (system::process()?, Instant::now());
    while began.elapsed() < TRIED_FOR {
        hint::spin_loop();
    }
    let took = began.elapsed();
    let used = system::process()? - cpu;
    Some((used.total_us() as f64 / took.as_micros() as f64).min(1.0))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn somebody_who_spins_gets_some_of_a_core() {
        // Other tests run beside this one, and their CPU time is of the same process.
        let share = share_of_a_core().expect("the system tells CPU times");
        assert!(share > 0.0 && share <= 1.0, "{share}");
    }
}
