//! Does what was due become one task, wherever the gateway is interrupted?

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use jiff::SignedDuration;
use polku_adapters::Redelivery;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    AddJourneyEntryRequest, DataCategory, Encounter, IdentifyYouthRequest, JourneyEntry, JourneyOpening,
    JourneySource, LinkIdentityRequest, Outcome, ReferralState, WorkerAssignment, encounter,
};
use polku_proto::{ReferralId, ReferralName, Valid, YouthId, YouthName};
use tempfile::TempDir;
use uuid::Uuid;

use super::world::{ADULT, KELA, KUNTA, Setting, TE, World, caller};
use crate::audit::Event;
use crate::clock::ManualClock;
use crate::journey::Action;
use crate::record::wire_time;
use crate::seal::{IdentityIndex, WrappedKey};
use crate::store::{
    Change, FollowUp, FollowUpRow, FollowUpWrite, ReferralRow, ReferralWrite, TaskFilter, TaskRow,
    TaskStates, YouthRow,
};

/// Kela has the adult beside somebody whom nobody has met for 40 days.
async fn unmet(world: &World) -> YouthName {
    let youth = world.identify(ADULT).await;
    nobody_has_met(world, &youth).await;
    youth.parse().unwrap()
}

async fn nobody_has_met(world: &World, youth: &str) {
    let then = wire_time(world.gateway.now() - SignedDuration::from_hours(24 * 40)).unwrap();
    let matters = [
        Matter::Opening(JourneyOpening { source: JourneySource::Self_ as i32 }),
        Matter::Worker(WorkerAssignment {
            professional: "kelan-virkailija".into(),
            reason: Reason::First as i32,
            ..WorkerAssignment::default()
        }),
        Matter::Encounter(Encounter {
            channel: encounter::Channel::WalkIn as i32,
            met: true,
            ..Encounter::default()
        }),
    ];
    for matter in matters {
        add(world, youth, JourneyEntry { time: Some(then), matter: Some(matter), ..JourneyEntry::default() })
            .await;
    }
}

async fn add(world: &World, youth: &str, entry: JourneyEntry) {
    if matches!(entry.matter, Some(Matter::Opening(_))) {
        world.meet(KELA, youth).await;
    }
    let request = AddJourneyEntryRequest {
        request_id: Uuid::now_v7().to_string(),
        parent: youth.to_owned(),
        entry: Some(entry),
    };
    let request = Valid::check(request).unwrap();
    world.gateway.add_journey_entry(&caller(KELA), request).await.map(drop).unwrap();
}

