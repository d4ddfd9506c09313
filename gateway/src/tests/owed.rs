//! Is what of a plan has not reached an agency's system said again, and not without end?

use polku_adapters::Redelivery;
use polku_proto::YouthName;
use polku_proto::v1::resolve_delivery_request::Fate;
use polku_proto::v1::task::Matter;
use polku_proto::v1::{
    DataCategory, DeliveryState, Purpose, ResolveDeliveryRequest, TransferPlanRequest, Worker,
};
use serde_json::json;

use super::agency::Mood;
use super::table::{
    BASE, add, begin, goal, heard, id, merge, need, read, settled, until_all_have_ended, until_one_is, valid,
};
use super::world::{ADULT, KELA, TE, World, caller};
use crate::audit::Event;
use crate::journey::TaskRecord;
use crate::store::Change;
use crate::trail::Entry;

/// Kela has a plan to which employment services are a party, and their system is in this mood.
async fn shared(mood: Mood) -> (World, YouthName, String) {
    let mut world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    merge(&world, &caller(KELA), &plan, KELA, |part| part.goals.push(goal("g1", "Oma koti"))).await;
    world.consent(&youth, KELA, TE, &BASE).await;
    world.te.become_(mood);
    world.deliver();
    add(&world, KELA, &plan, TE).await;
    let youth: YouthName = youth.parse().unwrap();
    settled(&world, youth.youth).await;
    (world, youth, plan)
}

/// Something changes that employment services do not see.
async fn change_elsewhere(world: &World, youth: &YouthName, plan: &str, id: &str) {
    let hidden = need(id, DataCategory::Housing, id);
    merge(world, &caller(KELA), plan, KELA, |part| part.needs.push(hidden)).await;
    settled(world, youth.youth).await;
}

