//! Does a system hear of one plan in the order of its changes, though some of that has to be tried again?

use polku_adapters::Redelivery;
use polku_proto::v1::{DeliveryState, Purpose};

use super::agency::Mood;
use super::table::{BASE, add, begin, goal, heard, merge, until_all_have_ended, until_one_is};
use super::world::{ADULT, KELA, TE, World, caller};

/// Kela's section changes, then the young person's, then Kela's again: what was tried first and is not there would tell the
/// third change before the second.
async fn changed_while(mood: Mood, tried: DeliveryState) {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    world.consent(&youth, KELA, TE, &BASE).await;
    add(&world, KELA, &plan, TE).await;
    world.te.become_(mood);
    world.deliver();
    for (owner, text) in [(KELA, "oma koti"), ("youth", "ajokortti"), (KELA, "vuokra-asunto")] {
        merge(&world, &caller(KELA), &plan, owner, |part| part.goals = vec![goal("g1", text)]).await;
        until_one_is(&world, tried).await;
    }
    assert_eq!(heard(&world), []);
    world.te.become_(Mood::Fine);
    until_all_have_ended(&world).await;
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
