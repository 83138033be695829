//! The platform's best, by the `polling` crate: the system keeps the list of sockets.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use polling::{Event, Events, Poller};
use rustix::fd::BorrowedFd;

use crate::Interest;

#[derive(Debug)]
pub(crate) struct Best {
    poller: Arc<Poller>,
    events: Events,
    /// By key: whether the system has been told of the socket.
    known: Vec<bool>,
}

impl Best {
    pub(crate) fn new() -> io::Result<Best> {
        Ok(Best { poller: Arc::new(Poller::new()?), events: Events::new(), known: Vec::new() })
    }

    #[expect(unsafe_code, reason = "polling cannot see how long the socket stays open")]
    pub(crate) fn wait_for(
        &mut self,
        socket: BorrowedFd<'static>,
        key: usize,
        interest: Interest,
    ) -> io::Result<()> {
        let event = match interest {
            Interest::Readable => Event::readable(key),
            Interest::Writable => Event::writable(key),
        };
        if key >= self.known.len() {
            self.known.resize(key + 1, false);
        }
        if self.known[key] {
            return self.poller.modify(socket, event);
        }
        // SAFETY: `add` asks that the socket be deleted before it closes. `Watched` owns it, and
        // calls `forget` in its `drop`, with a key that no other socket has.
        unsafe { self.poller.add(&socket, event) }?;
        self.known[key] = true;
        Ok(())
    }

    pub(crate) fn wait(
        &mut self,
        ready: &mut Vec<usize>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        self.events.clear();
        self.poller.wait(&mut self.events, timeout)?;
        ready.extend(self.events.iter().map(|event| event.key));
        Ok(())
    }

    pub(crate) fn notifier(&self) -> Notifier {
        Notifier(Arc::clone(&self.poller))
    }

    pub(crate) fn forget(&mut self, socket: BorrowedFd<'static>, key: usize) {
        if self.known.get_mut(key).is_some_and(std::mem::take) {
            // An error can only mean that the system has forgotten the socket before us.
            let _ = self.poller.delete(socket);
        }
    }
}

/// Ends a wait, from any thread: the one that goes on, or else the next one.
#[derive(Clone, Debug)]
pub struct Notifier(Arc<Poller>);

impl Notifier {
    /// Ends the wait. Several notices before it are one.
    ///
    /// # Errors
    /// What the system says.
    pub fn notify(&self) -> io::Result<()> {
        self.0.notify()
    }
}
