//! Panics that nobody has seen: the exception handler hears of each of
//! them once. The names are those in `behaviors.md`.
#![cfg(not(model_check))]

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::time::Duration;

use asyncio::*;
use stage_09_asyncio as asyncio;

const MOMENT: Duration = Duration::from_millis(5);
const GATHERING: &str =
    "_GatheringFuture exception was never retrieved: \"boom\"";
const GROUP: &str = "TaskGroup exception was never retrieved: \"boom\"";
const FUTURE: &str = "Future exception was never retrieved: \"boom\"";

async fn boom() {
    panic!("boom");
}

/// What the exception handler hears while this runs.
fn reports(main: impl std::future::Future<Output = ()>) -> Vec<String> {
    let event_loop = new_event_loop().unwrap();
    let reports = Rc::new(RefCell::new(Vec::new()));
    let says = reports.clone();
    event_loop.set_exception_handler(move |report| {
        says.borrow_mut().push(report.to_owned());
    });
    event_loop.run_until_complete(main).unwrap();
    reports.take()
}

/// It is dropped when it has the panic, or before.
#[test]
fn gather_exception_never_retrieved() {
    let kept = reports(async {
        let gathering = gather([boom()]);
        sleep(MOMENT).await;
        drop(gathering);
    });
    assert_eq!(kept, [GATHERING]);
    let dropped = reports(async {
        drop(gather([boom(), boom()]));
        sleep(MOMENT).await;
    });
    assert_eq!(dropped, [GATHERING]);
}

