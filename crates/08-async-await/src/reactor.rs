use std::cell::{RefCell, RefMut};
use std::io;
use std::mem;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crawl::{DeadlinePassed, Deadlines, Limits, receive_buffer};
use selectors::{Interest, Kind, Notifier, Selector, Watched};

/// Knows which task waits for which socket, and until when; wakes it.
///
/// Invariant: whoever waits is woken once, by its socket or by its deadline, and finds out by which
/// when it is polled.
pub struct Reactor {
    selector: Selector,
    /// By key: who waits.
    waits: RefCell<Vec<Wait>>,
    free_keys: RefCell<Vec<usize>>,
    deadlines: RefCell<Deadlines>,
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
    /// The waiting is over, and a task has been woken to hear how. A deadline that has passed stays
    /// passed.
    Over(Result<(), DeadlinePassed>),
}

impl Reactor {
    /// A reactor without sockets, on the platform's best selector.
    ///
    /// # Errors
    /// What the system says when it has no descriptor left for it.
    pub fn new(limits: &Limits) -> io::Result<Reactor> {
        Ok(Reactor {
            selector: Selector::new(Kind::Best)?,
            waits: RefCell::default(),
            free_keys: RefCell::default(),
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

    /// Waits until a socket is ready, if it may `sleep`, and wakes whoever waits for it.
    pub(crate) fn wait(&self, sleep: bool) -> io::Result<()> {
        let until = self.deadlines.borrow().next();
        let timeout = until.map(|until| until.duration_since(Instant::now()));
        let mut ready = self.ready.take();
        self.selector.wait(&mut ready, if sleep { timeout } else { Some(Duration::ZERO) })?;
        for key in ready.drain(..) {
            self.end_wait(key, Ok(()));
        }
        self.ready.replace(ready);
        Ok(())
    }

    /// Whether somebody waits past the deadline.
    pub(crate) fn is_overdue(&self) -> bool {
        self.deadlines.borrow().is_overdue()
    }

    /// Wakes whoever waits past the deadline.
    pub(crate) fn wake_overdue(&self) {
        let now = Instant::now();
        let next = || self.deadlines.borrow_mut().pop_passed(now);
        while let Some(key) = next() {
            self.end_wait(key, Err(DeadlinePassed));
        }
    }

    fn end_wait(&self, key: usize, how: Result<(), DeadlinePassed>) {
        let before = {
            let wait = &mut self.waits.borrow_mut()[key];
            if let (Wait::Idle | Wait::Over(Err(_)), Ok(())) = (&*wait, how) {
                return; // nobody waits, or it is too late
            }
            mem::replace(wait, Wait::Over(how))
        };
        // Nothing is borrowed now: a waker may do anything.
        if let Wait::Pending(waker) = before {
            waker.wake();
        }
    }

    /// Takes the socket of a fetch that begins. Its deadline runs until the socket is dropped.
    /// `started` is no earlier than for the one before.
    pub fn watch(&self, socket: socket2::Socket, started: Instant) -> Socket<'_> {
        let mut waits = self.waits.borrow_mut();
        let key = self.free_keys.borrow_mut().pop().unwrap_or_else(|| {
            waits.push(Wait::Idle);
            waits.len() - 1
        });
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
    /// Waits until there is something to receive.
    ///
    /// # Errors
    /// The deadline has passed; or the system cannot watch the socket.
    pub fn readable(&mut self) -> impl Future<Output = io::Result<()>> {
        WaitFor { socket: self, interest: Interest::Readable }
    }

    /// Waits until there is room to send, or the connection is made, or has failed.
    ///
    /// # Errors
    /// The deadline has passed; or the system cannot watch the socket.
    pub fn writable(&mut self) -> impl Future<Output = io::Result<()>> {
        WaitFor { socket: self, interest: Interest::Writable }
    }

    /// The receive buffer, for as long as nobody awaits.
    pub fn chunk(&self) -> RefMut<'_, Vec<u8>> {
        self.reactor.chunk.borrow_mut()
    }

    /// One step of waiting: asks the selector the first time, and from then on the reactor. Like
    /// `readable` and `writable`, it takes the socket for itself: one wait at a time.
    pub(crate) fn poll_ready(
        &mut self,
        interest: Interest,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        // Taken out first: a waker is cloned and dropped with nothing borrowed.
        let (wait, answer) = match self.set_wait(Wait::Idle) {
            Wait::Idle => {
                self.watched.wait_for(interest)?;
                (Wait::Pending(context.waker().clone()), Poll::Pending)
            }
            Wait::Pending(_) => (Wait::Pending(context.waker().clone()), Poll::Pending),
            Wait::Over(Ok(())) => (Wait::Idle, Poll::Ready(Ok(()))),
            Wait::Over(Err(passed)) => (Wait::Over(Err(passed)), Poll::Ready(Err(passed.into()))),
        };
        self.set_wait(wait);
        answer
    }

    fn set_wait(&self, wait: Wait) -> Wait {
        mem::replace(&mut self.reactor.waits.borrow_mut()[self.watched.key()], wait)
    }

    /// Takes back the asking, if it goes on.
    fn cancel(&mut self) {
        match self.set_wait(Wait::Idle) {
            Wait::Pending(_) => self.watched.stop_waiting(),
            Wait::Over(Err(passed)) => drop(self.set_wait(Wait::Over(Err(passed)))),
            Wait::Over(Ok(())) | Wait::Idle => {}
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
        drop(self.set_wait(Wait::Idle));
        self.reactor.deadlines.borrow_mut().remove(key);
        self.reactor.free_keys.borrow_mut().push(key);
    }
}

/// The innermost future: all waiting ends here.
struct WaitFor<'a, 'r> {
    socket: &'a mut Socket<'r>,
    interest: Interest,
}

impl Future for WaitFor<'_, '_> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
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
