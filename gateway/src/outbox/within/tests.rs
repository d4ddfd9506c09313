//! Does whoever stood still for too long do nothing more?

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use super::within;

#[tokio::test]
async fn whoever_stood_still_takes_no_further_step() {
    let mut steps = 0;
    let work = poll_fn(|context| {
        steps += 1;
        // As if the whole process had been stopped, and what it waits for had come about meanwhile.
        std::thread::sleep(Duration::from_millis(250));
        context.waker().wake_by_ref();
        if steps < 2 { Poll::Pending } else { Poll::Ready(()) }
    });
    assert_eq!(within(Duration::from_millis(200), || true, work).await, None);
    // None, if this test itself stood still before.
    assert!(steps <= 1);
}

#[tokio::test]
async fn what_is_done_in_time_is_done() {
    assert_eq!(within(Duration::from_secs(60), || true, async { 7 }).await, Some(7));
    assert_eq!(within(Duration::from_millis(1), || true, std::future::pending::<()>()).await, None);
}

/// A host that sleeps counts none of it; the lease that it had is over all the same.
#[tokio::test]
async fn whoever_has_lost_the_lease_in_sleep_takes_no_further_step() {
    let (steps, held) = (Cell::new(0), Cell::new(true));
    let work = poll_fn(|context| {
        steps.set(steps.get() + 1);
        held.set(false);
        context.waker().wake_by_ref();
        if steps.get() < 2 { Poll::Pending } else { Poll::Ready(()) }
    });
    assert_eq!(within(Duration::from_secs(60), || held.get(), work).await, None);
    assert_eq!(steps.get(), 1);
}
