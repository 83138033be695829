use asyncio::{Error, EventLoop, Task, create_task, sleep, wait};
use asyncio::{get_event_loop, get_running_loop, set_event_loop};
use stage_09_asyncio as asyncio;

use crate::tracing::virtual_loop as new_event_loop;
use crate::tracing::{python, seconds, trace};

async fn which(one: &EventLoop) -> &'static str {
    python(get_running_loop().unwrap().is(one))
}

async fn current(other: &EventLoop) -> &'static str {
    python(get_event_loop().unwrap().is(other))
}

async fn inside(run: impl FnOnce() -> Result<(), Error>) {
    if let Err(error) = run() {
        trace!("{error}");
    }
}

async fn never() {
    get_running_loop().unwrap().stop();
    sleep(seconds(9)).await;
}

async fn work() -> i32 {
    sleep(seconds(2)).await;
    trace!("worked");
    42
}

fn stopped<F: IntoFuture>(one: &EventLoop, task: &Task<i32>, main: F) {
    let again = one.clone();
    one.call_later(seconds(1), move || again.stop());
    if let Err(error) = one.run_until_complete(main) {
        let is_done = python(task.done());
        trace!("{error} {is_done} {}", task.cancelling());
    }
    trace!("goes on {}", one.run_until_complete(task).unwrap());
}

async fn attached(other: &EventLoop) {
    let there = other.create_future::<()>();
    let task = create_task(there.clone().into_future());
    wait([task.clone()]).await;
    let error = task.exception().unwrap().unwrap();
    let starts =
        error.starts_with("RuntimeError: Task <Task pending name=");
    trace!("{}", python(starts));
    let ends = error.ends_with("attached to a different loop");
    trace!("{}", python(ends));
    trace!("pending there {}", python(!there.done()));
}

pub(crate) fn scenario() {
    if let Err(error) = get_running_loop() {
        trace!("{error}");
    }

    let (one, other) = (new_event_loop(), new_event_loop());
    trace!("{}", one.run_until_complete(which(&one)).unwrap());
    trace!("{}", other.run_until_complete(which(&one)).unwrap());
    trace!("running {}", python(one.is_running()));

    set_event_loop(Some(&one));
    let is_one = get_event_loop().unwrap().is(&one);
    trace!("the one that was set {}", python(is_one));
    let is_other = other.run_until_complete(current(&other)).unwrap();
    trace!("the one that runs {is_other}");
    set_event_loop(None);
    if get_event_loop().is_err() {
        trace!("no current event loop");
    }

    let coroutine = || sleep(seconds(0));
    let runs_one = || one.run_until_complete(coroutine());
    one.run_until_complete(inside(runs_one)).unwrap();
    let runs_other = || other.run_until_complete(coroutine());
    one.run_until_complete(inside(runs_other)).unwrap();
    let runs = || asyncio::run(coroutine());
    one.run_until_complete(inside(runs)).unwrap();

    let again = one.clone();
    one.call_soon(move || {
        trace!("stops");
        again.stop();
        again.call_soon(|| trace!("next run"));
    });
    one.call_soon(|| trace!("same turn"));
    one.run_forever().unwrap();
    trace!("stopped");
    one.run_until_complete(sleep(seconds(0))).unwrap();

    if let Err(error) = one.run_until_complete(never()) {
        trace!("{error}");
    }

    let task = one.create_task(work());
    stopped(&one, &task, &task);
    let task = one.create_task(work());
    stopped(&one, &task, async { (&task).await });

    one.run_until_complete(attached(&other)).unwrap();

    other.stop();
    other.call_soon(|| trace!("stopped before it runs: one turn"));
    other.run_forever().unwrap();
}
