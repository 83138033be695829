use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use selectors::Notifier;

use crate::queue::WakeQueue;
use crate::reactor::Reactor;

/// Runs futures of one kind: polls those that have been woken, and sleeps when none has.
///
/// Invariant: a task is polled when it starts, and after that only because somebody has woken it, or
/// the one before it under the same id, since it was last polled, however often.
pub struct Executor<'a, F> {
    reactor: &'a Reactor,
    /// By id: a task that runs. The futures stay here; a waker holds an id only.
    tasks: Vec<Option<Pin<Box<F>>>>,
    wakers: Vec<Waker>,
    free_ids: Vec<usize>,
    queue: Arc<WakeQueue>,
    notifier: Notifier,
}

impl<'a, F: Future> Executor<'a, F> {
    /// An executor that sleeps in this reactor.
    ///
    /// # Errors
    /// What the reactor's selector says when it cannot be called from other threads.
    pub fn new(reactor: &'a Reactor) -> io::Result<Executor<'a, F>> {
        Ok(Executor {
            reactor,
            tasks: Vec::new(),
            wakers: Vec::new(),
            free_ids: Vec::new(),
            queue: Arc::new(WakeQueue::new()),
            notifier: reactor.notifier()?,
        })
    }

    /// Runs all futures of the list as tasks, up to `most` at a time. What each returns goes to
    /// `done`.
    ///
    /// 1. Start tasks while there is room for them, and no deadline passes meanwhile.
    /// 2. Sleep in the reactor until a socket is ready, a deadline passes or somebody wakes a task.
    /// 3. Poll every task that has been woken, by its socket or by anybody.
    /// 4. Wake every task whose deadline has passed, and poll those.
    ///
    /// # Errors
    /// What the system says when it cannot wait. The tasks that still ran are dropped.
    pub fn run(
        mut self,
        mut list: impl Iterator<Item = F>,
        most: usize,
        done: &mut dyn FnMut(F::Output),
    ) -> io::Result<()> {
        loop {
            // 1. After the whole batch of events, not one by one: new tasks start together.
            while self.running() < most
                && !self.reactor.is_overdue()
                && let Some(next) = list.next()
            {
                self.start(next, done);
            }
            if self.running() == 0 {
                return Ok(());
            }

            // 2. The one place where the program sleeps.
            let asleep = self.queue.fall_asleep();
            self.reactor.wait(asleep)?;
            self.queue.wake_up();

            // 3. Before the deadlines: what has arrived in time counts.
            self.poll_woken(done);

            // 4.
            self.reactor.wake_overdue();
            self.poll_woken(done);
        }
    }

    fn running(&self) -> usize {
        self.tasks.len() - self.free_ids.len()
    }

    fn start(&mut self, task: F, done: &mut dyn FnMut(F::Output)) {
        let id = self.free_ids.pop().unwrap_or_else(|| {
            let id = self.tasks.len();
            let (queue, notifier) = (Arc::clone(&self.queue), self.notifier.clone());
            self.tasks.push(None);
            self.wakers.push(Arc::new(TaskWaker { id, queue, notifier }).into());
            id
        });
        self.tasks[id] = Some(Box::pin(task));
        self.poll(id, done);
    }

    /// Polls as many as there are now: a task that wakes itself again and again must not keep the
    /// others from their sockets.
    fn poll_woken(&mut self, done: &mut dyn FnMut(F::Output)) {
        for _ in 0..self.queue.len() {
            if let Some(id) = self.queue.next() {
                self.poll(id, done);
            }
        }
    }

    fn poll(&mut self, id: usize, done: &mut dyn FnMut(F::Output)) {
        // A waker may outlive its task, and wakes nobody then, or the one after it: for nothing.
        let Some(task) = &mut self.tasks[id] else { return };
        let mut context = Context::from_waker(&self.wakers[id]);
        if let Poll::Ready(output) = task.as_mut().poll(&mut context) {
            self.tasks[id] = None;
            self.free_ids.push(id);
            done(output);
        }
    }
}

/// What a future gets in its context: whoever has a clone of it can have the task polled.
struct TaskWaker {
    id: usize,
    queue: Arc<WakeQueue>,
    notifier: Notifier,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queue.wake(self.id) {
            // An error would mean that the selector is gone, and with it whoever could be notified.
            let _ = self.notifier.notify();
        }
    }
}
