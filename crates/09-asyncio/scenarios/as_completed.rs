use asyncio::{as_completed, catch_cancelled, create_task, sleep};
use stage_09_asyncio as asyncio;

use crate::tracing::{run, seconds, trace};

async fn work(delay: u64) -> u64 {
    sleep(seconds(delay)).await;
    delay
}

async fn main() {
    let mut completed = as_completed([work(3), work(1), work(2)]);
    while let Some(delay) = completed.next().await {
        trace!("completed {delay}");
    }

    let gone = create_task(work(1));
    let event_loop = asyncio::get_running_loop().unwrap();
    let cancels = gone.clone();
    event_loop.call_soon(move || _ = cancels.cancel());
    let mut completed = as_completed([gone]);
    if catch_cancelled(completed.next()).await.is_err() {
        trace!("one was cancelled");
    }
}

pub(crate) fn scenario() {
    run(main());
}
