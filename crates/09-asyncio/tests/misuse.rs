//! What belongs to another loop or to a group that is over, and what is
//! left when a loop is stopped. The names are those in `behaviors.md`.
#![cfg(not(model_check))]

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use asyncio::*;
use stage_09_asyncio as asyncio;

const LONG: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(5);

/// What a future says when it panics, or what it results in.
async fn said<T: std::fmt::Debug>(
    future: impl IntoFuture<Output = T>,
) -> String {
    let mut future = pin!(future.into_future());
    poll_fn(|context| {
        let poll = AssertUnwindSafe(|| future.as_mut().poll(context));
        match catch_unwind(poll) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(format!("{output:?}")),
            Err(panic) => {
                Poll::Ready(panic.downcast_ref::<String>().unwrap().clone())
            }
        }
    })
    .await
}

fn panic_of(call: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
    let fixed = panic.downcast_ref::<&str>().map(ToString::to_string);
    fixed.unwrap_or_else(|| panic.downcast_ref::<String>().unwrap().clone())
}

#[test]
fn attached_to_a_different_loop() {
    let other = new_event_loop().unwrap();
    let future = other.create_future::<i32>();
    let task = other.create_task(async { 1 });
    let main = async {
        let here = "RuntimeError: Task <Task pending name='Task-1' coro=<";
        let got = |what: &str, said: &str| {
            let there = format!("> got Future {what}");
            assert!(said.starts_with(here), "{said}");
            assert!(said.contains(&there), "{said}");
            let end = "> attached to a different loop";
            assert!(said.ends_with(end), "{said}");
        };
        got("<Future pending>", &said(&future).await);
        let named = "<Task pending name='Task-1' coro=<";
        got(named, &said(&task).await);
        got(named, &said(task.clone()).await);
        got("<Future pending>", &said(shield(&task)).await);
        got("<Future pending>", &said(gather([&task])).await);
        got(named, &said(wait_for(&task, MOMENT)).await);

        let different = "ValueError: The future belongs to a different \
                         loop than the one specified as the loop argument";
        let both = || drop(gather((turn(), &task)));
        assert_eq!(panic_of(both), different);
        assert_eq!(panic_of(|| drop(as_completed([&task]))), different);

        // Nothing of this has cancelled them, and a result that is there
        // has no loop to wait for.
        assert!(!task.done() && task.cancelling() == 0);
        future.set_result(7).unwrap();
        assert_eq!(future.clone().await, 7);
    };
    // It must not wait for ever.
    let main = async { timeout(Duration::from_secs(9), main).await };
    run(main).unwrap().unwrap();
    assert_eq!(other.run_until_complete(task).unwrap(), 1);
}

async fn turn() {
    sleep(Duration::ZERO).await;
}

/// What was made where no loop ran can be awaited everywhere.
#[test]
fn a_future_of_no_loop() {
    let future = Future::<i32>::new();
    let sets = future.clone();
    let main = async {
        create_task(async move { sets.set_result(1) });
        future.await
    };
    assert_eq!(run(main).unwrap(), 1);
}

/// A child makes another, while the group ends because of a failure.
#[test]
fn no_create_task_after_failure() {
    let made = Rc::new(RefCell::new(None));
    let makes = made.clone();
    let group = task_group(async |group: TaskGroup<&str>| {
        let child = group.clone();
        group.create_task(async move {
            let sleeping = catch_cancelled(sleep(LONG)).await;
            assert!(sleeping.is_err(), "the other has failed");
            let never = async { unreachable!("it is dropped") };
            let late: Task<()> = child.create_task(never);
            makes.replace(Some(late));
            Ok(())
        });
        group.create_task::<(), _>(async { Err("fails") });
        Ok(())
    });
    let failed = run(group).unwrap().unwrap_err();
    assert_eq!(failed.0, ["fails"]);
    assert!(made.take().unwrap().cancelled());
}

