use asyncio::{AsyncContextManager, AsyncGenerator, async_generator};
use asyncio::{create_task, sleep, wait, with};
use stage_09_asyncio as asyncio;

use crate::tracing::{Finally, python, run, seconds, trace};

fn values() -> AsyncGenerator<u64> {
    async_generator(async |out| {
        let _finally = Finally("generator: finally".into());
        for number in 0..3 {
            sleep(seconds(1)).await;
            trace!("yields {number}");
            out.yield_(number).await;
        }
        trace!("generator ends");
    })
}

struct Connection;

impl AsyncContextManager for Connection {
    type Entered = &'static str;

    async fn enter(&mut self) -> &'static str {
        sleep(seconds(1)).await;
        trace!("entered");
        "connection"
    }

    async fn exit(&mut self) {
        sleep(seconds(1)).await;
        trace!("left");
    }
}

async fn uses(delay: u64) {
    let uses = with(Connection, async |connection| {
        trace!("uses {connection}");
        sleep(seconds(delay)).await;
        trace!("used");
    });
    uses.await;
}

async fn main() {
    let mut numbers = values();
    while let Some(number) = numbers.next().await {
        trace!("takes {number}");
        sleep(seconds(1)).await;
    }

    let mut some = values();
    trace!("first {}", some.next().await.unwrap());
    drop(some);
    trace!("closed");

    uses(1).await;
    let task = create_task(uses(9));
    sleep(seconds(2)).await;
    task.cancel();
    wait([task.clone()]).await;
    trace!("cancelled {}", python(task.cancelled()));
}

pub(crate) fn scenario() {
    run(main());
}
