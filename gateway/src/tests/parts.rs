//! What becomes of a queued part of a joint plan?

use polku_adapters::Redelivery;
use polku_policy::Obligation;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::disclosure_notice::Arrival;
use polku_proto::v1::{
    DataCategory, Delivery, DeliveryState, Plan, Purpose, RevokeConsentRequest, WithdrawConsentRequest,
};
use polku_proto::{CategorySet, Disclose, MessageId, PlanId, PlanName, Valid, YouthId, YouthName};
use serde_json::json;
use uuid::Uuid;

use super::world::{ADULT, KELA, SOSIAALI, TE, World, caller};
use crate::answer::answer;
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::journey::{Kept, PlanRecord};
use crate::person::Person;
use crate::store::{About, Change, DeliveryItem, DeliveryRow, DeliveryWrite, PlanRow};
use crate::trail::Entry;

const PLAN: PlanId = PlanId::from_uuid(Uuid::from_u128(6));

/// An adult with a plan of social services, to which the employment services are a party.
async fn begun(redelivery: Redelivery) -> (World, Person) {
    let world = World::open(redelivery).await;
    let name: YouthName = world.identify(ADULT).await.parse().unwrap();
    let person = world.gateway.person(name.youth).await.unwrap();
    let now = world.gateway.now();
    let row = PlanRow {
        id: PLAN,
        youth: name.youth,
        coordinator: SOSIAALI.parse().unwrap(),
        parties: Vec::new(),
        revision: 0,
        created: now,
        updated: now,
        ended: false,
        look_at: None,
        sealed: Vec::new(),
    };
    let plan = Plan { purpose: Purpose::EmploymentServices as i32, ..Plan::default() };
    let parties = [SOSIAALI, TE].map(str::to_owned).to_vec();
    let mut record = PlanRecord { row, kept: Kept { plan: Some(plan), parties, ..Kept::default() } };
    let write = record.next_revision(&person, None, now).unwrap();
    change(&world, &person, |change| change.plans.push(write)).await;
    (world, person)
}

/// A change with a leaf of its own.
async fn change(world: &World, person: &Person, what: impl FnOnce(&mut Change)) {
    let entry = Entry::of(Event::ReferralChange, person.id);
    let announced = world.gateway.announce(entry, person, &json!({}), world.gateway.now()).await.unwrap();
    let mut change = Change::announced_by(announced.receipt.sequence);
    change.detail = announced.detail;
    what(&mut change);
    world.gateway.commit(change).await.unwrap();
}

async fn tell(world: &World, person: &Person, owner: &str) -> Vec<MessageId> {
    let mut queued = Change::announced_by(0);
    let (gateway, now) = (&world.gateway, world.gateway.now());
    gateway.tell_part(person, (PLAN, owner), TE.parse().unwrap(), &mut queued, now).unwrap();
    let messages = messages(&queued);
    change(world, person, |change| change.enqueue = queued.enqueue).await;
    messages
}

fn messages(queued: &Change) -> Vec<MessageId> {
    queued.enqueue.iter().map(|row| row.message).collect()
}

async fn tell_end(world: &World, person: &Person, owner: &str) -> Vec<MessageId> {
    let mut queued = Change::announced_by(0);
    let (gateway, now) = (&world.gateway, world.gateway.now());
    gateway.tell_end_of_part(person, (PLAN, owner), TE.parse().unwrap(), &mut queued, now).await.unwrap();
    let messages = messages(&queued);
    change(world, person, |change| (change.enqueue, change.stops) = (queued.enqueue, queued.stops)).await;
    messages
}

/// The deliveries that were put into the queue, in their order, but for those that another one stands for.
async fn rows(world: &World, queued: &[MessageId]) -> Vec<DeliveryRow> {
    let mut rows = Vec::new();
    for message in queued {
        rows.extend(world.gateway.store.delivery(*message).await.unwrap());
    }
    rows
}

