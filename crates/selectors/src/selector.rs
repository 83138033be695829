use std::cell::RefCell;
use std::fmt;
use std::io::{self, Read};
use std::mem;
use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

use recorder::{What, note};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd};
use socket2::Socket;

use crate::notifier::Notifier;
use crate::poll::Poll;
use crate::polling::Polling;
use crate::select::Select;

#[cfg(target_os = "linux")]
use crate::epoll::Epoll as Best;
#[cfg(not(target_os = "linux"))]
use crate::polling::Polling as Best;

/// Which way to ask the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `select`, the oldest. Every call carries the whole set of sockets,
    /// up to descriptor 1,023.
    Select,
    /// `poll`: a list instead of a set, and so no upper limit. Every call
    /// still carries the whole list.
    Poll,
    /// The platform's best. On Linux it is `epoll`: the system keeps the
    /// list, and a call costs what became ready, not what is watched.
    /// Elsewhere it is [`Kind::Polling`].
    Best,
    /// The crate `polling`: one face for `epoll` on Linux, `kqueue` on
    /// macOS and I/O completion ports on Windows.
    Polling,
}

/// What a socket is to be ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// To receive: there are bytes, or the end of the stream, or an error.
    Readable,
    /// To send: there is room, or the connection is made, or it has failed.
    Writable,
}

/// Knows the interest in each socket, and waits for all sockets at once. A
/// clone is the same selector.
#[derive(Clone)]
pub struct Selector(Rc<Shared>);

struct Shared {
    backend: RefCell<Box<dyn Backend>>,
    /// By key: whether a socket has it.
    is_used: RefCell<Vec<bool>>,
}

/// One way to ask the system. Each interest is one-shot: the report ends
/// it.
pub(crate) trait Backend {
    /// Registers an interest, in place of any earlier one in this socket.
    fn wait_for(
        &mut self,
        socket: BorrowedFd<'static>,
        key: usize,
        interest: Interest,
    ) -> io::Result<()>;

    /// Takes back the interest, if there is one.
    fn stop_waiting(&mut self, socket: BorrowedFd<'static>, key: usize);

    /// Waits, and adds the key of each socket that is ready to `ready`.
    fn wait(
        &mut self,
        ready: &mut Vec<usize>,
        timeout: Option<Duration>,
    ) -> io::Result<()>;

    /// Takes back the interest in a socket that is about to close. The next
    /// socket with this key is another one.
    fn forget(&mut self, socket: BorrowedFd<'static>, key: usize) {
        self.stop_waiting(socket, key);
    }

    /// What ends a wait from another thread, if this backend has it.
    fn notifier(&mut self) -> io::Result<Notifier> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Selector {
    /// A selector without sockets.
    ///
    /// # Errors
    /// What the system says when it has no descriptor left for it.
    pub fn new(kind: Kind) -> io::Result<Selector> {
        let backend: Box<dyn Backend> = match kind {
            Kind::Select => Box::new(Select::new()),
            Kind::Poll => Box::new(Poll::new()),
            Kind::Best => Box::new(Best::new()?),
            Kind::Polling => Box::new(Polling::new()?),
        };
        let backend = RefCell::new(backend);
        let is_used = RefCell::default();
        Ok(Selector(Rc::new(Shared { backend, is_used })))
    }

    /// Takes a socket, to report it as `key`: a small number that no other
    /// socket has at the same time. There is no system call yet.
    ///
    /// # Panics
    /// If another socket has that key: a report could mean either of them.
    pub fn watch(&self, socket: Socket, key: usize) -> Watched {
        let mut is_used = self.0.is_used.borrow_mut();
        if key >= is_used.len() {
            is_used.resize(key + 1, false);
        }
        let was_used = mem::replace(&mut is_used[key], true);
        assert!(!was_used, "two sockets with the key {key}");
        let key = u32::try_from(key).expect("fewer than 2^32 sockets");
        Watched { socket, selector: self.clone(), key }
    }

    /// Waits until a socket is ready or the time is over, and replaces what
    /// is in `ready` with the keys of all sockets that are. A signal may
    /// end the wait early, without any key.
    ///
    /// # Errors
    /// What the system says; after an error no wait will work again.
    #[track_caller]
    pub fn wait(
        &self,
        ready: &mut Vec<usize>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        ready.clear();
        note(What::Asleep, None, 0);
        let waited = self.0.backend.borrow_mut().wait(ready, timeout);
        note(What::Awake, None, ready.len() as u64);
        waited
    }

    /// Something that ends a wait from another thread.
    ///
    /// # Errors
    /// `Unsupported` for `select` and `poll`: a program that needs it there
    /// watches a pipe of its own. Otherwise what the system says when it
    /// has no descriptor left for it.
    pub fn notifier(&self) -> io::Result<Notifier> {
        self.0.backend.borrow_mut().notifier()
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Selector").finish_non_exhaustive()
    }
}

/// A socket that a [`Selector`] reports.
///
/// Invariant: the selector knows of the socket only while the socket is
/// open. `Watched` owns the socket and never gives it away, and it makes
/// the selector forget the socket before the socket closes. No other socket
/// has the key, so the selector forgets the right one.
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

    /// Registers an interest in this socket, for one report. It takes the
    /// place of an earlier interest.
    ///
    /// # Errors
    /// What the system says; with [`Kind::Select`], that the descriptor is
    /// above 1,023.
    #[track_caller]
    pub fn wait_for(&self, interest: Interest) -> io::Result<()> {
        note(What::WaitFor, None, self.key.into());
        let mut backend = self.selector.0.backend.borrow_mut();
        backend.wait_for(self.source(), self.key(), interest)
    }

    /// Takes back the interest: nothing will be reported for this socket.
    pub fn stop_waiting(&self) {
        let mut backend = self.selector.0.backend.borrow_mut();
        backend.stop_waiting(self.source(), self.key());
    }

    /// Receives what is there: `recv` with a buffer of ordinary bytes.
    ///
    /// # Errors
    /// `WouldBlock`, when nothing is there yet; or how the connection
    /// ended.
    #[track_caller]
    pub fn receive(&self, chunk: &mut [u8]) -> io::Result<usize> {
        note(What::Receive, None, self.key.into());
        (&self.socket).read(chunk)
    }

    /// The socket as a backend may keep it: not bound to a lifetime, but
    /// only until the backend forgets it.
    #[expect(
        unsafe_code,
        reason = "a lifetime that the type system cannot see"
    )]
    fn source(&self) -> BorrowedFd<'static> {
        // SAFETY: the descriptor must stay open while it is borrowed.
        // Backends keep it only until `forget`, which `drop` calls before
        // the socket closes. Nothing else can close the socket, because
        // `Watched` hands out only `&Socket`. A `Watched` that is leaked
        // keeps its socket open.
        unsafe { BorrowedFd::borrow_raw(self.socket.as_fd().as_raw_fd()) }
    }
}

impl Deref for Watched {
    type Target = Socket;

    // There is no `DerefMut`: with it, another socket could be swapped in,
    // and this one closed.
    fn deref(&self) -> &Socket {
        &self.socket
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let shared = &self.selector.0;
        shared.backend.borrow_mut().forget(self.source(), self.key());
        shared.is_used.borrow_mut()[self.key()] = false;
    }
}
