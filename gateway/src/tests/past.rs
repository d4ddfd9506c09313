//! Does what is past go once, whoever else has found it, and who somebody is last, when nothing else is kept of them?

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use polku_adapters::Redelivery;
use polku_proto::v1::DataCategory;
use polku_proto::{EntryId, ReferralName, YouthName};
use tempfile::TempDir;
use tokio::time::timeout;

use super::steps::drain;
use super::world::{ADULT, KELA, Setting, TE, World};
use crate::audit::Event;
use crate::clock::ManualClock;
use crate::store::{Change, EntryRow};

const TOLD: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::ServiceNeeds];

#[tokio::test(flavor = "multi_thread")]
async fn who_somebody_is_goes_last() {
    let clock = Arc::new(ManualClock::new("2026-03-02T10:00:00Z".parse().unwrap()));
    let setting = Setting { clock: Arc::clone(&clock) as _, ..Setting::of(Redelivery::AnswersStatus) };
    let world = World::within(setting, TempDir::new().unwrap()).await;
    let youth = world.identify_by(KELA, ADULT).await;
    world.consent(&youth, KELA, TE, &TOLD).await;
    let referral: ReferralName = world.refer(KELA, TE, &youth).await.parse().unwrap();
    drain(&world.gateway).await;
    let name: YouthName = youth.parse().unwrap();
    let store = &world.gateway.store;
    let after = async |years: i64| {
        clock.advance(SignedDuration::from_hours(24 * 366 * years));
        // There is one look every hour.
        for _ in 0..3 {
            world.gateway.sweep().await.unwrap();
            drain(&world.gateway).await;
            clock.advance(SignedDuration::from_hours(2));
        }
        let kept = store.referral(referral.referral).await.unwrap().is_some();
        (kept, store.instruments_of(name.youth).await.unwrap().len())
    };
    // Nobody has answered: that it has expired is the referral's last change, and the last that is known of them.
    assert_eq!(after(9).await, (true, 1), "nothing before its time");
    assert_eq!(after(9).await, (true, 0), "records after twelve years");
    assert_eq!(after(2).await, (false, 0), "referrals after ten");
    assert!(store.youth(name.youth).await.unwrap().is_some(), "the log has named them eleven years ago");
    assert_eq!(world.leaves(Event::PersonErasure), 0);
    after(3).await;
    assert!(store.youth(name.youth).await.unwrap().is_none(), "it is still known who they are");
    assert_eq!(world.leaves(Event::PersonErasure), 1);
    // Whoever comes again is somebody new.
    assert_ne!(world.identify_by(KELA, ADULT).await, youth);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_past_twice_goes_once() {
    let world = World::open(Redelivery::Deduplicates).await;
    let gateway = &world.gateway;
    let youth: YouthName = world.identify(ADULT).await.parse().unwrap();
    let now = gateway.now();
    let mut change = Change::announced_by(6000);
    change.entries.push(EntryRow {
        id: EntryId::from_uuid(gateway.new_id(now).unwrap()),
        youth: youth.youth,
        agency: TE.parse().unwrap(),
        kind: 1,
        created: now - SignedDuration::from_hours(24 * 366 * 5),
        sealed: vec![1],
    });
    gateway.commit(change).await.unwrap();
    let alone = gateway.alone_with(youth.youth).await.unwrap();
    let (mut one, mut other) = (Box::pin(gateway.sweep()), Box::pin(gateway.sweep()));
    // Each finds the entry, and waits until it is alone with the person.
    for sweep in [&mut one, &mut other] {
        timeout(Duration::from_millis(500), sweep).await.unwrap_err();
    }
    drop(alone);
    one.await.unwrap();
    other.await.unwrap();
    assert_eq!(gateway.store.entries_of(youth.youth, 10).await.unwrap(), []);
    assert_eq!(world.leaves(Event::Erasure), 1);
}
