//! What is under way when the gateway is told to stop, and what is after that?

use std::sync::Arc;
use std::time::Duration;

use polku_adapters::Redelivery;
use polku_proto::YouthName;
use polku_proto::v1::{DataCategory as C, DeliveryState};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::Instant;

use super::agency::Mood;
use super::world::{ADULT, SOSIAALI, Setting, TE, World};
use crate::audit::Event;
use crate::trail::{self, Entry};

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

/// What comes to the log while it is closed, of somebody who was cut off, is for the next start to look at.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_closed_as_far_as_it_was_looked_at() {
    let world = World::open(Redelivery::AnswersStatus).await;
    let youth: YouthName = world.identify(ADULT).await.parse().unwrap();
    let gateway = &world.gateway;
    let person = gateway.person(youth.youth).await.unwrap();
    // Announced, and cut off.
    let entry = Entry::of(Event::JourneyEntry, person.id);
    let open = gateway.announce(entry, &person, &json!({}), gateway.now()).await.unwrap().receipt.sequence;
    // The leaf that closes it is written behind all that was looked at.
    for until in [open + 1, open + 2] {
        trail::close_unfinished(gateway).await.unwrap();
        assert_eq!(gateway.store.reconciled().await.unwrap().until, until);
        assert_eq!((gateway.audit.len(), world.leaves(Event::Closed)), (open + 2, 1));
    }
}
