use std::any::type_name;
use std::cell::{Cell, OnceCell, RefCell};
use std::panic::Location;
use std::pin::Pin;
use std::ptr;
use std::rc::{Rc, Weak};
use std::task::{Context, Waker};

use crate::cancellation::{Cancellation, Step};
use crate::event_loop::Shared;
use crate::gather::Gathering;
use crate::outcome::Panic;
use crate::{AnyTask, EventLoop};

/// What the loop, and whoever lists tasks, need of a task, whatever its
/// result.
pub(crate) trait Runnable {
    fn header(&self) -> &Header;
    fn step(self: Rc<Self>, waker: &Waker);
    fn describe(&self) -> String;
    fn on_done(self: Rc<Self>, function: Box<dyn FnOnce()>);

    /// Tells the gathering when it is done, which it must not be yet.
    /// There it is the child with this index.
    fn add_parent(self: Rc<Self>, gathering: Rc<Gathering>, index: u32);

    fn is_cancelled(&self) -> bool;

    /// The panic that ended it, for who will let it go on.
    fn take_panic(&self) -> Option<Panic>;

    /// Somebody has seen the panic that ended it.
    fn see_panic(&self);

    /// The loop is gone: no step will come, and nobody will hear of an
    /// end. What is dropped here often holds the task itself.
    fn abandon(&self);
}

/// What all tasks have, whatever their results.
pub(crate) struct Header {
    pub(crate) event_loop: Weak<Shared>,
    pub(crate) id: Cell<u32>,
    /// Counts the tasks of the loop in the order in which they were made.
    pub(crate) serial: u32,
    /// The number in its name. A task that is given a name needs none.
    number: u32,
    pub(crate) is_over: Cell<bool>,
    /// Whether a step of it is in the queue of the loop.
    pub(crate) is_queued: Cell<bool>,
    /// Whether the tasks that it awaits are being asked to end.
    is_asking: Cell<bool>,
    coroutine: fn() -> &'static str,
    made_at: &'static Location<'static>,
    /// In a box of its own: few tasks have one.
    #[expect(clippy::box_collection, reason = "8 bytes instead of 24")]
    name: OnceCell<Box<String>>,
    pub(crate) cancellation: Cancellation,
}

/// So many tasks behind each other are asked as often as each of them is.
/// Behind them, one that was asked before is not asked again: the time to
/// cancel all of a long chain would grow with the square of its length.
/// (Python's recursion ends at 1,000 with an error.)
const DEEP: usize = 1000;

/// The id of the coroutine that `run_until_complete` runs.
pub(crate) const MAIN: u32 = 0;

impl Header {
    /// For a task of this loop; without one, of a task that is over.
    pub(crate) fn new<F>(
        event_loop: Option<&EventLoop>,
        made_at: &'static Location<'static>,
    ) -> Header {
        let numbers = |it: &EventLoop| it.0.tasks.borrow_mut().number();
        let (serial, number) = event_loop.map(numbers).unwrap_or_default();
        let is_over = Cell::new(event_loop.is_none());
        let event_loop = event_loop.map(EventLoop::downgrade);
        Header {
            event_loop: event_loop.unwrap_or_default(),
            id: Cell::new(MAIN),
            serial,
            number,
            is_over,
            is_queued: Cell::new(false),
            is_asking: Cell::new(false),
            coroutine: type_name::<F>,
            made_at,
            name: OnceCell::new(),
            cancellation: Cancellation::default(),
        }
    }

    /// One step of the task whose header this is.
    pub(crate) fn step<F>(
        &self,
        coroutine: Pin<&mut F>,
        waker: &Waker,
    ) -> Step<F::Output>
    where
        F: std::future::Future + ?Sized,
    {
        let context = &mut Context::from_waker(waker);
        let step = self.cancellation.step(coroutine, context);
        if matches!(step, Step::Pending) && self.cancellation.is_due() {
            self.ask(|next| self.cancellation.pass_on(waker, next));
        }
        step
    }

    pub(crate) fn end(&self) {
        self.is_over.set(true);
        if let Some(event_loop) = self.event_loop.upgrade() {
            let id = self.id.get();
            let task = event_loop.tasks.borrow_mut().remove(id);
            drop(task);
        }
    }

    /// Asks the task to end, and what it awaits. `false`: it has ended.
    pub(crate) fn cancel(&self) -> bool {
        let is_asked = !self.is_over.get();
        if is_asked {
            self.ask(|next| self.request(next));
        }
        is_asked
    }

