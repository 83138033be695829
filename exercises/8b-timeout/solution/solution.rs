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
    // Both are variables of this function: what is not ready is dropped
    // when it returns.
    let mut future = pin!(future);
    let mut timer = pin!(timer);
    poll_fn(|context| {
        // First the future: what has come in time counts.
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        timer.as_mut().poll(context).map(|()| None)
    })
    .await
}
