//! `poll`: the whole list of sockets is carried to the system and back at every call.

use std::io;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;

use crate::Interest;
use crate::time::{sleep, timespec};

/// Invariant: `keys[i]` is the key of `sockets[i]`, and `places` is the way back. Only sockets that are
/// asked for are in the list; a report takes a socket out, which is what makes it one-shot.
#[derive(Debug)]
pub(crate) struct Poll {
    sockets: Vec<PollFd<'static>>,
    keys: Vec<u32>,
    /// By key: where the socket is in the list.
    places: Vec<u32>,
}

/// Not in the list.
const NOWHERE: u32 = u32::MAX;

impl Poll {
    pub(crate) fn new() -> Poll {
        Poll { sockets: Vec::new(), keys: Vec::new(), places: Vec::new() }
    }

    pub(crate) fn wait_for(
        &mut self,
        socket: BorrowedFd<'static>,
        key: usize,
        interest: Interest,
    ) -> io::Result<()> {
        self.take_out(key);
        let flags = match interest {
            Interest::Readable => PollFlags::IN,
            Interest::Writable => PollFlags::OUT,
        };
        if key >= self.places.len() {
            self.places.resize(key + 1, NOWHERE);
        }
        self.places[key] = self.sockets.len() as u32;
        self.sockets.push(PollFd::from_borrowed_fd(socket, flags));
        self.keys.push(key as u32);
        Ok(())
    }

    pub(crate) fn wait(
        &mut self,
        ready: &mut Vec<usize>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        if cfg!(windows) && self.sockets.is_empty() {
            return sleep(timeout);
        }
        let timeout = timespec(timeout);
        match rustix::event::poll(&mut self.sockets, timeout.as_ref()) {
            Err(Errno::INTR) => return Ok(()),
            result => result?,
        };
        // Errors and hang-ups come unasked; they too end the wait.
        let reported = self.sockets.iter().zip(&self.keys).filter(|(s, _)| !s.revents().is_empty());
        ready.extend(reported.map(|(_, key)| *key as usize));
        for key in ready {
            self.take_out(*key);
        }
        Ok(())
    }

    pub(crate) fn forget(&mut self, _socket: BorrowedFd<'static>, key: usize) {
        self.take_out(key);
    }

    /// Takes a socket out of the list, where it is in it. The last one moves into its place.
    fn take_out(&mut self, key: usize) {
        let Some(place) = self.places.get_mut(key) else { return };
        let place = std::mem::replace(place, NOWHERE);
        if place == NOWHERE {
            return;
        }
        self.sockets.swap_remove(place as usize);
        self.keys.swap_remove(place as usize);
        if let Some(moved) = self.keys.get(place as usize) {
            self.places[*moved as usize] = place;
        }
    }
}
