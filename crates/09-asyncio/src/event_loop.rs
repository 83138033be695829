use std::cell::{Cell, OnceCell, RefCell};
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use crate::cancellation::Step;
use crate::clock::Clock;
use crate::debug::Debug;
use crate::handle::{Callback, HandleInner};
use crate::header::{Header, MAIN, enter};
use crate::outcome::{State, words};
use crate::ready::{Ready, ReadyQueue};
use crate::running::Running;
use crate::socket::Sockets;
use crate::tasks::Tasks;
use crate::timers::Timers;
use crate::wait::OnDrop;
use crate::waker::{Door, Message};
use crate::{Error, Task, ThreadPoolExecutor};

/// Runs what is ready, in the order in which it became ready, and sleeps
/// while nothing is. A clone is the same loop. It is closed when the last
/// one is dropped; so a task or a call that holds one keeps it open.
/// ([`run`](crate::run) drops both at its end.)
///
/// A loop cannot leave its thread; a [`LoopHandle`](crate::LoopHandle)
/// can. What Python's debug mode finds as it happens does not compile
/// here:
///
/// ```compile_fail
/// # use stage_09_asyncio as asyncio;
/// # let event_loop = asyncio::new_event_loop().unwrap();
/// std::thread::spawn(move || {
///     event_loop.call_soon(|| ()); // error: it cannot be sent
/// });
/// ```
///
/// Invariant: a turn runs what is ready when it begins. What that makes
/// ready waits for the next turn, so that nobody can keep the loop from
/// its timers and sockets.
#[derive(Clone)]
pub struct EventLoop(pub(crate) Rc<Shared>);

pub(crate) struct Shared {
    pub(crate) ready: ReadyQueue,
    pub(crate) timers: RefCell<Timers>,
    pub(crate) tasks: RefCell<Tasks>,
    pub(crate) sockets: Rc<Sockets>,
    pub(crate) door: Arc<Door>,
    pub(crate) clock: Clock,
    pub(crate) debug: Debug,
    pub(crate) executor: OnceCell<ThreadPoolExecutor>,
    is_stopping: Cell<bool>,
    /// Whether the main coroutine is dropped before its end.
    pub(crate) drops_main: Cell<bool>,
    /// The turns since the loop has last looked at the sockets.
    turns_without_a_look: Cell<u32>,
}

/// While there is something to run, so many turns may pass without a look
/// at the sockets: a look takes several system calls.
const MOST_WITHOUT_A_LOOK: u32 = 16;

