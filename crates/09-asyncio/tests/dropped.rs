//! What a combinator that is not of this library drops in the middle.
#![cfg(not(model_check))]

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use asyncio::*;
use stage_09_asyncio as asyncio;

const MOMENT: Duration = Duration::from_millis(20);

async fn turn() {
    sleep(Duration::ZERO).await;
}

/// Polls it once, and it is not done.
async fn begin<T>(
    future: &mut Pin<Box<impl std::future::Future<Output = T>>>,
) {
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

/// Of two who wait the first is notified and then dropped, before it goes
/// on or while it takes the lock: the second is notified in its place.
#[test]
fn a_notified_wait_that_is_dropped_hands_the_notification_on() {
    let second_is_notified = |notified, takes_lock| async move {
        let condition = Condition::new();
        let mut held = condition.acquire().await;
        let mut first = Box::pin(held.wait());
        begin(&mut first).await;
        let waits = condition.clone();
        let second = create_task(async move {
            waits.acquire().await.wait().await;
        });
        turn().await;
        let notifies = condition.acquire().await;
        notifies.notify(notified);
        if takes_lock {
            begin(&mut first).await;
        }
        drop(first);
        drop(notifies);
        timeout(MOMENT, second).await.is_ok()
    };
    run(async {
        assert!(second_is_notified(1, false).await);
        assert!(second_is_notified(1, true).await);
        assert!(!second_is_notified(0, false).await);
    })
    .unwrap();
}
