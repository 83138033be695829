//! Generators that end where no scenario can end them: by a panic, by
//! being dropped elsewhere, beside others in one task.
#![cfg(not(model_check))]

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use asyncio::*;
use stage_09_asyncio as asyncio;

const LONG: Duration = Duration::from_secs(3600);

/// Yields one value inside of a scope, and then does this there.
fn in_a_scope(
    then: impl AsyncFnOnce() + 'static,
) -> AsyncGenerator<&'static str> {
    async_generator(async |out| {
        let body = catch_cancelled(async {
            out.yield_("first").await;
            then().await;
        });
        let words = match body.await {
            Ok(()) => "went on",
            Err(_) => "heard",
        };
        out.yield_(words).await;
    })
}

async fn turn() {
    sleep(Duration::ZERO).await;
}

/// Runs something in a scope, and cancels the task there: `true` if this
/// very scope hears of it.
async fn hears_after(run: impl std::future::Future<Output = ()>) -> bool {
    let inside = catch_cancelled(async {
        run.await;
        current_task().unwrap().cancel();
        sleep(LONG).await;
    });
    let hears = inside.await.is_err();
    current_task().unwrap().uncancel();
    hears
}

/// The scopes of the body are gone with it, and the generator is over.
#[test]
fn a_generator_that_panics() {
    run(async {
        let mut numbers = in_a_scope(async || panic!("in the body"));
        let panics = async {
            assert_eq!(numbers.next().await, Some("first"));
            let mut next = pin!(numbers.next());
            let next = poll_fn(|context| {
                let poll = || next.as_mut().poll(context).is_ready();
                Poll::Ready(catch_unwind(AssertUnwindSafe(poll)))
            });
            assert!(next.await.is_err());
        };
        assert!(hears_after(panics).await);
        assert_eq!(numbers.next().await, None);
    })
    .unwrap();
}

/// It stands in a scope, and is dropped by the same task, by another one,
/// by nobody that is a task, or with the loop.
#[test]
fn a_generator_that_is_dropped_elsewhere() {
    let begun = run(async {
        let mut some = [(); 3].map(|()| in_a_scope(turn));
        for one in &mut some {
            assert_eq!(one.next().await, Some("first"));
        }
        let [one, two, three] = some;
        assert!(hears_after(async { drop(one) }).await);
        let drops = hears_after(async move { drop(two) });
        assert!(create_task(drops).await);
        three
    });
    drop(begun.unwrap());

    let event_loop = new_event_loop().unwrap();
    let task = event_loop.create_task(async {
        let mut numbers = in_a_scope(async || sleep(LONG).await);
        numbers.next().await;
        numbers.next().await;
    });
    event_loop.run_until_complete(turn()).unwrap();
    drop(event_loop);
    assert!(!task.done());
}

/// Two at the same time in one task, which Python does not have: the
/// scope that was entered last hears of a cancellation.
#[test]
fn a_generator_beside_a_scope() {
    run(async {
        let mut numbers = in_a_scope(async || sleep(LONG).await);
        assert_eq!(numbers.next().await, Some("first"));
        let task = create_task(async move {
            let mut next = pin!(numbers.next());
            let mut other = pin!(catch_cancelled(sleep(LONG)));
            poll_fn(|context| {
                // Both are polled each time, the generator first.
                let words = next.as_mut().poll(context);
                let heard = other.as_mut().poll(context);
                match (words, heard) {
                    (_, Poll::Ready(heard)) => Poll::Ready(heard.is_err()),
                    (Poll::Ready(_), _) => Poll::Ready(false),
                    _ => Poll::Pending,
                }
            })
            .await
        });
        turn().await;
        task.cancel();
        assert!(task.await);
    })
    .unwrap();
}

/// Nobody would ask the other task for a value.
#[test]
fn a_generator_that_yields_in_another_task() {
    run(async {
        let mut numbers = async_generator(async |out| {
            out.yield_(1).await;
            let task = create_task(async move { out.yield_(2).await });
            turn().await;
            turn().await;
            let words = task.exception().unwrap().unwrap();
            let refused = "RuntimeError: yield_ outside of its generator";
            assert!(words.starts_with(refused), "{words}");
        });
        assert_eq!(numbers.next().await, Some(1));
        assert_eq!(numbers.next().await, None);
    })
    .unwrap();
}
