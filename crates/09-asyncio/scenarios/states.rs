use std::fmt::Debug;

use asyncio::{Task, create_task, ensure_future, sleep, wait};
use stage_09_asyncio as asyncio;

use crate::tracing::{python, run, seconds, trace};

/// Without what only Rust can say: where a task was made.
fn show(task: &impl Debug) -> String {
    let text = format!("{task:?}");
    let Some((front, place)) = text.split_once(" made at ") else {
        return text;
    };
    let end = place.find([' ', '>']).unwrap();
    format!("{front}{}", &place[end..])
}

async fn work(delay: u64) -> u64 {
    trace!("in {}", show(&asyncio::current_task().unwrap()));
    sleep(seconds(delay)).await;
    delay
}

async fn depends(on: Task<u64>) -> u64 {
    (&on).await + 1
}

async fn main() {
    let task = create_task(work(1)).named("worker");
    trace!("{}", show(&task));
    sleep(seconds(0)).await;
    trace!("{}", show(&task));
    (&task).await;
    trace!("{}", show(&task));

    let gone = create_task(work(9)).named("gone");
    sleep(seconds(0)).await;
    gone.cancel();
    trace!("{}", show(&gone));
    wait([gone.clone()]).await;
    trace!("{}", show(&gone));

    let same = ensure_future(task.clone()).any() == task.any();
    trace!("the same {}", python(same));
    let made = ensure_future(depends(task));
    trace!("a task {}", show(&made));
    trace!("{}", made.await);

    let first = create_task(work(1)).named("first");
    let second = create_task(depends(first)).named("second");
    trace!("{} tasks", asyncio::all_tasks().unwrap().len());
    trace!("second depends on first: {}", second.await);
}

pub(crate) fn scenario() {
    run(main());
}