async fn settled(world: &World, person: &Person) {
    for _ in 0..1500 {
        if world.gateway.store.open_deliveries_of(person.id).await.unwrap().is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the deliveries do not end");
}

fn items(rows: &[DeliveryRow]) -> Vec<(DeliveryItem, DeliveryState)> {
    rows.iter().map(|row| (row.item, row.state)).collect()
}

#[tokio::test]
async fn a_part_is_queued_once_and_its_end_takes_its_place() {
    use DeliveryItem::{PlanEnded, PlanPart};
    use DeliveryState::{Queued, Stopped};
    let (world, person) = begun(Redelivery::Deduplicates).await;
    let mut all = Vec::new();
    for owner in [SOSIAALI, SOSIAALI, "youth"] {
        all.extend(tell(&world, &person, owner).await);
    }
    assert_eq!(items(&rows(&world, &all).await), [(PlanPart, Queued), (PlanPart, Queued)]);
    all.extend(tell_end(&world, &person, SOSIAALI).await);
    // Who has no system for it reads here, and waits for nothing.
    let mut queued = Change::announced_by(0);
    let (reader, now) = (KELA.parse().unwrap(), world.gateway.now());
    world.gateway.tell_part(&person, (PLAN, SOSIAALI), reader, &mut queued, now).unwrap();
    let reader = KELA.parse().unwrap();
    world.gateway.tell_end_of_part(&person, (PLAN, SOSIAALI), reader, &mut queued, now).await.unwrap();
    assert!(queued.enqueue.is_empty() && queued.stops.is_empty());
    // The consent is given again: that is told after the end, not before it.
    all.extend(tell(&world, &person, SOSIAALI).await);
    let rows = rows(&world, &all).await;
    let expected = [(PlanPart, Stopped), (PlanPart, Queued), (PlanEnded, Queued), (PlanPart, Queued)];
    assert_eq!(items(&rows), expected);
    let owners: Vec<&str> = rows
        .iter()
        .map(|row| match &row.about {
            About::Plan { plan, owner } if *plan == PLAN => owner.as_str(),
            About::Plan { .. } | About::Referral(_) | About::Journey => panic!("{row:?}"),
        })
        .collect();
    assert_eq!(owners, [SOSIAALI, "youth", SOSIAALI, SOSIAALI]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_nothing_to_tell_the_delivery_ends_and_holds_up_nothing() {
    let (mut world, person) = begun(Redelivery::Deduplicates).await;
    let mut all = tell(&world, &person, SOSIAALI).await;
    all.extend(tell_end(&world, &person, "youth").await);
    all.extend(tell(&world, &person, "youth").await);
    let (events, outcomes) =
        (world.gateway.store.last_event().await.unwrap(), world.leaves(Event::DeliveryOutcome));
    world.deliver();
    settled(&world, &person).await;
    let ended = rows(&world, &all).await;
    use DeliveryItem::{PlanEnded, PlanPart};
    use DeliveryState::{Delivered, Stopped};
    assert_eq!(items(&ended), [(PlanPart, Stopped), (PlanEnded, Delivered), (PlanPart, Stopped)]);
    assert_eq!(world.leaves(Event::DeliveryOutcome), outcomes + 3);
    // That a section is told no more can be told of any.
    assert_eq!(world.leaves(Event::DeliveryIntent), 1);
    let taken = world.te.taken();
    let [Delivery { item: Some(Item::PlanPart(last)), .. }] = taken.as_slice() else {
        panic!("one last word")
    };
    assert!(last.consent_withdrawn && last.owner == "youth" && last.categories() == CategorySet::ENVELOPE);
    assert_eq!(world.gateway.store.last_event().await.unwrap(), events);
    // One more change, one more delivery.
    all.extend(tell(&world, &person, SOSIAALI).await);
    settled(&world, &person).await;
    assert_eq!(rows(&world, &all).await.len(), 4);
}

/// What the details of an intent say of a part that was told, as they are written before it is sent.
fn told(row: &DeliveryRow, obligation: Obligation, youth: YouthId) -> serde_json::Value {
    json!({
        "message": row.message.to_string(),
        "section": format!("{}/sections/{SOSIAALI}", PlanName { youth, plan: PLAN }),
        "agency": TE,
        "attempt": 1,
        "told": {
            "message": row.message.to_string(),
            "to": "te/nuoret",
            "purpose": Purpose::EmploymentServices.as_str_name(),
            "time": "2026-03-02T10:00:00Z",
            "data_sets": [polku_proto::name(DataCategory::JointPlan)],
            "bases": [],
            "obligations": [obligation.code()],
            "origin": null,
            "from": SOSIAALI,
        },
    })
}

/// An attempt at a part has ended without a word, and the agency has the part.
async fn arrived(world: &World, person: &Person, obligation: Obligation) -> Vec<MessageId> {
    let all = tell(world, person, SOSIAALI).await;
    let row = rows(world, &all).await.pop().unwrap();
    let gateway = &world.gateway;
    let delivery = Delivery { message_id: row.message.to_string(), ..Default::default() };
    world.te.has_taken(delivery);
    let entry = Entry::of(Event::DeliveryIntent, person.id).towards(&row.agency);
    let details = told(&row, obligation, person.id);
    let announced = gateway.announce(entry, person, &details, gateway.now()).await.unwrap();
    let mut change = Change::announced_by(announced.receipt.sequence);
    change.detail = announced.detail;
    let intent = Some(announced.receipt.sequence);
    let expected_fence = row.fence;
    let row = DeliveryRow { state: DeliveryState::Sending, attempts: 1, intent, ..row };
    change.deliveries.push(DeliveryWrite { row, expected_fence });
    gateway.commit(change).await.unwrap();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_register_of_social_services_hears_of_a_part_that_has_arrived() {
    let (mut world, person) = begun(Redelivery::AnswersStatus).await;
    let all = arrived(&world, &person, Obligation::DisclosureNotice).await;
    world.deliver();
    settled(&world, &person).await;
    let rows = rows(&world, &all).await;
    assert_eq!(items(&rows), [(DeliveryItem::PlanPart, DeliveryState::Delivered)]);
    let [notice]: [Delivery; 1] = world.sosiaali.taken().try_into().unwrap();
    assert_eq!((notice.sender.as_str(), notice.recipient.as_str()), (SOSIAALI, TE));
    assert_eq!(notice.referral, "");
    let Some(Item::Disclosure(notice)) = notice.item else { panic!("no notice") };
    assert_eq!((notice.identity_code.as_str(), notice.told_to.as_str()), (ADULT, "te/nuoret"));
    assert_eq!(notice.data_sets().collect::<Vec<_>>(), [DataCategory::JointPlan]);
    assert_eq!(notice.disclosed_message, rows[0].message.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_register_of_social_services_hears_of_a_part_that_may_have_arrived() {
    let (mut world, person) = begun(Redelivery::Neither).await;
    let all = arrived(&world, &person, Obligation::DisclosureNotice).await;
    world.deliver();
    // What is in doubt waits for a person: only the notice comes to its end.
    for _ in 0..1500 {
        if !world.sosiaali.disclosures().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(items(&rows(&world, &all).await), [(DeliveryItem::PlanPart, DeliveryState::InDoubt)]);
    let [notice] = &world.sosiaali.disclosures()[..] else { panic!("not one notice") };
    assert_eq!(notice.arrival(), Arrival::InDoubt);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_needs_no_notice_has_none() {
    let (mut world, person) = begun(Redelivery::AnswersStatus).await;
    let all = arrived(&world, &person, Obligation::RecordGround).await;
    world.deliver();
    settled(&world, &person).await;
    assert_eq!(items(&rows(&world, &all).await), [(DeliveryItem::PlanPart, DeliveryState::Delivered)]);
    assert_eq!(world.sosiaali.taken(), []);
}

/// A part that has begun is named to those who may know of it when a consent ends: it may rest on that one.
#[tokio::test]
async fn a_part_under_way_is_named_when_a_consent_ends() {
    let (world, person) = begun(Redelivery::AnswersStatus).await;
    let youth = YouthName { youth: person.id }.to_string();
    let all = [DataCategory::IdentityContact, DataCategory::JointPlan];
    let mut consents = Vec::new();
    for from in [SOSIAALI, KELA, TE] {
        let to = if from == TE { KELA } else { TE };
        consents.push((from, world.consent(&youth, from, to, &all).await));
    }
    let own = world.consent(&youth, SOSIAALI, KELA, &all).await;
    arrived(&world, &person, Obligation::RecordGround).await;
    let plan = PlanName { youth: person.id, plan: PLAN }.to_string();
    for (from, consent) in consents {
        let request = RevokeConsentRequest {
            request_id: Uuid::now_v7().to_string(),
            name: consent.name,
            etag: consent.etag,
            reason: "päättynyt".into(),
        };
        let caller = caller(from);
        let change = world.gateway.revoke_consent(&caller, Valid::check(request).unwrap()).await.unwrap();
        let change = answer(change, &caller, world.gateway.now()).unwrap().into_inner();
        let named: &[String] = if from == KELA { &[] } else { std::slice::from_ref(&plan) };
        assert_eq!(change.under_way, named, "{from}");
    }
    let caller = Caller { agency: KELA.parse().unwrap(), actor: Actor::Subject(person.id) };
    let request = WithdrawConsentRequest {
        request_id: Uuid::now_v7().to_string(),
        name: own.name,
        ..WithdrawConsentRequest::default()
    };
    let change = world.gateway.withdraw_consent(&caller, Valid::check(request).unwrap()).await.unwrap();
    let change = answer(change, &caller, world.gateway.now()).unwrap().into_inner();
    assert_eq!(change.under_way, [plan]);
}
