use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::Waker;

use crate::event_loop::Shared;
use crate::gather::Gathering;
use crate::header::{MAIN, Runnable, current};
use crate::waker::TaskWaker;
use crate::{Error, EventLoop, get_running_loop};

/// A task, whatever its result.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// asyncio::run(async {
///     let me = asyncio::current_task().unwrap();
///     assert_eq!(me.name(), "Task-1");
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// let task = asyncio::create_task(async { 42 }).named("worker");
/// let any = task.any();
/// assert_eq!(any.name(), "worker");
/// any.cancel();
/// assert_eq!(any.cancelling(), 1);
/// assert_eq!(any.uncancel(), 0);
/// assert_eq!(task.await, 42);
/// assert!(any.done() && !any.cancelled());
/// assert_eq!(any.state(), asyncio::TaskState::Done);
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[derive(Clone)]
pub struct AnyTask(pub(crate) Rc<dyn Runnable>);

impl AnyTask {
    /// Asks the task to end. `false`: it has ended already.
    pub fn cancel(&self) -> bool {
        self.0.header().cancel()
    }

    /// It is asked later, and comes into the list. `false`: it has ended.
    pub(crate) fn begin_to_cancel(&self, tasks: &mut Vec<AnyTask>) -> bool {
        let is_asked = !self.done();
        tasks.extend(is_asked.then(|| self.clone()));
        is_asked
    }

    /// Whether it has ended.
    pub fn done(&self) -> bool {
        self.0.header().is_over.get()
    }

    /// Whether it was cancelled.
    pub fn cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// What it is doing.
    pub fn state(&self) -> TaskState {
        match (self.done(), self.cancelled()) {
            (true, true) => TaskState::Cancelled,
            (true, false) => TaskState::Done,
            _ if self.0.header().is_current() => TaskState::Running,
            _ => TaskState::Pending,
        }
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.0.header().name()
    }

    /// How many requests to cancel it have come that no
    /// [`uncancel`](AnyTask::uncancel) has taken back.
    pub fn cancelling(&self) -> u32 {
        self.0.header().cancellation.requests()
    }

    /// Takes one request back, and returns how many are left.
    pub fn uncancel(&self) -> u32 {
        self.0.header().cancellation.uncancel()
    }

    /// Tells the gathering when it is done, which it must not be yet.
    pub(crate) fn add_parent(
        &self,
        gathering: &Rc<Gathering>,
        index: usize,
    ) {
        let index = u32::try_from(index).expect("fewer than 2^32 tasks");
        self.0.clone().add_parent(Rc::clone(gathering), index);
    }

    pub(crate) fn on_done(&self, function: impl FnOnce() + 'static) {
        self.0.clone().on_done(Box::new(function));
    }

    /// Python makes a task of each of several awaitables, for one loop.
    pub(crate) fn expect_loop(&self, event_loop: &Weak<Shared>) {
        if is_other(&self.0.header().event_loop, event_loop) {
            panic!(
                "ValueError: The future belongs to a different loop than \
                 the one specified as the loop argument"
            );
        }
    }

    pub(crate) fn serial(&self) -> u32 {
        self.0.header().serial
    }
}

/// The same task, or not.
impl PartialEq for AnyTask {
    fn eq(&self, other: &AnyTask) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for AnyTask {}

impl fmt::Debug for AnyTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.describe())
    }
}

/// The four states of a task.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// use asyncio::TaskState;
///
/// let task = asyncio::create_task(async {});
/// assert_eq!(task.state(), TaskState::Pending);
/// task.cancel();
/// asyncio::wait([task.clone()]).await;
/// assert_eq!(task.state(), TaskState::Cancelled);
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// It waits for something, or for its turn.
    Pending,
    /// It runs now.
    Running,
    /// It has returned, or failed.
    Done,
    /// It was cancelled.
    Cancelled,
}

/// The task that runs now; `None` in a callback, and where no loop runs.
///
/// ```
/// # use stage_09_asyncio as asyncio;
/// assert!(asyncio::current_task().is_none());
/// ```
pub fn current_task() -> Option<AnyTask> {
    current().map(AnyTask)
}

/// All tasks of the running loop that have not ended, in the order in
/// which they were made. The main task is one of them.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// asyncio::run(async {
///     asyncio::create_task(async {});
///     assert_eq!(asyncio::all_tasks()?.len(), 2);
///     Ok::<(), asyncio::Error>(())
/// })??;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// # Errors
/// [`Error::NoRunningLoop`].
pub fn all_tasks() -> Result<Vec<AnyTask>, Error> {
    Ok(get_running_loop()?.all_tasks())
}

