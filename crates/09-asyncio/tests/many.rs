//! Long chains of tasks, circles of them, and many of them; and the same
//! task given twice. The names are those in `behaviors.md`.
#![cfg(not(model_check))]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use asyncio::*;
use stage_09_asyncio as asyncio;

const LONG: Duration = Duration::from_secs(3600);
/// More calls than any stack has room for.
const CHAIN: usize = if cfg!(miri) { 100 } else { 100_000 };

async fn turn() {
    sleep(Duration::ZERO).await;
}

/// Tasks that each await the one before. The first one sleeps.
fn chain(event_loop: &EventLoop, length: usize) -> Vec<Task<()>> {
    let mut tasks = vec![event_loop.create_task(sleep(LONG))];
    for _ in 1..length {
        let inner = tasks[tasks.len() - 1].clone();
        tasks.push(event_loop.create_task(async move { inner.await }));
    }
    tasks
}

/// A task that awaits itself or others that are made later: it gets what
/// it awaits from here.
type Later = Rc<RefCell<Option<Task<()>>>>;

fn awaits(later: &Later) -> Task<()> {
    let later = later.clone();
    create_task(async move {
        let other = later.borrow().clone().unwrap();
        other.await;
    })
}

#[test]
fn a_long_chain_can_be_cancelled() {
    run(async {
        let tasks = chain(&get_running_loop().unwrap(), CHAIN);
        turn().await;
        assert!(tasks[CHAIN - 1].cancel());
        assert!(tasks.iter().all(|task| task.cancelling() == 1));
        // The inner one ends first, and each one in a turn of its own.
        turn().await;
        turn().await;
        assert!(tasks[0].cancelled() && tasks[1].cancelled());
        assert!(!tasks[4].done());
        wait([tasks[CHAIN - 1].clone()]).await;
        assert!(tasks.iter().all(|task| task.cancelled()));
    })
    .unwrap();
}

#[test]
fn a_long_chain_can_be_gathered_and_cancelled() {
    run(async {
        let mut task = create_task(sleep(LONG));
        for _ in 1..CHAIN {
            let inner = task;
            task = create_task(async move {
                gather([inner]).await;
            });
        }
        turn().await;
        task.cancel();
        assert!(catch_cancelled(task).await.is_err());
    })
    .unwrap();
}

#[test]
fn a_long_chain_can_be_cancelled_at_the_end_of_a_run() {
    const LENGTH: usize = if cfg!(miri) { 100 } else { 3_000 };
    let mut tasks = Vec::new();
    run(async {
        tasks = chain(&get_running_loop().unwrap(), LENGTH);
        turn().await;
    })
    .unwrap();
    assert!(tasks.iter().all(|task| task.cancelled()));
    // As in Python, where a recursion asks all behind each of them.
    let asked: Vec<_> = tasks.iter().map(|it| it.cancelling()).collect();
    assert_eq!(asked[LENGTH - 3..], [3, 2, 1]);
    // But not so far behind, where Python's recursion would not come.
    assert!(asked[0] < 1_500, "asked {} times", asked[0]);
}

#[test]
fn a_long_chain_can_be_dropped() {
    let event_loop = new_event_loop().unwrap();
    let tasks = chain(&event_loop, CHAIN);
    event_loop.run_until_complete(turn()).unwrap();
    drop(event_loop);
    assert!(!tasks[0].done());
}

/// The same, with a first task that awaits the others: those that were
/// made later are dropped later.
#[test]
fn a_long_chain_can_be_dropped_from_its_outer_end() {
    fn inner(depth: usize) -> Task<()> {
        create_task(async move {
            match depth {
                0 => sleep(LONG).await,
                _ => inner(depth - 1).await,
            }
        })
    }
    let event_loop = new_event_loop().unwrap();
    let outer = async { drop(inner(CHAIN)) };
    event_loop.run_until_complete(outer).unwrap();
    let turns = async {
        for _ in 0..CHAIN {
            turn().await;
        }
    };
    event_loop.run_until_complete(turns).unwrap();
    assert!(event_loop.all_tasks().len() >= CHAIN);
    drop(event_loop);
}

/// Two tasks await each other. In Python, cancelling one of them raises a
/// `RecursionError`, and both wait for ever.
#[test]
fn a_circle_of_tasks_ends_when_it_is_cancelled() {
    run(async {
        let later = Later::default();
        let one = awaits(&later);
        let inner = one.clone();
        let other = create_task(async move { inner.await });
        later.replace(Some(other.clone()));
        turn().await;
        one.cancel();
        wait([one.clone(), other.clone()]).await;
        assert!(one.cancelled() && other.cancelled());
    })
    .unwrap();
}

/// The end of `run` cancels it as well.
#[test]
fn a_circle_of_tasks_does_not_outlive_its_run() {
    let later = Later::default();
    run(async {
        let one = awaits(&later);
        later.replace(Some(create_task(async move { one.await })));
        turn().await;
    })
    .unwrap();
    assert!(later.take().unwrap().cancelled());
}

#[test]
fn a_task_that_gathers_itself_can_be_cancelled() {
    for others_end in [true, false] {
        run(async {
            let later = Later::default();
            let itself = later.clone();
            let task = create_task(async move {
                let task = itself.borrow().clone().unwrap();
                let both = gather([task, create_task(sleep(LONG))]);
                if others_end {
                    both.await;
                } else {
                    let _ = both.return_exceptions().await;
                }
            });
            later.replace(Some(task.clone()));
            turn().await;
            assert!(task.cancel());
            assert!(catch_cancelled(task).await.is_err());
        })
        .unwrap();
    }
}

