//! `poll`: every call carries the whole list of sockets to the system and
//! back.

use std::io;
use std::mem;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;

use crate::selector::{Backend, Interest};
use crate::time::{sleep, timespec};

/// Invariant: `keys[i]` is the key of `sockets[i]`, and `places` is the way
/// back. A socket is in the list only while there is an interest in it: the
/// report takes the socket out, which makes the interest one-shot.
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
}

impl Backend for Poll {
    fn wait_for(
        &mut self,
        socket: BorrowedFd<'static>,
        key: usize,
        interest: Interest,
    ) -> io::Result<()> {
        self.remove(key);
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

    fn stop_waiting(&mut self, _socket: BorrowedFd<'static>, key: usize) {
        self.remove(key);
    }

    fn wait(
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
        // Errors and hang-ups are reported without interest in them; they
        // end the wait too.
        for (socket, key) in self.sockets.iter().zip(&self.keys) {
            if !socket.revents().is_empty() {
                ready.push(*key as usize);
            }
        }
        for key in ready {
            self.remove(*key);
        }
        Ok(())
    }
}

impl Poll {
    /// Takes a socket out of the list, if it is there. The last socket of
    /// the list moves into its place.
    fn remove(&mut self, key: usize) {
        let Some(place) = self.places.get_mut(key) else { return };
        let place = mem::replace(place, NOWHERE);
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
