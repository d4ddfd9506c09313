//! Is what X-Road says of a delivery kept, sealed, where the log tells of the delivery?

use polku_adapters::Redelivery;
use polku_proto::YouthName;
use serde_json::{Value, json};

use super::agency::Mood;
use super::table::{BASE, settled};
use super::world::{ADULT, KELA, TE, World};
use crate::audit::Event;

/// The details of the leaves that tell what came of deliveries, in order.
async fn outcomes(world: &World, youth: &YouthName) -> Vec<Value> {
    let person = world.gateway.person(youth.youth).await.unwrap();
    let mut leaves = Vec::new();
    world.gateway.audit.read(0, |sequence, leaf| leaves.push((sequence, leaf))).unwrap();
    let mut found = Vec::new();
    for (sequence, _) in leaves.into_iter().filter(|(_, leaf)| leaf.event == Event::DeliveryOutcome) {
        found.push(
            world.gateway.details(&person, sequence).await.unwrap().expect("an outcome without details"),
        );
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outcome_of_a_delivery_keeps_what_x_road_says_of_it() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let name = world.identify(ADULT).await;
    let youth: YouthName = name.parse().unwrap();
    world.consent(&name, KELA, TE, &BASE).await;
    world.refer(KELA, TE, &name).await;
    world.deliver();
    settled(&world, youth.youth).await;
    let [outcome] = &outcomes(&world, &youth).await[..] else { panic!("not one outcome") };
    assert_eq!(outcome["state"], "DELIVERY_STATE_DELIVERED");
    assert_eq!(outcome["xroad"], json!({ "request_id": "vaihto-1", "request_hash": "tiiviste" }));

    // Where there was no answer, there is nothing to keep.
    world.te.become_(Mood::Refusing);
    world.refer(KELA, TE, &name).await;
    settled(&world, youth.youth).await;
    let [_, refused] = &outcomes(&world, &youth).await[..] else { panic!("not two outcomes") };
    assert_eq!((&refused["state"], refused.get("xroad")), (&json!("DELIVERY_STATE_REJECTED"), None));
}
