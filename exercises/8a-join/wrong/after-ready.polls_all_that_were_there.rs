use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// Runs several futures at the same time, within one task: ready when all
/// of them are, with their results in the order of the list.
///
/// Each future is polled once when it starts. After that it must be polled
/// only if it was woken, and never after it was ready.
pub(crate) async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> =
        futures.into_iter().map(Box::pin).collect();
    let mut results: Vec<Option<F::Output>> =
        running.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, result) in running.iter_mut().zip(&mut results) {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                *result = Some(output);
            }
        }
        if results.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    results.into_iter().flatten().collect()
}
