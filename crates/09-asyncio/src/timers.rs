use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::handle::{Callback, HandleInner};
use crate::{EventLoop, Handle};

impl EventLoop {
    /// Has a function called when this much time has passed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use stage_09_asyncio as asyncio;
    ///
    /// # fn main() -> Result<(), asyncio::Error> {
    /// let event_loop = asyncio::new_event_loop()?;
    /// let again = event_loop.clone();
    /// let delay = Duration::from_millis(2);
    /// event_loop.call_later(delay, move || again.stop());
    /// event_loop.run_forever()
    /// # }
    /// ```
    pub fn call_later(
        &self,
        delay: Duration,
        function: impl FnOnce() + 'static,
    ) -> TimerHandle {
        self.call_at(self.after(delay), function)
    }

    /// Has a function called at this time of the loop's clock. A time in
    /// the past means: in the next turn.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use stage_09_asyncio as asyncio;
    /// # fn main() -> Result<(), asyncio::Error> {
    /// let event_loop = asyncio::new_event_loop()?;
    /// let when = event_loop.time() + Duration::from_millis(2);
    /// let timer = event_loop.call_at(when, || ());
    /// assert_eq!(timer.when(), when);
    /// # Ok(())
    /// # }
    /// ```
    pub fn call_at(
        &self,
        when: Instant,
        function: impl FnOnce() + 'static,
    ) -> TimerHandle {
        let callback = Callback::Call(Box::new(function));
        TimerHandle { handle: Handle(self.at(when, callback)), when }
    }

    pub(crate) fn at(
        &self,
        when: Instant,
        callback: Callback,
    ) -> Rc<HandleInner> {
        let handle = HandleInner::new(callback);
        self.0.timers.borrow_mut().push(when, Rc::clone(&handle));
        handle
    }

    /// That much later than now. A delay that the clock cannot count is
    /// the longest one that it can: 100 years.
    pub(crate) fn after(&self, delay: Duration) -> Instant {
        const CENTURY: Duration = Duration::from_secs(100 * 31_557_600);
        self.time() + delay.min(CENTURY)
    }
}

/// A call at a certain time, that can be taken back.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # fn main() -> Result<(), asyncio::Error> {
/// let event_loop = asyncio::new_event_loop()?;
/// let hour = Duration::from_secs(3600);
/// let timer = event_loop.call_later(hour, || ());
/// timer.cancel();
/// assert!(timer.cancelled());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TimerHandle {
    handle: Handle,
    when: Instant,
}

impl TimerHandle {
    /// Takes the call back, if it was not made yet.
    pub fn cancel(&self) {
        self.handle.cancel();
    }

    /// Whether somebody has called `cancel`, before the call or, as in
    /// Python, after it.
    pub fn cancelled(&self) -> bool {
        self.handle.cancelled()
    }

    /// The time of the call, on the loop's clock.
    pub fn when(&self) -> Instant {
        self.when
    }
}

/// The timers that run, in a heap: the next one to come due is on top.
///
/// A cancelled timer stays in the heap until it comes due, because a heap
/// cannot be searched. When the heap has doubled, all of them are swept
/// out at once.
pub(crate) struct Timers {
    /// What times are counted from: a number of nanoseconds takes half as
    /// much memory as an `Instant`.
    origin: Instant,
    heap: BinaryHeap<Reverse<Timer>>,
    made: u64,
    sweep_at: usize,
}

struct Timer {
    /// Nanoseconds after the origin, or before it.
    when: i64,
    /// Of two timers for the same time, the one made first comes first.
    number: u64,
    handle: Rc<HandleInner>,
}

impl Timers {
    pub(crate) fn new() -> Timers {
        Timers {
            origin: Instant::now(),
            heap: BinaryHeap::new(),
            made: 0,
            sweep_at: FEW,
        }
    }

    pub(crate) fn push(&mut self, when: Instant, handle: Rc<HandleInner>) {
        if self.heap.len() >= self.sweep_at {
            self.heap.retain(|timer| !timer.0.handle.is_over());
            self.sweep_at = FEW.max(2 * self.heap.len());
        }
        self.made += 1;
        let nanoseconds =
            |it: Duration| i64::try_from(it.as_nanos()).unwrap_or(i64::MAX);
        let when = match when.checked_duration_since(self.origin) {
            Some(after) => nanoseconds(after),
            None => -nanoseconds(self.origin - when),
        };
        let number = self.made;
        self.heap.push(Reverse(Timer { when, number, handle }));
    }

    /// When the next timer comes due that is not cancelled.
    pub(crate) fn next(&mut self) -> Option<Instant> {
        loop {
            let Reverse(timer) = self.heap.peek()?;
            if !timer.handle.is_over() {
                // What came before the origin is due as the origin is.
                let after = u64::try_from(timer.when).unwrap_or(0);
                let after = Duration::from_nanos(after);
                return self.origin.checked_add(after);
            }
            self.heap.pop();
        }
    }

    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        self.next().is_some_and(|when| when <= now)
    }

    pub(crate) fn pop_due(
        &mut self,
        now: Instant,
    ) -> Option<Rc<HandleInner>> {
        if self.is_due(now) {
            self.heap.pop().map(|timer| timer.0.handle)
        } else {
            None
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }
}

/// So few timers are not worth a sweep.
const FEW: usize = 64;

impl Timer {
    fn key(&self) -> (i64, u64) {
        (self.when, self.number)
    }
}

impl PartialEq for Timer {
    fn eq(&self, other: &Timer) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Timer) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Timer) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}
