use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::gather::Gathering;
use crate::handle::HandleInner;

/// What a turn runs.
pub(crate) enum Ready {
    /// The next step of the task with this id and this serial number:
    /// by its turn the id may belong to another task.
    Step(u32, u32),
    /// What was given to `call_soon`, or a timer that has come due.
    Call(Rc<HandleInner>),
    /// The child of a gathering, with this index there, is done.
    Child(Rc<Gathering>, u32),
    /// The main coroutine has ended in the turn before.
    Stop,
}

/// What is ready, in the order in which it became ready.
#[derive(Default)]
pub(crate) struct ReadyQueue(RefCell<VecDeque<Ready>>);

/// So few are not worth giving memory back.
const FEW: usize = 1_024;

impl ReadyQueue {
    pub(crate) fn push(&self, ready: Ready) {
        self.0.borrow_mut().push_back(ready);
    }

    pub(crate) fn pop(&self) -> Option<Ready> {
        self.0.borrow_mut().pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// A queue that was long once, because somebody has made thousands of
    /// tasks in one go, does not stay as large.
    pub(crate) fn give_memory_back(&self) {
        let mut queue = self.0.borrow_mut();
        if queue.capacity() > FEW && queue.len() < queue.capacity() / 4 {
            let room = FEW.max(2 * queue.len());
            queue.shrink_to(room);
        }
    }
}
