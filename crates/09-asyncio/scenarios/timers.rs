use asyncio::{create_task, get_running_loop, sleep};
use stage_09_asyncio as asyncio;

use crate::tracing::{python, run, seconds, trace};

async fn sleeper(name: &str, delay: u64) {
    sleep(seconds(delay)).await;
    trace!("{name} slept");
}

fn at_6() {
    trace!("at 6");
    get_running_loop().unwrap().call_soon(|| trace!("made at 6"));
}

async fn main() {
    let event_loop = get_running_loop().unwrap();
    let start = event_loop.time();
    event_loop.call_later(seconds(8), || trace!("later 8"));
    event_loop.call_later(seconds(4), || trace!("later 4"));
    let timer = event_loop.call_at(start + seconds(6), at_6);
    trace!("when {}", (timer.when() - start).as_secs());
    let gone = event_loop.call_later(seconds(2), || trace!("never"));
    let a = create_task(sleeper("a", 5));
    let b = create_task(sleeper("b", 3));
    let cancels = gone.clone();
    event_loop.call_soon(move || cancels.cancel());
    event_loop.call_later(seconds(0), || trace!("later 0"));
    event_loop.call_soon(|| trace!("soon"));
    event_loop.call_at(start - seconds(1), || trace!("in the past"));
    sleep(seconds(9)).await;
    let (a, b) = (python(a.done()), python(b.done()));
    trace!("main ends {a} {b} {}", python(gone.cancelled()));
}

pub(crate) fn scenario() {
    run(main());
}
