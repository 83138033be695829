use asyncio::{catch_cancelled, create_task, sleep, task_group, timeout};
use stage_09_asyncio as asyncio;

use crate::tracing::{Finally, list, run, seconds, trace};

async fn work(
    name: &'static str,
    delay: u64,
    fails: bool,
    cleanup: u64,
) -> Result<&'static str, &'static str> {
    if let Err(cancelled) = catch_cancelled(sleep(seconds(delay))).await {
        trace!("{name} cancelled");
        sleep(seconds(cleanup)).await;
        trace!("{name} cleaned up");
        cancelled.raise().await
    }
    trace!("{name} ends");
    if fails { Err(name) } else { Ok(name) }
}

async fn all_well() {
    let both = task_group(async |group| {
        let a = group.create_task(work("a", 2, false, 0));
        let b = group.create_task(work("b", 1, false, 0));
        trace!("body ends");
        Ok((a, b))
    });
    let (a, b) = both.await.unwrap();
    trace!("{} {}", a.result().unwrap(), b.result().unwrap());
}

async fn one_fails() {
    let group = task_group(async |group| {
        group.create_task(work("a", 9, false, 1));
        group.create_task(work("b", 1, true, 0));
        let _finally = Finally("body: finally".into());
        sleep(seconds(9)).await;
        Ok(())
    });
    if let Err(failed) = group.await {
        trace!("failed: {}", list(failed.0));
    }
}

async fn body_fails() {
    let group = task_group(async |group| {
        group.create_task(work("a", 9, false, 1));
        sleep(seconds(1)).await;
        Err::<(), _>("body")
    });
    if let Err(failed) = group.await {
        trace!("failed: {}", list(failed.0));
    }
}

async fn cancelled() {
    let task = create_task(task_group(async |group| {
        group.create_task(work("a", 9, false, 2));
        group.create_task(work("b", 1, false, 0));
        trace!("body ends");
        Ok(())
    }));
    sleep(seconds(2)).await;
    task.cancel();
    if catch_cancelled(task).await.is_err() {
        trace!("group cancelled");
    }
}

async fn timed_out() {
    let group = task_group(async |group| {
        group.create_task(work("a", 9, false, 2));
        sleep(seconds(9)).await;
        Ok(())
    });
    if timeout(seconds(1), group).await.is_err() {
        let left = asyncio::all_tasks().unwrap().len();
        trace!("timed out, nobody is left behind: {left}");
    }
}

async fn main() {
    trace!("all_well");
    all_well().await;
    trace!("one_fails");
    one_fails().await;
    trace!("body_fails");
    body_fails().await;
    trace!("cancelled");
    cancelled().await;
    trace!("timed_out");
    timed_out().await;
}

pub(crate) fn scenario() {
    run(main());
}
