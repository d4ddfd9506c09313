//! Does what is past go once, whoever else has found it, and who somebody is last, when nothing else is kept of them?

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use polku_adapters::Redelivery;
use polku_proto::v1::DataCategory;
use polku_proto::v1::task::State;
use polku_proto::{EntryId, ReferralName, TaskId, YouthId, YouthName};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use super::steps::drain;
use super::world::{ADULT, KELA, Setting, TE, World};
use crate::audit::Event;
use crate::clock::ManualClock;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::Erasure;
use crate::seal::{IdentityIndex, WrappedKey};
use crate::store::{Change, EntryRow, StoreError, TaskRow, TaskWrite, YouthRow};
use crate::trail::Entry;

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
    let (world, clock, youth) = on_a_clock().await;
    let gateway = &world.gateway;
    let created = gateway.now() - YEAR * 5;
    let mut change = Change::announced_by(6000);
    change.entries.push(entry(gateway, youth.youth, created));
    gateway.commit(change).await.unwrap();
    let alone = gateway.alone_with(youth.youth).await.unwrap();
    let mut first = pin!(gateway.sweep());
    until_wanted(gateway, youth.youth, 2, first.as_mut()).await;
    // Behind the entry there is nothing: that look is over, and an hour later there is another one.
    gateway.sweep().await.unwrap();
    clock.advance(SignedDuration::from_hours(2));
    let mut sweeps = pin!(async { tokio::join!(first, gateway.sweep()) });
    // Each finds the entry, and waits until it is alone with the person.
    until_wanted(gateway, youth.youth, 3, sweeps.as_mut()).await;
    drop(alone);
    let (one, other) = sweeps.await;
    one.and(other).unwrap();
    assert_eq!(gateway.store.entries_of(youth.youth, 10).await.unwrap(), []);
    assert_eq!(world.leaves(Event::Erasure), 1);
}

