use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::thread;

use crate::outcome::Panic;
use crate::wait::OnDrop;

/// Calls `tell` if the task panics while it has this: for those who wait
/// for what the task would have brought.
pub(crate) fn if_it_panics(mut tell: impl FnMut()) -> OnDrop<impl FnMut()> {
    OnDrop(move || {
        if thread::panicking() {
            tell();
        }
    })
}

/// Runs a future, and catches its panic: for those who have to await
/// something before the panic may go on.
pub(crate) async fn catch_panic<F: Future>(
    future: F,
) -> Result<F::Output, Panic> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let poll = AssertUnwindSafe(|| future.as_mut().poll(context));
        match catch_unwind(poll) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}
