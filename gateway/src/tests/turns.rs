//! Does a system hear of one plan in the order of its changes, though some of that has to be tried again?

use std::time::Duration;

use polku_adapters::Redelivery;
use polku_proto::v1::{DeliveryState, Purpose};
use tokio::time::sleep;

use super::agency::Mood;
use super::steps::{attempt, lease};
use super::table::{BASE, add, begin, goal, heard, merge};
use super::world::{ADULT, KELA, TE, World, caller};
use crate::store::DeliveryFilter;

async fn work(world: &World) {
    for row in lease(&world.gateway).await {
        attempt(&world.gateway, row).await;
    }
}

async fn count(world: &World, states: &[DeliveryState]) -> usize {
    let filter = DeliveryFilter { states: states.to_vec(), agency: None, after: None, limit: 10 };
    world.gateway.store.deliveries(&filter).await.unwrap().len()
}

/// Kela's section changes, then the young person's, then Kela's again: what was tried first and is not there would tell the
/// third change before the second.
///
/// Each attempt is made by the test: one that goes on while the next change is made could be there before it.
async fn changed_while(mood: Mood, tried: DeliveryState) {
    let world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    world.consent(&youth, KELA, TE, &BASE).await;
    add(&world, KELA, &plan, TE).await;
    world.te.become_(mood);
    for (owner, text) in [(KELA, "oma koti"), ("youth", "ajokortti"), (KELA, "vuokra-asunto")] {
        merge(&world, &caller(KELA), &plan, owner, |part| part.goals = vec![goal("g1", text)]).await;
        work(&world).await;
        while count(&world, &[tried]).await == 0 {
            sleep(Duration::from_millis(10)).await;
            work(&world).await;
        }
    }
    assert_eq!(heard(&world), []);
    world.te.become_(Mood::Fine);
    while count(&world, &[DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Retrying]).await > 0 {
        work(&world).await;
        // Until the lease of the last attempt is over.
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(heard(&world), [("youth".to_owned(), 1, false), (KELA.to_owned(), 1, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_agency_has_not_got_goes_behind_what_has_come_up_since() {
    changed_while(Mood::Deaf, DeliveryState::Sending).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_an_agency_that_is_down_goes_behind_what_has_come_up_since() {
    changed_while(Mood::Down, DeliveryState::Retrying).await;
}
