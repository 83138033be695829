use std::cell::OnceCell;
use std::panic::{catch_unwind, resume_unwind};
use std::pin::Pin;

use asyncio::{AnyTask, catch_cancelled, create_task};
use asyncio::{current_task, sleep};
use stage_09_asyncio as asyncio;

use crate::tracing::virtual_loop;
use crate::tracing::{Finally, python, run, seconds, trace};

async fn forgotten(name: &'static str) {
    trace!("{name} starts");
    let _finally = Finally(format!("{name} is lost"));
    sleep(seconds(1)).await;
    trace!("{name} never gets here");
}

async fn cleans_up() {
    if let Err(cancelled) = catch_cancelled(sleep(seconds(9))).await {
        sleep(seconds(1)).await;
        trace!("cleaned up before the loop ends");
        cancelled.raise().await
    }
}

async fn fails() {
    create_task(cleans_up());
    sleep(seconds(0)).await;
    resume_unwind(Box::new("main fails"));
}

/// Boxed: a type cannot contain itself.
fn chain(left: u64) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        trace!("chain {left}");
        if left > 0 {
            create_task(chain(left - 1));
        }
    })
}

async fn quick() {
    create_task(chain(3));
    trace!("quick returns");
}

async fn main() {
    create_task(forgotten("a"));
    trace!("main returns");
}

async fn main_again() {
    create_task(cleans_up());
    sleep(seconds(0)).await;
    trace!("main returns");
}

async fn main_itself(kept: &OnceCell<AnyTask>, cancels: bool) {
    let task = kept.get_or_init(|| current_task().unwrap());
    if cancels {
        task.cancel();
    }
    sleep(seconds(0)).await;
}

pub(crate) fn scenario() {
    run(main());
    run(main_again());
    if catch_unwind(|| run(fails())).is_err() {
        trace!("main has failed");
    }

    let event_loop = virtual_loop();
    event_loop.run_until_complete(quick()).unwrap();
    trace!("one turn more, and no further");
    event_loop.run_until_complete(sleep(seconds(0))).unwrap();
    trace!("the rest");
    event_loop.run_until_complete(sleep(seconds(0))).unwrap();

    for cancels in [false, true] {
        let kept = OnceCell::new();
        let main = main_itself(&kept, cancels);
        if event_loop.run_until_complete(main).is_err() {
            trace!("main is cancelled");
        }
        let task = kept.get().unwrap();
        let (done, cancelled) = (task.done(), task.cancelled());
        trace!("its task is over: {} {}", python(done), python(cancelled));
    }
}
