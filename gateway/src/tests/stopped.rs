//! What is under way when the gateway is told to stop, and what is after that?

use std::sync::Arc;
use std::time::Duration;

use polku_adapters::Redelivery;
use polku_proto::v1::{DataCategory as C, DeliveryState};
use tempfile::TempDir;
use tokio::time::Instant;

use super::agency::Mood;
use super::world::{ADULT, SOSIAALI, Setting, TE, World};
use crate::trail;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_works_any_more_behind_the_end() {
    let setting = Setting::patient(Redelivery::AnswersStatus);
    let mut world = World::within(setting, TempDir::new().unwrap()).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, SOSIAALI, TE, &[C::IdentityContact, C::ServiceNeeds]).await;
    world.te.become_(Mood::Endless);
    let name = world.refer(SOSIAALI, TE, &youth).await;
    world.deliver();
    while world.te.taken().is_empty() {
        tokio::task::yield_now().await;
    }
    world.stop_delivering(Instant::now()).await;
    assert_eq!(Arc::strong_count(&world.gateway), 1, "somebody still works");
    trail::close_unfinished(&world.gateway).await.unwrap();
    assert_eq!(world.deliveries(&name).await[0].state, DeliveryState::Sending);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_its_time_comes_to_its_end_and_nothing_else_is_begun() {
    let setting = Setting::patient(Redelivery::AnswersStatus);
    let mut world = World::within(setting, TempDir::new().unwrap()).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, SOSIAALI, TE, &[C::IdentityContact, C::ServiceNeeds]).await;
    let first = world.refer(SOSIAALI, TE, &youth).await;
    world.deliver();
    while world.te.taken().is_empty() {
        tokio::task::yield_now().await;
    }
    world.stop_delivering(Instant::now() + Duration::from_secs(3600)).await;
    let handed_over = world.deliveries(&first).await.into_iter().find(|row| row.attempts > 0).unwrap();
    assert_eq!(handed_over.state, DeliveryState::Delivered);
    let later = world.refer(SOSIAALI, TE, &youth).await;
    assert!(world.deliveries(&later).await.iter().all(|row| row.attempts == 0));
}
