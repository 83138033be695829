use std::cell::Cell;
use std::rc::Rc;

use crate::waiters::Waiters;

/// Lets so many go on at the same time; the others wait in line. A clone
/// is the same semaphore.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// asyncio::run(async {
///     let semaphore = asyncio::Semaphore::new(1);
///     let permit = semaphore.acquire().await;
///     assert!(semaphore.locked());
///     drop(permit);
///     assert!(!semaphore.locked());
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[derive(Clone)]
pub struct Semaphore(Rc<Permits>);

/// Invariant: a permit is either free, or held by one guard, or on its
/// way to one waiter who was called.
struct Permits {
    free: Cell<usize>,
    waiters: Waiters,
}

/// The right to go on, until it is dropped.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// let semaphore = asyncio::Semaphore::new(1);
/// let permit = semaphore.acquire().await;
/// drop(permit); // or at the end of its block
/// assert!(!semaphore.locked());
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[must_use = "it is given back when it is dropped"]
pub struct Permit(Rc<Permits>);

impl Semaphore {
    /// A semaphore with this many permits.
    pub fn new(permits: usize) -> Semaphore {
        let free = Cell::new(permits);
        Semaphore(Rc::new(Permits { free, waiters: Waiters::default() }))
    }

    /// Waits for a permit. Who came first gets it first.
    pub async fn acquire(&self) -> Permit {
        let permits = &self.0;
        if !self.locked() {
            permits.free.set(permits.free.get() - 1);
            return Permit(Rc::clone(permits));
        }
        let give_up = |was_called| match was_called {
            true => permits.release(),
            false => permits.call_waiters(),
        };
        permits.waiters.wait(give_up).await;
        let permit = Permit(Rc::clone(permits));
        // Who came while the permit was on its way had to wait in line.
        permits.call_waiters();
        permit
    }

    /// One permit more, which nobody has to give back.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let semaphore = asyncio::Semaphore::new(0);
    /// semaphore.release();
    /// assert!(!semaphore.locked());
    /// ```
    pub fn release(&self) {
        self.0.release();
    }

    /// Whether who asks now has to wait.
    pub fn locked(&self) -> bool {
        self.0.free.get() == 0 || !self.0.waiters.is_empty()
    }
}

impl Permits {
    /// Hands the permit to the first in line: nobody can overtake.
    fn release(&self) {
        self.free.set(self.free.get().saturating_add(1));
        self.call_waiters();
    }

    fn call_waiters(&self) {
        while self.free.get() > 0 && self.waiters.call_one() {
            self.free.set(self.free.get() - 1);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.release();
    }
}
