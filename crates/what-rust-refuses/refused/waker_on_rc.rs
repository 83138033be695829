//! A waker that puts its task into a queue of this thread.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Wake, Waker};

struct TaskWaker {
    id: usize,
    queue: Rc<RefCell<VecDeque<usize>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.queue.borrow_mut().push_back(self.id);
    }
}

fn main() {
    let queue = Rc::default();
    let waker = Waker::from(Arc::new(TaskWaker { id: 7, queue }));
    waker.wake();
}
