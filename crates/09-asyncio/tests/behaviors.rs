//! What neither the scenarios nor the random programs can show: panics,
//! memory, debug mode, misuse. The names are those in `behaviors.md`.
#![cfg(not(model_check))]

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use asyncio::*;
use stage_09_asyncio as asyncio;

const LONG: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(5);

async fn turn() {
    sleep(Duration::ZERO).await;
}

async fn long<E>() -> Result<(), E> {
    sleep(LONG).await;
    Ok(())
}

/// A loop that hands over what it reports.
fn reporting_loop() -> (EventLoop, Rc<RefCell<Vec<String>>>) {
    let event_loop = new_event_loop().unwrap();
    let said = Rc::new(RefCell::new(Vec::new()));
    let says = said.clone();
    event_loop.set_exception_handler(move |report| {
        says.borrow_mut().push(report.to_owned());
    });
    (event_loop, said)
}

/// What a panic said that came out of `run`.
fn panic_of<T>(main: impl IntoFuture<Output = T>) -> String {
    let run = AssertUnwindSafe(|| drop(run(main).unwrap()));
    let panic = catch_unwind(run).unwrap_err();
    let fixed = panic.downcast_ref::<&str>().map(ToString::to_string);
    fixed.unwrap_or_else(|| panic.downcast_ref::<String>().unwrap().clone())
}

#[test]
fn task_awaits_on_itself() {
    run(async {
        let place = Rc::new(RefCell::new(None::<Task<()>>));
        let mine = place.clone();
        let task = create_task(async move {
            let me = mine.take().unwrap();
            me.await;
        });
        *place.borrow_mut() = Some(task.clone());
        wait([task.clone()]).await;
        let words = task.exception().unwrap().unwrap();
        assert_eq!(words, "RuntimeError: Task cannot await on itself");
    })
    .unwrap();
}

#[test]
fn exception_marking() {
    assert_eq!(
        panic_of(async {
            let task = create_task(async { panic!("oh") });
            let () = task.await;
        }),
        "oh"
    );
    // It goes on in everybody who awaits, in the same words.
    run(async {
        let failing = create_task(async { panic!("again") });
        let both = [failing.clone(), failing.clone()];
        let both = both.map(|it| create_task(async { it.await }));
        wait(both.clone()).await;
        for task in both {
            let words = task.exception().unwrap();
            assert_eq!(words.as_deref(), Some("again"));
            assert!(matches!(task.result(), Err(Error::Exception(_))));
        }
    })
    .unwrap();
}

#[test]
fn log_traceback() {
    let (event_loop, said) = reporting_loop();
    let main = async {
        create_task(async { panic!("unseen") });
        let seen = create_task(async { panic!("seen") });
        turn().await;
        turn().await;
        let words = seen.exception().unwrap();
        assert_eq!(words.as_deref(), Some("seen"));
    };
    event_loop.run_until_complete(main).unwrap();
    let said = said.borrow();
    assert_eq!(said.len(), 1, "{said:?}");
    let start = "Task exception was never retrieved: <Task finished";
    assert!(said[0].starts_with(start), "{said:?}");
}

