//! The crate `polling`: one face for `epoll`, `kqueue` and I/O completion
//! ports. For one wait on Linux it makes five system calls where `epoll.rs`
//! makes one: the others are for a timer and for its notifier.

use std::io;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use polling::{Event, Events, Poller};
use rustix::fd::BorrowedFd;

use crate::notifier::Notifier;
use crate::selector::{Backend, Interest};

pub(crate) struct Polling {
    poller: Arc<Poller>,
    events: Events,
    /// By key: whether the socket is in the system's list.
    is_registered: Vec<bool>,
}

impl Polling {
    pub(crate) fn new() -> io::Result<Polling> {
        Ok(Polling {
            poller: Arc::new(Poller::new()?),
            events: Events::new(),
            is_registered: Vec::new(),
        })
    }
}

impl Backend for Polling {
    #[expect(
        unsafe_code,
        reason = "polling cannot see how long the socket stays open"
    )]
    fn wait_for(
        &mut self,
        socket: BorrowedFd<'static>,
        key: usize,
        interest: Interest,
    ) -> io::Result<()> {
        let event = match interest {
            Interest::Readable => Event::readable(key),
            Interest::Writable => Event::writable(key),
        };
        if key >= self.is_registered.len() {
            self.is_registered.resize(key + 1, false);
        }
        if self.is_registered[key] {
            return self.poller.modify(socket, event);
        }
        // SAFETY: `add` asks that the socket be deleted before it closes.
        // `Watched` owns the socket, and in its `drop` calls `forget` with
        // a key that no other socket has.
        unsafe { self.poller.add(&socket, event) }?;
        self.is_registered[key] = true;
        Ok(())
    }

    fn stop_waiting(&mut self, socket: BorrowedFd<'static>, key: usize) {
        if self.is_registered.get_mut(key).is_some_and(mem::take) {
            // It fails only where the system has already forgotten the
            // socket.
            let _ = self.poller.delete(socket);
        }
    }

    fn wait(
        &mut self,
        ready: &mut Vec<usize>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        self.events.clear();
        self.poller.wait(&mut self.events, timeout)?;
        ready.extend(self.events.iter().map(|event| event.key));
        Ok(())
    }

    fn notifier(&mut self) -> io::Result<Notifier> {
        Ok(Notifier::polling(Arc::clone(&self.poller)))
    }
}