    /// Asks this task, and then those that are to be asked next, each of
    /// them followed by its own. It is a loop, because a chain of tasks
    /// that await each other may be longer than the stack.
    ///
    /// Invariant: a task is marked while those that follow it are asked.
    /// So a task that awaits a marked one closes a circle.
    fn ask(&self, ask_this: impl FnOnce(&mut Vec<AnyTask>)) {
        let mut next = Vec::new();
        self.is_asking.set(true);
        ask_this(&mut next);
        let mut to_ask: Vec<(AnyTask, bool)> = Vec::new();
        let mut depth = 0;
        loop {
            if depth > DEEP {
                next.retain(|task| task.cancelling() == 0);
            }
            // The first of them comes on top.
            let first_last = next.drain(..).rev();
            to_ask.extend(first_last.map(|task| (task, true)));
            let Some((task, is_new)) = to_ask.pop() else { break };
            let header = task.0.header();
            header.is_asking.set(is_new);
            if is_new {
                depth += 1;
                header.request(&mut next);
                to_ask.push((task, false)); // below those that follow it
            } else {
                depth -= 1;
            }
        }
        self.is_asking.set(false);
    }

    pub(crate) fn is_asking(&self) -> bool {
        self.is_asking.get()
    }

    /// Asks this task alone.
    fn request(&self, next: &mut Vec<AnyTask>) {
        let (is_queued, is_current) =
            (self.is_queued.get(), self.is_current());
        let waits_for_its_turn = is_queued || is_current;
        let needs_step =
            self.cancellation.request(waits_for_its_turn, next);
        // A task that cancels itself runs on to its next await; the end
        // of its step looks after that.
        if needs_step
            && !is_current
            && let Some(event_loop) = self.event_loop.upgrade()
        {
            event_loop.schedule(self.id.get());
        }
    }

    pub(crate) fn is_current(&self) -> bool {
        let is_mine = |it: &Cancellation| ptr::eq(it, &self.cancellation);
        with_current(is_mine).unwrap_or(false)
    }

    pub(crate) fn set_name(&self, name: &str) {
        let is_first = self.name.set(Box::new(name.to_owned())).is_ok();
        if is_first && let Some(event_loop) = self.event_loop.upgrade() {
            event_loop.tasks.borrow_mut().give_back(self.number);
        }
    }

    pub(crate) fn name(&self) -> String {
        let given = self.name.get().map(|name| String::clone(name));
        given.unwrap_or_else(|| format!("Task-{}", self.number))
    }

    /// `pending name='Task-2' coro=<work()> made at main.rs:9:20`
    pub(crate) fn describe(&self, word: &str) -> String {
        let is_cancelling = self.cancellation.requests() > 0;
        let word = match word {
            "pending" if is_cancelling => "cancelling",
            word => word,
        };
        let (name, made_at) = (self.name(), self.made_at);
        let coro = function_name((self.coroutine)());
        format!("{word} name='{name}' coro=<{coro}()> made at {made_at}")
    }
}

/// `work`, of `program::work<u8>::{{closure}}`, or of a method,
/// `<program::Worker as program::Work>::work::{{closure}}`: what the
/// compiler calls the coroutine of the function `work`.
fn function_name(type_name: &str) -> String {
    let mut depth = 0;
    let mut path = type_name.replace("->", "");
    path.retain(|letter| {
        depth += i32::from(letter == '<');
        let is_outside = depth == 0;
        depth -= i32::from(letter == '>');
        is_outside
    });
    let mut parts = path.rsplit("::");
    let name = parts.find(|part| *part != "{{closure}}");
    name.unwrap_or_default().to_owned()
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<dyn Runnable>>> =
        const { RefCell::new(None) };
}

/// While a thread ends, its variables are gone, and no task runs.
fn look<R>(look: impl FnOnce(&Option<Rc<dyn Runnable>>) -> R) -> Option<R> {
    CURRENT.try_with(|current| look(&current.borrow())).ok()
}

pub(crate) fn current() -> Option<Rc<dyn Runnable>> {
    look(Clone::clone).flatten()
}

/// Looks at the task that runs now. `look_at` calls nothing of ours.
pub(crate) fn with_current<R>(
    look_at: impl FnOnce(&Cancellation) -> R,
) -> Option<R> {
    let cancellation =
        |task: &Rc<dyn Runnable>| look_at(&task.header().cancellation);
    look(|task| task.as_ref().map(cancellation)).flatten()
}

/// Says that this task runs now, or none, until the result is dropped.
pub(crate) fn enter(task: Option<Rc<dyn Runnable>>) -> Current {
    let before = CURRENT.try_with(|current| current.replace(task));
    Current(before.unwrap_or_default())
}

pub(crate) struct Current(Option<Rc<dyn Runnable>>);

impl Drop for Current {
    fn drop(&mut self) {
        let before = self.0.take();
        drop(CURRENT.try_with(|current| current.replace(before)));
    }
}
