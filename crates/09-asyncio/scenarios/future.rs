use asyncio::{Future, create_task, get_running_loop, sleep};
use stage_09_asyncio as asyncio;

use crate::tracing::{python, run, seconds, trace};

async fn waiter(name: &str, future: Future<i32>) {
    trace!("{name} waits");
    trace!("{name} has {}", future.await);
}

fn hears(name: &'static str) -> impl FnOnce(&Future<i32>) {
    move |future| trace!("{name} hears {}", future.result().unwrap())
}

async fn main() {
    let event_loop = get_running_loop().unwrap();
    let future = event_loop.create_future();
    trace!("{future:?}");
    if let Err(error) = future.result() {
        trace!("{error}");
    }
    future.add_done_callback(hears("callback 1"));
    let a = create_task(waiter("a", future.clone()));
    sleep(seconds(0)).await;
    future.add_done_callback(hears("callback 2"));
    let gone = future.add_done_callback(hears("never"));
    let removed = future.remove_done_callback(gone);
    trace!("removed {}", u8::from(removed));
    let b = create_task(waiter("b", future.clone()));
    sleep(seconds(0)).await;

    trace!("main sets");
    event_loop.call_soon(|| trace!("call before"));
    future.set_result(42).unwrap();
    event_loop.call_soon(|| trace!("call after"));
    trace!("main has set {future:?}");
    if let Err(error) = future.set_result(43) {
        trace!("{error}");
    }
    future.add_done_callback(hears("callback 3"));
    trace!("main awaits {} at once", (&future).await);
    let exception = future.exception().unwrap();
    trace!("exception {}", exception.as_deref().unwrap_or("None"));
    (&a).await;
    trace!("main has a");
    b.await;
    trace!("main has b");

    let other = event_loop.create_future::<i32>();
    let (first, second) = (other.cancel(), other.cancel());
    let (first, second) = (python(first), python(second));
    let cancelled = python(other.cancelled());
    trace!("{first} {second} {cancelled} {other:?}");
    if let Err(error) = other.result() {
        trace!("{error}");
    }
    if let Err(error) = other.set_result(1) {
        trace!("{error}");
    }
    if let Err(error) = a.set_result(()) {
        trace!("{error}");
    }
}

pub(crate) fn scenario() {
    run(main());
}
