use std::sync::Arc;
use std::task::Wake;

use selectors::Notifier;

use crate::crossing::{Inbox, Once};
use crate::running;

/// The way into a loop from other threads.
pub(crate) struct Door {
    inbox: Inbox<Message>,
    notifier: Notifier,
}

pub(crate) enum Message {
    /// Somebody has woken the task with this id.
    Wake(u32),
    Call(Arc<Once<Box<dyn FnOnce() + Send>>>),
    Stop,
}

impl Door {
    pub(crate) fn new(notifier: Notifier) -> Door {
        Door { inbox: Inbox::new(), notifier }
    }

    pub(crate) fn inbox(&self) -> &Inbox<Message> {
        &self.inbox
    }

    pub(crate) fn send(&self, message: Message) {
        match self.inbox.send(message) {
            // An error would mean that the selector is gone, and with it
            // the loop that could be notified.
            Ok(true) => drop(self.notifier.notify()),
            Ok(false) => {}
            Err(message) => message.forget(),
        }
    }

    /// The loop is gone.
    pub(crate) fn close(&self) {
        self.inbox.close().into_iter().for_each(Message::forget);
    }
}

impl Message {
    /// Nobody will make the call: whoever waits for its result has to be
    /// told, which dropping the function does.
    fn forget(self) {
        if let Message::Call(call) = self {
            drop(call.take());
        }
    }
}

/// What a future gets in its context.
///
/// On the loop's own thread a wake goes straight into the loop's queue,
/// at its place among the other calls. From elsewhere it takes the door.
pub(crate) struct TaskWaker {
    pub(crate) id: u32,
    pub(crate) door: Arc<Door>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !running::schedule_here(&self.door, self.id) {
            self.door.send(Message::Wake(self.id));
        }
    }
}
