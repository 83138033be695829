use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::handle::{Callback, HandleInner};
use crate::running::running_or_panic;

/// Waits for this long. With no time at all it gives way for one turn.
///
/// ```
/// use std::time::Duration;
/// use stage_09_asyncio as asyncio;
///
/// asyncio::run(async {
///     asyncio::sleep(Duration::from_millis(1)).await;
///     asyncio::sleep(Duration::ZERO).await;
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// # Panics
/// Awaiting it panics where no event loop runs: under another executor.
pub fn sleep(delay: Duration) -> Sleep {
    Sleep(State::New(delay))
}

/// What [`sleep`] returns. It does nothing until it is awaited.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// let sleep = asyncio::sleep(Duration::from_millis(1));
/// sleep.await; // here it begins
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[must_use = "it sleeps only while it is awaited"]
pub struct Sleep(State);

enum State {
    New(Duration),
    GaveWay,
    Timer(Rc<HandleInner>),
}

impl Future for Sleep {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        match &self.0 {
            State::New(Duration::ZERO) => {
                context.waker().wake_by_ref();
                self.0 = State::GaveWay;
            }
            State::New(delay) => {
                let event_loop = running_or_panic();
                let when = event_loop.after(*delay);
                let wake = Callback::Wake(context.waker().clone());
                self.0 = State::Timer(event_loop.at(when, wake));
            }
            State::GaveWay => return Poll::Ready(()),
            State::Timer(timer) if timer.is_over() => {
                return Poll::Ready(());
            }
            State::Timer(timer) => timer.set_waker(context.waker()),
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let State::Timer(timer) = &self.0 {
            timer.cancel();
        }
    }
}