async fn swept(world: &World, youth: &YouthName) -> usize {
    for _ in 0..2 {
        world.gateway.sweep().await.unwrap();
        settled(world, youth.youth).await;
    }
    heard(world).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_said_with_the_next_change_and_not_before() {
    let (world, youth, plan) = shared(Mood::Refusing).await;
    world.te.become_(Mood::Fine);
    assert_eq!(swept(&world, &youth).await, 0, "what is refused is not sent again by itself");
    change_elsewhere(&world, &youth, &plan, "n1").await;
    assert_eq!(heard(&world), [(KELA.to_owned(), 1, false)]);
    change_elsewhere(&world, &youth, &plan, "n2").await;
    assert_eq!(heard(&world).len(), 1, "it has it");
}

/// The agencies that are asked about a delivery, with the message.
async fn asked_about(world: &World, youth: &YouthName) -> Vec<(String, String)> {
    let person = world.gateway.person(youth.youth).await.unwrap();
    let mut asked = Vec::new();
    for row in world.gateway.store.open_tasks_about(youth.youth).await.unwrap() {
        let task = TaskRecord::open(&person, row).unwrap();
        if let Some(Matter::FollowUp(about)) = task.message.matter {
            asked.push((task.row.agency.to_string(), about.message));
        }
    }
    asked
}

/// Whoever coordinates asks about what is not known to have arrived, and nobody does once that is known.
#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_about_the_young_persons_section_goes_to_who_takes_the_plan_over() {
    let mut world = World::open(Redelivery::Neither).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, KELA, TE, &BASE).await;
    let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    world.deliver();
    add(&world, KELA, &plan, TE).await;
    let youth: YouthName = youth.parse().unwrap();
    settled(&world, youth.youth).await;
    world.te.become_(Mood::Silent);
    merge(&world, &caller(KELA), &plan, "youth", |part| part.goals.push(goal("g1", "Oma koti"))).await;
    let mut asked = Vec::new();
    for _ in 0..1500 {
        asked = asked_about(&world, &youth).await;
        if !asked.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let [(first, message)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(first, KELA);
    let etag = read(&world, &caller(KELA), &plan).await.etag;
    let request = TransferPlanRequest {
        request_id: id(),
        name: plan,
        etag,
        agency: TE.to_owned(),
        responsible_worker: Some(Worker { id: "tyontekija-2".into(), ..Worker::default() }),
        reason: "muutto".into(),
    };
    world.gateway.transfer_plan(&caller(KELA), valid(request)).await.map(drop).unwrap();
    let about_it = asked_about(&world, &youth).await.into_iter().filter(|(_, other)| other == message);
    assert_eq!(about_it.map(|(agency, _)| agency).collect::<Vec<_>>(), [TE]);
    let found_out = ResolveDeliveryRequest {
        message: message.clone(),
        fate: Fate::Arrived.into(),
        ..ResolveDeliveryRequest::default()
    };
    world.gateway.resolve_delivery("paakayttaja", valid(found_out)).await.unwrap();
    assert!(asked_about(&world, &youth).await.iter().all(|(_, other)| other != message));
}

/// The last part that the system was sent has come to this end instead.
async fn came_to_nothing(world: &World, youth: &YouthName, state: DeliveryState) {
    let gateway = &world.gateway;
    let message = world.te.taken().last().unwrap().message_id.parse().unwrap();
    let row = gateway.store.delivery(message).await.unwrap().unwrap();
    let person = gateway.person(youth.youth).await.unwrap();
    let _alone = gateway.alone_with(youth.youth).await.unwrap();
    let now = gateway.now();
    let entry = Entry::of(Event::DeliveryOutcome, person.id);
    let announced = gateway.announce(entry, &person, &json!({}), now).await.unwrap();
    let mut change = Change::announced_by(announced.receipt.sequence);
    gateway.untold(&person, &row, state, &mut change, now).await.unwrap();
    gateway.commit(change).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_looked_at_again_by_itself_once() {
    let (world, youth, plan) = shared(Mood::Fine).await;
    assert_eq!(swept(&world, &youth).await, 1);
    came_to_nothing(&world, &youth, DeliveryState::Expired).await;
    assert_eq!(swept(&world, &youth).await, 2);
    came_to_nothing(&world, &youth, DeliveryState::Expired).await;
    assert_eq!(swept(&world, &youth).await, 2, "a system that stays silent is not asked without end");
    change_elsewhere(&world, &youth, &plan, "n1").await;
    assert_eq!(heard(&world).len(), 3);
}

/// It may be permitted again before anybody has looked.
#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_permitted_in_its_moment_is_said_with_the_next_change() {
    let (world, youth, plan) = shared(Mood::Fine).await;
    came_to_nothing(&world, &youth, DeliveryState::Stopped).await;
    assert_eq!(swept(&world, &youth).await, 1, "what is not permitted is not tried again by itself");
    change_elsewhere(&world, &youth, &plan, "n1").await;
    assert_eq!(heard(&world).len(), 2);
}

/// What is in doubt was sent before, and does not say what was refused.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_owed_though_something_before_it_is_in_doubt() {
    let mut world = World::open(Redelivery::Neither).await;
    let youth = world.identify(ADULT).await;
    let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    world.consent(&youth, KELA, TE, &BASE).await;
    add(&world, KELA, &plan, TE).await;
    world.deliver();
    for (mood, end) in [(Mood::Silent, DeliveryState::InDoubt), (Mood::Refusing, DeliveryState::Rejected)] {
        world.te.become_(mood);
        let text = format!("{mood:?}");
        merge(&world, &caller(KELA), &plan, KELA, |part| part.goals = vec![goal("g1", &text)]).await;
        until_one_is(&world, end).await;
    }
    world.te.become_(Mood::Fine);
    assert_eq!(heard(&world), [(KELA.to_owned(), 1, false)]);
    let hidden = need("n1", DataCategory::Housing, "n1");
    merge(&world, &caller(KELA), &plan, KELA, |part| part.needs.push(hidden)).await;
    until_all_have_ended(&world).await;
    assert_eq!(heard(&world), [(KELA.to_owned(), 1, false), (KELA.to_owned(), 2, false)]);
}
