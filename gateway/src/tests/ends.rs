//! Is the last word about a plan said though the gateway was gone right after the permission was?

use std::pin::pin;
use std::task::{Context, Waker};

use polku_adapters::Redelivery;
use polku_proto::v1::{Consent, Purpose};
use polku_proto::{ConsentName, YouthName};

use super::table::{BASE, add, begin, events, goal, heard, merge, settled};
use super::world::{ADULT, KELA, TE, World, caller};

/// Employment services have been told of Kela's section of a plan, on the ground of this consent.
async fn told() -> (World, YouthName, String, Consent) {
    let mut world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    let consent = world.consent(&youth, KELA, TE, &BASE).await;
    let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    add(&world, KELA, &plan, TE).await;
    merge(&world, &caller(KELA), &plan, KELA, |part| part.goals.push(goal("g1", "Oma koti"))).await;
    world.deliver();
    let youth: YouthName = youth.parse().unwrap();
    settled(&world, youth.youth).await;
    assert_eq!(heard(&world), [(KELA.to_owned(), 1, false)]);
    (world, youth, plan, consent)
}

/// What employment services have been told in all, when they have had the last word.
fn ended() -> [(String, u64, bool); 2] {
    [(KELA.to_owned(), 1, false), (KELA.to_owned(), 2, true)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_a_withdrawal_and_the_last_word_only_delays_it() {
    let (world, youth, plan, consent) = told().await;
    let before = events(&world, TE, &plan).await;
    let world = world.killed().await;
    let id = consent.name.parse::<ConsentName>().unwrap().consent.uuid();
    {
        let mut withdrawal = pin!(world.withdraw(KELA, &consent));
        let mut context = Context::from_waker(Waker::noop());
        while world.gateway.store.instrument(id).await.unwrap().unwrap().version == 1 {
            assert!(withdrawal.as_mut().poll(&mut context).is_pending(), "it was not interrupted");
        }
    }
    let open = world.gateway.store.open_deliveries_of(youth.youth).await.unwrap();
    assert_eq!(open, [], "the last word is queued already");
    assert_eq!(events(&world, TE, &plan).await, before, "watchers are told already");
    let mut world = world.killed().await;
    world.gateway.sweep().await.unwrap();
    world.deliver();
    settled(&world, youth.youth).await;
    // It is said once, to whoever watches as well, and nothing is left to look at.
    for _ in 0..2 {
        world.gateway.sweep().await.unwrap();
    }
    assert_eq!(world.gateway.store.open_deliveries_of(youth.youth).await.unwrap(), []);
    let due = world.gateway.store.plans_to_look_at(jiff::Timestamp::MAX, 10).await.unwrap();
    assert!(due.is_empty());
    assert_eq!(heard(&world), ended());
    assert_eq!(events(&world, TE, &plan).await, before + 1);
}

/// Without a crash the withdrawal itself says it, and the sweep finds nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_leaves_nothing_to_the_sweep() {
    let (world, youth, plan, consent) = told().await;
    let before = events(&world, TE, &plan).await;
    let due = world.gateway.store.plans_to_look_at(jiff::Timestamp::MAX, 10).await.unwrap();
    assert_eq!(due.len(), 1, "when the consent ends");
    let mut world = world.killed().await;
    world.withdraw(KELA, &consent).await;
    assert_eq!(world.gateway.store.open_deliveries_of(youth.youth).await.unwrap().len(), 1);
    assert_eq!(events(&world, TE, &plan).await, before + 1);
    assert!(world.gateway.store.plans_to_look_at(jiff::Timestamp::MAX, 10).await.unwrap().is_empty());
    world.gateway.sweep().await.unwrap();
    assert_eq!(world.gateway.store.open_deliveries_of(youth.youth).await.unwrap().len(), 1);
    world.deliver();
    settled(&world, youth.youth).await;
    assert_eq!(heard(&world), ended());
}