#[test]
fn log_destroyed_pending_task() {
    struct Counts(Rc<Cell<u32>>);

    impl Drop for Counts {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    let dropped = Rc::new(Cell::new(0));
    let weak = Rc::downgrade(&dropped);
    let (event_loop, said) = reporting_loop();
    let long = || {
        let counts = Counts(dropped.clone());
        async move {
            let _counts = counts;
            sleep(LONG).await;
        }
    };
    for _ in 0..3 {
        let (child, inner) = (long(), long());
        let main = async move {
            let inner = create_task(inner);
            let group = task_group::<(), ()>(async |group| {
                group.create_task(async {
                    child.await;
                    Ok(())
                });
                inner.await;
                Ok(())
            });
            let _ = timeout(LONG, group).await;
        };
        let task = event_loop.create_task(main);
        task.add_done_callback(|_| panic!("it is not done"));
    }
    // Each of these keeps a task, and the task keeps who waits for it.
    let (shielded, gathered, completed) = (long(), long(), long());
    event_loop.create_task(async {
        let _shield = shield(shielded);
        let _gather = gather([gathered]);
        as_completed([completed]).next().await;
    });
    let some_turns = async {
        for _ in 0..5 {
            turn().await;
        }
    };
    event_loop.run_until_complete(some_turns).unwrap();
    assert_eq!(dropped.get(), 0);
    event_loop.set_debug(true);
    drop(event_loop);
    assert_eq!(dropped.get(), 9);
    drop(dropped);
    assert!(weak.upgrade().is_none(), "something is leaked");
    let start = "Task was destroyed but it is pending! <Task pending";
    let said = said.borrow();
    assert_eq!(said.len(), 13, "{said:?}");
    assert!(said.iter().all(|it| it.starts_with(start)), "{said:?}");
}

/// A loop that a thread keeps until its end, with a task in it.
#[test]
fn set_event_loop_until_the_end_of_the_thread() {
    let thread = thread::spawn(|| {
        let event_loop = new_event_loop().unwrap();
        let hang = async { timeout(LONG, sleep(LONG)).await };
        let task = event_loop.create_task(hang);
        event_loop.run_until_complete(sleep(MOMENT)).unwrap();
        set_event_loop(Some(&event_loop));
        task.done()
    });
    assert!(!thread.join().unwrap());
}

#[test]
fn create_task_without_a_loop() {
    let dropped = Rc::new(());
    let mine = dropped.clone();
    let task = create_task(async move { drop(mine) });
    assert_eq!(Rc::strong_count(&dropped), 1, "the coroutine is dropped");
    let words = task.exception().unwrap();
    let expected = "RuntimeError: no running event loop";
    assert_eq!(words.as_deref(), Some(expected));
    assert_eq!(panic_of(task.into_future()), expected);
}

#[test]
fn a_result_that_is_no_clone_is_taken_once() {
    run(async {
        struct NoClone(i32);
        let task = create_task(async { NoClone(7) });
        let again = task.clone();
        assert_eq!(task.await.0, 7);
        assert!(again.done() && !again.cancelled());
        let all = (async { 1 }, create_task(async { "two" }));
        assert_eq!(gather(all).await, (1, "two"));
    })
    .unwrap();
    let words = panic_of(async {
        let task = create_task(async { 7 });
        (task.clone().await, task.await)
    });
    assert_eq!(words, "the result was taken by another await");
}

#[test]
fn wait_invalid_args() {
    let (done, pending) = run(wait(Vec::<Task<()>>::new())).unwrap();
    assert!(done.is_empty() && pending.is_empty());
}

#[test]
fn gather_panics_and_return_exceptions() {
    let failing = || create_task(async { panic!("one") });
    assert_eq!(panic_of(async { gather([failing()]).await }), "one");
    run(async {
        let fine = create_task(async {});
        let both = gather([fine, failing()]).return_exceptions().await;
        let [Ok(()), Err(error)] = both else { panic!("{both:?}") };
        assert_eq!(error.to_string(), "one");
        let none: Vec<()> = gather(Vec::<Task<()>>::new()).await;
        assert!(none.is_empty());
    })
    .unwrap();
}

#[test]
fn base_error() {
    let started = Instant::now();
    let words = panic_of(async {
        let group = task_group::<(), &str>(async |group| {
            group.create_task::<(), _>(async { Err("an error") });
            group.create_task::<(), _>(async { panic!("in a group") });
            group.create_task(long());
            sleep(LONG).await;
            Ok(())
        });
        drop(group.await);
    });
    assert_eq!(words, "in a group");
    assert!(started.elapsed() < LONG);
}

/// A body that panics waits for its children, as one that fails does.
#[test]
fn taskgroup_body_panics() {
    let ended = Rc::new(Cell::new(false));
    let ends = ended.clone();
    let words = panic_of(async {
        let group = task_group::<(), ()>(async |group| {
            group.create_task(async move {
                let sleeping = catch_cancelled(sleep(LONG)).await;
                sleep(MOMENT).await;
                ends.set(sleeping.is_err());
                Ok(())
            });
            turn().await;
            panic!("the body");
        });
        drop(group.await);
    });
    assert_eq!(words, "the body");
    assert!(ended.get(), "the child has cleaned up");
}

#[test]
fn taskgroup_finished() {
    run(async {
        let group = task_group::<_, ()>(async |group| Ok(group)).await;
        let late = group.unwrap();
        let never = async { unreachable!("it is dropped") };
        let task: Task<()> = late.create_task(never);
        assert!(task.cancelled());
    })
    .unwrap();
}

#[test]
fn set_result_causes_invalid_state() {
    run(async {
        let future: Future<Result<i32, &str>> = Future::new();
        assert!(matches!(future.result(), Err(Error::NotDone)));
        assert!(matches!(future.exception(), Err(Error::NoException)));
        future.set_exception("why").unwrap();
        let again = future.set_result(Ok(1));
        assert!(matches!(again, Err(Error::InvalidState)));
        assert_eq!(future.await, Err("why"));
        let cancelled = Future::<i32>::new();
        assert!(cancelled.cancel() && !cancelled.cancel());
        assert!(matches!(cancelled.result(), Err(Error::Cancelled)));
        assert!(matches!(cancelled.exception(), Err(Error::Cancelled)));
        assert!(catch_cancelled(cancelled).await.is_err());
        let task = create_task(async { 1 });
        let set = task.set_result(2);
        assert!(matches!(set, Err(Error::TaskHasCoroutine("set_result"))));
        assert_eq!(task.await, 1);
    })
    .unwrap();
}

#[test]
fn running_loop_within_a_loop() {
    let other = new_event_loop().unwrap();
    run(async {
        let this = get_running_loop().unwrap();
        let again = this.run_until_complete(async {});
        assert!(matches!(again, Err(Error::AlreadyRunning)));
        assert!(matches!(this.run_forever(), Err(Error::AlreadyRunning)));
        let inside = other.run_forever();
        assert!(matches!(inside, Err(Error::OtherLoopRuns)));
        assert!(matches!(run(async {}), Err(Error::RunInsideLoop)));
    })
    .unwrap();
}

#[test]
fn error_in_call_soon() {
    let (event_loop, said) = reporting_loop();
    event_loop.call_soon(|| panic!("in a callback"));
    event_loop.run_until_complete(turn()).unwrap();
    let said = said.borrow();
    assert_eq!(said.len(), 1, "{said:?}");
    let start = "Exception in callback behaviors::error_in_call_soon";
    assert!(said[0].starts_with(start), "{said:?}");
}

#[test]
fn log_slow_callbacks() {
    async fn slow() {
        thread::sleep(Duration::from_millis(120));
    }
    let (event_loop, said) = reporting_loop();
    event_loop.set_debug(true);
    let main = async { create_task(slow()).await };
    event_loop.run_until_complete(main).unwrap();
    let said = said.borrow();
    let start = "Executing <Task pending name='Task-2' coro=<slow()> made";
    let slow = said.iter().filter(|it| it.starts_with(start));
    assert_eq!(slow.count(), 1, "{said:?}");
}

#[test]
fn run_once_cancelled_event_cleanup() {
    run(async {
        let event_loop = get_running_loop().unwrap();
        // Each holds this, as long as it stays in the heap uncancelled.
        let alive = Rc::new(());
        let many = if cfg!(miri) { 100 } else { 100_000 };
        for _ in 0..many {
            let holds = alive.clone();
            event_loop.call_later(LONG, move || drop(holds)).cancel();
            timeout(LONG, turn()).await.unwrap();
        }
        assert_eq!(Rc::strong_count(&alive), 1);
        let text = format!("{event_loop:?}");
        assert_eq!(text, "<EventLoop running=true debug=false>");
    })
    .unwrap();
}

#[test]
fn a_delay_that_no_clock_can_count() {
    run(async {
        let sleeping = timeout(MOMENT, sleep(Duration::MAX)).await;
        assert!(sleeping.is_err());
        let event_loop = get_running_loop().unwrap();
        event_loop.call_later(Duration::MAX, || ()).cancel();
    })
    .unwrap();
}

#[test]
fn task_done_underflow() {
    let queue = Queue::<()>::new(0);
    assert!(matches!(queue.task_done(), Err(Error::TaskDoneTooOften)));
}

#[test]
fn a_task_that_cancels_itself_in_a_scope() {
    run(async {
        let task = create_task(async {
            let caught = catch_cancelled(async {
                current_task().unwrap().cancel();
                turn().await;
            });
            caught.await.is_err()
        });
        assert!(task.await);
    })
    .unwrap();
}
