use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

/// A function that yields values, and may await in between: Python's
/// async generator.
///
/// ```
/// use std::time::Duration;
/// use stage_09_asyncio as asyncio;
/// use asyncio::{AsyncGenerator, async_generator, sleep};
///
/// fn squares() -> AsyncGenerator<u32> {
///     async_generator(async |out| {
///         for number in 1..=3 {
///             sleep(Duration::from_millis(1)).await;
///             out.yield_(number * number).await;
///         }
///     })
/// }
///
/// asyncio::run(async {
///     let mut squares = squares();
///     let mut all = Vec::new();
///     while let Some(square) = squares.next().await {
///         all.push(square);
///     }
///     assert_eq!(all, [1, 4, 9]);
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
///
/// The values come one after the other: nothing here runs at the same
/// time as the loop that takes them. It is no task; dropping it closes
/// it.
pub fn async_generator<T: 'static>(
    body: impl AsyncFnOnce(Yielder<T>) + 'static,
) -> AsyncGenerator<T> {
    let slot = Rc::new(RefCell::new(None));
    let yielder = Yielder(Rc::clone(&slot));
    let body = Box::pin(async move { body(yielder).await });
    AsyncGenerator { body: Some(body), slot }
}

/// The values that are still to come.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// use asyncio::async_generator;
///
/// let mut letters = async_generator(async |out| {
///     out.yield_("a").await;
///     out.yield_("b").await;
/// });
/// assert_eq!(letters.next().await, Some("a"));
/// drop(letters); // closed: it goes no further
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
pub struct AsyncGenerator<T> {
    /// Missing after its end.
    body: Option<Pin<Box<dyn Future<Output = ()>>>>,
    slot: Slot<T>,
}

/// What the body yields with.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// use asyncio::{Yielder, async_generator};
///
/// async fn count(to: u32, out: &Yielder<u32>) {
///     for number in 0..to {
///         out.yield_(number).await;
///     }
/// }
///
/// let mut numbers = async_generator(async |out| {
///     count(2, &out).await;
///     count(1, &out).await;
/// });
/// assert_eq!(numbers.next().await, Some(0));
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
pub struct Yielder<T>(Slot<T>);

/// A value on its way from the body to whoever takes it.
type Slot<T> = Rc<RefCell<Option<T>>>;

impl<T> AsyncGenerator<T> {
    /// The next value; `None` after the last one.
    ///
    /// Python's `async for value in generator` is
    /// `while let Some(value) = generator.next().await`.
    pub async fn next(&mut self) -> Option<T> {
        poll_fn(|context| {
            let Some(body) = &mut self.body else {
                return Poll::Ready(None);
            };
            let is_over = body.as_mut().poll(context).is_ready();
            if is_over {
                self.body = None;
            }
            let value = self.slot.take();
            if is_over || value.is_some() {
                Poll::Ready(value)
            } else {
                Poll::Pending
            }
        })
        .await
    }
}

impl<T> Yielder<T> {
    /// Hands a value out, and goes on when the next one is asked for.
    pub async fn yield_(&self, value: T) {
        *self.0.borrow_mut() = Some(value);
        poll_fn(|_| match self.0.borrow().is_some() {
            true => Poll::Pending,
            false => Poll::Ready(()),
        })
        .await;
    }
}
