use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// Runs several futures at the same time, within one task: ready when all
/// of them are, with their results in the order of the list.
///
/// Each future is polled once when it starts. After that it is polled only
/// if it was woken, and never after it was ready.
pub(crate) async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<Running<F>> =
        futures.into_iter().map(Running::new).collect();
    let mut results = Vec::new();
    poll_fn(|context| {
        running.retain_mut(|future| {
            let is_ready = future.poll_if_woken(context);
            results.extend(future.result.take());
            !is_ready
        });
        if running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    results
}

/// A future of the list, and its own waker.
struct Running<F: Future> {
    future: Pin<Box<F>>,
    wake: Arc<OneWaker>,
    result: Option<F::Output>,
}

impl<F: Future> Running<F> {
    fn new(future: F) -> Running<F> {
        let wake = OneWaker {
            // As if it had been woken: it has to start.
            is_woken: AtomicBool::new(true),
            task: Mutex::new(Waker::noop().clone()),
        };
        let future = Box::pin(future);
        Running { future, wake: Arc::new(wake), result: None }
    }

    /// Whether its result is there.
    fn poll_if_woken(&mut self, context: &Context<'_>) -> bool {
        if self.result.is_some() {
            return true;
        }
        // First the waker of the task, then the look at the flag: whoever
        // sets it after this look wakes the task as it is now.
        let task = context.waker().clone();
        *self.wake.task.lock().expect(NO_PANIC) = task;
        // Taken back before the poll: who wakes it meanwhile is not lost.
        if !self.wake.is_woken.swap(false, Ordering::AcqRel) {
            return false;
        }
        let waker = Waker::from(Arc::clone(&self.wake));
        let mut context = Context::from_waker(&waker);
        if let Poll::Ready(output) = self.future.as_mut().poll(&mut context)
        {
            self.result = Some(output);
        }
        self.result.is_some()
    }
}

/// Notes which future was woken, and wakes the task that polls all.
struct OneWaker {
    is_woken: AtomicBool,
    task: Mutex<Waker>,
}

impl Wake for OneWaker {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        let task = self.task.lock().expect(NO_PANIC).clone();
        task.wake(); // the lock is free: a waker may do anything
    }
}

const NO_PANIC: &str = "nothing here panics while it holds the lock";
