use std::cell::{RefCell, RefMut};
use std::io;
use std::mem;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crawl::{Deadlines, Limits, receive_buffer};
use selectors::{Interest, Kind, Notifier, Selector, Watched};
use slab::Slab;

/// Knows which task waits for which socket, and until when; wakes it.
///
/// Invariant: a task that waits is woken once, by its socket or by its
/// deadline. It finds out by itself which of the two it was.
pub struct Reactor {
    selector: Selector,
    /// By key: the task that waits.
    in_flight: RefCell<Slab<Wait>>,
    deadlines: RefCell<Deadlines>,
    /// The keys of the sockets that the last wait found ready.
    ready: RefCell<Vec<usize>>,
    /// One receive buffer for all, not held across an `await`.
    chunk: RefCell<Vec<u8>>,
    /// The limits of the crawl.
    pub limits: Limits,
}

enum Wait {
    /// Nobody waits for this socket.
    Idle,
    /// A task does.
    Pending(Waker),
    /// The socket is ready, and a task has been woken.
    Ready,
    /// The deadline has passed, and a task has been woken. All later waits
    /// end at once.
    Overdue,
}

impl Reactor {
    /// A reactor without sockets, on the platform's best selector.
    ///
    /// # Errors
    /// What the system says when it has no descriptor left for it.
    pub fn new(limits: &Limits) -> io::Result<Reactor> {
        Ok(Reactor {
            selector: Selector::new(Kind::Best)?,
            in_flight: RefCell::default(),
            deadlines: RefCell::new(Deadlines::new(limits.deadline)),
            ready: RefCell::default(),
            chunk: RefCell::new(receive_buffer()),
            limits: *limits,
        })
    }

    /// Ends a wait from another thread.
    pub(crate) fn notifier(&self) -> io::Result<Notifier> {
        self.selector.notifier()
    }

    /// Waits until a socket is ready, if it may `sleep`.
    #[track_caller]
    pub(crate) fn wait(&self, sleep: bool) -> io::Result<()> {
        let deadline = self.deadlines.borrow().next();
        let timeout = if sleep {
            deadline.map(|at| at.saturating_duration_since(Instant::now()))
        } else {
            Some(Duration::ZERO)
        };
        self.selector.wait(&mut self.ready.borrow_mut(), timeout)
    }

    /// Wakes the tasks whose sockets are ready.
    pub(crate) fn wake_ready(&self) {
        let mut ready = self.ready.take();
        for key in ready.drain(..) {
            self.end_wait(key, Wait::Ready);
        }
        self.ready.replace(ready);
    }

    /// Whether a deadline has passed.
    pub(crate) fn is_overdue(&self) -> bool {
        self.deadlines.borrow().is_overdue()
    }

    /// Wakes the tasks whose deadline has passed.
    pub(crate) fn wake_overdue(&self) {
        let now = Instant::now();
        let next = || self.deadlines.borrow_mut().pop_passed(now);
        while let Some(key) = next() {
            self.end_wait(key, Wait::Overdue);
        }
    }

    fn end_wait(&self, key: usize, why: Wait) {
        let before = match self.in_flight.borrow_mut().get_mut(key) {
            // Nobody waits any more, or it is too late.
            None | Some(Wait::Overdue) => return,
            Some(Wait::Idle) if matches!(why, Wait::Ready) => return,
            Some(wait) => mem::replace(wait, why),
        };
        // Nothing is borrowed now: a waker may do anything.
        if let Wait::Pending(waker) = before {
            waker.wake();
        }
    }

    /// Takes the socket of a fetch that begins. Its deadline runs until the
    /// socket is dropped.
    pub fn watch(
        &self,
        socket: socket2::Socket,
        started: Instant,
    ) -> Socket<'_> {
        let key = self.in_flight.borrow_mut().insert(Wait::Idle);
        self.deadlines.borrow_mut().push(key, started);
        Socket { watched: self.selector.watch(socket, key), reactor: self }
    }
}

/// A socket that tasks can wait for.
pub struct Socket<'a> {
    watched: Watched,
    reactor: &'a Reactor,
}

impl Socket<'_> {
    /// Waits until there is something to receive, or until the deadline has
    /// passed.
    ///
    /// # Errors
    /// What the system says when it cannot watch the socket.
    pub fn readable(&mut self) -> impl Future<Output = io::Result<()>> {
        WaitFor { socket: self, interest: Interest::Readable }
    }

    /// Waits until there is room to send, until the connection is made or
    /// has failed, or until the deadline has passed.
    ///
    /// # Errors
    /// What the system says when it cannot watch the socket.
    pub fn writable(&mut self) -> impl Future<Output = io::Result<()>> {
        WaitFor { socket: self, interest: Interest::Writable }
    }

    /// The receive buffer, for as long as nobody awaits.
    pub fn chunk(&self) -> RefMut<'_, Vec<u8>> {
        self.reactor.chunk.borrow_mut()
    }

    /// One step of waiting: asks the selector the first time, and from then
    /// on the reactor. Like `readable` and `writable`, it takes the socket
    /// for itself: one wait at a time.
    #[track_caller]
    pub(crate) fn poll_ready(
        &mut self,
        interest: Interest,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        // Taken out first: a waker is cloned and dropped with nothing
        // borrowed.
        let (wait, answer) = match self.set_wait(Wait::Idle) {
            Wait::Idle => {
                self.watched.wait_for(interest)?;
                (Wait::Pending(context.waker().clone()), Poll::Pending)
            }
            Wait::Pending(_) => {
                (Wait::Pending(context.waker().clone()), Poll::Pending)
            }
            Wait::Ready => (Wait::Idle, Poll::Ready(Ok(()))),
            Wait::Overdue => (Wait::Overdue, Poll::Ready(Ok(()))),
        };
        self.set_wait(wait);
        answer
    }

    fn set_wait(&self, wait: Wait) -> Wait {
        let mut in_flight = self.reactor.in_flight.borrow_mut();
        mem::replace(&mut in_flight[self.watched.key()], wait)
    }

    /// Takes the interest back, if the wait is not over.
    fn cancel(&mut self) {
        match self.set_wait(Wait::Idle) {
            Wait::Pending(_) => self.watched.stop_waiting(),
            Wait::Overdue => drop(self.set_wait(Wait::Overdue)),
            Wait::Ready | Wait::Idle => {}
        }
    }
}

impl Deref for Socket<'_> {
    type Target = Watched;

    fn deref(&self) -> &Watched {
        &self.watched
    }
}

impl Drop for Socket<'_> {
    fn drop(&mut self) {
        let key = self.watched.key();
        let wait = self.reactor.in_flight.borrow_mut().remove(key);
        drop(wait); // a waker may do anything: nothing is borrowed now
        self.reactor.deadlines.borrow_mut().remove(key);
    }
}

/// The innermost future: all waiting ends here.
struct WaitFor<'a, 'r> {
    socket: &'a mut Socket<'r>,
    interest: Interest,
}

impl Future for WaitFor<'_, '_> {
    type Output = io::Result<()>;

    #[track_caller]
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let interest = self.interest;
        self.socket.poll_ready(interest, context)
    }
}

impl Drop for WaitFor<'_, '_> {
    /// Dropping a future cancels it: nothing stays registered.
    fn drop(&mut self) {
        self.socket.cancel();
    }
}
