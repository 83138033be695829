use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::io;
use std::ops::Deref;
use std::rc::Rc;
use std::time::Instant;

use crawl::{DeadlinePassed, Deadlines, Limits, Outcome, receive_buffer};
use selectors::{Interest, Selector, Watched};

use crate::Future;

/// What became of a wait: the socket is ready, or the deadline of its fetch has passed.
pub type Waited = Result<(), DeadlinePassed>;

/// What is sent to a generator that has not begun, only to get it going: Python's `None`.
pub const PRIME: Waited = Ok(());

/// Waits for all sockets at once, and calls `set_result` for those that are ready. What that sets
/// going, the loop does not know.
///
/// Invariant: each fetch in flight has a key of its own, one deadline, and, whenever the loop waits,
/// one future.
pub struct EventLoop {
    selector: Selector,
    /// By key: the future of who waits for it.
    waiting: RefCell<Vec<Option<Future<Waited>>>>,
    deadlines: RefCell<Deadlines>,
    free_keys: RefCell<Vec<usize>>,
    in_flight: Cell<usize>,
    /// One receive buffer for all, not held across a wait.
    chunk: RefCell<Vec<u8>>,
    /// The limits of the crawl.
    pub limits: Limits,
    /// What has been reported and not yet delivered.
    outcomes: RefCell<VecDeque<Outcome>>,
}

impl EventLoop {
    /// A loop without sockets, on the platform's best selector.
    ///
    /// # Errors
    /// What the system says when it has no descriptor left for it.
    pub fn new(limits: &Limits) -> io::Result<Rc<EventLoop>> {
        Ok(Rc::new(EventLoop {
            selector: Selector::new(selectors::Kind::Best)?,
            waiting: RefCell::default(),
            deadlines: RefCell::new(Deadlines::new(limits.deadline)),
            free_keys: RefCell::default(),
            in_flight: Cell::new(0),
            chunk: RefCell::new(receive_buffer()),
            limits: *limits,
            outcomes: RefCell::default(),
        }))
    }

    /// Runs until all of the list is started and nothing is in flight.
    ///
    /// 1. Start fetches while there is room for them, and no deadline passes meanwhile.
    /// 2. Wait until a socket is ready or a deadline passes.
    /// 3. Set the result of every future whose socket is ready.
    /// 4. Set the result of every future whose deadline has passed.
    ///
    /// # Errors
    /// What the system says when it cannot wait.
    pub fn run<T>(
        &self,
        mut list: impl Iterator<Item = T>,
        start: impl Fn(T),
        done: &mut dyn FnMut(Outcome),
    ) -> io::Result<()> {
        let _however_it_ends = GiveUp(self);
        let mut ready = Vec::new();
        loop {
            // 1. After the whole batch of events, not one by one: new fetches start together.
            while self.in_flight.get() < self.limits.concurrency.get()
                && !self.deadlines.borrow().is_overdue()
                && let Some(next) = list.next()
            {
                start(next);
                self.deliver(done);
            }
            if self.in_flight.get() == 0 {
                return Ok(());
            }

            // 2. The one place where the program sleeps.
            let deadline = self.deadlines.borrow().next();
            let timeout = deadline.map(|deadline| deadline.duration_since(Instant::now()));
            self.selector.wait(&mut ready, timeout)?;

            // 3. Before the deadlines: what has arrived in time counts.
            for key in ready.drain(..) {
                self.set_result(key, Ok(()));
                self.deliver(done);
            }

            // 4.
            while let Some(key) = self.next_passed() {
                self.set_result(key, Err(DeadlinePassed));
                self.deliver(done);
            }
        }
    }

    /// Takes the socket of a fetch that begins: from now on it is in flight, until it is dropped.
    /// `started` is no earlier than for the one before.
    pub fn watch(self: &Rc<Self>, socket: socket2::Socket, started: Instant) -> Socket {
        let mut waiting = self.waiting.borrow_mut();
        let key = self.free_keys.borrow_mut().pop().unwrap_or_else(|| {
            waiting.push(None);
            waiting.len() - 1
        });
        self.deadlines.borrow_mut().push(key, started);
        self.in_flight.set(self.in_flight.get() + 1);
        Socket { watched: self.selector.watch(socket, key), event_loop: Rc::clone(self) }
    }

    /// Reports the outcome of a fetch.
    pub fn report(&self, outcome: Outcome) {
        self.outcomes.borrow_mut().push_back(outcome);
    }

    fn deliver(&self, done: &mut dyn FnMut(Outcome)) {
        let next = || self.outcomes.borrow_mut().pop_front();
        while let Some(outcome) = next() {
            done(outcome); // which may start another fetch, and that one report
        }
    }

    fn set_result(&self, key: usize, waited: Waited) {
        let future = self.waiting.borrow_mut()[key].take();
        if let Some(future) = future {
            future.set_result(waited);
        }
    }

    fn next_passed(&self) -> Option<usize> {
        self.deadlines.borrow_mut().pop_passed(Instant::now())
    }
}

/// Drops all that still wait when the loop ends, by an error or a panic: nothing will call them any
/// more, and as they hold the loop and the loop holds them, nobody else would.
struct GiveUp<'a>(&'a EventLoop);

impl Drop for GiveUp<'_> {
    fn drop(&mut self) {
        let waiting = self.0.waiting.borrow_mut().iter_mut().map(Option::take).collect::<Vec<_>>();
        drop(waiting);
    }
}

/// A socket of a fetch in flight.
pub struct Socket {
    watched: Watched,
    event_loop: Rc<EventLoop>,
}

impl Socket {
    /// A future that is done when there is something to receive.
    ///
    /// # Errors
    /// What the system says when it cannot watch the socket.
    pub fn readable(&mut self) -> io::Result<Future<Waited>> {
        self.future(Interest::Readable)
    }

    /// A future that is done when there is room to send, or the connection is made, or has failed.
    ///
    /// # Errors
    /// What the system says when it cannot watch the socket.
    pub fn writable(&mut self) -> io::Result<Future<Waited>> {
        self.future(Interest::Writable)
    }

    /// One wait at a time: a second one would take the place of the first.
    fn future(&mut self, interest: Interest) -> io::Result<Future<Waited>> {
        self.watched.wait_for(interest)?;
        let future = Future::new();
        self.event_loop.waiting.borrow_mut()[self.watched.key()] = Some(future.clone());
        Ok(future)
    }

    /// The receive buffer, until the next wait.
    pub fn chunk(&self) -> RefMut<'_, Vec<u8>> {
        self.event_loop.chunk.borrow_mut()
    }
}

impl Deref for Socket {
    type Target = Watched;

    fn deref(&self) -> &Watched {
        &self.watched
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let event_loop = &self.event_loop;
        let forgotten =
            event_loop.waiting.borrow_mut().get_mut(self.watched.key()).map(Option::take);
        drop(forgotten);
        event_loop.deadlines.borrow_mut().remove(self.watched.key());
        event_loop.free_keys.borrow_mut().push(self.watched.key());
        event_loop.in_flight.set(event_loop.in_flight.get() - 1);
    }
}
