use asyncio::{
    Error, catch_cancelled, create_task, gather, sleep, try_gather,
};
use stage_09_asyncio as asyncio;

use crate::tracing::{list, python, run, seconds, trace};

async fn work(
    name: &'static str,
    turns: u64,
    fails: Option<&'static str>,
) -> Result<&'static str, &'static str> {
    let turning = catch_cancelled(async {
        for _ in 0..turns {
            sleep(seconds(0)).await;
        }
    });
    if let Err(cancelled) = turning.await {
        trace!("{name} cancelled");
        cancelled.raise().await
    }
    trace!("{name} ends");
    fails.map_or(Ok(name), Err)
}

async fn clock(turns: u64) {
    for turn in 0..turns {
        trace!("turn {turn}");
        sleep(seconds(0)).await;
    }
}

async fn main() {
    let ticking = create_task(clock(6));
    let all = try_gather(vec![
        work("a", 2, None),
        work("b", 0, None),
        work("c", 1, None),
    ])
    .await;
    trace!("{}", list(all.unwrap()));
    ticking.await;

    let ticking = create_task(clock(6));
    let other = create_task(work("other", 4, None));
    let failing = create_task(work("a", 2, Some("a fails")));
    if let Err(error) = try_gather(vec![failing, other.clone()]).await {
        trace!("gather fails: {error} {}", python(other.done()));
    }
    trace!("{}", other.await.unwrap());
    ticking.await;

    let both = [work("a", 1, Some("a fails")), work("b", 2, None)];
    let results = gather(both).await;
    let text = |result: Result<_, _>| result.unwrap_or_else(|it| it);
    trace!("{}", list(results.map(text)));

    let gone = create_task(work("gone", 9, None));
    let cancels = gone.clone();
    let event_loop = asyncio::get_running_loop().unwrap();
    event_loop.call_soon(move || _ = cancels.cancel());
    let both = [gone, create_task(work("stays", 3, None))];
    let results = gather(both).return_exceptions().await;
    let class = |result: &Result<_, Error>| match result {
        Ok(_) => "str",
        Err(_) => "CancelledError",
    };
    trace!("{}", list(results.iter().map(class)));

    let ticking = create_task(clock(6));
    let both = create_task(gathering());
    sleep(seconds(0)).await;
    sleep(seconds(0)).await;
    both.cancel();
    if catch_cancelled(both).await.is_err() {
        trace!("gather cancelled");
    }
    ticking.await;

    let one = create_task(work("one", 9, None));
    let two = create_task(work("two", 4, None));
    let again = one.clone();
    event_loop.call_soon(move || _ = again.cancel());
    if catch_cancelled(try_gather(vec![one, two.clone()])).await.is_err() {
        trace!("one of them was cancelled {}", python(two.done()));
    }
    trace!("{}", two.await.unwrap());
}

async fn gathering() {
    let _ = try_gather(vec![work("a", 9, None), work("b", 9, None)]).await;
}

pub(crate) fn scenario() {
    run(main());
}
