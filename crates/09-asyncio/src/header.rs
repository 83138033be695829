use std::any::type_name;
use std::cell::{Cell, OnceCell, RefCell};
use std::panic::Location;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::Context;

use crate::EventLoop;
use crate::cancellation::{Cancellation, Step};
use crate::event_loop::Shared;
use crate::outcome::Panic;

/// What the loop, and whoever lists tasks, need of a task, whatever its
/// result.
pub(crate) trait Runnable {
    fn header(&self) -> &Header;
    fn step(self: Rc<Self>);
    fn describe(&self) -> String;
    fn on_done(self: Rc<Self>, function: Box<dyn FnOnce()>);
    fn is_done(&self) -> bool;
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
    serial: u32,
    /// The number in its name. A task that is given a name needs none.
    number: u32,
    is_over: Cell<bool>,
    is_queued: Cell<bool>,
    coroutine: fn() -> &'static str,
    made_at: &'static Location<'static>,
    /// In a box of its own: few tasks have one.
    #[expect(clippy::box_collection, reason = "8 bytes instead of 24")]
    name: OnceCell<Box<String>>,
    pub(crate) cancellation: Cancellation,
}

/// The id of the coroutine that `run_until_complete` runs.
pub(crate) const MAIN: u32 = 0;

impl Header {
    pub(crate) fn new<F>(
        event_loop: &EventLoop,
        id: u32,
        made_at: &'static Location<'static>,
    ) -> Header {
        let numbers = event_loop.0.tasks.borrow_mut().next_numbers();
        let event_loop = event_loop.downgrade();
        Header::with::<F>(event_loop, id, numbers, made_at)
    }

    /// The header of a task that no loop will run.
    pub(crate) fn without_loop<F>(
        made_at: &'static Location<'static>,
    ) -> Header {
        let header = Header::with::<F>(Weak::new(), MAIN, (0, 0), made_at);
        header.is_over.set(true);
        header
    }

    fn with<F>(
        event_loop: Weak<Shared>,
        id: u32,
        (serial, number): (u32, u32),
        made_at: &'static Location<'static>,
    ) -> Header {
        Header {
            event_loop,
            id: Cell::new(id),
            serial,
            number,
            is_over: Cell::new(false),
            is_queued: Cell::new(false),
            coroutine: type_name::<F>,
            made_at,
            name: OnceCell::new(),
            cancellation: Cancellation::default(),
        }
    }

    /// One step of the task whose header this is.
    pub(crate) fn step<F>(&self, coroutine: Pin<&mut F>) -> Step<F::Output>
    where
        F: std::future::Future + ?Sized,
    {
        let event_loop = self.event_loop.upgrade();
        let event_loop = event_loop.expect("the loop is what steps it");
        let waker = event_loop.tasks.borrow().waker(self.id.get());
        let context = &mut Context::from_waker(&waker);
        self.cancellation.step(coroutine, context)
    }

    pub(crate) fn end(&self) {
        self.is_over.set(true);
        if let Some(event_loop) = self.event_loop.upgrade() {
            let id = self.id.get();
            let task = event_loop.tasks.borrow_mut().remove(id);
            drop(task);
        }
    }

    pub(crate) fn cancel(&self) -> bool {
        if self.is_over.get() {
            return false;
        }
        let (is_queued, is_current) =
            (self.is_queued.get(), self.is_current());
        let needs_step = self.cancellation.request(is_queued || is_current);
        // A task that cancels itself runs on to its next await; the end
        // of its step looks after that.
        if needs_step
            && !is_current
            && let Some(event_loop) = self.event_loop.upgrade()
        {
            event_loop.schedule(self.id.get());
        }
        true
    }

    /// Puts it into the queue, unless it is there: `true`, if it was not.
    pub(crate) fn queues(&self) -> bool {
        !self.is_queued.replace(true)
    }

    /// It is taken out of the queue. From now on it can be woken again.
    pub(crate) fn starts(&self) {
        self.is_queued.set(false);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.get()
    }

    pub(crate) fn serial(&self) -> u32 {
        self.serial
    }

    pub(crate) fn is_current(&self) -> bool {
        let same = |it: &Cancellation| {
            std::ptr::eq(it, &raw const self.cancellation)
        };
        with_current(same).unwrap_or(false)
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

/// `work`, of `program::work::{{closure}}`: what the compiler calls the
/// coroutine of the function `work`.
fn function_name(type_name: &str) -> &str {
    let path = type_name.split('<').next().unwrap_or_default();
    let mut parts = path.rsplit("::");
    parts.find(|part| *part != "{{closure}}").unwrap_or_default()
}

/// The coroutine that `run_until_complete` runs. It stays on the stack of
/// its caller, so the loop steps it by a function that borrows it.
pub(crate) struct MainTask(pub(crate) Header);

impl Runnable for MainTask {
    fn header(&self) -> &Header {
        &self.0
    }

    fn step(self: Rc<Self>) {}

    fn describe(&self) -> String {
        let word = if self.is_done() { "finished" } else { "pending" };
        format!("<Task {}>", self.0.describe(word))
    }

    /// Nobody can hear of its end: the loop ends with it.
    fn on_done(self: Rc<Self>, _: Box<dyn FnOnce()>) {}

    fn is_done(&self) -> bool {
        self.0.is_over()
    }

    fn is_cancelled(&self) -> bool {
        false
    }

    fn take_panic(&self) -> Option<Panic> {
        None
    }

    fn see_panic(&self) {}

    fn abandon(&self) {}
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

/// Whether this is the address of the task that runs now.
pub(crate) fn is_current_task(address: *const ()) -> bool {
    let is_same = |task: &Rc<dyn Runnable>| {
        std::ptr::addr_eq(Rc::as_ptr(task), address)
    };
    look(|task| task.as_ref().is_some_and(is_same)).unwrap_or(false)
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
