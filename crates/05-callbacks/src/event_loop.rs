use std::io;
use std::time::Instant;

use crawl::{DeadlinePassed, Deadlines, Limits, Outcome, receive_buffer};
use selectors::{Kind, Selector, Watched};
use socket2::Socket;

/// What to do when a socket is ready, or (`Err`) when the deadline of its fetch has passed.
///
/// It runs once. If there is more to wait for, it registers the next one.
pub(crate) type Callback<'a> = Box<dyn FnOnce(&mut EventLoop<'a>, io::Result<()>) + 'a>;

/// Waits for all sockets at once, and calls back those that are ready.
///
/// Invariant: each fetch in flight has a key of its own, one deadline, and, whenever the loop waits,
/// one callback.
pub(crate) struct EventLoop<'a> {
    selector: Selector,
    /// By key: what to call. Ten fetches, twenty events to come, in any order: which code runs next?
    /// This is the answer.
    callbacks: Vec<Option<Callback<'a>>>,
    deadlines: Deadlines,
    free_keys: Vec<usize>,
    in_flight: usize,
    /// One receive buffer for all: a callback never waits, so no two need it at the same time.
    pub(crate) chunk: Vec<u8>,
    pub(crate) limits: &'a Limits,
    done: &'a mut dyn FnMut(Outcome),
}

impl<'a> EventLoop<'a> {
    pub(crate) fn new(
        kind: Kind,
        limits: &'a Limits,
        done: &'a mut dyn FnMut(Outcome),
    ) -> io::Result<EventLoop<'a>> {
        Ok(EventLoop {
            selector: Selector::new(kind)?,
            callbacks: Vec::new(),
            deadlines: Deadlines::new(limits.deadline),
            free_keys: Vec::new(),
            in_flight: 0,
            chunk: receive_buffer(),
            limits,
            done,
        })
    }

    /// Runs until all of the list is started and every callback has been called.
    ///
    /// 1. Start fetches while there is room for them, and no deadline passes meanwhile.
    /// 2. Wait until a socket is ready or a deadline passes.
    /// 3. Call back every socket that is ready.
    /// 4. Call back every fetch whose deadline has passed.
    pub(crate) fn run<T>(
        &mut self,
        mut list: impl Iterator<Item = T>,
        start: impl Fn(&mut EventLoop<'a>, T),
    ) -> io::Result<()> {
        let mut ready = Vec::new();
        loop {
            // 1. After the whole batch of events, not one by one: new fetches start together.
            while self.in_flight < self.limits.concurrency.get()
                && !self.deadlines.is_overdue()
                && let Some(next) = list.next()
            {
                start(self, next);
            }
            if self.in_flight == 0 {
                return Ok(());
            }

            // 2. The one place where the program sleeps.
            let deadline = self.deadlines.next();
            let timeout = deadline.map(|deadline| deadline.duration_since(Instant::now()));
            self.selector.wait(&mut ready, timeout)?;

            // 3. Before the deadlines: what has arrived in time counts.
            for key in ready.drain(..) {
                self.call_back(key, Ok(()));
            }

            // 4.
            while let Some(key) = self.deadlines.pop_passed(Instant::now()) {
                self.call_back(key, Err(DeadlinePassed.into()));
            }
        }
    }

    /// Takes the socket of a fetch that begins: from now on it is in flight, under a key of its own.
    pub(crate) fn watch(&mut self, socket: Socket, started: Instant) -> Watched {
        let key = self.free_keys.pop().unwrap_or_else(|| {
            self.callbacks.push(None);
            self.callbacks.len() - 1
        });
        self.deadlines.push(key, started);
        self.in_flight += 1;
        self.selector.watch(socket, key)
    }

    /// Registers what to call, once, when the socket of that key is ready.
    pub(crate) fn register(&mut self, key: usize, callback: Callback<'a>) {
        self.callbacks[key] = Some(callback);
    }

    /// Closes the socket of a fetch that ends: it is in flight no more.
    pub(crate) fn close(&mut self, socket: Watched) {
        self.deadlines.remove(socket.key());
        self.free_keys.push(socket.key());
        self.in_flight -= 1;
    }

    /// Reports the outcome of a fetch.
    pub(crate) fn report(&mut self, outcome: Outcome) {
        (self.done)(outcome);
    }

    fn call_back(&mut self, key: usize, waited: io::Result<()>) {
        if let Some(callback) = self.callbacks[key].take() {
            callback(self, waited);
        }
    }
}