/// The panic is among the outcomes, whether the task is done or not.
#[test]
fn gather_return_exceptions_reports_nothing() {
    let reports = reports(async {
        let outcomes = gather([boom()]).return_exceptions();
        sleep(MOMENT).await;
        drop(outcomes);
        let task = create_task(boom());
        sleep(MOMENT).await;
        let [outcome] = gather([task]).return_exceptions().await;
        assert_eq!(outcome.unwrap_err().to_string(), "boom");
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn shield_exception_never_retrieved() {
    let kept = reports(async {
        let shielded = shield(boom());
        sleep(MOMENT).await;
        drop(shielded);
    });
    assert_eq!(kept, [FUTURE]);
    let dropped = reports(async {
        drop(shield(boom()));
        sleep(MOMENT).await;
    });
    assert_eq!(dropped, [FUTURE]);
}

/// Whoever has given up the shield does not take the panic of the task.
#[test]
fn shield_that_is_given_up_leaves_the_report_to_the_task() {
    let reports = reports(async {
        let late = async {
            sleep(2 * MOMENT).await;
            panic!("boom");
        };
        let given_up: Result<(), _> = timeout(MOMENT, shield(late)).await;
        assert!(given_up.is_err());
        sleep(4 * MOMENT).await;
    });
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert!(report.starts_with("Task exception was never retrieved"));
}

/// A call whose panic is there.
fn thread_panics() -> Submitted<()> {
    let pool = ThreadPoolExecutor::new(1); // dropping it waits
    let event_loop = get_running_loop().unwrap();
    event_loop.run_in_executor(Some(&pool), || panic!("boom"))
}

#[test]
fn run_in_executor_exception_never_retrieved() {
    let reports = reports(async {
        drop(thread_panics());
    });
    assert_eq!(reports, [FUTURE]);
}

/// Nobody is there to hear of it, but the thread prints the panic.
#[test]
fn a_call_that_was_dropped_before_its_panic_is_not_reported() {
    let reports = reports(async {
        let (starts, start) = channel::<()>();
        let pool = ThreadPoolExecutor::new(1);
        let event_loop = get_running_loop().unwrap();
        let call = event_loop.run_in_executor(Some(&pool), move || {
            start.recv().unwrap_err();
            panic!("boom")
        });
        let call: Submitted<()> = call;
        drop(call);
        drop(starts);
        drop(pool); // waits
    });
    assert!(reports.is_empty(), "{reports:?}");
}

/// The test starts itself again, with a stderr that takes nothing.
#[test]
#[cfg(target_os = "linux")]
#[cfg_attr(miri, ignore = "Miri starts no processes")]
fn a_report_that_stderr_does_not_take_ends_nothing() {
    use std::{env, fs, process};
    const AGAIN: &str = "REPORTS_TO_A_FULL_STDERR";
    const ME: &str = "a_report_that_stderr_does_not_take_ends_nothing";
    if env::var_os(AGAIN).is_some() {
        let event_loop = new_event_loop().unwrap();
        let task = event_loop.create_task(boom());
        event_loop.run_until_complete(sleep(MOMENT)).unwrap();
        drop(task);
        return;
    }
    let full =
        fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut again = process::Command::new(env::current_exe().unwrap());
    again.args([ME, "--exact", "--nocapture"]).env(AGAIN, "1");
    let again = again.stderr(full).output().unwrap();
    let said = String::from_utf8(again.stdout).unwrap();
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn what_somebody_has_seen_is_not_reported() {
    let reports = reports(async {
        let shielded = create_task(async { shield(boom()).await });
        let gathered = create_task(async {
            gather([boom()]).await;
        });
        let called = create_task(async { thread_panics().await });
        let all = gather((shielded, gathered, called));
        let (one, two, three) = all.return_exceptions().await;
        for outcome in [one, two, three] {
            assert_eq!(outcome.unwrap_err().to_string(), "boom");
        }
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn an_exception_in_a_callback_is_reported_with_its_words() {
    let reports = reports(async {
        let event_loop = get_running_loop().unwrap();
        event_loop.call_soon(|| panic!("oh"));
        sleep(MOMENT).await;
    });
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert!(report.starts_with("Exception in callback never_retrieved::"));
    assert!(report.ends_with(": \"oh\""), "{report}");
}

/// A coroutine of another thread that was given up fails: nobody but the
/// loop hears of it.
#[test]
fn a_task_whose_concurrent_future_is_cancelled_is_reported() {
    let reports = reports(async {
        let event_loop = get_running_loop().unwrap().handle();
        let fails = || async {
            let _ = catch_cancelled(sleep(10 * MOMENT)).await;
            panic!("boom")
        };
        let future = run_coroutine_threadsafe(fails, &event_loop);
        let future: ConcurrentFuture<()> = future;
        sleep(MOMENT).await;
        future.cancel();
        sleep(MOMENT).await;
    });
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert!(report.starts_with("Task exception was never retrieved"));
}

async fn fails_late() -> Result<(), ()> {
    let _ = catch_cancelled(sleep(MOMENT)).await;
    panic!("boom");
}

/// The group is dropped before its child fails, or later, while it waits
/// for the cleanup of another one.
#[test]
fn a_child_of_a_group_that_was_dropped_is_reported() {
    for dropped_after in [Duration::ZERO, 2 * MOMENT] {
        let reports = reports(async move {
            let mut group = Box::pin(task_group(async |group| {
                group.create_task(fails_late());
                group.create_task(async {
                    let _ = catch_cancelled(sleep(4 * MOMENT)).await;
                    sleep(4 * MOMENT).await;
                    Ok(())
                });
                Ok(())
            }));
            let mut end = Box::pin(sleep(dropped_after));
            std::future::poll_fn(|context| {
                assert!(group.as_mut().poll(context).is_pending());
                end.as_mut().poll(context)
            })
            .await;
            drop(group);
            sleep(2 * MOMENT).await;
        });
        assert_eq!(reports, [GROUP]);
    }
}

#[test]
fn a_child_of_a_group_whose_loop_was_stopped_is_reported() {
    let event_loop = new_event_loop().unwrap();
    let (says, said) = channel();
    event_loop.set_exception_handler(move |report| {
        says.send(report.to_owned()).unwrap();
    });
    let stops = event_loop.clone();
    let group = task_group(async |group| {
        group.create_task(fails_late());
        stops.stop();
        Ok(())
    });
    let stopped = event_loop.run_until_complete(group);
    assert!(matches!(stopped, Err(Error::Stopped)));
    event_loop.run_until_complete(sleep(2 * MOMENT)).unwrap();
    assert_eq!(said.try_iter().collect::<Vec<_>>(), [GROUP]);
}
