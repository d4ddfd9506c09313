//! Does a delivery go on, and go once, when the host's clock is set while it waits, or while it is on its way?

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use polku_adapters::Redelivery;
use polku_proto::v1::{DataCategory, DeliveryState};
use tempfile::TempDir;

use super::agency::Mood;
use super::world::{ADULT, KELA, Setting, TE, World};
use crate::clock::{Clock, SystemClock};

const TOLD: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::ServiceNeeds];

/// A clock of a host that goes, and can be set.
#[derive(Debug, Default)]
struct Host {
    /// By how many milliseconds it is wrong.
    wrong: AtomicI64,
}

impl Clock for Host {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_millis(self.wrong.load(Ordering::Relaxed))
    }
}

/// A referral meets an agency in this mood; then the clock is set and the agency is well.
async fn set_by(by: SignedDuration, kind: Redelivery, mood: Mood) {
    let host = Arc::new(Host::default());
    let mut setting = Setting { clock: Arc::clone(&host) as _, ..Setting::of(kind) };
    setting.delivery.pauses = vec![Duration::from_secs(1)];
    let mut world = World::within(setting, TempDir::new().unwrap()).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, KELA, TE, &TOLD).await;
    world.te.become_(mood);
    let name = world.refer(KELA, TE, &youth).await;
    world.deliver();
    let tried = async || world.deliveries(&name).await.iter().any(|row| row.attempts > 0);
    while !tried().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    host.wrong.store(i64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    world.te.become_(Mood::Fine);
    let rows = world.settled(&name).await;
    assert_eq!(rows.iter().map(|row| row.state).collect::<Vec<_>>(), [DeliveryState::Delivered]);
    assert_eq!(world.te.taken().len(), 1, "not once");
}

#[tokio::test(flavor = "multi_thread")]
async fn set_back_by_two_days_during_a_pause() {
    set_by(-SignedDuration::from_hours(48), Redelivery::AnswersStatus, Mood::Down).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn set_back_by_five_minutes_during_a_lease() {
    set_by(-SignedDuration::from_mins(5), Redelivery::Deduplicates, Mood::Endless).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn set_ahead_by_two_days_during_a_lease() {
    set_by(SignedDuration::from_hours(48), Redelivery::AnswersStatus, Mood::Endless).await;
}
