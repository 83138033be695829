//! A producer and two consumers, with a queue between them.
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::Queue;
use stage_09_asyncio as asyncio;

/// Tasks of one loop share a value as they are: no mutex, no `Arc`.
type Done = Rc<RefCell<Vec<u32>>>;

async fn producer(queue: &Queue<u32>) {
    for number in 1..7 {
        queue.put(number).await; // waits while the queue is full
    }
    println!("all put");
}

async fn consumer(queue: Queue<u32>, done: Done) {
    loop {
        let number = queue.get().await; // waits while it is empty
        asyncio::sleep(Duration::from_millis(50)).await;
        done.borrow_mut().push(number);
        queue.task_done().expect("it was put");
    }
}

async fn main_coroutine() {
    let queue = Queue::new(2);
    let done = Done::default();
    let consumers = [(); 2].map(|()| {
        asyncio::create_task(consumer(queue.clone(), done.clone()))
    });
    producer(&queue).await;
    println!("in the queue: {}", queue.qsize());
    queue.join().await;
    done.borrow_mut().sort_unstable();
    println!("all done: {:?}", done.borrow());
    for task in consumers {
        task.cancel(); // they would wait for ever
    }
}

fn main() -> Result<(), asyncio::Error> {
    asyncio::run(main_coroutine())
}

// Prints:
// all put
// in the queue: 2
// all done: [1, 2, 3, 4, 5, 6]
