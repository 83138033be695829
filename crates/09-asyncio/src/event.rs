use std::cell::Cell;
use std::rc::Rc;

use crate::waiters::Waiters;

/// Something that has happened, or has not. A clone is the same event.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// asyncio::run(async {
///     let event = asyncio::Event::new();
///     let waits = event.clone();
///     let task = asyncio::create_task(async move {
///         waits.wait().await;
///     });
///     event.set();
///     task.await;
///     event.clear();
///     assert!(!event.is_set());
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Event(Rc<Flag>);

#[derive(Default)]
struct Flag {
    is_set: Cell<bool>,
    waiters: Waiters,
}

impl Event {
    /// An event that has not happened.
    pub fn new() -> Event {
        Event::default()
    }

    /// It has happened. All who wait go on, even if it is cleared before
    /// their turn comes.
    pub fn set(&self) {
        if !self.0.is_set.replace(true) {
            self.0.waiters.call(usize::MAX);
        }
    }

    /// It has not happened.
    pub fn clear(&self) {
        self.0.is_set.set(false);
    }

    /// Whether it has happened.
    pub fn is_set(&self) -> bool {
        self.0.is_set.get()
    }

    /// Waits until it happens.
    pub async fn wait(&self) {
        if !self.is_set() {
            self.0.waiters.wait(|_| {}).await;
        }
    }
}
