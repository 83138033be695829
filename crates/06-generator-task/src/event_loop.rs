use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;
use std::io;
use std::ops::Deref;
use std::rc::Rc;
use std::time::Instant;

use crawl::{Deadlines, Limits, Outcome, receive_buffer};
use selectors::{Interest, Kind, Selector, Watched};
use slab::Slab;

use crate::Future;

/// Waits for all sockets at once, and sets the result of the futures of
/// those that are ready. What runs then, the loop does not know.
///
/// Invariant: each fetch in flight has one socket, one key and one
/// deadline. Whenever the loop waits, it also has one future.
pub struct EventLoop {
    selector: Selector,
    /// By key: the future of the generator that waits.
    in_flight: RefCell<Slab<Option<Future<()>>>>,
    deadlines: RefCell<Deadlines>,
    /// One receive buffer for all, not held across a wait.
    chunk: RefCell<Vec<u8>>,
    /// The limits of the crawl.
    pub limits: Limits,
    /// What has been reported and not yet handed to `done`.
    outcomes: RefCell<VecDeque<Outcome>>,
}

impl EventLoop {
    /// A loop without sockets, on the platform's best selector.
    ///
    /// # Errors
    /// What the system says when it has no descriptor left for it.
    pub fn new(limits: &Limits) -> io::Result<Rc<EventLoop>> {
        Ok(Rc::new(EventLoop {
            selector: Selector::new(Kind::Best)?,
            in_flight: RefCell::default(),
            deadlines: RefCell::new(Deadlines::new(limits.deadline)),
            chunk: RefCell::new(receive_buffer()),
            limits: *limits,
            outcomes: RefCell::default(),
        }))
    }

    /// Runs until all of the list is started and nothing is in flight.
    ///
    /// 1. Start fetches while there is room for them, and no deadline
    ///    passes meanwhile.
    /// 2. Wait until a socket is ready or a deadline passes.
    /// 3. Set the result of every socket that is ready.
    /// 4. Set the result of every socket whose deadline has passed.
    ///
    /// # Errors
    /// What the system says when it cannot wait.
    pub fn run<T>(
        &self,
        mut list: impl Iterator<Item = T>,
        start: impl Fn(T),
        done: &mut dyn FnMut(Outcome),
    ) -> io::Result<()> {
        let _at_the_end = ForgetAll(self);
        let mut ready = Vec::new();
        loop {
            // 1. After the whole batch of events, not one by one: new
            //    fetches start together.
            while self.has_room()
                && let Some(next) = list.next()
            {
                start(next);
                self.deliver(done);
            }
            if self.in_flight.borrow().is_empty() {
                return Ok(());
            }

            // 2. The one place where the program sleeps.
            let deadline = self.deadlines.borrow().next();
            let timeout = deadline
                .map(|at| at.saturating_duration_since(Instant::now()));
            self.selector.wait(&mut ready, timeout)?;

            // 3. Before the deadlines: what has arrived in time counts.
            for key in ready.drain(..) {
                self.set_result(key);
                self.deliver(done);
            }

            // 4. Each until its fetch ends: it may try once more.
            while let Some(key) = self.next_overdue() {
                self.set_result(key);
                self.deliver(done);
            }
        }
    }

    /// Takes the socket of a fetch that begins: from now on the fetch is in
    /// flight, until the socket is dropped.
    pub fn watch(
        self: &Rc<Self>,
        socket: socket2::Socket,
        started: Instant,
    ) -> Socket {
        let key = self.in_flight.borrow_mut().insert(None);
        self.deadlines.borrow_mut().push(key, started);
        let watched = self.selector.watch(socket, key);
        Socket { watched, event_loop: Rc::clone(self) }
    }

    /// Reports the outcome of a fetch.
    pub fn report(&self, outcome: Outcome) {
        self.outcomes.borrow_mut().push_back(outcome);
    }

    fn deliver(&self, done: &mut dyn FnMut(Outcome)) {
        let next = || self.outcomes.borrow_mut().pop_front();
        while let Some(outcome) = next() {
            done(outcome); // nothing is borrowed meanwhile
        }
    }

    fn has_room(&self) -> bool {
        self.in_flight.borrow().len() < self.limits.concurrency.get()
            && !self.deadlines.borrow().is_overdue()
    }

    fn next_overdue(&self) -> Option<usize> {
        self.deadlines.borrow().first_passed(Instant::now())
    }

    fn set_result(&self, key: usize) {
        let mut in_flight = self.in_flight.borrow_mut();
        let future = in_flight.get_mut(key).and_then(Option::take);
        drop(in_flight); // the future's callback will register the next one
        if let Some(future) = future {
            future.set_result(());
        }
    }
}

/// Drops all futures when the loop ends by an error or a panic: they hold
/// the loop and the loop holds them, so nobody else would.
struct ForgetAll<'a>(&'a EventLoop);

impl Drop for ForgetAll<'_> {
    fn drop(&mut self) {
        let mut in_flight = self.0.in_flight.borrow_mut();
        let all = in_flight.iter_mut().map(|(_, it)| it.take());
        let all: Vec<_> = all.collect();
        drop(in_flight); // a socket that is dropped leaves the list
        drop(all);
    }
}

/// A socket of a fetch in flight.
pub struct Socket {
    watched: Watched,
    event_loop: Rc<EventLoop>,
}

impl Socket {
    /// A future that is done when there is something to receive, or when
    /// the deadline has passed.
    ///
    /// # Errors
    /// What the system says when it cannot watch the socket.
    #[track_caller]
    pub fn readable(&mut self) -> io::Result<Future<()>> {
        self.future(Interest::Readable)
    }

    /// A future that is done when there is room to send, when the
    /// connection is made or has failed, or when the deadline has passed.
    ///
    /// # Errors
    /// What the system says when it cannot watch the socket.
    #[track_caller]
    pub fn writable(&mut self) -> io::Result<Future<()>> {
        self.future(Interest::Writable)
    }

    /// One wait at a time: a second one would take the place of the first.
    #[track_caller]
    fn future(&mut self, interest: Interest) -> io::Result<Future<()>> {
        self.watched.wait_for(interest)?;
        let future = Future::new();
        let key = self.watched.key();
        let mut in_flight = self.event_loop.in_flight.borrow_mut();
        in_flight[key] = Some(future.clone());
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
        let key = self.watched.key();
        let event_loop = &self.event_loop;
        let waiting = event_loop.in_flight.borrow_mut().remove(key);
        drop(waiting);
        event_loop.deadlines.borrow_mut().remove(key);
    }
}
