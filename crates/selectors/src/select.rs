//! `select`: a set of bits for each interest, built anew for every call.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use rustix::event::{FdSetElement, FdSetIter, fd_set_insert, fd_set_num_elements};
use rustix::fd::{AsRawFd, BorrowedFd, RawFd};
use rustix::io::Errno;

use crate::Interest;
use crate::time::{sleep, timespec};

/// The size of C's `fd_set`, fixed since 1983. `rustix` would allow more; nobody who calls `select`
/// from C can, so this refuses as C must (where C programs often forget to, and write out of bounds).
const FD_SETSIZE: usize = 1024;

/// Only sockets that are asked for are in the map; a report takes a socket out, which is what makes
/// it one-shot.
#[derive(Debug)]
pub(crate) struct Select {
    sockets: BTreeMap<RawFd, Asked>,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    key: usize,
    interest: Interest,
}

impl Select {
    pub(crate) fn new() -> Select {
        Select { sockets: BTreeMap::new() }
    }

    pub(crate) fn wait_for(
        &mut self,
        socket: BorrowedFd<'static>,
        key: usize,
        interest: Interest,
    ) -> io::Result<()> {
        let socket = socket.as_raw_fd();
        if self.is_too_much(socket) {
            return Err(io::Error::other(format!(
                "select cannot watch descriptor {socket}: its set has {FD_SETSIZE} places (poll and epoll have no such limit)"
            )));
        }
        self.sockets.insert(socket, Asked { key, interest });
        Ok(())
    }

    /// On Unix the place in the set is the descriptor itself; on Windows the set is a list.
    fn is_too_much(&self, socket: RawFd) -> bool {
        if cfg!(windows) { self.sockets.len() >= FD_SETSIZE } else { socket as usize >= FD_SETSIZE }
    }

    #[expect(unsafe_code, reason = "rustix cannot see how long the sockets stay open")]
    pub(crate) fn wait(
        &mut self,
        ready: &mut Vec<usize>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        if cfg!(windows) && self.sockets.is_empty() {
            return sleep(timeout);
        }
        let timeout = timespec(timeout);
        let bound = self.sockets.keys().next_back().map_or(0, |highest| *highest + 1);
        let mut readable = self.set_of(Interest::Readable, bound);
        let mut writable = self.set_of(Interest::Writable, bound);
        // A handle on Windows is wider than the count, which Windows ignores.
        let nfds = i32::try_from(u64::try_from(bound).unwrap_or(0)).unwrap_or(0);
        // Windows reports a failed connect as an exception and not as writable.
        let mut failed = writable.clone();
        // SAFETY: `select` asks that the sockets in the sets be open. `Watched` owns each of them,
        // and calls `forget` before it closes.
        let result = unsafe {
            rustix::event::select(
                nfds,
                Some(&mut readable),
                Some(&mut writable),
                Some(&mut failed),
                timeout.as_ref(),
            )
        };
        match result {
            Err(Errno::INTR) => return Ok(()),
            result => result?,
        };
        for set in [&readable, &writable, &failed] {
            for socket in FdSetIter::new(set) {
                // Gone already where it is both writable and failed.
                ready.extend(self.sockets.remove(&socket).map(|asked| asked.key));
            }
        }
        Ok(())
    }

    fn set_of(&self, interest: Interest, bound: RawFd) -> Vec<FdSetElement> {
        let size = fd_set_num_elements(self.sockets.len(), bound);
        let mut set = vec![FdSetElement::default(); size];
        for (socket, asked) in &self.sockets {
            if asked.interest == interest {
                fd_set_insert(&mut set, *socket);
            }
        }
        set
    }

    pub(crate) fn forget(&mut self, socket: BorrowedFd<'static>, _key: usize) {
        self.sockets.remove(&socket.as_raw_fd());
    }
}
