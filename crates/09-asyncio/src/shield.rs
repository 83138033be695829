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
        let number = inner.add_done_callback(move |_| hand_on());
        let inner = inner.clone();
        // Who gives up does not stay in the list of those who wait.
        outer.add_done_callback(move |_| {
            inner.remove_done_callback(number);
        });
    }
    Await::new(outer.clone(), outer.0, Future::take)
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::time::Duration;

    use super::shield;
    use crate::{Future, create_task, run, sleep, timeout};

    /// Nobody outside can count the callbacks of a task.
    #[test]
    fn a_shield_that_is_given_up_leaves_no_callback() {
        run(async {
            let task = create_task(sleep(Duration::from_secs(3600)));
            let kept_by = |task: &Future<()>| Rc::strong_count(&task.0);
            let before = kept_by(&task);
            for _ in 0..10 {
                let shielded = timeout(Duration::ZERO, shield(&task));
                assert!(shielded.await.is_err());
            }
            sleep(Duration::ZERO).await;
            assert_eq!(kept_by(&task), before);
        })
        .unwrap();
    }
}
