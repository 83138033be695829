//! A task that is cancelled cleans up, with awaits: and a timeout waits
//! until it has.
use std::time::Duration;

use asyncio::{AsyncContextManager, sleep, task_group, timeout, with};
use stage_09_asyncio as asyncio;

struct Connection;

impl AsyncContextManager for Connection {
    type Entered = ();

    async fn enter(&mut self) {
        println!("connects");
    }

    /// A `Drop` could do this only if nothing had to be awaited.
    async fn exit(&mut self) {
        sleep(Duration::from_millis(100)).await;
        println!("says goodbye");
    }
}

struct Finally;

impl Drop for Finally {
    fn drop(&mut self) {
        println!("finally");
    }
}

async fn work() {
    let work = with(Connection, async |()| {
        let _finally = Finally;
        sleep(Duration::from_secs(60)).await;
    });
    work.await;
}

async fn main_coroutine() {
    if timeout(Duration::from_millis(200), work()).await.is_err() {
        println!("timed out");
    }

    let group = task_group::<(), _>(async |group| {
        group.create_task(async {
            work().await;
            Ok(())
        });
        sleep(Duration::from_millis(100)).await;
        Err("the body fails")
    });
    if let Err(failed) = group.await {
        println!("failed: {}", failed.0.join(" "));
    }
}

fn main() -> Result<(), asyncio::Error> {
    asyncio::run(main_coroutine())
}

// Prints:
// connects
// finally
// says goodbye
// timed out
// connects
// finally
// says goodbye
// failed: the body fails
