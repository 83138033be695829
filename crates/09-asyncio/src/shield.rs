use crate::awaiting::Await;
use crate::outcome::State;
use crate::{Awaitable, Future};

/// Awaits something so that cancelling whoever awaits does not cancel it.
///
/// ```
/// use std::time::Duration;
/// use stage_09_asyncio as asyncio;
/// use asyncio::{create_task, shield, sleep, timeout};
///
/// asyncio::run(async {
///     let moment = Duration::from_millis(1);
///     let task = create_task(async move {
///         sleep(2 * moment).await;
///         "done all the same"
///     });
///     assert!(timeout(moment, shield(&task)).await.is_err());
///     assert_eq!(task.await, "done all the same");
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
#[track_caller]
pub fn shield<A: Awaitable>(awaitable: A) -> Await<A::Output> {
    let inner = awaitable.into_task();
    let outer = Future::on(inner.0.event_loop().clone());
    let (task, result) = (inner.clone(), outer.clone());
    let hand_on = move || {
        if !result.done() {
            let ending = A::result(&task).map(State::Done);
            let _ = result.finish(ending.unwrap_or_else(|| task.take()));
        }
    };
    if inner.done() {
        hand_on();
    } else {
        inner.add_done_callback(move |_| hand_on());
    }
    Await::new(outer.clone(), outer.0, Future::take)
}
