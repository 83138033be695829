use std::panic::resume_unwind;

use crate::cancelled::catch_cancelled;
use crate::panics::catch_panic;

/// Something that is entered before a body and left after it, both with
/// awaits: Python's async context manager.
///
/// Where leaving needs no await, a guard with a `Drop` is enough, and
/// cannot be forgotten: a [`Permit`](crate::Permit) is one.
///
/// ```
/// # use std::time::Duration;
/// # use stage_09_asyncio as asyncio;
/// # asyncio::run(async {
/// struct Session;
///
/// impl asyncio::AsyncContextManager for Session {
///     type Entered = ();
///
///     async fn enter(&mut self) {}
///
///     async fn exit(&mut self) {
///         println!("goodbye");
///     }
/// }
///
/// asyncio::with(Session, async |()| println!("body")).await;
/// # })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
pub trait AsyncContextManager {
    /// What the body gets.
    type Entered;

    /// Before the body: Python's `__aenter__`.
    fn enter(&mut self) -> impl Future<Output = Self::Entered>;

    /// After the body, however it ended: Python's `__aexit__`.
    fn exit(&mut self) -> impl Future<Output = ()>;
}

/// Runs a body between the entering and the leaving of something:
/// Python's `async with`. It is left also when the body is cancelled or
/// panics.
///
/// What `Drop` cannot do is to await. So where this future itself is
/// dropped from outside, by a combinator that is not of this library,
/// nothing is left: Python has no such dropping.
///
/// ```
/// use std::time::Duration;
/// use stage_09_asyncio as asyncio;
/// use asyncio::{AsyncContextManager, sleep, with};
///
/// struct Connection;
///
/// impl AsyncContextManager for Connection {
///     type Entered = &'static str;
///
///     async fn enter(&mut self) -> &'static str {
///         sleep(Duration::from_millis(1)).await; // connects
///         "connection"
///     }
///
///     async fn exit(&mut self) {
///         sleep(Duration::from_millis(1)).await; // says goodbye
///     }
/// }
///
/// asyncio::run(async {
///     let length = with(Connection, async |connection| {
///         connection.len()
///     });
///     assert_eq!(length.await, 10);
/// })?;
/// # Ok::<(), asyncio::Error>(())
/// ```
pub async fn with<C: AsyncContextManager, T>(
    mut context: C,
    body: impl AsyncFnOnce(C::Entered) -> T,
) -> T {
    let entered = context.enter().await;
    let result = catch_cancelled(catch_panic(body(entered))).await;
    context.exit().await;
    match result {
        Ok(Ok(value)) => value,
        Ok(Err(panic)) => resume_unwind(panic),
        Err(cancelled) => cancelled.raise().await,
    }
}
