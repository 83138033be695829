use asyncio::{Event, Lock, Semaphore, create_task, gather, sleep, wait};
use stage_09_asyncio as asyncio;

use crate::tracing::{python, run, seconds, trace};

async fn limited(name: &'static str, semaphore: Semaphore, turns: u64) {
    {
        let _permit = semaphore.acquire().await;
        trace!("{name} in");
        for _ in 0..turns {
            sleep(seconds(0)).await;
        }
    }
    trace!("{name} out");
}

async fn locked(name: &'static str, lock: Lock, turns: u64) {
    {
        let _permit = lock.acquire().await;
        trace!("{name} in");
        for _ in 0..turns {
            sleep(seconds(0)).await;
        }
    }
    trace!("{name} out");
}

async fn waits_for(name: &'static str, event: Event) {
    event.wait().await;
    trace!("{name} goes on");
}

async fn main() {
    let semaphore = Semaphore::new(2);
    let all = [("a", 3), ("b", 1), ("c", 1), ("d", 1), ("e", 0)];
    gather(
        all.map(|(name, turns)| limited(name, semaphore.clone(), turns)),
    )
    .await;
    let lock = Lock::new();
    trace!("{}", python(lock.locked()));
    let holder = create_task(locked("holder", lock.clone(), 2));
    let second = create_task(locked("second", lock.clone(), 0));
    let third = create_task(locked("third", lock.clone(), 0));
    sleep(seconds(0)).await;
    trace!("{}", python(lock.locked()));
    second.cancel();
    wait([holder, second.clone(), third]).await;
    trace!("{} {}", python(second.cancelled()), python(lock.locked()));

    let event = Event::new();
    let tasks =
        ["x", "y"].map(|name| create_task(waits_for(name, event.clone())));
    sleep(seconds(0)).await;
    trace!("set");
    event.set();
    wait(tasks).await;
    waits_for("z", event.clone()).await;

    sleep(seconds(1)).await;
    let tasks =
        ["u", "v"].map(|name| create_task(waits_for(name, event.clone())));
    event.clear();
    sleep(seconds(0)).await;
    event.set();
    event.clear();
    let is_set = python(event.is_set());
    trace!("cleared at once, and all go on {is_set}");
    wait(tasks).await;
}

pub(crate) fn scenario() {
    run(main());
}
