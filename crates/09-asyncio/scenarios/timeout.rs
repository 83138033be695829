use std::fmt::Display;

use asyncio::{
    catch_cancelled, create_task, shield, sleep, timeout, wait_for,
};
use stage_09_asyncio as asyncio;

use crate::tracing::{python, run, seconds, trace};

async fn slow(
    name: &'static str,
    delay: u64,
    cleanup: u64,
) -> &'static str {
    if let Err(cancelled) = catch_cancelled(sleep(seconds(delay))).await {
        trace!("{name} cleans up");
        sleep(seconds(cleanup)).await;
        trace!("{name} has cleaned up");
        cancelled.raise().await
    }
    trace!("{name} in time");
    name
}

async fn attempt<T: Display>(
    what: &str,
    awaited: impl IntoFuture<Output = T>,
    delay: u64,
) {
    match timeout(seconds(delay), awaited).await {
        Ok(value) => trace!("{what} returned {value}"),
        Err(_) => trace!("{what} timed out"),
    }
}

async fn stubborn() -> &'static str {
    if catch_cancelled(sleep(seconds(9))).await.is_err() {
        trace!("stubborn goes on");
    }
    "late"
}

async fn inside() -> &'static str {
    if timeout(seconds(2), slow("nested", 9, 1)).await.is_err() {
        trace!("inner timed out");
    }
    sleep(seconds(9)).await;
    "never"
}

async fn main() {
    attempt("a", slow("a", 1, 0), 2).await;
    attempt("b", slow("b", 9, 0), 2).await;
    attempt("c", slow("c", 9, 2), 1).await;
    let task = create_task(slow("task", 9, 1));
    attempt("task", task.clone(), 1).await;
    trace!("{}", python(task.cancelled()));
    let task = create_task(slow("shielded", 3, 0));
    attempt("shield", shield(task.clone()), 1).await;
    let (done, name) = (python(task.done()), task.await);
    trace!("{done} {name}");
    attempt("stubborn", stubborn(), 1).await;
    attempt("outer", inside(), 5).await;
    let task = create_task(attempt("never", slow("cancelled", 9, 0), 5));
    sleep(seconds(1)).await;
    task.cancel();
    if catch_cancelled(task).await.is_err() {
        trace!("a cancelling is no timeout");
    }

    let never_starts = wait_for(slow("never starts", 1, 0), seconds(0));
    if never_starts.await.is_err() {
        trace!("wait_for 0 starts nothing");
    }
    attempt("at once", slow("at once", 1, 0), 0).await;
}

pub(crate) fn scenario() {
    run(main());
}
