use std::cell::RefCell;
use std::io::{self, Read};
use std::mem;
use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

use rustix::fd::{AsFd, AsRawFd, BorrowedFd};
use socket2::Socket;

use crate::best::{Best, Notifier};
use crate::poll::Poll;
use crate::select::Select;

/// Which way to ask the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `select`: the oldest. Every call carries the whole set of sockets, up to descriptor 1,023.
    Select,
    /// `poll`: a list instead of a set, so no upper limit; still carried whole at every call.
    Poll,
    /// The platform's best: `epoll` on Linux, `kqueue` on macOS, I/O completion ports on Windows.
    /// The system keeps the list, and a call costs what became ready, not what is watched.
    Best,
}

/// What a socket is to be ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// To receive: there are bytes, or the end of the stream, or an error to fetch.
    Readable,
    /// To send: there is room, or the connection is made, or it has failed.
    Writable,
}

/// Knows which sockets are waited for, and waits for them all at once. A clone is the same selector.
#[derive(Clone, Debug)]
pub struct Selector(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    backend: RefCell<Backend>,
    /// By key: whether a socket has it.
    taken: RefCell<Vec<bool>>,
}

#[derive(Debug)]
enum Backend {
    Select(Select),
    Poll(Poll),
    Best(Best),
}

impl Selector {
    /// A selector without sockets.
    ///
    /// # Errors
    /// What the system says, where it has no descriptor left for it.
    pub fn new(kind: Kind) -> io::Result<Selector> {
        let backend = match kind {
            Kind::Select => Backend::Select(Select::new()),
            Kind::Poll => Backend::Poll(Poll::new()),
            Kind::Best => Backend::Best(Best::new()?),
        };
        let backend = RefCell::new(backend);
        Ok(Selector(Rc::new(Shared { backend, taken: RefCell::default() })))
    }

    /// Takes a socket, to report it as `key`: a small number, given to one socket at a time. No
    /// system call yet.
    ///
    /// # Panics
    /// If another socket has that key: nobody could tell the two apart.
    pub fn watch(&self, socket: Socket, key: usize) -> Watched {
        let mut taken = self.0.taken.borrow_mut();
        if key >= taken.len() {
            taken.resize(key + 1, false);
        }
        assert!(!mem::replace(&mut taken[key], true), "two sockets with the key {key}");
        let key = u32::try_from(key).expect("fewer than 2^32 sockets");
        Watched { socket, selector: self.clone(), key }
    }

    /// Waits until a socket is ready or the time is over, and replaces what is in `ready` with the
    /// keys of all that are. A signal may end the wait early, with none.
    ///
    /// # Errors
    /// What the system says; then no wait will work again.
    pub fn wait(&self, ready: &mut Vec<usize>, timeout: Option<Duration>) -> io::Result<()> {
        ready.clear();
        match &mut *self.0.backend.borrow_mut() {
            Backend::Select(select) => select.wait(ready, timeout),
            Backend::Poll(poll) => poll.wait(ready, timeout),
            Backend::Best(best) => best.wait(ready, timeout),
        }
    }

    /// Something that ends a wait from another thread.
    ///
    /// # Errors
    /// `Unsupported` for `select` and `poll`: programs that need it there watch a pipe of their own.
    pub fn notifier(&self) -> io::Result<Notifier> {
        match &*self.0.backend.borrow() {
            Backend::Best(best) => Ok(best.notifier()),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// A socket that a [`Selector`] reports.
///
/// Invariant: the selector knows of the socket only while it is open. `Watched` owns the socket, never
/// gives it away, and is forgotten by the selector before it closes; its key is its own, so that what
/// is forgotten is this socket.
#[derive(Debug)]
pub struct Watched {
    socket: Socket,
    selector: Selector,
    key: u32,
}

impl Watched {
    /// The number under which the selector reports this socket.
    pub fn key(&self) -> usize {
        self.key as usize
    }

    /// Asks once to be told when the socket is ready. A new interest takes the place of an old one.
    ///
    /// # Errors
    /// What the system says; with [`Kind::Select`], a descriptor past 1,023.
    pub fn wait_for(&self, interest: Interest) -> io::Result<()> {
        match &mut *self.selector.0.backend.borrow_mut() {
            Backend::Select(select) => select.wait_for(self.source(), self.key(), interest),
            Backend::Poll(poll) => poll.wait_for(self.source(), self.key(), interest),
            Backend::Best(best) => best.wait_for(self.source(), self.key(), interest),
        }
    }

    /// Takes back the asking: nothing will be reported for this socket.
    pub fn stop_waiting(&self) {
        match &mut *self.selector.0.backend.borrow_mut() {
            Backend::Select(select) => select.forget(self.source(), self.key()),
            Backend::Poll(poll) => poll.forget(self.source(), self.key()),
            Backend::Best(best) => best.forget(self.source(), self.key()),
        }
    }

    /// Receives what is there: `recv` with a buffer of ordinary bytes.
    ///
    /// # Errors
    /// `WouldBlock`, when there is nothing yet; or how the connection ended.
    pub fn receive(&self, chunk: &mut [u8]) -> io::Result<usize> {
        (&self.socket).read(chunk)
    }

    /// What became of the connection, once the socket is writable: that it is made, or why not.
    ///
    /// # Errors
    /// Why not: refused, reset, unreachable.
    pub fn connection(&self) -> io::Result<()> {
        self.socket.take_error()?.map_or(Ok(()), Err)
    }

    /// The socket as a backend may keep it: until [`forget`](Drop::drop), and not bound to a lifetime.
    #[expect(
        unsafe_code,
        reason = "a lifetime that the type system cannot see; Watched is its proof"
    )]
    fn source(&self) -> BorrowedFd<'static> {
        // SAFETY: the descriptor must stay open while it is borrowed. Backends keep it only until
        // `forget`, and `drop` calls that before the socket closes; nothing else can close it, for
        // `Watched` hands out only `&Socket`. A `Watched` that is leaked keeps its socket open.
        unsafe { BorrowedFd::borrow_raw(self.socket.as_fd().as_raw_fd()) }
    }
}

impl Deref for Watched {
    type Target = Socket;

    // There is no `DerefMut`: it would let another socket be swapped in, and this one be closed.
    fn deref(&self) -> &Socket {
        &self.socket
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.stop_waiting();
        self.selector.0.taken.borrow_mut()[self.key()] = false;
    }
}