/// A circle that is closed by the step in which the task cancels itself.
#[test]
fn a_task_that_cancels_itself_in_a_circle() {
    run(async {
        let later = Later::default();
        let other = awaits(&later);
        let task = create_task(async move {
            turn().await;
            current_task().unwrap().cancel();
            other.await;
        });
        later.replace(Some(task.clone()));
        assert!(catch_cancelled(task).await.is_err());
    })
    .unwrap();
}

/// How much longer it takes with ten times as many.
fn growth(work: impl Fn(usize)) -> f64 {
    let time = |many| {
        let started = Instant::now();
        work(many);
        started.elapsed().as_secs_f64()
    };
    let few = time(3_000).min(time(3_000));
    time(30_000).min(time(30_000)) / few
}

#[test]
#[cfg_attr(miri, ignore = "it measures time")]
fn the_time_of_a_group_grows_with_its_tasks() {
    let growth = growth(|many| {
        run(async {
            let group = task_group::<(), ()>(async |group| {
                for _ in 0..many {
                    group.create_task(async {
                        turn().await;
                        Ok(())
                    });
                }
                Ok(())
            });
            group.await.unwrap();
        })
        .unwrap();
    });
    assert!(growth < 40.0, "{growth} times as long");
}

#[test]
#[cfg_attr(miri, ignore = "it measures time")]
fn the_time_of_a_future_grows_with_those_who_await_it() {
    let growth = growth(|many| {
        run(async {
            let future = Future::<()>::new();
            let wait_for = |_| {
                let future = future.clone();
                create_task(async move { future.await })
            };
            let tasks: Vec<_> = (0..many).map(wait_for).collect();
            turn().await;
            future.set_result(()).unwrap();
            gather(tasks).await;
        })
        .unwrap();
    });
    assert!(growth < 40.0, "{growth} times as long");
}

#[test]
#[cfg_attr(miri, ignore = "it measures time")]
fn the_time_to_cancel_concurrent_futures_grows_with_their_number() {
    let growth = growth(|many| {
        run(async {
            let handle = get_running_loop().unwrap().handle();
            let start =
                |_| run_coroutine_threadsafe(|| sleep(LONG), &handle);
            let futures: Vec<_> = (0..many).map(start).collect();
            turn().await;
            turn().await;
            futures.iter().for_each(ConcurrentFuture::cancel);
            turn().await;
            turn().await;
            assert_eq!(all_tasks().unwrap().len(), 1);
        })
        .unwrap();
    });
    assert!(growth < 40.0, "{growth} times as long");
}

#[test]
fn as_completed_and_wait_of_the_same_task_twice() {
    run(async {
        let task = create_task(async { 1 });
        let mut completed = as_completed([&task, &task]);
        assert_eq!(completed.next().await, Some(1));
        assert_eq!(completed.next().await, None);
        let other = create_task(async { 2 });
        let twice = [&task, &other, &task, &other].map(Task::clone);
        let (done, pending) = wait(twice).await;
        let results = done.iter().map(|it| it.result().unwrap());
        assert_eq!(results.collect::<Vec<_>>(), [1, 2]);
        assert!(pending.is_empty());
    })
    .unwrap();
}

#[test]
fn exception_of_what_is_not_done() {
    run(async {
        let future = Future::<Result<(), ()>>::new();
        assert_eq!(
            future.exception().unwrap_err().to_string(),
            "InvalidStateError: Exception is not set."
        );
        let task = create_task(async { Ok::<(), ()>(()) });
        assert_eq!(
            task.set_exception(()).unwrap_err().to_string(),
            "RuntimeError: Task does not support set_exception operation"
        );
        assert_eq!(
            task.set_result(Ok(())).unwrap_err().to_string(),
            "RuntimeError: Task does not support set_result operation"
        );
    })
    .unwrap();
}

#[test]
fn a_handle_that_is_cancelled_after_its_call() {
    run(async {
        let event_loop = get_running_loop().unwrap();
        let mine = Rc::new(RefCell::new(None::<Handle>));
        let (inside, called) = (mine.clone(), Rc::new(Cell::new(false)));
        let calls = called.clone();
        let handle = event_loop.call_soon(move || {
            let handle = inside.take().unwrap();
            handle.cancel();
            calls.set(handle.cancelled());
        });
        mine.replace(Some(handle.clone()));
        let timer = event_loop.call_later(Duration::ZERO, || ());
        turn().await;
        assert!(called.get() && handle.cancelled());
        turn().await;
        assert!(!timer.cancelled());
        timer.cancel();
        assert!(timer.cancelled());
    })
    .unwrap();
}

/// Each is dropped inside of the one before, so the stack must have room.
#[test]
fn a_chain_of_futures_linked_by_callbacks_can_be_dropped() {
    let first = Future::<i32>::new();
    let mut last = first.clone();
    for _ in 0..1_000 {
        let next = Future::new();
        let linked = next.clone();
        last.add_done_callback(move |_| drop(linked.set_result(1)));
        last = next;
    }
    let kept = last.clone();
    drop((first, last));
    assert!(!kept.done());
}
