use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;

use selectors::Notifier;
use slab::Slab;

use crate::crossing::{Inbox, Once};
use crate::running;

/// The way into a loop from other threads.
pub(crate) struct Door {
    /// The number of the loop.
    number: u32,
    inbox: Inbox<Message>,
    notifier: Notifier,
}

pub(crate) enum Message {
    /// Somebody has woken the task with this id.
    Wake(u32),
    Call(ThreadsafeCall),
    Stop,
}

pub(crate) type ThreadsafeFunction = Box<dyn FnOnce() + Send>;

/// A call that a loop will make, if nobody takes it back.
///
/// If the loop is gone before that, whoever waits for the result has to
/// be told. Dropping the function does so, and dropping this drops it.
pub(crate) struct ThreadsafeCall(pub(crate) Arc<Once<ThreadsafeFunction>>);

impl ThreadsafeCall {
    pub(crate) fn make(self) {
        if let Some(function) = self.0.take() {
            function();
        }
    }
}

impl Drop for ThreadsafeCall {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

impl Door {
    /// A door for a new loop, which gets a number that no other loop of
    /// the program has until this door is closed.
    pub(crate) fn new(notifier: Notifier) -> Arc<Door> {
        let mut doors = doors();
        let place = doors.vacant_entry();
        let number = u32::try_from(place.key());
        let number = number.expect("fewer than 2^32 loops");
        let inbox = Inbox::new();
        let door = Arc::new(Door { number, inbox, notifier });
        Arc::clone(place.insert(door))
    }

    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    pub(crate) fn inbox(&self) -> &Inbox<Message> {
        &self.inbox
    }

    /// If the loop is gone, the message is dropped.
    pub(crate) fn send(&self, message: Message) {
        if let Ok(true) = self.inbox.send(message) {
            // An error would mean that the selector is gone, and with it
            // the loop that could be notified.
            drop(self.notifier.notify());
        }
    }

    /// The loop is gone.
    pub(crate) fn close(&self) {
        // Dropped in a statement of its own, when `DOORS` is free again.
        let gone = doors().try_remove(self.number as usize);
        drop(gone);
        drop(self.inbox.close());
    }
}

/// The doors of all loops, by number. A task's waker needs one only if it
/// is called where its loop does not run.
static DOORS: Mutex<Slab<Arc<Door>>> = Mutex::new(Slab::new());

fn doors() -> MutexGuard<'static, Slab<Arc<Door>>> {
    DOORS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a future gets in its context.
///
/// On the loop's own thread a wake goes straight into the loop's queue,
/// at its place among the other calls. From elsewhere it takes the door.
///
/// The loop is a number here, and not an `Arc` of its door, because each
/// task has one of these: so it takes 32 bytes, in place of 48. A waker
/// that outlives its task, or its loop, may wake a later one with the same
/// number for nothing.
pub(crate) struct TaskWaker {
    pub(crate) event_loop: u32,
    pub(crate) id: u32,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if running::schedule_here(self.event_loop, self.id) {
            return;
        }
        let door = doors().get(self.event_loop as usize).cloned();
        if let Some(door) = door {
            door.send(Message::Wake(self.id));
        }
    }
}
