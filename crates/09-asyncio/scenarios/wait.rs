use asyncio::{Task, create_task, sleep, wait};
use stage_09_asyncio as asyncio;

use crate::tracing::{run, seconds, trace};

async fn work(delay: u64, fails: bool) -> Result<u64, String> {
    sleep(seconds(delay)).await;
    trace!("done after {delay}");
    if fails { Err(format!("ValueError({delay})")) } else { Ok(delay) }
}

type Tasks = Vec<Task<Result<u64, String>>>;

fn start() -> Tasks {
    [1, 2, 4].map(|delay| create_task(work(delay, false))).into()
}

fn show((done, pending): (Tasks, Tasks), tasks: &Tasks) {
    let numbers = |some: Tasks| {
        let is_some = |(_, task): &(usize, &Task<_>)| {
            some.iter().any(|it| it.any() == task.any())
        };
        tasks
            .iter()
            .enumerate()
            .filter(is_some)
            .map(|(number, _)| number)
            .collect::<Vec<_>>()
    };
    trace!("done {:?} pending {:?}", numbers(done), numbers(pending));
}

async fn main() {
    let tasks = start();
    show(wait(tasks.clone()).first_completed().await, &tasks);
    show(wait(tasks.clone()).timeout(seconds(2)).await, &tasks);
    show(wait(tasks.clone()).await, &tasks);
    show(wait(tasks.clone()).await, &tasks);

    let tasks = [1, 2, 3].map(|delay| create_task(work(delay, delay == 2)));
    let tasks = Tasks::from(tasks);
    show(wait(tasks.clone()).first_exception().await, &tasks);
    trace!("{}", tasks[1].result().unwrap().unwrap_err());
    show(wait(tasks.clone()).await, &tasks);
}

pub(crate) fn scenario() {
    run(main());
}
