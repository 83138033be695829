//! The states of a task: pending, running, cancelled, done. What is printed
//! says `pending` of one that runs, too.
use std::time::Duration;

use asyncio::{AnyTask, TaskState};
use asyncio::{create_task, current_task, sleep, wait};
use stage_09_asyncio as asyncio;

/// What asyncio prints, up to the name.
fn show(when: &str, task: &AnyTask) {
    let text = format!("{task:?}");
    print!("{when}: {}> ", text.split(" coro=").next().unwrap());
    let (done, cancelled) = (task.done(), task.cancelled());
    println!("done={} cancelled={}", python(done), python(cancelled));
}

fn python(truth: bool) -> &'static str {
    if truth { "True" } else { "False" }
}

async fn work() -> i32 {
    let task = current_task().unwrap();
    assert_eq!(task.state(), TaskState::Running);
    show("it runs", &task);
    sleep(Duration::from_millis(100)).await;
    3
}

async fn main_coroutine() {
    let task = create_task(work()).named("worker");
    show("made", &task.any());
    sleep(Duration::ZERO).await;
    show("it sleeps", &task.any());
    (&task).await;
    show("over", &task.any());
    println!("its result: {}", task.result().unwrap());

    let task = create_task(work()).named("other");
    sleep(Duration::ZERO).await;
    task.cancel();
    show("asked to end", &task.any());
    wait([task.clone()]).await;
    show("over", &task.any());
}

fn main() -> Result<(), asyncio::Error> {
    asyncio::run(main_coroutine())
}

// Prints:
// made: <Task pending name='worker'> done=False cancelled=False
// it runs: <Task pending name='worker'> done=False cancelled=False
// it sleeps: <Task pending name='worker'> done=False cancelled=False
// over: <Task finished name='worker'> done=True cancelled=False
// its result: 3
// it runs: <Task pending name='other'> done=False cancelled=False
// asked to end: <Task cancelling name='other'> done=False cancelled=False
// over: <Task cancelled name='other'> done=True cancelled=True
