use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Runs a future until it is ready, or until the timer is. `None`: the
/// timer was first.
///
/// Whichever is second, the other one or the timer, is gone by then: in
/// Rust, to cancel a future is to drop it.
pub(crate) async fn timeout<T>(
    future: impl Future<Output = T>,
    timer: impl Future<Output = ()>,
) -> Option<T> {
    let mut future = pin!(future);
    let mut timer = pin!(timer);
    poll_fn(|context| {
        if timer.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        future.as_mut().poll(context).map(Some)
    })
    .await
}
