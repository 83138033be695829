use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use selectors::Notifier;
use slab::Slab;

use crate::queue::WakeQueue;
use crate::reactor::Reactor;

/// Runs futures of one kind: polls those that have been woken, and sleeps
/// when none has.
///
/// Invariant: a task is polled once when it starts. After that it is polled
/// only if its id was woken since the last poll; many wakes count as one.
/// (A late wake may be meant for an earlier task with the same id. Such a
/// poll is one too many, and harmless.)
pub struct Executor<'a, F> {
    reactor: &'a Reactor,
    /// By id: a task that runs. The futures stay here; a waker holds an id
    /// only.
    tasks: Slab<Pin<Box<F>>>,
    /// By id: the waker of its tasks, one after another.
    wakers: Vec<Waker>,
    queue: Arc<WakeQueue>,
    notifier: Notifier,
}

impl<'a, F: Future> Executor<'a, F> {
    /// An executor that sleeps in this reactor.
    ///
    /// # Errors
    /// What the reactor's selector says when it cannot be called from other
    /// threads.
    pub fn new(reactor: &'a Reactor) -> io::Result<Executor<'a, F>> {
        Ok(Executor {
            reactor,
            tasks: Slab::new(),
            wakers: Vec::new(),
            queue: Arc::new(WakeQueue::new()),
            notifier: reactor.notifier()?,
        })
    }

    /// Runs all futures of the list as tasks, up to `most` at a time. What
    /// each returns goes to `done`.
    ///
    /// 1. Start tasks while there is room for them, and no deadline passes
    ///    meanwhile.
    /// 2. Sleep in the reactor until a socket is ready, a deadline passes
    ///    or somebody wakes a task.
    /// 3. Poll every task that has been woken, by its socket or by anybody.
    /// 4. Wake every task whose deadline has passed, and poll those.
    ///
    /// # Errors
    /// What the system says when it cannot wait. The tasks that still ran
    /// are dropped.
    pub fn run(
        mut self,
        mut list: impl Iterator<Item = F>,
        most: usize,
        done: &mut dyn FnMut(F::Output),
    ) -> io::Result<()> {
        loop {
            // 1. After the whole batch of events, not one by one: new tasks
            //    start together.
            while self.tasks.len() < most
                && !self.reactor.is_overdue()
                && let Some(next) = list.next()
            {
                self.start(next, done);
            }
            if self.tasks.is_empty() {
                return Ok(());
            }

            // 2. The one place where the program sleeps.
            let asleep = self.queue.fall_asleep();
            self.reactor.wait(asleep)?;
            self.queue.wake_up(); // nobody needs to notify us any more

            // 3. Before the deadlines: what has arrived in time counts.
            self.reactor.wake_ready();
            self.poll_woken(done);

            // 4.
            self.reactor.wake_overdue();
            self.poll_woken(done);
        }
    }

    fn start(&mut self, task: F, done: &mut dyn FnMut(F::Output)) {
        let id = self.tasks.insert(Box::pin(task));
        if id == self.wakers.len() {
            let queue = Arc::clone(&self.queue);
            let notifier = self.notifier.clone();
            let waker = TaskWaker { id, queue, notifier };
            self.wakers.push(Arc::new(waker).into());
        }
        self.poll(id, done);
    }

    /// Polls as many as there are now: a task that wakes itself again and
    /// again must not keep the others from their sockets.
    fn poll_woken(&mut self, done: &mut dyn FnMut(F::Output)) {
        for _ in 0..self.queue.len() {
            if let Some(id) = self.queue.next() {
                self.poll(id, done);
            }
        }
    }

    fn poll(&mut self, id: usize, done: &mut dyn FnMut(F::Output)) {
        // A waker may outlive its task: then it wakes nobody.
        let Some(task) = self.tasks.get_mut(id) else { return };
        let mut context = Context::from_waker(&self.wakers[id]);
        if let Poll::Ready(output) = task.as_mut().poll(&mut context) {
            drop(self.tasks.remove(id));
            done(output);
        }
    }
}

/// What a future gets in its context: whoever has a clone of it can have
/// the task polled.
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
            // An error would mean that the selector is gone, and with it
            // whoever could be notified.
            let _ = self.notifier.notify();
        }
    }
}
