use std::cell::Cell;
use std::rc::Rc;

use crate::waiters::Waiters;

/// Lets one go on at a time. A clone is the same lock.
///
/// It is held until the guard is dropped, also across awaits: that is
/// what it is for, because between two awaits nobody else runs anyway.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// asyncio::run(async {
///     let lock = asyncio::Lock::new();
///     let held = lock.acquire().await;
///     assert!(lock.locked());
///     drop(held); // or at the end of the block
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// Python raises an error when a lock is released that nobody holds. Here
/// only the guard can release it.
#[derive(Clone, Default)]
pub struct Lock(Rc<Inner>);

#[derive(Default)]
struct Inner {
    is_locked: Cell<bool>,
    waiters: Waiters,
}

/// The lock, held until this is dropped.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// let lock = asyncio::Lock::new();
/// {
///     let _guard = lock.acquire().await;
///     assert!(lock.locked());
/// }
/// assert!(!lock.locked());
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[must_use = "the lock is given back when it is dropped"]
pub struct LockGuard(Rc<Inner>);

impl Lock {
    /// A lock that nobody holds.
    pub fn new() -> Lock {
        Lock::default()
    }

    /// Waits until nobody else holds it. Who came first gets it first.
    pub async fn acquire(&self) -> LockGuard {
        let lock = &self.0;
        if self.locked() || !lock.waiters.is_empty() {
            // Called or not: the next one in line must not wait for who
            // has given up.
            lock.waiters.wait(|_| lock.call_waiter()).await;
        }
        lock.is_locked.set(true);
        LockGuard(Rc::clone(lock))
    }

    /// Whether somebody holds it.
    pub fn locked(&self) -> bool {
        self.0.is_locked.get()
    }
}

impl Inner {
    fn call_waiter(&self) {
        if !self.is_locked.get() {
            self.waiters.call_first();
        }
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        self.0.is_locked.set(false);
        self.0.call_waiter();
    }
}