/// A world on a clock that stands still, and somebody in it.
async fn on_a_clock() -> (World, Arc<ManualClock>, YouthName) {
    let clock = Arc::new(ManualClock::new("2026-03-02T10:00:00Z".parse().unwrap()));
    let setting = Setting { clock: Arc::clone(&clock) as _, ..Setting::of(Redelivery::AnswersStatus) };
    let world = World::within(setting, TempDir::new().unwrap()).await;
    let youth = world.identify(ADULT).await.parse().unwrap();
    (world, clock, youth)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_while_they_are_to_be_erased_stays() {
    let (world, clock, youth) = on_a_clock().await;
    let gateway = &world.gateway;
    clock.advance(YEAR * 20);
    let person = gateway.person(youth.youth).await.unwrap();
    let alone = gateway.alone_with(youth.youth).await.unwrap();
    let mut sweep = pin!(gateway.sweep());
    until_wanted(gateway, youth.youth, 2, sweep.as_mut()).await;
    // Somebody writes an entry, and is answered.
    let now = gateway.now();
    let leaf = Entry::of(Event::JourneyEntry, person.id);
    let announced = gateway.announce(leaf, &person, &json!({}), now).await.unwrap();
    let mut change = Change::announced_by(announced.receipt.sequence);
    change.detail = announced.detail;
    change.entries.push(entry(gateway, person.id, now));
    gateway.commit(change).await.unwrap();
    drop(alone);
    sweep.await.unwrap();
    assert_eq!(gateway.store.entries_of(person.id, 10).await.unwrap().len(), 1);
    assert!(gateway.store.youth(person.id).await.unwrap().is_some());
    assert_eq!(world.leaves(Event::PersonErasure), 0);
    // And goes as anybody does, when that is long ago.
    clock.advance(YEAR * 20);
    gateway.sweep().await.unwrap();
    clock.advance(SignedDuration::from_hours(2));
    gateway.sweep().await.unwrap();
    assert!(gateway.store.youth(person.id).await.unwrap().is_none());
}

/// Whose entries all last is looked at each time: deliveries wait for a part of them only.
#[tokio::test(flavor = "multi_thread")]
async fn entries_of_many_are_looked_at_in_several_sweeps() {
    let (world, clock, youth) = on_a_clock().await;
    let gateway = &world.gateway;
    for number in 0..200_u8 {
        let id = YouthId::from_uuid(Uuid::from_u128(1_000 + u128::from(number)));
        let mut change = Change::announced_by(6_000 + u64::from(number));
        change.youth = Some(YouthRow {
            id,
            identity: IdentityIndex::from_bytes([number; 32]),
            key: WrappedKey::from_bytes([0; WrappedKey::BYTES]),
            sealed_identity: vec![1],
            created: gateway.now(),
        });
        change.entries.push(entry(gateway, id, gateway.now()));
        gateway.commit(change).await.unwrap();
    }
    clock.advance(SignedDuration::from_secs(1));
    let mut change = Change::announced_by(7_000);
    change.entries.push(entry(gateway, youth.youth, gateway.now()));
    gateway.commit(change).await.unwrap();
    clock.advance(YEAR * 5);
    gateway.sweep().await.unwrap();
    assert_eq!(gateway.store.entries_of(youth.youth, 10).await.unwrap().len(), 1, "all in one sweep");
    // The rest is not put off for an hour.
    gateway.sweep().await.unwrap();
    assert_eq!(gateway.store.entries_of(youth.youth, 10).await.unwrap(), []);
}

/// What nobody can open any more is as old as it gets, and there is more of it than one page has.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_erased_takes_the_place_of_nothing_behind_it() {
    let (world, clock, youth) = on_a_clock().await;
    let gateway = &world.gateway;
    let first = gateway.now();
    let closed = YouthId::from_uuid(Uuid::from_u128(7));
    let mut change = Change::announced_by(6_000);
    change.youth = Some(YouthRow {
        id: closed,
        identity: IdentityIndex::from_bytes([7; 32]),
        key: WrappedKey::from_bytes([0; WrappedKey::BYTES]),
        sealed_identity: vec![1],
        created: first,
    });
    for _ in 0..=200 {
        change.entries.push(entry(gateway, closed, first));
        change.tasks.push(task(gateway, closed, State::Open));
    }
    // Those of somebody else are the last ones.
    clock.advance(SignedDuration::from_secs(1));
    change.entries.push(entry(gateway, youth.youth, gateway.now()));
    change.tasks.push(task(gateway, youth.youth, State::Resolved));
    let last = change.tasks.last().unwrap().row.id;
    gateway.commit(change).await.unwrap();
    clock.advance(YEAR * 11);
    gateway.sweep().await.unwrap();
    assert_eq!(gateway.store.entries_of(youth.youth, 10).await.unwrap(), []);
    assert_eq!(gateway.store.task(last).await.unwrap(), None);
    assert_eq!(gateway.store.entries_of(closed, 1_000).await.unwrap().len(), 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_was_refused_is_not_made_later() {
    let world = World::open(Redelivery::AnswersStatus).await;
    let youth: YouthName = world.identify(ADULT).await.parse().unwrap();
    // Something that goes with it is not there: the store refuses all of it.
    world.tamper("DELETE FROM scrub");
    let refused = world.gateway.erase_person(&KELA.parse().unwrap(), youth.youth).await.unwrap_err();
    assert!(refused.changed_nothing(), "{refused:?}");
    world.tamper("INSERT INTO scrub (only, wanted, done) VALUES (1, 0, 0)");
    assert_eq!((world.leaves(Event::PersonErasure), world.leaves(Event::Closed)), (1, 1));
    let world = world.killed().await;
    world.gateway.sweep().await.unwrap();
    assert!(world.gateway.store.youth(youth.youth).await.unwrap().is_some());
    let erased = world.gateway.erase_person(&KELA.parse().unwrap(), youth.youth).await.unwrap();
    assert!(matches!(erased, Erasure::Done { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_may_have_been_made_is_made_soon() {
    let world = World::open(Redelivery::AnswersStatus).await;
    let youth: YouthName = world.identify(ADULT).await.parse().unwrap();
    world.tamper("CREATE TRIGGER broken BEFORE DELETE ON youth BEGIN SELECT RAISE(ABORT, 'broken'); END");
    let failed = world.gateway.erase_person(&KELA.parse().unwrap(), youth.youth).await.unwrap_err();
    assert!(matches!(failed, Error::Store(StoreError::Failed(_))), "{failed:?}");
    world.gateway.sweep().await.unwrap();
    assert!(world.gateway.store.youth(youth.youth).await.unwrap().is_some());
    world.tamper("DROP TRIGGER broken");
    world.gateway.sweep().await.unwrap();
    assert!(world.gateway.store.youth(youth.youth).await.unwrap().is_none());
    assert_eq!((world.leaves(Event::PersonErasure), world.leaves(Event::Closed)), (1, 0));
    // Whoever comes again is somebody new.
    assert_ne!(world.identify(ADULT).await.parse::<YouthName>().unwrap(), youth);
}

const YEAR: SignedDuration = SignedDuration::from_hours(24 * 366);

/// Goes on with something until so many are alone with the person or wait for it.
async fn until_wanted<F: Future>(
    gateway: &Gateway,
    youth: YouthId,
    wanting: usize,
    mut work: std::pin::Pin<&mut F>,
) {
    for _ in 0..12_000 {
        if gateway.wanting(youth) == wanting {
            return;
        }
        tokio::select! {
            _ = work.as_mut() => panic!("it has not waited"),
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
    }
    panic!("{} of {wanting}", gateway.wanting(youth));
}

fn entry(gateway: &Gateway, youth: YouthId, created: Timestamp) -> EntryRow {
    EntryRow {
        id: EntryId::from_uuid(gateway.new_id(created).unwrap()),
        youth,
        agency: TE.parse().unwrap(),
        kind: 1,
        created,
        sealed: vec![1],
    }
}

fn task(gateway: &Gateway, youth: YouthId, state: State) -> TaskWrite {
    let updated = gateway.now();
    let row = TaskRow {
        id: TaskId::from_uuid(gateway.new_id(updated).unwrap()),
        youth,
        agency: TE.parse().unwrap(),
        plan: None,
        state,
        version: 1,
        created: updated,
        updated,
        sealed: vec![1],
    };
    TaskWrite { row, expected: None }
}
