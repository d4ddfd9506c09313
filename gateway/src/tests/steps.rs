//! How is a delivery taken forward step by step? A step is what is done until something is waited for.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::gateway::Gateway;
use crate::store::{DeliveryRow, LeaseRequest};

/// A future that has not gone on for so long since its last step waits for the other one.
const STUCK: Duration = Duration::from_millis(20);

pub(super) type Steps<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Lets a future take so many steps, or fewer if it comes to its end. It must wait for nobody who is held up.
pub(super) async fn forward<T>(future: &mut Steps<T>, steps: usize) -> Option<T> {
    let mut left = steps;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// The same, or fewer if it can take no more alone.
pub(super) async fn forward_alone<T>(future: &mut Steps<T>, steps: usize) -> Option<T> {
    let (mut left, mut stuck) = (steps, pin!(sleep(STUCK)));
    std::future::poll_fn(|context| {
        if left == 0 || stuck.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => {
                stuck.as_mut().reset(Instant::now() + STUCK);
                stuck.as_mut().poll(context).map(|()| None)
            }
        }
    })
    .await
}

/// How many steps a future takes from its beginning to its end.
pub(super) async fn counted(mut future: Steps<()>) -> usize {
    let mut steps = 0;
    std::future::poll_fn(|context| {
        steps += 1;
        future.as_mut().poll(context)
    })
    .await;
    steps
}

pub(super) fn attempt(gateway: &Arc<Gateway>, row: DeliveryRow) -> Steps<()> {
    let gateway = Arc::clone(gateway);
    Box::pin(async move { gateway.attempt(row).await.unwrap() })
}

/// Takes what is due out of the queue.
pub(super) async fn lease(gateway: &Gateway) -> Vec<DeliveryRow> {
    let now = gateway.now();
    let lease = LeaseRequest {
        now,
        time: now,
        until: now + gateway.delivery.lease,
        limit: 1_000,
        per_agency: 1_000,
        under_way: Vec::new(),
        held: Vec::new(),
    };
    gateway.store.lease_due(&lease).await.unwrap()
}

/// Delivers everything that is due, with whatever comes of it.
pub(super) async fn drain(gateway: &Arc<Gateway>) {
    loop {
        let rows = lease(gateway).await;
        if rows.is_empty() {
            return;
        }
        let attempts = rows.into_iter().map(|row| tokio::spawn(attempt(gateway, row)));
        for attempt in attempts.collect::<Vec<_>>() {
            attempt.await.unwrap();
        }
    }
}
