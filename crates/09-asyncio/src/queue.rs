use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use crate::waiters::Waiters;
use crate::{Error, Event};

/// A queue between tasks of one loop. A clone is the same queue.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// asyncio::run(async {
///     let queue = asyncio::Queue::new(1);
///     let puts = queue.clone();
///     asyncio::create_task(async move {
///         for number in 1..=3 {
///             puts.put(number).await; // waits for room
///         }
///     });
///     for number in 1..=3 {
///         assert_eq!(queue.get().await, number);
///     }
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
pub struct Queue<T>(Rc<Inner<T>>);

struct Inner<T> {
    items: RefCell<VecDeque<T>>,
    maxsize: usize,
    getters: Waiters,
    putters: Waiters,
    unfinished: Cell<usize>,
    finished: Event,
}

/// There is nothing in the queue.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// let queue = asyncio::Queue::<()>::new(0);
/// assert!(queue.empty());
/// let error = queue.get_nowait().unwrap_err();
/// assert_eq!(error.to_string(), "QueueEmpty");
/// # Ok::<(), asyncio::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueEmpty;

/// There is no room in the queue, for this item.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// let queue = asyncio::Queue::new(1);
/// queue.put_nowait(1)?;
/// assert!(queue.full() && queue.qsize() == 1);
/// let error = queue.put_nowait(2).unwrap_err();
/// assert_eq!(error.0, 2); // it comes back
/// # Ok::<(), asyncio::QueueFull<i32>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct QueueFull<T>(pub T);

impl<T> Queue<T> {
    /// A queue with room for this many items; for all, if it is 0.
    pub fn new(maxsize: usize) -> Queue<T> {
        let finished = Event::new();
        finished.set();
        Queue(Rc::new(Inner {
            items: RefCell::default(),
            maxsize,
            getters: Waiters::default(),
            putters: Waiters::default(),
            unfinished: Cell::new(0),
            finished,
        }))
    }

    /// Puts an item in, and waits for room first.
    pub async fn put(&self, item: T) {
        let queue = &self.0;
        let hand_on = |was_called| {
            if was_called && !self.full() {
                queue.putters.call_one();
            }
        };
        while self.full() {
            queue.putters.wait(hand_on).await;
        }
        self.insert(item);
    }

    /// Puts an item in, if there is room.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let queue = asyncio::Queue::new(1);
    /// assert!(queue.put_nowait("a").is_ok());
    /// assert_eq!(queue.put_nowait("b").unwrap_err().0, "b");
    /// ```
    ///
    /// # Errors
    /// [`QueueFull`], with the item.
    pub fn put_nowait(&self, item: T) -> Result<(), QueueFull<T>> {
        if self.full() {
            return Err(QueueFull(item));
        }
        self.insert(item);
        Ok(())
    }

    fn insert(&self, item: T) {
        let queue = &self.0;
        queue.items.borrow_mut().push_back(item);
        queue.unfinished.set(queue.unfinished.get() + 1);
        queue.finished.clear();
        queue.getters.call_one();
    }

    /// Takes out the item that has been in longest, and waits for one
    /// first.
    pub async fn get(&self) -> T {
        let queue = &self.0;
        let hand_on = |was_called| {
            if was_called && !self.empty() {
                queue.getters.call_one();
            }
        };
        loop {
            if let Ok(item) = self.get_nowait() {
                return item;
            }
            queue.getters.wait(hand_on).await;
        }
    }

    /// Takes out the item that has been in longest, if there is one.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// let queue = asyncio::Queue::<i32>::new(0);
    /// assert_eq!(queue.get_nowait(), Err(asyncio::QueueEmpty));
    /// ```
    ///
    /// # Errors
    /// [`QueueEmpty`].
    pub fn get_nowait(&self) -> Result<T, QueueEmpty> {
        let item = self.0.items.borrow_mut().pop_front();
        let item = item.ok_or(QueueEmpty)?;
        self.0.putters.call_one();
        Ok(item)
    }

    /// Somebody is done with an item that was taken out: see
    /// [`join`](Queue::join).
    ///
    /// # Errors
    /// [`Error::TaskDoneTooOften`]: more often than items were put in.
    pub fn task_done(&self) -> Result<(), Error> {
        let left = self.0.unfinished.get().checked_sub(1);
        let left = left.ok_or(Error::TaskDoneTooOften)?;
        self.0.unfinished.set(left);
        if left == 0 {
            self.0.finished.set();
        }
        Ok(())
    }

    /// Waits until [`task_done`](Queue::task_done) was called for every
    /// item that was put in.
    ///
    /// ```
    /// # use stage_09_asyncio as asyncio;
    /// # asyncio::run(async {
    /// let queue = asyncio::Queue::new(0);
    /// queue.put("work").await;
    /// queue.get().await;
    /// queue.task_done()?;
    /// queue.join().await;
    /// # Ok::<(), asyncio::Error>(())
    /// # })??;
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub async fn join(&self) {
        self.0.finished.wait().await;
    }

    /// How many items are in it.
    pub fn qsize(&self) -> usize {
        self.0.items.borrow().len()
    }

    /// Whether nothing is in it.
    pub fn empty(&self) -> bool {
        self.qsize() == 0
    }

    /// Whether there is no room in it.
    pub fn full(&self) -> bool {
        self.0.maxsize > 0 && self.qsize() >= self.0.maxsize
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Queue<T> {
        Queue(Rc::clone(&self.0))
    }
}

impl fmt::Display for QueueEmpty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueueEmpty")
    }
}

impl std::error::Error for QueueEmpty {}

impl<T> fmt::Debug for QueueFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueueFull(..)")
    }
}

impl<T> fmt::Display for QueueFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueueFull")
    }
}

impl<T> std::error::Error for QueueFull<T> {}
