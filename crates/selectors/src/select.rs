//! `select`: one set of bits for each interest, built anew for every call.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use rustix::event::{
    FdSetElement, FdSetIter, fd_set_insert, fd_set_num_elements,
};
use rustix::fd::{AsRawFd, BorrowedFd, RawFd};
use rustix::io::Errno;

use crate::selector::{Backend, Interest};
use crate::time::{sleep, timespec};

/// The size of C's `fd_set`, fixed since 1983. `rustix` would allow more;
/// a C program that calls `select` cannot have more, so this refuses it.
/// (A C program that forgets to check writes out of bounds.)
const FD_SETSIZE: usize = 1024;

/// A socket is in the map only while there is an interest in it: the report
/// takes the socket out, which makes the interest one-shot.
pub(crate) struct Select {
    sockets: BTreeMap<RawFd, Registration>,
}

#[derive(Clone, Copy)]
struct Registration {
    key: usize,
    interest: Interest,
}

impl Select {
    pub(crate) fn new() -> Select {
        Select { sockets: BTreeMap::new() }
    }
}

impl Backend for Select {
    fn wait_for(
        &mut self,
        socket: BorrowedFd<'static>,
        key: usize,
        interest: Interest,
    ) -> io::Result<()> {
        let socket = socket.as_raw_fd();
        if self.has_no_place_for(socket) {
            return Err(io::Error::other(format!(
                "select cannot watch descriptor {socket}: its set has \
                 {FD_SETSIZE} places (poll and epoll have no such limit)"
            )));
        }
        self.sockets.insert(socket, Registration { key, interest });
        Ok(())
    }

    fn stop_waiting(&mut self, socket: BorrowedFd<'static>, _key: usize) {
        self.sockets.remove(&socket.as_raw_fd());
    }

    #[expect(
        unsafe_code,
        reason = "rustix cannot see how long the sockets stay open"
    )]
    fn wait(
        &mut self,
        ready: &mut Vec<usize>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        if cfg!(windows) && self.sockets.is_empty() {
            return sleep(timeout);
        }
        let timeout = timespec(timeout);
        let highest = self.sockets.keys().next_back();
        let bound = highest.map_or(0, |highest| *highest + 1);
        let mut readable = self.set_of(Interest::Readable, bound);
        let mut writable = self.set_of(Interest::Writable, bound);
        // A handle on Windows is wider than the count, which Windows
        // ignores.
        let nfds = u64::try_from(bound).unwrap_or(0);
        let nfds = i32::try_from(nfds).unwrap_or(0);
        // Windows reports a failed connect as an exception, not as
        // writable.
        let mut failed = writable.clone();
        // SAFETY: `select` asks that the sockets in the sets be open.
        // `Watched` owns each socket, and calls `forget` before it closes.
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
                // A socket that is both writable and failed is removed
                // once.
                let registration = self.sockets.remove(&socket);
                ready.extend(registration.map(|known| known.key));
            }
        }
        Ok(())
    }
}

impl Select {
    /// On Unix the place in the set is the descriptor itself; on Windows
    /// the set is a list.
    fn has_no_place_for(&self, socket: RawFd) -> bool {
        if cfg!(windows) {
            self.sockets.len() >= FD_SETSIZE
        } else {
            socket as usize >= FD_SETSIZE
        }
    }

    fn set_of(
        &self,
        interest: Interest,
        bound: RawFd,
    ) -> Vec<FdSetElement> {
        let size = fd_set_num_elements(self.sockets.len(), bound);
        let mut set = vec![FdSetElement::default(); size];
        for (socket, registration) in &self.sockets {
            if registration.interest == interest {
                fd_set_insert(&mut set, *socket);
            }
        }
        set
    }
}
