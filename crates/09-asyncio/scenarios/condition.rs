use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use asyncio::{Condition, create_task, sleep, wait};
use stage_09_asyncio as asyncio;

use crate::tracing::{python, run, seconds, trace};

type Items = Rc<RefCell<VecDeque<&'static str>>>;

/// Says that somebody leaves.
struct Leaves<'a>(&'a str, &'a Condition);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        let locked = python(self.1.locked());
        trace!("{} leaves, the lock is held: {locked}", self.0);
    }
}

async fn consume(name: &str, condition: Condition, items: Items) {
    let mut held = condition.acquire().await;
    let _leaves = Leaves(name, &condition);
    held.wait_for(|| !items.borrow().is_empty()).await;
    trace!("{name} takes {}", items.borrow_mut().pop_front().unwrap());
}

async fn holds(condition: Condition, delay: u64) {
    let _held = condition.acquire().await;
    trace!("held");
    sleep(seconds(delay)).await;
    trace!("given back");
}

async fn main() {
    let condition = Condition::new();
    let items = Items::default();
    let tasks = ["one", "two", "three", "four"].map(|name| {
        create_task(consume(name, condition.clone(), items.clone()))
    });
    sleep(seconds(0)).await;
    let held = condition.acquire().await;
    items.borrow_mut().push_back("apple");
    held.notify(1);
    trace!("notified one");
    drop(held);
    sleep(seconds(1)).await;

    trace!("a cancelled one takes the lock before it goes on");
    let holder = create_task(holds(condition.clone(), 2));
    sleep(seconds(1)).await;
    tasks[1].cancel();
    wait([tasks[1].clone(), holder]).await;
    trace!("{}", python(tasks[1].cancelled()));

    let held = condition.acquire().await;
    items.borrow_mut().extend(["pear", "plum"]);
    held.notify_all();
    trace!("notified all");
    drop(held);
    wait(tasks).await;
}

pub(crate) fn scenario() {
    run(main());
}
