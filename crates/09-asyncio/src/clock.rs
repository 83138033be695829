use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use crate::{Error, EventLoop};

/// The loop's clock: the system's, or one that goes only while the loop
/// would sleep.
pub(crate) struct Clock {
    started: Instant,
    /// With virtual time: how much has been slept.
    slept: Cell<Option<Duration>>,
}

impl Clock {
    pub(crate) fn new() -> Clock {
        Clock { started: Instant::now(), slept: Cell::new(None) }
    }

    fn now(&self) -> Instant {
        let slept = self.slept.get();
        slept.map_or_else(Instant::now, |slept| self.started + slept)
    }

    /// The loop is about to sleep for this long. With virtual time it
    /// does not sleep: the clock is set forward.
    pub(crate) fn skip(
        &self,
        sleep: Option<Duration>,
    ) -> Result<Option<Duration>, Error> {
        let Some(slept) = self.slept.get() else { return Ok(sleep) };
        let Some(sleep) = sleep else {
            return Err(Error::Io(io::Error::new(
                io::ErrorKind::Deadlock,
                "nothing is scheduled, so virtual time cannot go on",
            )));
        };
        self.slept.set(Some(slept + sleep));
        Ok(Some(Duration::ZERO))
    }
}

impl EventLoop {
    /// The time of the loop's clock.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let event_loop = asyncio::new_event_loop()?;
    /// assert!(event_loop.time() <= std::time::Instant::now());
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub fn time(&self) -> Instant {
        self.0.clock.now()
    }

    /// From now on the clock stands still while the program computes, and
    /// jumps where the loop would sleep: a day of timers passes in a
    /// moment, and always in the same way. It is for tests of timers,
    /// without sockets and threads.
    ///
    /// A loop that waits for ever then ends with an error of the kind
    /// [`Deadlock`](io::ErrorKind::Deadlock).
    ///
    /// ```
    /// use std::time::Duration;
    /// use stage_09_asyncio as asyncio;
    ///
    /// let event_loop = asyncio::new_event_loop()?;
    /// event_loop.use_virtual_time();
    /// let day = Duration::from_secs(24 * 60 * 60);
    /// event_loop.run_until_complete(asyncio::sleep(day))?;
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub fn use_virtual_time(&self) {
        let clock = &self.0.clock;
        clock.slept.set(Some(clock.started.elapsed()));
    }
}