async fn tasks(world: &World, youth: &YouthName) -> Vec<TaskRow> {
    let filter = TaskFilter {
        agency: KELA.parse().unwrap(),
        youth: Some(youth.youth),
        states: TaskStates::All,
        after: None,
        limit: 10,
    };
    world.gateway.store.tasks(&filter).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_it_is_interrupted_one_task_comes_up() {
    let mut world = World::open(Redelivery::Deduplicates).await;
    let youth = unmet(&world).await;
    let due = world.gateway.store.due_follow_ups(world.gateway.now(), 10).await.unwrap();
    assert_eq!(due.len(), 1);
    let mut cuts = 0;
    while tasks(&world, &youth).await.is_empty() {
        assert!(cuts < 200, "no task comes up");
        {
            let mut sweep = pin!(world.gateway.sweep());
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..cuts {
                if sweep.as_mut().poll(&mut context).is_ready() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        }
        world = world.killed().await;
        cuts += 1;
    }
    assert!(cuts > 1, "it was not interrupted");
    for _ in 0..2 {
        world.gateway.sweep().await.unwrap();
        assert_eq!(tasks(&world, &youth).await.len(), 1);
    }
    let due = world.gateway.store.due_follow_ups(jiff::Timestamp::MAX, 10).await.unwrap();
    assert_eq!(due, []);
}

/// People whose data cannot be opened are due first, more of them than one sweep looks at.
#[tokio::test(flavor = "multi_thread")]
async fn what_fails_holds_nothing_else_up() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = unmet(&world).await;
    let (gateway, long_ago) = (&world.gateway, world.gateway.now() - SignedDuration::from_hours(24 * 300));
    for number in 0..60_u8 {
        let id = YouthId::from_uuid(Uuid::from_u128(number.into()));
        let mut change = Change::announced_by(7_000 + u64::from(number));
        change.youth = Some(YouthRow {
            id,
            identity: IdentityIndex::from_bytes([number; 32]),
            key: WrappedKey::from_bytes([0; WrappedKey::BYTES]),
            sealed_identity: vec![1],
            created: long_ago,
        });
        let agency = KELA.parse().unwrap();
        let row = FollowUpRow { youth: id, matter: FollowUp::NotMet, agency, due: long_ago };
        change.follow_ups = vec![FollowUpWrite::Set(row)];
        gateway.commit(change).await.unwrap();
    }
    for _ in 0..2 {
        gateway.sweep().await.unwrap();
    }
    assert_eq!(tasks(&world, &youth).await.len(), 1);
    let due = gateway.store.due_follow_ups(gateway.now(), 100).await.unwrap();
    assert_eq!(due.len(), 60, "they are tried again later");
}

/// Referrals of somebody whose data cannot be opened are overdue first, more of them than one sweep looks at.
#[tokio::test(flavor = "multi_thread")]
async fn a_referral_that_cannot_expire_keeps_no_other_one_from_it() {
    let clock = Arc::new(ManualClock::new("2026-03-02T10:00:00Z".parse().unwrap()));
    let setting = Setting { clock: Arc::clone(&clock) as _, ..Setting::of(Redelivery::AnswersStatus) };
    let world = World::within(setting, TempDir::new().unwrap()).await;
    let (gateway, now) = (&world.gateway, world.gateway.now());
    let closed = YouthId::from_uuid(Uuid::from_u128(7));
    let mut change = Change::announced_by(6_000);
    change.youth = Some(YouthRow {
        id: closed,
        identity: IdentityIndex::from_bytes([7; 32]),
        key: WrappedKey::from_bytes([0; WrappedKey::BYTES]),
        sealed_identity: vec![1],
        created: now,
    });
    for number in 0..=200 {
        let row = ReferralRow {
            id: ReferralId::from_uuid(Uuid::from_u128(1_000 + number)),
            youth: closed,
            sender: KELA.parse().unwrap(),
            recipient: TE.parse().unwrap(),
            state: ReferralState::Requested,
            version: 1,
            created: now,
            updated: now,
            respond_by: now,
            reached_recipient: false,
            delivery_ended: None,
            holds_content: false,
            sealed: vec![1],
        };
        change.referrals.push(ReferralWrite { row, expected: None });
    }
    gateway.commit(change).await.unwrap();
    let youth = world.identify_by(KELA, ADULT).await;
    let told = [DataCategory::IdentityContact, DataCategory::ServiceNeeds];
    world.consent(&youth, KELA, TE, &told).await;
    let name: ReferralName = world.refer(KELA, TE, &youth).await.parse().unwrap();
    clock.advance(SignedDuration::from_hours(24 * 60));
    for _ in 0..2 {
        gateway.sweep().await.unwrap();
    }
    let row = gateway.store.referral(name.referral).await.unwrap().unwrap();
    assert_eq!(row.state, ReferralState::Expired);
}

/// Somebody who is met under another id than the one by which they were known first is met.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_met_under_another_id_is_met() {
    let world = World::open(Redelivery::Deduplicates).await;
    let kela = caller(KELA);
    let request = IdentifyYouthRequest {
        request_id: Uuid::now_v7().to_string(),
        temporary_id: "1.2.246.10.2048198.22.2026.4711".into(),
        ..IdentifyYouthRequest::default()
    };
    let former = world.gateway.identify(&kela, Valid::check(request).unwrap()).await.unwrap().youth;
    let present = world.identify_by(KELA, ADULT).await;
    nobody_has_met(&world, &former).await;
    let request = LinkIdentityRequest {
        request_id: Uuid::now_v7().to_string(),
        youth: former.clone(),
        identity_code: ADULT.into(),
        ..LinkIdentityRequest::default()
    };
    world.gateway.link_identity(&kela, Valid::check(request).unwrap()).await.unwrap();
    let met = Encounter { channel: encounter::Channel::WalkIn as i32, met: true, ..Encounter::default() };
    let entry = JourneyEntry { matter: Some(Matter::Encounter(met)), ..JourneyEntry::default() };
    add(&world, &present, entry).await;
    let [present, former]: [YouthName; 2] = [present.parse().unwrap(), former.parse().unwrap()];
    let due = world.gateway.store.due_follow_ups(jiff::Timestamp::MAX, 10).await.unwrap();
    assert_eq!(due.iter().map(|row| row.youth).collect::<Vec<_>>(), [present.youth]);
    // Also what was due already, and is looked at only now.
    let row = FollowUpRow { youth: former.youth, due: world.gateway.now(), ..due[0].clone() };
    let mut change = Change::announced_by(8_000);
    change.follow_ups = vec![FollowUpWrite::Set(row)];
    world.gateway.commit(change).await.unwrap();
    world.gateway.sweep().await.unwrap();
    for youth in [present, former] {
        assert_eq!(tasks(&world, &youth).await, []);
    }
}

/// Whoever completes a referral says by that that the young person has ended as planned.
#[tokio::test(flavor = "multi_thread")]
async fn the_leaf_of_a_step_names_the_entry_that_it_writes() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    let told = [DataCategory::IdentityContact, DataCategory::ServiceNeeds, DataCategory::ReferralStatus];
    world.consent(&youth, KELA, KUNTA, &told).await;
    let name = world.refer(KELA, KUNTA, &youth).await;
    world.step(KUNTA, &name, Action::Accept { note: String::new() }).await;
    let complete = Action::Complete { outcome: Outcome::GotService, note: String::new() };
    world.step(KUNTA, &name, complete).await;
    let youth: YouthName = youth.parse().unwrap();
    let entries = world.gateway.store.entries_of(youth.youth, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
    let mut steps = Vec::new();
    let is_step = |event| event == Event::ReferralChange;
    world
        .gateway
        .audit
        .read(0, |sequence, leaf| steps.extend(is_step(leaf.event).then_some(sequence)))
        .unwrap();
    let person = world.gateway.person(youth.youth).await.unwrap();
    let [accepted, completed] = steps[..] else { panic!("{steps:?}") };
    let named = async |leaf| world.gateway.details(&person, leaf).await.unwrap().unwrap()["entry"].clone();
    assert!(named(accepted).await.is_null());
    assert_eq!(named(completed).await, entries[0].id.to_string());
}
