use asyncio::{create_task, gather, sleep};
use stage_09_asyncio as asyncio;

use crate::tracing::{list, run, seconds, trace};

async fn say_after(delay: u64, what: &'static str) -> String {
    sleep(seconds(delay)).await;
    trace!("{what}");
    what.to_uppercase()
}

async fn in_a_row() {
    trace!("in a row: the sum");
    trace!("{}", say_after(1, "hello").await);
    trace!("{}", say_after(2, "world").await);
}

async fn as_tasks() {
    trace!("as tasks: the longest");
    let one = create_task(say_after(1, "hello"));
    let two = create_task(say_after(2, "world"));
    trace!("{}", one.await);
    trace!("{}", two.await);
}

async fn gathered() {
    trace!("gathered: the longest, results in order");
    let both = [say_after(2, "world"), say_after(1, "hello")];
    trace!("{}", list(gather(both).await));
}

pub(crate) fn scenario() {
    run(in_a_row());
    run(as_tasks());
    run(gathered());
}
