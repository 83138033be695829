//! What the operations of a program work on, and the trace.

use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::Value;
use stage_09_asyncio::{
    AsyncContextManager, AsyncGenerator, Condition, Event, EventLoop,
    Future, Lock, Queue, Semaphore, Task, sleep,
};

/// What a group failed with; a single error is a list of one.
pub(crate) type Errors = Vec<u64>;

pub(crate) type Numbers = AsyncGenerator<Result<usize, Errors>>;

pub(crate) struct World {
    pub(crate) program: Vec<Value>,
    pub(crate) event_loop: EventLoop,
    start: Instant,
    trace: RefCell<Vec<String>>,
    pub(crate) tasks: RefCell<Vec<Option<Task<usize>>>>,
    pub(crate) futures: Vec<Future<String>>,
    pub(crate) event: Event,
    pub(crate) lock: Lock,
    pub(crate) semaphore: Semaphore,
    pub(crate) queue: Queue<u64>,
    pub(crate) condition: Condition,
    /// The generator that several tasks ask.
    pub(crate) numbers: RefCell<Option<Numbers>>,
}

impl World {
    pub(crate) fn new(
        program: Vec<Value>,
        event_loop: &EventLoop,
    ) -> World {
        let futures = (0..3).map(|_| event_loop.create_future());
        World {
            tasks: RefCell::new(vec![None; program.len()]),
            program,
            start: event_loop.time(),
            trace: RefCell::default(),
            futures: futures.collect(),
            event: Event::new(),
            lock: Lock::new(),
            semaphore: Semaphore::new(2),
            queue: Queue::new(1),
            condition: Condition::new(),
            numbers: RefCell::default(),
            event_loop: event_loop.clone(),
        }
    }

    pub(crate) fn say(&self, what: impl Display) {
        let now = self.event_loop.time() - self.start;
        let line = format!("{}:{what}", now.as_secs());
        self.trace.borrow_mut().push(line);
    }

    pub(crate) fn trace(&self) -> String {
        self.trace.borrow().join(" | ")
    }

    pub(crate) fn task(&self, number: &Value) -> Option<Task<usize>> {
        self.tasks.borrow()[index(number)].clone()
    }

    pub(crate) fn some(&self, numbers: &Value) -> Vec<Task<usize>> {
        list(numbers).iter().filter_map(|it| self.task(it)).collect()
    }
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

pub(crate) fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

pub(crate) fn index(value: &Value) -> usize {
    number(value) as usize
}

pub(crate) fn seconds(value: &Value) -> Duration {
    Duration::from_secs(number(value))
}

/// What `with` enters and leaves.
pub(crate) struct Connection(pub(crate) Rc<World>, pub(crate) String);

impl AsyncContextManager for Connection {
    type Entered = ();

    async fn enter(&mut self) {
        sleep(Duration::ZERO).await;
        self.0.say(format_args!("{} entered", self.1));
    }

    async fn exit(&mut self) {
        sleep(Duration::ZERO).await;
        self.0.say(format_args!("{} left", self.1));
    }
}

pub(crate) struct Finally(pub(crate) Rc<World>, pub(crate) String);

impl Drop for Finally {
    fn drop(&mut self) {
        self.0.say(&self.1);
    }
}
