use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::cancellation::{Scope, raise};
use crate::handle::{Callback, HandleInner};
use crate::running::running_or_panic;
use crate::{Awaitable, current_task, ensure_future, wait};

/// The time of a [`timeout`] is over.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// let hour = asyncio::sleep(Duration::from_secs(3600));
/// let error = asyncio::timeout(Duration::ZERO, hour).await.unwrap_err();
/// assert_eq!(error.to_string(), "timed out");
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeoutError(());

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out")
    }
}

impl std::error::Error for TimeoutError {}

/// Awaits something for this long at most: Python's
/// `async with asyncio.timeout(delay):`.
///
/// When the time is over, what runs inside is cancelled like a task: it
/// may clean up, with awaits, and may even return a result after all.
///
/// ```
/// use std::time::Duration;
/// use stage_09_asyncio as asyncio;
/// use asyncio::{sleep, timeout};
///
/// asyncio::run(async {
///     let hour = sleep(Duration::from_secs(3600));
///     let moment = Duration::from_millis(1);
///     assert!(timeout(moment, hour).await.is_err());
///     assert_eq!(timeout(moment, async { 42 }).await, Ok(42));
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// # Errors
/// [`TimeoutError`]: the time is over.
///
/// # Panics
/// Awaiting it panics outside of a task, as Python raises an error there.
pub fn timeout<F: IntoFuture>(
    delay: Duration,
    future: F,
) -> Timeout<F::IntoFuture> {
    let inside = Scope::new(future.into_future());
    Timeout { inside, alarm: Alarm::New(delay) }
}

pin_project! {
    /// What [`timeout`] returns.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use stage_09_asyncio as asyncio;
    /// # asyncio::run(async {
    /// let second = Duration::from_secs(1);
    /// let timeout = asyncio::timeout(second, async { 42 });
    /// assert_eq!(timeout.await, Ok(42));
    /// # })?;
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    #[must_use = "it runs only while it is awaited"]
    pub struct Timeout<F> {
        #[pin]
        inside: Scope<F>,
        alarm: Alarm,
    }

    impl<F> PinnedDrop for Timeout<F> {
        fn drop(this: Pin<&mut Self>) {
            let timeout = this.project();
            timeout.alarm.switch_off();
            timeout.inside.leave();
            timeout.alarm.uncancel();
        }
    }
}

enum Alarm {
    New(Duration),
    Set(Rc<HandleInner>),
    /// The timeout has ended. It may live on for a while.
    Over,
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, TimeoutError>;

    fn poll(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Self::Output> {
        let timeout = self.project();
        timeout.alarm.set_once();
        let Poll::Ready(result) = timeout.inside.poll(context) else {
            return Poll::Pending;
        };
        let is_ours = timeout.alarm.uncancel();
        timeout.alarm.switch_off();
        *timeout.alarm = Alarm::Over;
        match result {
            Ok(output) => Poll::Ready(Ok(output)),
            Err(_) if is_ours => Poll::Ready(Err(TimeoutError(()))),
            Err(_) => raise(),
        }
    }
}

impl Alarm {
    /// Sets the timer at the first poll; later polls change nothing.
    fn set_once(&mut self) {
        let Alarm::New(delay) = *self else { return };
        let event_loop = running_or_panic();
        let Some(task) = current_task() else {
            panic!("RuntimeError: Timeout should be used inside a task");
        };
        let requests_before = task.cancelling();
        let task = Rc::downgrade(&task.0);
        let cancel = Callback::Cancel { task, requests_before };
        *self = Alarm::Set(if delay.is_zero() {
            event_loop.soon(cancel).0
        } else {
            event_loop.at(event_loop.after(delay), cancel)
        });
    }

    fn switch_off(&self) {
        if let Alarm::Set(timer) = self {
            timer.cancel();
        }
    }

    /// If the alarm has cancelled the task, takes that request back. The
    /// task is the one that has set the alarm; a generator may have been
    /// handed to another since.
    ///
    /// `false`: the alarm has not, or somebody else has cancelled the
    /// task as well, so that more requests are left than before.
    fn uncancel(&self) -> bool {
        let Alarm::Set(timer) = self else { return false };
        let Some((task, before)) = timer.take_cancelled() else {
            return false;
        };
        // Of a task that is gone, nobody has asked anything.
        task.upgrade()
            .is_none_or(|task| task.header().cancellation.take_back(before))
    }
}

/// The same as [`timeout`], with one difference that is Python's: with no
/// time at all, a coroutine is not even started.
///
/// ```
/// use std::time::Duration;
/// use stage_09_asyncio as asyncio;
///
/// asyncio::run(async {
///     let never = async { unreachable!() };
///     let result = asyncio::wait_for(never, Duration::ZERO).await;
///     assert_eq!(result.unwrap_err().to_string(), "timed out");
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// # Errors
/// [`TimeoutError`]: the time is over.
pub async fn wait_for<A, T: 'static>(
    awaitable: A,
    delay: Duration,
) -> Result<T, TimeoutError>
where
    A: Awaitable<Output = T> + IntoFuture<Output = T>,
{
    if !delay.is_zero() {
        return timeout(delay, awaitable).await;
    }
    let task = ensure_future(awaitable);
    let was_done = task.done();
    if !was_done {
        task.cancel();
        wait([task.clone()]).await;
    }
    match A::result(&task) {
        Some(result) => Ok(result),
        None if task.cancelled() && !was_done => Err(TimeoutError(())),
        None => Ok(task.await), // raises what it came to
    }
}
