use std::future::poll_fn;
use std::pin::pin;

/// Runs a future until it is ready, or until the timer is. `None`: the
/// timer was first.
///
/// Whichever is second, the other one or the timer, must be gone by then:
/// in Rust, to cancel a future is to drop it.
pub(crate) async fn timeout<T>(
    future: impl Future<Output = T>,
    timer: impl Future<Output = ()>,
) -> Option<T> {
    let mut timer = pin!(timer);
    let mut is_over = false;
    let mut future = pin!(future);
    let output = poll_fn(|context| {
        is_over = is_over || timer.as_mut().poll(context).is_ready();
        future.as_mut().poll(context)
    })
    .await;
    if is_over { None } else { Some(output) }
}
