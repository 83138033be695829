//! Generators that yield inside of `catch_cancelled`, `timeout` and
//! `task_group`.

use asyncio::{AnyTask, AsyncGenerator, async_generator, current_task};
use asyncio::{catch_cancelled, create_task, sleep, task_group};
use asyncio::{timeout, wait};
use stage_09_asyncio as asyncio;

use crate::tracing::{Finally, python, run, seconds, trace};

fn me() -> AnyTask {
    current_task().unwrap()
}

fn optional(number: Option<u64>) -> String {
    number.map_or("None".into(), |number| number.to_string())
}

async fn cancel_at(task: AnyTask, moment: u64) {
    sleep(seconds(moment)).await;
    task.cancel();
}

fn cancelled_in(seconds: u64) {
    create_task(cancel_at(me(), seconds));
}

/// Yields inside of a `try`, and cleans up with an await.
fn catching(name: &'static str) -> AsyncGenerator<u64> {
    async_generator(async move |out| {
        let _finally = Finally(format!("{name} finally"));
        let body = catch_cancelled(async {
            trace!("{name} starts");
            out.yield_(1).await;
            trace!("{name} goes on");
            sleep(seconds(2)).await;
            out.yield_(2).await;
            sleep(seconds(9)).await;
        });
        if let Err(cancelled) = body.await {
            trace!("{name} hears");
            sleep(seconds(1)).await;
            trace!("{name} has cleaned up");
            cancelled.raise().await
        }
    })
}

async fn sleep_and_catch(delay: u64) {
    let sleeping = catch_cancelled(async {
        sleep(seconds(delay)).await;
        trace!("slept");
    });
    if sleeping.await.is_err() {
        trace!("consumer hears {}", me().cancelling());
    }
}

async fn between() {
    let mut numbers = catching("between");
    trace!("{}", numbers.next().await.unwrap());
    cancelled_in(1);
    sleep_and_catch(9).await;
    me().uncancel();
    trace!("{}", numbers.next().await.unwrap());
    if timeout(seconds(1), numbers.next()).await.is_err() {
        trace!("timed out {}", me().cancelling());
    }
    trace!("{}", optional(numbers.next().await));
}

/// The second value is asked for inside of more scopes.
async fn deeper() {
    let mut numbers = catching("deeper");
    trace!("{}", numbers.next().await.unwrap());
    let inner = timeout(seconds(5), async {
        trace!("{}", numbers.next().await.unwrap());
        sleep_and_catch(1).await;
        numbers.next().await;
    });
    if let Ok(Err(_)) = timeout(seconds(9), inner).await {
        trace!("timed out");
    }
    trace!("{}", optional(numbers.next().await));
}

fn stubborn() -> AsyncGenerator<u64> {
    async_generator(async |out| {
        out.yield_(1).await;
        if catch_cancelled(sleep(seconds(9))).await.is_err() {
            out.yield_(2).await;
        }
        trace!("stubborn ends");
    })
}

async fn swallowed() {
    let mut numbers = stubborn();
    trace!("{}", numbers.next().await.unwrap());
    let second = timeout(seconds(1), async {
        trace!("{}", numbers.next().await.unwrap());
    });
    if second.await.is_ok() {
        trace!("in time {}", me().cancelling());
    }
    trace!("{}", optional(numbers.next().await));
}

fn plain() -> AsyncGenerator<u64> {
    async_generator(async |out| {
        let _finally = Finally("plain: finally".into());
        out.yield_(1).await;
        sleep(seconds(9)).await;
    })
}

/// Cancelled in the middle: it is over, though nobody drops it.
async fn dropped() {
    let mut numbers = plain();
    trace!("{}", numbers.next().await.unwrap());
    if timeout(seconds(1), numbers.next()).await.is_err() {
        trace!("timed out");
    }
    trace!("{}", optional(numbers.next().await));
}

