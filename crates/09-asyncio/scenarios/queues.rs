use asyncio::{Queue, create_task, sleep, wait};
use stage_09_asyncio as asyncio;

use crate::tracing::{python, run, seconds, trace};

async fn producer(queue: &Queue<u64>) {
    for number in 0..4 {
        queue.put(number).await;
        trace!("put {number} of {}", queue.qsize());
    }
}

async fn consumer(name: &str, queue: Queue<u64>) {
    loop {
        let number = queue.get().await;
        trace!("{name} got {number}");
        sleep(seconds(1)).await;
        queue.task_done().unwrap();
    }
}

async fn getter(name: &str, queue: Queue<&str>) {
    trace!("{name} got {}", queue.get().await);
}

async fn main() {
    let queue = Queue::new(2);
    let consumers =
        ["a", "b"].map(|name| create_task(consumer(name, queue.clone())));
    producer(&queue).await;
    trace!("all put");
    queue.join().await;
    trace!("all done");
    for task in &consumers {
        task.cancel();
    }
    wait(consumers).await;

    let queue = Queue::new(0);
    let getters = ["first", "second", "third"]
        .map(|name| create_task(getter(name, queue.clone())));
    sleep(seconds(0)).await;
    queue.put_nowait("x").unwrap();
    getters[0].cancel();
    trace!("first was called, and is cancelled: second is called");
    sleep(seconds(1)).await;
    queue.put_nowait("y").unwrap();
    wait(getters).await;
    if queue.get_nowait().is_err() {
        trace!("empty");
    }
    let full = Queue::new(1);
    full.put_nowait(1).unwrap();
    if full.put_nowait(2).is_err() {
        let (is_full, empty) = (python(full.full()), python(full.empty()));
        trace!("full {is_full} {} {empty}", full.qsize());
    }
    full.task_done().unwrap();
    if let Err(error) = full.task_done() {
        trace!("{error}");
    }
}

pub(crate) fn scenario() {
    run(main());
}
