//! Do two items that belong together show to whoever may know of it, and to nobody else?

use polku_adapters::Redelivery;
use polku_proto::PlanName;
use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::{
    DataCategory as C, LinkPlanItemsRequest, PlanItem, PlanLink, PlanPart, Purpose, UnlinkPlanItemsRequest,
    plan_link,
};

use super::table::{BASE, add, begin, id, merge, need, read, valid};
use super::world::{ADULT, KELA, TE, World, caller};
use crate::caller::Caller;
use crate::error::Error;

/// Of the joint plan itself nothing.
const HOUSING: [C; 2] = [C::IdentityContact, C::Housing];

fn homeless(part: &mut PlanPart) {
    part.needs.push(need("n1", C::Housing, "Koditon keväästä alkaen"));
}

/// Kela has a plan; employment services have become a party and are told of housing alone since, and both have written
/// down the same.
async fn laid() -> (World, String, String) {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, KELA, TE, &HOUSING).await;
    let joint = world.consent(&youth, KELA, TE, &BASE).await;
    let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    add(&world, KELA, &plan, TE).await;
    world.withdraw(KELA, &joint).await;
    for owner in [KELA, TE] {
        merge(&world, &caller(owner), &plan, owner, homeless).await;
    }
    (world, youth, plan)
}

/// Whose open tasks there are.
async fn asked(world: &World, plan: &str) -> Vec<String> {
    let plan: PlanName = plan.parse().unwrap();
    let tasks = world.gateway.store.open_tasks_of_plan(plan.plan).await.unwrap();
    tasks.into_iter().map(|task| task.agency.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_is_offered_to_who_can_see_the_task_alone() {
    let (world, youth, plan) = laid().await;
    let seen = read(&world, &caller(TE), &plan).await;
    assert_eq!(
        seen.sections.iter().flat_map(|section| &section.part).flat_map(|part| &part.needs).count(),
        2
    );
    assert!(asked(&world, &plan).await.is_empty(), "a task that nobody sees");
    let joint = world.consent(&youth, KELA, TE, &BASE).await;
    let again = |part: &mut PlanPart| part.needs[0].text.push('!');
    merge(&world, &caller(TE), &plan, TE, again).await;
    assert_eq!(asked(&world, &plan).await, [TE]);
    // And it ends when they do not see it any more.
    world.withdraw(KELA, &joint).await;
    merge(&world, &caller(TE), &plan, TE, again).await;
    assert!(asked(&world, &plan).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_hidden_is_not_told_and_not_removed() {
    let (world, youth, plan) = laid().await;
    world.consent(&youth, TE, KELA, &HOUSING).await;
    let item = |owner: &str| {
        Some(PlanItem { owner: owner.to_owned(), kind: Kind::Need.into(), id: "n1".to_owned() })
    };
    let kind = plan_link::Kind::SameAs.into();
    let link = || Some(PlanLink { kind, first: item(KELA), second: item(TE) });
    let unlink = async |caller: &Caller| -> Result<(), Error> {
        let request = UnlinkPlanItemsRequest { request_id: id(), name: plan.clone(), link: link() };
        world.gateway.unlink_plan_items(caller, valid(request)).await.map(drop)
    };
    let (kela, te) = (caller(KELA), caller(TE));
    let without = unlink(&te).await.unwrap_err();
    let request = LinkPlanItemsRequest { request_id: id(), name: plan.clone(), link: link() };
    world.gateway.link_plan_items(&kela, valid(request)).await.map(drop).unwrap();
    assert!(read(&world, &te, &plan).await.links.is_empty(), "they do not see it");
    let with = unlink(&te).await.unwrap_err();
    assert_eq!(with.to_string(), without.to_string());
    assert!(matches!((with, without), (Error::RecordState { .. }, Error::RecordState { .. })));
    assert_eq!(read(&world, &kela, &plan).await.links.len(), 1, "it is still there");
    unlink(&kela).await.unwrap();
    assert!(read(&world, &kela, &plan).await.links.is_empty());
}
