use asyncio::{create_task, get_running_loop, sleep};
use stage_09_asyncio as asyncio;

use crate::tracing::{python, run, seconds, trace};

async fn worker(name: &str, turns: u32) {
    for turn in 0..turns {
        trace!("{name} {turn}");
        sleep(seconds(0)).await;
    }
    trace!("{name} ends");
}

fn call_2() {
    trace!("call 2");
    let event_loop = get_running_loop().unwrap();
    event_loop.call_soon(|| trace!("call made by call 2"));
}

async fn main() {
    let event_loop = get_running_loop().unwrap();
    trace!("main starts");
    event_loop.call_soon(|| trace!("call 1"));
    let a = create_task(worker("a", 2));
    event_loop.call_soon(call_2);
    let b = create_task(worker("b", 3));
    let gone = event_loop.call_soon(|| trace!("never"));
    gone.cancel();
    trace!("main has scheduled {}", python(gone.cancelled()));
    sleep(seconds(0)).await;
    trace!("main again");
    b.await;
    trace!("main has b");
    a.await;
    trace!("main ends");
}

pub(crate) fn scenario() {
    run(main());
}
