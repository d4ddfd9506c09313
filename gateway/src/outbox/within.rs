//! How is nothing more done when the time for it is over, also by a process that stood still?

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

#[cfg(test)]
mod tests;

/// Works until it is done or the time is over; then nothing. The time, and what it is for, is looked at before each step: who
/// stood still, or slept with the host, and may have lost a lease to somebody else meanwhile, does not take one more.
pub(super) async fn within<T>(
    limit: Duration,
    is_held: impl Fn() -> bool,
    work: impl Future<Output = T>,
) -> Option<T> {
    let until = Instant::now() + limit;
    let mut work = pin!(work);
    let steps = poll_fn(|context| {
        if Instant::now() >= until || !is_held() {
            return Poll::Ready(None);
        }
        work.as_mut().poll(context).map(Some)
    });
    timeout_at(until, steps).await.ok().flatten()
}
