use asyncio::{Task, catch_cancelled, create_task, sleep};
use stage_09_asyncio as asyncio;

use crate::tracing::{Finally, python, run, seconds, trace};

async fn plain(name: &'static str) -> &'static str {
    trace!("{name} starts");
    let _finally = Finally(format!("{name} finally"));
    sleep(seconds(20)).await;
    "never"
}

async fn cleans_up() -> &'static str {
    if let Err(cancelled) = catch_cancelled(sleep(seconds(20))).await {
        trace!("cleans up");
        sleep(seconds(1)).await;
        trace!("has cleaned up");
        cancelled.raise().await
    }
    "never"
}

async fn swallows() -> &'static str {
    if catch_cancelled(sleep(seconds(20))).await.is_err() {
        trace!("swallows");
    }
    "goes on"
}

async fn outer<T>(inner: impl IntoFuture<Output = T>) -> T {
    let _finally = Finally("outer: finally".into());
    inner.await
}

async fn by_itself() -> &'static str {
    asyncio::current_task().unwrap().cancel();
    trace!("has cancelled itself, and still runs");
    sleep(seconds(0)).await;
    "never"
}

async fn ending(name: &str, task: Task<&'static str>) {
    match catch_cancelled(task.clone()).await {
        Ok(value) => trace!("{name} returned {value}"),
        Err(_) => {
            trace!("{name} was cancelled {}", python(task.cancelled()));
        }
    }
}

async fn main() {
    let unstarted = create_task(plain("unstarted"));
    unstarted.cancel();
    ending("unstarted", unstarted).await;

    let task = create_task(plain("plain"));
    sleep(seconds(1)).await;
    trace!("{} {}", python(task.cancel()), python(task.done()));
    ending("plain", task.clone()).await;
    trace!("{}", python(task.cancel()));

    let task = create_task(cleans_up());
    sleep(seconds(0)).await;
    task.cancel();
    ending("cleans_up", task).await;

    let task = create_task(swallows());
    sleep(seconds(0)).await;
    task.cancel();
    ending("swallows", task).await;

    let inner = create_task(plain("inner"));
    let task = create_task(outer(inner.clone()));
    sleep(seconds(1)).await;
    task.cancel();
    ending("outer", task).await;
    trace!("{}", python(inner.cancelled()));

    let inner = create_task(plain("shielded"));
    let task = create_task(outer(asyncio::shield(inner.clone())));
    sleep(seconds(1)).await;
    task.cancel();
    ending("outer", task).await;
    trace!("{}", python(inner.done()));
    inner.cancel();
    ending("shielded", inner).await;

    ending("by_itself", create_task(by_itself())).await;

    let inner = create_task(swallows());
    let task = create_task(outer(inner));
    sleep(seconds(0)).await;
    sleep(seconds(0)).await;
    task.cancel();
    ending("outer of swallows", task).await;

    let task = create_task(cleans_up());
    sleep(seconds(0)).await;
    task.cancel();
    trace!("{} {}", python(task.cancel()), task.cancelling());
    ending("cancelled twice", task).await;

    let task = create_task(plain("taken back"));
    sleep(seconds(0)).await;
    task.cancel();
    trace!("left {} {}", task.uncancel(), task.cancelling());
    sleep(seconds(1)).await;
    trace!("{}", python(task.done()));
}

pub(crate) fn scenario() {
    run(main());
}
