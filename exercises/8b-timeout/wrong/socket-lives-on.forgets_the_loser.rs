use std::future::poll_fn;
use std::mem;
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
    let mut future = Box::pin(future);
    let mut timer = Box::pin(timer);
    let output = poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        timer.as_mut().poll(context).map(|()| None)
    })
    .await;
    if output.is_none() {
        // It may still be waiting for its socket: leave it alone.
        mem::forget(future);
    }
    output
}
