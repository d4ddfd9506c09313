//! Is what of a plan has not reached an agency's system said again, and not without end?

use polku_adapters::Redelivery;
use polku_proto::YouthName;
use polku_proto::v1::{DataCategory, DeliveryState, Purpose};
use serde_json::json;

use super::agency::Mood;
use super::table::{BASE, add, begin, goal, heard, merge, need, settled};
use super::world::{ADULT, KELA, TE, World, caller};
use crate::audit::Event;
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

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_looked_at_again_by_itself_once() {
    let (world, youth, plan) = shared(Mood::Fine).await;
    let expire = async || {
        let gateway = &world.gateway;
        let message = world.te.taken().last().unwrap().message_id.parse().unwrap();
        let row = gateway.store.delivery(message).await.unwrap().unwrap();
        let person = gateway.person(youth.youth).await.unwrap();
        let _alone = gateway.alone_with(youth.youth).await.unwrap();
        let (now, state) = (gateway.now(), DeliveryState::Expired);
        let entry = Entry::of(Event::DeliveryOutcome, person.id);
        let announced = gateway.announce(entry, &person, &json!({}), now).await.unwrap();
        let mut change = Change::announced_by(announced.receipt.sequence);
        gateway.untold(&person, &row, state, &mut change, now).await.unwrap();
        gateway.commit(change).await.unwrap();
    };
    assert_eq!(swept(&world, &youth).await, 1);
    expire().await;
    assert_eq!(swept(&world, &youth).await, 2);
    expire().await;
    assert_eq!(swept(&world, &youth).await, 2, "a system that stays silent is not asked without end");
    change_elsewhere(&world, &youth, &plan, "n1").await;
    assert_eq!(heard(&world).len(), 3);
}