impl EventLoop {
    /// All tasks of this loop that have not ended: see [`all_tasks`].
    pub fn all_tasks(&self) -> Vec<AnyTask> {
        self.0.tasks.borrow().all()
    }
}

/// Whether these are two loops. What was made where no loop ran has none.
pub(crate) fn is_other(one: &Weak<Shared>, other: &Weak<Shared>) -> bool {
    let is_loop = |it: &Weak<Shared>| !it.ptr_eq(&Weak::new());
    is_loop(one) && is_loop(other) && !one.ptr_eq(other)
}

/// The tasks that have not ended, by id.
pub(crate) struct Tasks {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// The number of the loop.
    event_loop: u32,
    made: u32,
    /// The last number in a name.
    numbered: u32,
}

struct Slot {
    task: Option<Rc<dyn Runnable>>,
    /// It outlives its task, for the next one with the same id. That one
    /// may so be woken for nothing, which a future must bear.
    waker: Arc<TaskWaker>,
}

impl Tasks {
    pub(crate) fn new(event_loop: u32) -> Tasks {
        let (slots, free) = (Vec::new(), Vec::new());
        let mut tasks =
            Tasks { slots, free, event_loop, made: 0, numbered: 0 };
        tasks.new_slot(); // for MAIN
        tasks
    }

    fn new_slot(&mut self) -> u32 {
        let id = self.slots.len();
        let id = u32::try_from(id).expect("fewer than 2^32 tasks");
        let event_loop = self.event_loop;
        let waker = Arc::new(TaskWaker { event_loop, id });
        self.slots.push(Slot { task: None, waker });
        id
    }

    /// The serial number of the next task, and the number of its name.
    pub(crate) fn number(&mut self) -> (u32, u32) {
        self.made += 1;
        self.numbered += 1;
        (self.made, self.numbered)
    }

    /// The task that was made last is given a name, so the next one has
    /// its number.
    pub(crate) fn give_back(&mut self, number: u32) {
        if self.numbered == number {
            self.numbered -= 1;
        }
    }

    pub(crate) fn add(&mut self, task: Rc<dyn Runnable>) -> u32 {
        let id = self.free.pop().unwrap_or_else(|| self.new_slot());
        self.slots[id as usize].task = Some(task);
        id
    }

    pub(crate) fn set_main(&mut self, task: Option<Rc<dyn Runnable>>) {
        self.slots[MAIN as usize].task = task;
    }

    pub(crate) fn remove(&mut self, id: u32) -> Option<Rc<dyn Runnable>> {
        if id != MAIN {
            self.free.push(id);
        }
        self.slots[id as usize].task.take()
    }

    pub(crate) fn get(&self, id: u32) -> Option<Rc<dyn Runnable>> {
        self.slots[id as usize].task.clone()
    }

    /// The serial number of the task, if it has to be put into the queue.
    pub(crate) fn queues(&self, id: u32) -> Option<u32> {
        // The waker of a loop that is gone may have woken it for nothing.
        let task = self.slots.get(id as usize)?.task.as_ref()?;
        let is_queued = task.header().is_queued.replace(true);
        (!is_queued).then_some(task.header().serial)
    }

    /// The task that is stepped now, and what it is woken with.
    pub(crate) fn starts(
        &self,
        id: u32,
        serial: u32,
    ) -> Option<(Rc<dyn Runnable>, Waker)> {
        let slot = &self.slots[id as usize];
        let task = slot.task.as_ref()?;
        if task.header().serial != serial {
            return None;
        }
        task.header().is_queued.set(false);
        Some((Rc::clone(task), Arc::clone(&slot.waker).into()))
    }

    pub(crate) fn all(&self) -> Vec<AnyTask> {
        let tasks = self.slots.iter().filter_map(|it| it.task.clone());
        let mut all: Vec<_> = tasks.map(AnyTask).collect();
        all.sort_by_key(AnyTask::serial);
        all
    }

    /// All tasks, for a loop that is dropped.
    pub(crate) fn drain(&mut self) -> Vec<Rc<dyn Runnable>> {
        let slots = self.slots.iter_mut();
        slots.filter_map(|slot| slot.task.take()).collect()
    }
}
