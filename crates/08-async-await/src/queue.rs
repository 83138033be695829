use std::collections::VecDeque;

#[cfg(model_check)]
use loom::sync::Mutex;
#[cfg(not(model_check))]
use std::sync::Mutex;

/// The ids of the tasks that have been woken, and whether the executor is
/// asleep.
///
/// Invariants: an id is in the queue once, however often its task is woken
/// before it is taken out; and whenever the executor is asleep with
/// something in the queue, somebody is about to notify it. Both are checked
/// with loom, in every order in which threads can meet here.
pub struct WakeQueue(Mutex<State>);

struct State {
    woken: VecDeque<usize>,
    /// By id: whether it is in the queue.
    queued: Vec<bool>,
    asleep: bool,
}

impl WakeQueue {
    /// An empty queue, for an executor that is awake.
    #[expect(
        clippy::new_without_default,
        reason = "an empty queue says more than a default one"
    )]
    pub fn new() -> WakeQueue {
        WakeQueue(Mutex::new(State {
            woken: VecDeque::new(),
            queued: Vec::new(),
            asleep: false,
        }))
    }

    /// Puts a task into the queue, from any thread, unless it is there
    /// already. `true`: the executor is asleep, and it is for us, and
    /// nobody else, to notify it.
    #[must_use]
    pub fn wake(&self, id: usize) -> bool {
        let mut state = self.0.lock().expect(NO_PANIC);
        if id >= state.queued.len() {
            state.queued.resize(id + 1, false);
        }
        if !std::mem::replace(&mut state.queued[id], true) {
            state.woken.push_back(id);
        }
        std::mem::take(&mut state.asleep)
    }

    /// Takes out the task that has been there longest. From now on it can
    /// be woken again: whoever wakes it while it is polled is not lost.
    pub fn next(&self) -> Option<usize> {
        let mut state = self.0.lock().expect(NO_PANIC);
        let id = state.woken.pop_front()?;
        state.queued[id] = false;
        Some(id)
    }

    /// How many tasks are in the queue.
    pub fn len(&self) -> usize {
        self.0.lock().expect(NO_PANIC).woken.len()
    }

    /// Whether no task is in the queue.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The executor is about to sleep: `true`, and from now on wakers
    /// notify it; or `false`, because there is something to do.
    #[must_use]
    pub fn fall_asleep(&self) -> bool {
        let mut state = self.0.lock().expect(NO_PANIC);
        state.asleep = state.woken.is_empty();
        state.asleep
    }

    /// The executor is awake: nobody has to notify it.
    pub fn wake_up(&self) {
        self.0.lock().expect(NO_PANIC).asleep = false;
    }
}

const NO_PANIC: &str = "nothing here panics while it holds the lock";
