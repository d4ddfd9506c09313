//! An operator has left out an agreement: what waits for it, and what does not?

use polku_adapters::Redelivery;
use polku_policy::{Directory, Engine, Rules};
use polku_proto::v1::{
    DataCategory, DeliveryState, ProhibitionTerms, RecordProhibitionRequest, ReferralState,
};
use polku_proto::{Valid, YouthName};
use uuid::Uuid;

use super::world::{ADULT, KELA, TE, World};
use crate::answer::answer;
use crate::caller::{Actor, Caller};

const TOLD: [DataCategory; 3] =
    [DataCategory::IdentityContact, DataCategory::ServiceNeeds, DataCategory::Housing];

/// From now on no agency has an agreement with another one.
fn forget_agreements(world: &World) {
    let agencies = world.gateway.directory.agencies().cloned().collect();
    let directory = Directory::new(agencies, Vec::new()).unwrap();
    world.gateway.set_engine(Engine::new(Rules::shipped().unwrap(), directory).unwrap());
}

fn restore_agreements(world: &World) {
    let directory = world.gateway.directory.clone();
    world.gateway.set_engine(Engine::new(Rules::shipped().unwrap(), directory).unwrap());
}

/// Until there has been an attempt, or something has come of it.
async fn looked_at(world: &World, name: &str) -> DeliveryState {
    for _ in 0..1500 {
        let rows = world.deliveries(name).await;
        if rows.iter().all(|row| row.state != DeliveryState::Queued) {
            return rows[0].state;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("nobody looks at it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_stops_what_waits_for_an_agreement_and_says_so() {
    let mut world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    let consent = world.consent(&youth, KELA, TE, &TOLD).await;
    let name = world.refer(KELA, TE, &youth).await;
    forget_agreements(&world);
    world.deliver();
    assert_eq!(looked_at(&world, &name).await, DeliveryState::Retrying);

    let change = world.withdraw(KELA, &consent).await;
    assert_eq!((change.stopped, change.under_way), (vec![name.clone()], vec![]));
    restore_agreements(&world);
    assert_eq!(world.settled(&name).await[0].state, DeliveryState::Stopped);
    assert_eq!(world.get(KELA, &name).await.state(), ReferralState::ConsentWithdrawn);
    assert!(world.te.taken().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prohibition_stops_what_waits_for_an_agreement_and_says_so() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, KELA, TE, &TOLD).await;
    let name = world.refer(KELA, TE, &youth).await;
    forget_agreements(&world);
    let id = youth.parse::<YouthName>().unwrap().youth;
    let subject = Caller { agency: KELA.parse().unwrap(), actor: Actor::Subject(id) };
    let request = RecordProhibitionRequest {
        request_id: Uuid::now_v7().to_string(),
        youth,
        terms: Some(ProhibitionTerms::default()),
    };
    let change = world.gateway.record_prohibition(&subject, Valid::check(request).unwrap()).await.unwrap();
    let change = answer(change, &subject, world.gateway.now()).unwrap().into_inner();
    assert_eq!(change.stopped, [name]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_an_agreement_alone_goes_out_when_it_is_there() {
    let mut world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, KELA, TE, &TOLD).await;
    // Another one, that nothing rests on.
    let other = world.consent(&youth, TE, KELA, &TOLD).await;
    let name = world.refer(KELA, TE, &youth).await;
    forget_agreements(&world);
    world.deliver();
    assert_eq!(looked_at(&world, &name).await, DeliveryState::Retrying);
    let change = world.withdraw(TE, &other).await;
    assert_eq!((change.stopped, change.under_way), (vec![], vec![]));
    restore_agreements(&world);
    assert_eq!(world.settled(&name).await[0].state, DeliveryState::Delivered);
    assert_eq!(world.get(KELA, &name).await.state(), ReferralState::Requested);
}
