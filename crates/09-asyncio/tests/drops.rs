//! What is dropped may panic, and may schedule more.
#![cfg(not(model_check))]

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio::*;
use stage_09_asyncio as asyncio;

const MOMENT: Duration = Duration::from_millis(5);
const HOUR: Duration = Duration::from_secs(3600);

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

/// Python ignores an error in `__del__`, and prints it.
#[test]
fn a_result_that_panics_when_nobody_wants_it_ends_nothing_else() {
    let other = run(async {
        let other = create_task(async {
            catch_cancelled(sleep(MOMENT)).await.unwrap();
            "went on"
        });
        create_task(async { (Bomb,) });
        other.await
    });
    assert_eq!(other.unwrap(), "went on");
}

impl std::future::Future for Bomb {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        panic!("polled");
    }
}

/// As in Python, the error of the cleaning up is the one that is seen.
#[test]
fn a_task_can_panic_and_then_panic_when_it_is_dropped() {
    let words = run(async {
        let task = create_task(Bomb);
        sleep(MOMENT).await;
        task.exception().unwrap().unwrap().to_string()
    });
    assert_eq!(words.unwrap(), "dropped");
}

/// Schedules a call that holds the loop, and what is counted.
struct Again {
    event_loop: EventLoop,
    how: fn(&EventLoop, Rc<()>),
    counted: Rc<()>,
}

impl Drop for Again {
    fn drop(&mut self) {
        (self.how)(&self.event_loop, Rc::clone(&self.counted));
    }
}

#[test]
fn run_drops_what_was_scheduled_when_it_dropped_the_rest() {
    let hows: [fn(&EventLoop, Rc<()>); 3] = [
        |event_loop, counted| {
            let its = event_loop.clone();
            event_loop.call_later(HOUR, move || drop((its, counted)));
        },
        |event_loop, counted| {
            let its = event_loop.clone();
            event_loop.call_soon(move || drop((its, counted)));
        },
        |event_loop, counted| {
            let its = event_loop.clone();
            event_loop.create_task(async move { drop((its, counted)) });
        },
    ];
    for how in hows {
        let counted = Rc::new(());
        let its = Rc::clone(&counted);
        run(async {
            let event_loop = get_running_loop().unwrap();
            let again =
                Again { event_loop: event_loop.clone(), how, counted: its };
            event_loop.call_later(HOUR, move || drop(again));
        })
        .unwrap();
        assert_eq!(Rc::strong_count(&counted), 1);
    }
}
