//! Is the last word about a plan said though the gateway was gone right after the permission was?

use std::pin::pin;
use std::task::{Context, Waker};

use polku_adapters::Redelivery;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{
    AddPlanPartyRequest, Consent, CreatePlanRequest, DataCategory, Delivery, GetPlanRequest, GoalState,
    MergePlanRequest, PlanGoal, PlanPart, PlanState, Purpose, Worker,
};
use polku_proto::{ConsentName, Valid, YouthName};
use uuid::Uuid;

use super::world::{ADULT, KELA, TE, World, caller};
use crate::answer::answer;

/// Employment services have been told of Kela's section of a plan, on the ground of this consent.
async fn told() -> (World, YouthName, Consent) {
    let mut world = World::open(Redelivery::Deduplicates).await;
    let youth: YouthName = world.identify(ADULT).await.parse().unwrap();
    let all = [DataCategory::IdentityContact, DataCategory::JointPlan];
    let consent = world.consent(&youth.to_string(), KELA, TE, &all).await;
    let (gateway, caller) = (&world.gateway, caller(KELA));
    let request_id = || Uuid::now_v7().to_string();
    let request = CreatePlanRequest {
        request_id: request_id(),
        youth: youth.to_string(),
        purpose: Purpose::EmploymentServices as i32,
        responsible_worker: Some(Worker { id: "tyontekija-1".into(), ..Worker::default() }),
        replaces: String::new(),
    };
    let change = gateway.create_plan(&caller, Valid::check(request).unwrap()).await.unwrap();
    let name = answer(change, &caller, gateway.now()).unwrap().into_inner().plan.unwrap().name;
    let request = AddPlanPartyRequest { request_id: request_id(), name: name.clone(), party: TE.into() };
    gateway.add_plan_party(&caller, Valid::check(request).unwrap()).await.map(drop).unwrap();
    let request = GetPlanRequest { name: name.clone() };
    let plan = gateway.get_plan(&caller, Valid::check(request).unwrap()).await.unwrap();
    let etag = answer(plan, &caller, gateway.now()).unwrap().into_inner().etag;
    let goal = PlanGoal {
        id: "g1".into(),
        category: DataCategory::JointPlan as i32,
        text: "Oma koti".into(),
        state: GoalState::Proposed as i32,
        ..PlanGoal::default()
    };
    let section = PlanPart {
        owner: KELA.into(),
        state: PlanState::Draft as i32,
        goals: vec![goal],
        ..PlanPart::default()
    };
    let request = MergePlanRequest {
        request_id: request_id(),
        name,
        etag,
        sections: vec![section],
        validate_only: false,
        found_in: None,
    };
    gateway.merge_plan(&caller, Valid::check(request).unwrap()).await.map(drop).unwrap();
    world.deliver();
    assert_eq!(hears(&world, 1).await, [false]);
    settled(&world, youth).await;
    (world, youth, consent)
}

/// Waits until it is written down what came of every delivery.
async fn settled(world: &World, youth: YouthName) {
    for _ in 0..1500 {
        if world.gateway.store.open_deliveries_of(youth.youth).await.unwrap().is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the deliveries do not end");
}

/// Waits until employment services have been told so often: of each time, whether it was the last word.
async fn hears(world: &World, times: usize) -> Vec<bool> {
    for _ in 0..1500 {
        let taken = world.te.taken();
        if taken.len() >= times {
            let last = |delivery: &Delivery| match &delivery.item {
                Some(Item::PlanPart(part)) => part.consent_withdrawn,
                other => panic!("{other:?}"),
            };
            return taken.iter().map(last).collect();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it is not told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_a_withdrawal_and_the_last_word_only_delays_it() {
    let (world, youth, consent) = told().await;
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
    let mut world = world.killed().await;
    world.deliver();
    assert_eq!(hears(&world, 2).await, [false, true]);
    settled(&world, youth).await;
    // It is said once, and nothing is left to look at.
    for _ in 0..2 {
        world.gateway.sweep().await.unwrap();
    }
    assert_eq!(world.gateway.store.open_deliveries_of(youth.youth).await.unwrap(), []);
    let due = world.gateway.store.plans_to_look_at(jiff::Timestamp::MAX, 10).await.unwrap();
    assert!(due.is_empty());
    assert_eq!(hears(&world, 2).await, [false, true]);
}

/// Without a crash the withdrawal itself says it, and the sweep finds nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_leaves_nothing_to_the_sweep() {
    let (world, youth, consent) = told().await;
    let due = world.gateway.store.plans_to_look_at(jiff::Timestamp::MAX, 10).await.unwrap();
    assert_eq!(due.len(), 1, "when the consent ends");
    let mut world = world.killed().await;
    world.withdraw(KELA, &consent).await;
    assert_eq!(world.gateway.store.open_deliveries_of(youth.youth).await.unwrap().len(), 1);
    assert!(world.gateway.store.plans_to_look_at(jiff::Timestamp::MAX, 10).await.unwrap().is_empty());
    world.gateway.sweep().await.unwrap();
    assert_eq!(world.gateway.store.open_deliveries_of(youth.youth).await.unwrap().len(), 1);
    world.deliver();
    assert_eq!(hears(&world, 2).await, [false, true]);
}