impl EventLoop {
    /// A loop with nothing to do.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use stage_09_asyncio as asyncio;
    /// let event_loop = asyncio::EventLoop::new()?;
    /// assert!(!event_loop.is_running());
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Io`]: the system has no descriptor left for a selector.
    pub fn new() -> Result<EventLoop, Error> {
        let sockets = Sockets::new()?;
        let door = Door::new(sockets.notifier()?);
        Ok(EventLoop(Rc::new(Shared {
            ready: ReadyQueue::default(),
            timers: RefCell::new(Timers::new()),
            tasks: RefCell::new(Tasks::new(door.number())),
            sockets,
            door,
            clock: Clock::new(),
            debug: Debug::new(),
            executor: OnceCell::new(),
            is_stopping: Cell::new(false),
            drops_main: Cell::new(false),
            turns_without_a_look: Cell::new(0),
        })))
    }

    /// Runs a coroutine to its end, and with it whatever tasks there are.
    ///
    /// The coroutine stays on the caller's stack, so it may borrow. It is
    /// a task like the others: [`current_task`](crate::current_task) in
    /// it is the main task. If it panics, the panic goes on here.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let event_loop = asyncio::new_event_loop()?;
    /// let words = String::from("borrowed");
    /// let length = async { words.len() };
    /// assert_eq!(event_loop.run_until_complete(length)?, 8);
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Cancelled`]: the coroutine was cancelled.
    /// [`Error::Stopped`]: somebody stopped the loop before the end. The
    /// coroutine is dropped; a task that it awaited, or that was given
    /// here itself, is not cancelled. [`Error::AlreadyRunning`],
    /// [`Error::OtherLoopRuns`]: a loop runs on this thread.
    /// [`Error::Io`]: the system cannot wait.
    #[track_caller]
    pub fn run_until_complete<F: IntoFuture>(
        &self,
        main: F,
    ) -> Result<F::Output, Error> {
        self.complete(main)?.or_else(|panic| resume_unwind(panic))
    }

    #[track_caller]
    pub(crate) fn complete<F: IntoFuture>(
        &self,
        main: F,
    ) -> Result<thread::Result<F::Output>, Error> {
        let _running = Running::enter(self)?;
        let made_at = Location::caller();
        let mut coroutine = pin!(Some(main.into_future()));
        let header = Header::new::<F::IntoFuture>(Some(self), made_at);
        let task = Task::new(header, None);
        self.0.tasks.borrow_mut().set_main(Some(task.any().0));
        self.0.schedule(MAIN);

        let mut result = Err(Error::Stopped);
        let ran = self.run_turns(&mut |waker| {
            let Some(main) = coroutine.as_mut().as_pin_mut() else {
                return;
            };
            let _current = enter(Some(task.any().0));
            let step = || task.header().step(main, waker);
            let step = AssertUnwindSafe(step);
            result = match catch_unwind(step) {
                Ok(Step::Pending) => return,
                Ok(Step::Done(output)) => Ok(Ok(output)),
                Ok(Step::Cancelled) => Err(Error::Cancelled),
                Err(panic) => Ok(Err(panic)),
            };
            let drop = AssertUnwindSafe(|| coroutine.set(None));
            if let Err(panic) = catch_unwind(drop) {
                result = Ok(Err(panic));
            }
            task.end(match result {
                Ok(_) => State::Done(()),
                Err(_) => State::Cancelled,
            });
            // What is ready now still runs, in one turn more.
            self.push(Ready::Stop);
        });
        // If the loop was stopped, nobody has given up what it awaits.
        self.0.drops_main.set(true);
        let _is_dropped = OnDrop(|| self.0.drops_main.set(false));
        coroutine.set(None);
        if !task.done() {
            task.end(State::Cancelled);
        }
        self.0.tasks.borrow_mut().set_main(None);
        ran?;
        result
    }

    /// Runs until somebody calls [`stop`](EventLoop::stop).
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let event_loop = asyncio::new_event_loop()?;
    /// let again = event_loop.clone();
    /// event_loop.call_soon(move || again.stop());
    /// event_loop.run_forever()?;
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::AlreadyRunning`], [`Error::OtherLoopRuns`]: a loop runs on
    /// this thread. [`Error::Io`]: the system cannot wait.
    pub fn run_forever(&self) -> Result<(), Error> {
        let _running = Running::enter(self)?;
        self.run_turns(&mut |_| {})
    }

    /// Ends the run when this turn is over. A loop that does not run will
    /// run for one turn the next time.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let event_loop = asyncio::new_event_loop()?;
    /// event_loop.call_soon(|| println!("in the one turn"));
    /// event_loop.stop();
    /// event_loop.run_forever()?;
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub fn stop(&self) {
        self.0.is_stopping.set(true);
    }

    fn run_turns(&self, main: &mut dyn FnMut(&Waker)) -> Result<(), Error> {
        loop {
            self.turn(main)?;
            if self.0.is_stopping.take() {
                return Ok(());
            }
        }
    }

    /// One turn.
    ///
    /// 1. Sleep until a socket is ready, a timer comes due or another
    ///    thread sends something; do not sleep if something is ready.
    ///    Tasks whose sockets are ready become ready.
    /// 2. What other threads have sent becomes ready.
    /// 3. Timers that have come due become ready, the earliest first; but
    ///    before them the tasks whose sockets became ready meanwhile: what
    ///    has arrived in time wins over a timeout.
    /// 4. Run what is ready now. What that makes ready waits for the next
    ///    turn.
    fn turn(&self, main: &mut dyn FnMut(&Waker)) -> Result<(), Error> {
        let shared = &*self.0;

        // 1. The one place where the program sleeps.
        let mut has_looked = false;
        if self.looks_at_sockets() {
            let falls_asleep = || shared.door.inbox().fall_asleep();
            let timeout = if self.is_busy() || !falls_asleep() {
                Some(Duration::ZERO)
            } else {
                self.time_to_sleep()?
            };
            let found = shared.sockets.wait(timeout);
            shared.door.inbox().wake_up();
            // A signal may have ended the sleep, and nothing is known.
            has_looked = found? || timeout == Some(Duration::ZERO);
        }

        // 2.
        for message in shared.door.inbox().take() {
            match message {
                Message::Wake(id) => shared.schedule(id),
                Message::Call(call) => self.call_threadsafe(call),
                Message::Stop => self.stop(),
            }
        }

        // 3.
        if shared.timers.borrow().len() > 0 {
            let now = self.time();
            if !has_looked && shared.timers.borrow_mut().is_due(now) {
                shared.sockets.look()?;
            }
            let next = || shared.timers.borrow_mut().pop_due(now);
            while let Some(timer) = next() {
                self.push(Ready::Call(timer));
            }
        }

        // 4.
        for _ in 0..shared.ready.len() {
            let Some(next) = shared.ready.pop() else { break };
            if shared.debug.is_on() {
                self.run_timed(next, main);
            } else {
                self.run_one(next, main);
            }
        }
        shared.ready.give_memory_back();
        Ok(())
    }

    fn is_busy(&self) -> bool {
        self.0.ready.len() > 0 || self.0.is_stopping.get()
    }

    fn looks_at_sockets(&self) -> bool {
        let turns = &self.0.turns_without_a_look;
        let looks = !self.is_busy()
            || self.0.sockets.has_more()
            || turns.get() >= MOST_WITHOUT_A_LOOK;
        turns.set(if looks { 0 } else { turns.get() + 1 });
        looks
    }

    /// How long until the next timer; `None` if there is none.
    fn time_to_sleep(&self) -> Result<Option<Duration>, Error> {
        let next = self.0.timers.borrow_mut().next();
        let now = self.time();
        let left = next.map(|when| when.saturating_duration_since(now));
        self.0.clock.skip(left)
    }

    pub(crate) fn run_one(
        &self,
        next: Ready,
        main: &mut dyn FnMut(&Waker),
    ) {
        match next {
            Ready::Step(id, serial) => {
                let starts = self.0.tasks.borrow().starts(id, serial);
                match starts {
                    Some((_, waker)) if id == MAIN => main(&waker),
                    // Its result may be dropped here, and panic.
                    Some((task, waker)) => self.guard("task", || {
                        let _current = enter(Some(task.clone()));
                        task.step(&waker);
                    }),
                    None => {}
                }
            }
            Ready::Call(handle) => self.call(&handle),
            Ready::Child(gathering, index) => {
                let tell = move || gathering.child_is_done(index as usize);
                self.guard("gather", tell);
            }
            Ready::Stop => self.stop(),
        }
    }

    fn call(&self, handle: &HandleInner) {
        match handle.take() {
            Callback::Wake(waker) => waker.wake(),
            Callback::Cancel { task, requests_before } => {
                if let Some(task) = task.upgrade() {
                    task.header().cancel();
                }
                handle.has_cancelled(task, requests_before);
            }
            Callback::Call(function) => {
                self.guard(function.name(), || function.call());
            }
            Callback::HasCancelled { .. } => {}
            Callback::Called | Callback::Cancelled => {}
        }
    }

    /// A panic in a callback ends nothing but the callback.
    fn guard(&self, name: &str, call: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(call)) {
            let words = words(&panic);
            self.report(&format!(
                "Exception in callback {name}: {words:?}"
            ));
        }
    }

    pub(crate) fn push(&self, ready: Ready) {
        self.0.ready.push(ready);
    }

    pub(crate) fn downgrade(&self) -> Weak<Shared> {
        Rc::downgrade(&self.0)
    }
}

impl Shared {
    /// Invariant: a task is in the queue once, however often it is woken
    /// before its step.
    pub(crate) fn schedule(&self, id: u32) {
        if let Some(serial) = self.tasks.borrow().queues(id) {
            self.ready.push(Ready::Step(id, serial));
        }
    }
}
