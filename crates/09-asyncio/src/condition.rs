use std::cell::Cell;
use std::rc::Rc;

use crate::cancelled::catch_cancelled;
use crate::wait::OnDrop;
use crate::waiters::Waiters;
use crate::{Lock, LockGuard};

/// Waits, with a lock, for something that others change under that lock.
/// A clone is the same condition.
///
/// ```
/// use std::{cell::Cell, rc::Rc};
/// use stage_09_asyncio as asyncio;
///
/// asyncio::run(async {
///     let condition = asyncio::Condition::new();
///     let apples = Rc::new(Cell::new(0));
///     let (eats, left) = (condition.clone(), apples.clone());
///     let task = asyncio::create_task(async move {
///         let mut held = eats.acquire().await;
///         held.wait_for(|| left.get() > 0).await;
///         left.set(left.get() - 1);
///     });
///     let held = condition.acquire().await;
///     apples.set(1);
///     held.notify(1);
///     drop(held);
///     task.await;
///     assert_eq!(apples.get(), 0);
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// Python raises an error for who waits or notifies without the lock.
/// Here both are methods of the lock that is held, so it does not compile:
///
/// ```compile_fail
/// # use stage_09_asyncio as asyncio;
/// asyncio::Condition::new().notify(1);
/// ```
#[derive(Clone, Default)]
pub struct Condition(Rc<Inner>);

#[derive(Default)]
struct Inner {
    lock: Lock,
    waiters: Waiters,
}

/// The lock of a [`Condition`], held until this is dropped.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// let condition = asyncio::Condition::new();
/// let waits = condition.clone();
/// let task = asyncio::create_task(async move {
///     let mut held = waits.acquire().await;
///     held.wait().await;
///     assert!(waits.locked());
/// });
/// asyncio::sleep(Duration::ZERO).await;
/// condition.acquire().await.notify_all();
/// task.await;
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[must_use = "the lock is given back when it is dropped"]
pub struct Held {
    condition: Condition,
    /// Missing while it waits.
    guard: Option<LockGuard>,
}

impl Condition {
    /// A condition with a lock of its own.
    pub fn new() -> Condition {
        Condition::default()
    }

    /// Waits for the lock.
    pub async fn acquire(&self) -> Held {
        let guard = self.0.lock.acquire().await;
        Held { condition: self.clone(), guard: Some(guard) }
    }

    /// Whether somebody holds the lock.
    pub fn locked(&self) -> bool {
        self.0.lock.locked()
    }
}

impl Held {
    /// Gives the lock back, waits to be notified, and takes the lock
    /// again. Who was notified may still find that somebody else was
    /// faster: look again, or use [`wait_for`](Held::wait_for).
    ///
    /// Who is cancelled takes the lock again all the same, as in Python:
    /// a cleanup runs with the lock held.
    pub async fn wait(&mut self) {
        self.guard = None;
        let Inner { lock, waiters } = &*self.condition.0;
        // If it was notified and does not return, or is cancelled, then
        // somebody else is notified in its place.
        let hands_on = Cell::new(false);
        let given_up = OnDrop(|| waiters.call(hands_on.get().into()));
        let waiting = waiters.wait(|was_called| hands_on.set(was_called));
        let mut cancelled = catch_cancelled(waiting).await.err();
        hands_on.set(true);
        while self.guard.is_none() {
            match catch_cancelled(lock.acquire()).await {
                Ok(guard) => self.guard = Some(guard),
                Err(again) => cancelled = Some(again),
            }
        }
        hands_on.set(cancelled.is_some());
        drop(given_up);
        if let Some(cancelled) = cancelled {
            cancelled.raise().await
        }
    }

    /// Waits until something is true that is looked at under the lock.
    pub async fn wait_for(&mut self, is_true: impl Fn() -> bool) {
        while !is_true() {
            self.wait().await;
        }
    }

    /// Notifies so many of those who wait. They go on when the lock is
    /// given back.
    pub fn notify(&self, most: usize) {
        self.condition.0.waiters.call(most);
    }

    /// Notifies all who wait.
    pub fn notify_all(&self) {
        self.notify(usize::MAX);
    }
}
