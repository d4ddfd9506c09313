//! Does the outbox rest while there is nothing that it could take?

use polku_adapters::Redelivery;
use polku_proto::MessageId;
use polku_proto::v1::DataCategory;
use uuid::Uuid;

use super::world::{ADULT, KELA, TE, World};
use crate::outbox::UnderWay;

const TOLD: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::ServiceNeeds];

/// How many may be under way to one agency at the same time.
const AT_ONCE: u128 = 16;

#[tokio::test]
async fn what_waits_until_others_have_ended_is_not_looked_for_all_the_time() {
    let world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, KELA, TE, &TOLD).await;
    world.refer(KELA, TE, &youth).await;
    let (gateway, under_way) = (&world.gateway, UnderWay::default());
    let settings = &gateway.delivery;
    assert!(gateway.pause(0, &under_way).await < settings.look_again, "it is due");
    let to_te = (0..AT_ONCE).map(|number| MessageId::from_uuid(Uuid::from_u128(number)));
    under_way.lock().unwrap().insert(TE.parse().unwrap(), to_te.collect());
    assert_eq!(gateway.pause(16, &under_way).await, settings.look_again, "the agency has no room");
    let all = usize::try_from(settings.concurrency).unwrap();
    assert_eq!(gateway.pause(all, &UnderWay::default()).await, settings.look_again, "nobody is free");
}
