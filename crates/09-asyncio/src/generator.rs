use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::cancellation::ScopesApart;
use crate::wait::OnDrop;

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
/// time as the loop that takes them. A generator is not a task: when the
/// task that awaits the next value is cancelled, the cancellation is
/// thrown into the body. Between two values the task alone hears of it.
///
/// Dropping the generator closes it. (Python's `aclose` can await cleanup
/// in the body; a `Drop` cannot.)
pub fn async_generator<T: 'static>(
    body: impl AsyncFnOnce(Yielder<T>) + 'static,
) -> AsyncGenerator<T> {
    let (value, is_polled) = (RefCell::new(None), Cell::new(false));
    let slot = Rc::new(Slot { value, is_polled });
    let yielder = Yielder(Rc::clone(&slot));
    let body = Box::pin(async move { body(yielder).await });
    let scopes = ScopesApart::default();
    AsyncGenerator { body: Some(body), slot, scopes }
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
    slot: Rc<Slot<T>>,
    scopes: ScopesApart,
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
pub struct Yielder<T>(Rc<Slot<T>>);

/// A value on its way from the body to whoever takes it.
struct Slot<T> {
    value: RefCell<Option<T>>,
    /// Whether the body is polled now: nobody else may yield.
    is_polled: Cell<bool>,
}

impl<T> AsyncGenerator<T> {
    /// The next value; `None` after the last one.
    ///
    /// Python's `async for value in generator` is
    /// `while let Some(value) = generator.next().await`.
    ///
    /// Who gives up the awaiting ends the generator: in Python, too, it
    /// is over when a cancellation has gone through its body.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use stage_09_asyncio as asyncio;
    /// # asyncio::run(async {
    /// use asyncio::{async_generator, sleep, timeout};
    ///
    /// let mut numbers = async_generator(async |out| {
    ///     out.yield_(1).await;
    ///     sleep(Duration::from_secs(3600)).await;
    ///     out.yield_(2).await;
    /// });
    /// assert_eq!(numbers.next().await, Some(1));
    /// let moment = Duration::from_millis(1);
    /// assert!(timeout(moment, numbers.next()).await.is_err());
    /// assert_eq!(numbers.next().await, None);
    /// # })?;
    /// # Ok::<(), asyncio::Error>(())
    /// ```
    pub async fn next(&mut self) -> Option<T> {
        let mut asking = Asking { generator: self, is_answered: false };
        poll_fn(|context| asking.poll(context)).await
    }

    fn close(&mut self) {
        let body = self.body.take();
        self.scopes.within(|| drop(body));
        self.scopes.set_awaited(false);
    }
}

impl<T> Drop for AsyncGenerator<T> {
    fn drop(&mut self) {
        self.close();
    }
}

/// Somebody awaits the next value.
struct Asking<'a, T> {
    generator: &'a mut AsyncGenerator<T>,
    is_answered: bool,
}

impl<T> Asking<'_, T> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        let AsyncGenerator { body, slot, scopes } = &mut *self.generator;
        if let Some(running) = body {
            let poll = || running.as_mut().poll(context);
            slot.is_polled.set(true);
            let _later = OnDrop(|| slot.is_polled.set(false));
            if scopes.within(poll).is_ready() {
                *body = None;
            }
        }
        let value = slot.value.take();
        self.is_answered = value.is_some() || body.is_none();
        scopes.set_awaited(!self.is_answered);
        match self.is_answered {
            true => Poll::Ready(value),
            false => Poll::Pending,
        }
    }
}

impl<T> Drop for Asking<'_, T> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.generator.close();
        }
    }
}

impl<T> Yielder<T> {
    /// Hands a value out, and goes on when the next one is asked for.
    ///
    /// # Panics
    /// In another task than the body: nobody asks that task for a value.
    pub async fn yield_(&self, value: T) {
        assert!(
            self.0.is_polled.get(),
            "RuntimeError: yield_ outside of its generator; a Queue goes \
             from task to task"
        );
        *self.0.value.borrow_mut() = Some(value);
        poll_fn(|_| match self.0.value.borrow().is_some() {
            true => Poll::Pending,
            false => Poll::Ready(()),
        })
        .await;
    }
}
