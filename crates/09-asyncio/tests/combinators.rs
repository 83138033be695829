//! Futures that are polled beside one another within one task, which
//! Python does not have. What is given up takes back what it has asked
//! for; and of a cancellation hears the innermost scope that is left.
#![cfg(not(model_check))]

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use asyncio::*;
use stage_09_asyncio as asyncio;

const MOMENT: Duration = Duration::from_millis(5);
const HOUR: Duration = Duration::from_secs(3600);

/// The first that is ready; of two, the left one.
async fn select<T>(
    left: impl IntoFuture<Output = T>,
    right: impl IntoFuture<Output = T>,
) -> T {
    let mut right = pin!(right.into_future());
    let mut left = pin!(left.into_future());
    poll_fn(|context| match left.as_mut().poll(context) {
        Poll::Pending => right.as_mut().poll(context),
        ready => ready,
    })
    .await
}

/// Runs this, and then waits in the same scope. It is cancelled.
async fn cleans_up<T>(
    inside: impl std::future::Future<Output = T>,
) -> bool {
    let waits = async {
        inside.await;
        sleep(HOUR).await;
    };
    catch_cancelled(waits).await.is_err()
}

/// What is awaited becomes ready in the turn in which the time is over.
#[test]
fn a_timeout_that_lost_takes_its_cancellation_back() {
    run(async {
        let flag = Future::new();
        let sets = flag.clone();
        let task = create_task(async move {
            let late = async { timeout(MOMENT, sleep(HOUR)).await.is_ok() };
            assert!(select(flag, late).await);
            sleep(MOMENT).await;
            "went on"
        });
        let event_loop = get_running_loop().unwrap();
        event_loop.call_later(MOMENT, move || {
            sets.set_result(true).unwrap();
        });
        turn().await;
        thread::sleep(2 * MOMENT);
        assert_eq!(catch_cancelled(task).await.unwrap(), "went on");
    })
    .unwrap();
}

/// The inner scope is gone before it has heard of the cancellation.
#[test]
fn a_cancellation_goes_to_the_scope_around_one_that_lost() {
    run(async {
        let flag = Rc::new(Cell::new(false));
        let is_set = Rc::clone(&flag);
        let flag_is_set = poll_fn(move |_| match is_set.get() {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending, // it needs no waker: see below
        });
        let inner = catch_cancelled(sleep(HOUR));
        let task = create_task(cleans_up(select(flag_is_set, inner)));
        sleep(MOMENT).await;
        task.cancel(); // which wakes it
        flag.set(true);
        assert!(catch_cancelled(task).await.unwrap());
    })
    .unwrap();
}

/// Scopes beside one another, of which the one that was entered first
/// leaves first.
#[test]
fn a_cancellation_goes_to_the_scope_around_two_that_have_left() {
    run(async {
        let moment = timeout(HOUR, sleep(MOMENT));
        let hour = timeout(HOUR, sleep(HOUR));
        let task = create_task(cleans_up(select(moment, hour)));
        sleep(4 * MOMENT).await;
        task.cancel();
        assert!(catch_cancelled(task).await.unwrap());
    })
    .unwrap();
}

#[test]
fn a_timeout_ends_beside_another_one_that_has_ended() {
    run(async {
        let task = create_task(async {
            let mut early = pin!(timeout(HOUR, sleep(MOMENT)));
            let mut late = pin!(timeout(4 * MOMENT, sleep(HOUR)));
            let first = poll_fn(|context| {
                let early = early.as_mut().poll(context);
                assert!(late.as_mut().poll(context).is_pending());
                early
            });
            first.await.unwrap();
            late.await.unwrap_err()
        });
        let error = catch_cancelled(task).await.unwrap();
        assert_eq!(error.to_string(), "timed out");
    })
    .unwrap();
}

/// The task that one side awaits was cancelled; the other side is ready.
#[test]
fn a_cancellation_that_lost_is_not_raised_later() {
    run(async {
        let other = create_task(async { sleep(HOUR).await });
        turn().await;
        other.cancel();
        wait([other.clone()]).await;
        select(other, async {}).await;
        assert!(catch_cancelled(sleep(MOMENT)).await.is_ok());
        sleep(MOMENT).await;
    })
    .unwrap();
}

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
        timeout(4 * MOMENT, second).await.is_ok()
    };
    run(async {
        assert!(second_is_notified(1, false).await);
        assert!(second_is_notified(1, true).await);
        assert!(!second_is_notified(0, false).await);
    })
    .unwrap();
}