/// A number that was used up takes nobody else's callback back.
#[test]
fn remove_done_callback_of_another() {
    run(async {
        let future = Future::<()>::new();
        let called = Rc::new(Cell::new(0));
        let gone = future.add_done_callback(|_| unreachable!("removed"));
        assert!(future.remove_done_callback(gone));
        let calls = called.clone();
        let kept = future.add_done_callback(move |_| calls.set(1));
        assert!(!future.remove_done_callback(gone));
        future.set_result(()).unwrap();
        let late = future.add_done_callback(|_| ());
        assert!(!future.remove_done_callback(late));
        assert!(!future.remove_done_callback(kept), "it is scheduled");
        turn().await;
        assert_eq!(called.get(), 1);
    })
    .unwrap();
}

/// Whoever is stopped has given up nothing. The coroutine is dropped, and
/// what it awaited goes on.
#[test]
fn stop_leaves_a_group_to_work() {
    let event_loop = new_event_loop().unwrap();
    let stops = event_loop.clone();
    event_loop.call_later(MOMENT, move || stops.stop());
    let child = Cell::new(None);
    let main = task_group::<(), ()>(async |group| {
        child.set(Some(group.create_task(async {
            sleep(2 * MOMENT).await;
            Ok(1)
        })));
        sleep(LONG).await;
        Ok(())
    });
    let stopped = event_loop.run_until_complete(main);
    assert!(matches!(stopped, Err(Error::Stopped)));
    let child = child.take().unwrap();
    assert_eq!(child.cancelling(), 0);
    assert_eq!(event_loop.run_until_complete(child).unwrap(), 1);
}

#[test]
fn a_timeout_that_is_over_cancels_nobody() {
    run(async {
        let mut over = pin!(timeout(MOMENT, async { 1 }));
        assert_eq!(over.as_mut().await, Ok(1));
        sleep(4 * MOMENT).await;
    })
    .unwrap();
}

#[test]
fn stop_cancels_nothing() {
    let event_loop = new_event_loop().unwrap();
    let tasks = [1, 2].map(|number| {
        event_loop.create_task(async move {
            sleep(2 * MOMENT).await;
            number
        })
    });
    let place = Future::<()>::new(); // of no loop
    let stops = event_loop.clone();
    event_loop.call_later(MOMENT, move || stops.stop());
    let dropped = Rc::new(());
    let mine = dropped.clone();
    let main = async {
        let _mine = mine;
        timeout(LONG, gather(tasks.each_ref())).await
    };
    let stopped = event_loop.run_until_complete(main);
    assert!(matches!(stopped, Err(Error::Stopped)));
    assert_eq!(Rc::strong_count(&dropped), 1);
    event_loop.stop();
    let stopped = event_loop.run_until_complete(&place);
    assert!(matches!(stopped, Err(Error::Stopped)));
    assert!(!place.done());
    for (number, task) in (1..).zip(&tasks) {
        assert_eq!(task.cancelling(), 0);
        assert_eq!(event_loop.run_until_complete(task).unwrap(), number);
    }
}

/// An executor that is no loop would wait for ever.
#[test]
fn a_cancellation_outside_of_a_task_panics() {
    let future = Future::<()>::new();
    future.cancel();
    let words = panic_of(|| {
        let mut context = Context::from_waker(Waker::noop());
        let _ = pin!(future.into_future()).poll(&mut context);
    });
    assert_eq!(words, "CancelledError, outside of a task");
}

/// Its `Clone` and its `Debug` panic.
struct Panics;

impl Clone for Panics {
    fn clone(&self) -> Panics {
        panic!("in clone")
    }
}

impl std::fmt::Debug for Panics {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("in fmt")
    }
}

#[test]
fn a_result_that_panics_when_it_is_looked_at_stays() {
    run(async {
        let task = create_task(async { Panics });
        turn().await;
        assert_eq!(panic_of(|| drop(task.result())), "in clone");
        assert_eq!(panic_of(|| drop(format!("{task:?}"))), "in fmt");
        let lends = task.clone();
        let other = create_task(async move { (&lends).await });
        turn().await;
        assert_eq!(other.exception().unwrap().unwrap(), "in clone");
        let Panics = task.await;
    })
    .unwrap();
}
