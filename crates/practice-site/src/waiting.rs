//! Waiting for a moment, and seeing meanwhile that the client goes.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use crate::clock::Clock;
use crate::events::Visit;

/// Waits until `due`. False if the client closes earlier than `soon` before that: nobody waits for
/// the answer, and the connection can be given up. A client may also close only its half and still
/// listen, so after a later close the wait goes on. Whatever the client sends is thrown away.
///
/// A close is noted when it happens. It shows as readiness to read, and costs no timer.
pub(crate) async fn wait_until(
    due: Instant,
    soon: Duration,
    stream: &TcpStream,
    clock: &Clock,
    visit: &Visit,
) -> bool {
    let mut time = clock.sleep_until(due);
    let mut has_closed = false;
    poll_fn(|context| {
        if Pin::new(&mut time).poll(context).is_ready() {
            return Poll::Ready(true);
        }
        while !has_closed && stream.poll_read_ready(context).is_ready() {
            has_closed = match stream.try_read(&mut [0; 64]) {
                Ok(bytes) => bytes == 0,
                Err(error) => error.kind() != io::ErrorKind::WouldBlock,
            };
            if has_closed {
                visit.gave_up();
                if due.saturating_duration_since(Instant::now()) > soon {
                    return Poll::Ready(false);
                }
            }
        }
        Poll::Pending
    })
    .await
}