fn limited(delay: u64) -> AsyncGenerator<u64> {
    async_generator(async move |out| {
        let body = timeout(seconds(delay), async {
            out.yield_(1).await;
            sleep(seconds(1)).await;
            out.yield_(2).await;
        });
        match body.await {
            Ok(()) => trace!("limited: in time"),
            Err(_) => trace!("limited: timed out"),
        }
        out.yield_(3).await;
    })
}

/// A timeout cancels the task, wherever the task waits then.
async fn alarms() {
    let mut numbers = limited(1);
    trace!("{}", numbers.next().await.unwrap());
    sleep_and_catch(9).await;
    for _ in 0..2 {
        let number = numbers.next().await.unwrap();
        trace!("{number} {}", me().cancelling());
    }
    trace!("{}", optional(numbers.next().await));

    let mut numbers = limited(2);
    while let Some(number) = numbers.next().await {
        trace!("{number}");
        sleep(seconds(0)).await;
    }

    let mut numbers = limited(1);
    trace!("{}", numbers.next().await.unwrap());
    sleep_and_catch(9).await;
    drop(numbers);
    trace!("closed {}", me().cancelling());
}

fn doubled(mut numbers: AsyncGenerator<u64>) -> AsyncGenerator<u64> {
    async_generator(async move |out| {
        let body = catch_cancelled(async {
            while let Some(number) = numbers.next().await {
                out.yield_(2 * number).await;
            }
        });
        if let Err(cancelled) = body.await {
            trace!("doubled hears");
            cancelled.raise().await
        }
    })
}

async fn nested() {
    let mut numbers = doubled(catching("nested"));
    trace!("{}", numbers.next().await.unwrap());
    cancelled_in(1);
    sleep_and_catch(9).await;
    trace!("{}", numbers.next().await.unwrap());
    cancelled_in(1);
    if catch_cancelled(numbers.next()).await.is_err() {
        trace!("consumer hears");
    }
    trace!("{}", optional(numbers.next().await));
    me().uncancel();
    me().uncancel();
}

async fn fails() -> Result<(), ()> {
    sleep(seconds(1)).await;
    Err(())
}

fn grouped() -> AsyncGenerator<u64> {
    async_generator(async |out| {
        let group = task_group(async |group| {
            group.create_task(fails());
            out.yield_(1).await;
            trace!("grouped goes on");
            Ok(())
        });
        if group.await.is_err() {
            trace!("group failed");
        }
        out.yield_(2).await;
    })
}

/// A child fails, and the group cancels the task that entered it.
async fn groups() {
    let mut numbers = grouped();
    trace!("{}", numbers.next().await.unwrap());
    sleep_and_catch(9).await;
    let number = numbers.next().await.unwrap();
    trace!("{number} {}", me().cancelling());
    trace!("{}", optional(numbers.next().await));
}

async fn rest(mut numbers: AsyncGenerator<u64>) {
    trace!("{}", numbers.next().await.unwrap());
    sleep_and_catch(9).await;
    numbers.next().await;
}

/// Begun by one task, gone on with by another.
async fn moved() {
    let mut numbers = catching("moved");
    trace!("{}", numbers.next().await.unwrap());
    let task = create_task(rest(numbers));
    sleep(seconds(3)).await;
    task.cancel();
    sleep(seconds(1)).await;
    task.cancel();
    wait([task.clone()]).await;
    trace!("cancelled {}", python(task.cancelled()));

    let mut numbers = limited(1);
    let task = create_task(async move {
        let first = numbers.next().await.unwrap();
        (first, numbers)
    });
    let (first, mut numbers) = task.await;
    trace!("{first}");
    sleep_and_catch(2).await;
    for _ in 0..2 {
        let number = numbers.next().await.unwrap();
        trace!("{number} {}", me().cancelling());
    }
}

async fn main() {
    trace!("between");
    between().await;
    trace!("deeper");
    deeper().await;
    trace!("swallowed");
    swallowed().await;
    trace!("dropped");
    dropped().await;
    trace!("alarms");
    alarms().await;
    trace!("nested");
    nested().await;
    trace!("groups");
    groups().await;
    trace!("moved");
    moved().await;
}

pub(crate) fn scenario() {
    run(main());
}
