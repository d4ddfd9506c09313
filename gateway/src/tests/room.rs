//! How many links has somebody made, and how much has been said of a plan, as far as somebody sees, and does what they do
//! not see show by a refusal?

use polku_adapters::Redelivery;
use polku_proto::YouthName;
use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::{
    ActionState, CommentPlanItemRequest, DataCategory, LinkPlanItemsRequest, Plan, PlanAction, PlanItem,
    PlanLink, PlanPart, Purpose, plan_link,
};

use super::table::{BASE, add, at, begin, goal, hide_housing, id, merge, need, read, valid};
use super::world::{ADULT, KELA, TE, World, caller};
use crate::caller::{Actor, Caller};
use crate::error::Error;

/// So many links of its own somebody may see.
const MOST: usize = 100;

fn action(number: usize, category: DataCategory) -> PlanAction {
    PlanAction {
        id: format!("a{number}"),
        category: category.into(),
        text: "Käynti".to_owned(),
        state: ActionState::Proposed.into(),
        ..PlanAction::default()
    }
}

/// Says that an action of the own section serves a goal of another one.
async fn serves(
    world: &World,
    caller: &Caller,
    plan: &str,
    number: usize,
    goal: [&str; 2],
) -> Result<(), Error> {
    let [owner, of] = goal;
    let item = |owner: &str, kind: Kind, id: &str| {
        Some(PlanItem { owner: owner.to_owned(), kind: kind.into(), id: id.to_owned() })
    };
    let first = item(caller.agency.as_str(), Kind::Action, &format!("a{number}"));
    let link = PlanLink { kind: plan_link::Kind::Serves.into(), first, second: item(owner, Kind::Goal, of) };
    let request = LinkPlanItemsRequest { request_id: id(), name: plan.to_owned(), link: Some(link) };
    world.gateway.link_plan_items(caller, valid(request)).await.map(drop)
}

fn assert_full(refused: &Result<(), Error>) {
    assert!(matches!(refused, Err(Error::RecordState { .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_colleague_has_linked_takes_no_room_of_who_does_not_see_it() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    let (official, whole) = (caller(KELA), at(KELA, "keskusta", "coordinator"));
    merge(&world, &whole, &plan, "youth", |part| part.goals.push(goal("g1", "Oma koti"))).await;
    merge(&world, &whole, &plan, KELA, |part| {
        let categories = |number| if number == 0 { DataCategory::Housing } else { DataCategory::JointPlan };
        part.actions.extend((0..=MOST + 1).map(|number| action(number, categories(number))));
    })
    .await;
    hide_housing(&world);
    let goal = ["youth", "g1"];
    serves(&world, &whole, &plan, 0, goal).await.unwrap();
    for number in 1..=MOST {
        serves(&world, &official, &plan, number, goal).await.unwrap();
    }
    assert_full(&serves(&world, &official, &plan, MOST + 1, goal).await);
    assert_eq!(read(&world, &official, &plan).await.links.len(), MOST);
    // Whoever sees all of them has no room either, and what is there already is there.
    assert_eq!(read(&world, &whole, &plan).await.links.len(), MOST + 1);
    assert_full(&serves(&world, &whole, &plan, MOST + 1, goal).await);
    serves(&world, &official, &plan, 1, goal).await.unwrap();
}

/// What was linked and may not be told any more: whether it is still there does not show. So much is kept of it that the
/// plan can be read.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_told_any_more_takes_no_room() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, KELA, TE, &BASE).await;
    let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    add(&world, KELA, &plan, TE).await;
    let hidden = [DataCategory::Housing, DataCategory::ServiceNeeds, DataCategory::EducationWork];
    let id_of = |category: DataCategory| format!("g{}", i32::from(category));
    merge(&world, &caller(KELA), &plan, KELA, |part: &mut PlanPart| {
        part.goals.push(goal("g1", "Oma koti"));
        for category in hidden {
            let mut goal = goal(&id_of(category), "Oma koti");
            goal.category = category.into();
            part.goals.push(goal);
        }
    })
    .await;
    let te = caller(TE);
    merge(&world, &te, &plan, TE, |part| {
        part.actions.extend((0..=MOST).map(|number| action(number, DataCategory::JointPlan)));
    })
    .await;
    for category in hidden {
        let open = world.consent(&youth, KELA, TE, &[category]).await;
        for number in 0..MOST {
            serves(&world, &te, &plan, number, [KELA, &id_of(category)]).await.unwrap();
        }
        assert_full(&serves(&world, &te, &plan, MOST, [KELA, &id_of(category)]).await);
        world.withdraw(KELA, &open).await;
        assert!(read(&world, &te, &plan).await.links.is_empty());
    }
    assert_full(&serves(&world, &te, &plan, 0, [KELA, "g1"]).await);
    assert_eq!(
        read(&world, &caller(KELA), &plan).await.links.len(),
        0,
        "they may not be told of the actions"
    );
}

/// Who is told of no links makes none: of those that are there they would see nothing.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_of_no_links_makes_none() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, KELA, TE, &[DataCategory::IdentityContact, DataCategory::Housing]).await;
    let joint = world.consent(&youth, KELA, TE, &BASE).await;
    let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    add(&world, KELA, &plan, TE).await;
    merge(&world, &caller(KELA), &plan, KELA, |part| {
        let mut goal = goal("g1", "Oma koti");
        goal.category = DataCategory::Housing.into();
        part.goals.push(goal);
    })
    .await;
    let te = caller(TE);
    merge(&world, &te, &plan, TE, |part| part.actions.push(action(0, DataCategory::Housing))).await;
    world.withdraw(KELA, &joint).await;
    let refused = serves(&world, &te, &plan, 0, [KELA, "g1"]).await.unwrap_err();
    assert_eq!(refused.reason(), "CATEGORY_NOT_PERMITTED");
    world.consent(&youth, KELA, TE, &BASE).await;
    serves(&world, &te, &plan, 0, [KELA, "g1"]).await.unwrap();
}

/// The young person, or who represents them, says something about a need of Kela's.
async fn comments(world: &World, caller: &Caller, plan: &str, need: &str) -> Result<(), Error> {
    let item = Some(PlanItem { owner: KELA.to_owned(), kind: Kind::Need.into(), id: need.to_owned() });
    let (name, text) = (plan.to_owned(), "Selvä".to_owned());
    let request = CommentPlanItemRequest { request_id: id(), name, item, text };
    world.gateway.comment_plan_item(caller, valid(request)).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_of_hidden_items_takes_no_room_of_who_does_not_see_them() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    merge(&world, &caller(KELA), &plan, KELA, |part| {
        part.needs.push(need("housing", DataCategory::Housing, "Koditon"));
        part.needs.push(need("joint", DataCategory::JointPlan, "Suunta"));
    })
    .await;
    hide_housing(&world);
    let youth = youth.parse::<YouthName>().unwrap().youth;
    let of_own_side = |actor| Caller { agency: KELA.parse().unwrap(), actor };
    let subject = of_own_side(Actor::Subject(youth));
    let capacity = Capacity::OtherRepresentative;
    let other = of_own_side(Actor::Representative { youth, capacity, id: "edustaja-9".to_owned() });
    for _ in 0..200 {
        comments(&world, &subject, &plan, "housing").await.unwrap();
    }
    assert_full(&comments(&world, &subject, &plan, "joint").await);
    comments(&world, &other, &plan, "joint").await.unwrap();
    let said = |plan: &Plan| plan.sections.iter().map(|section| section.comments.len()).sum::<usize>();
    assert_eq!(said(&read(&world, &other, &plan).await), 1);
    assert_eq!(said(&read(&world, &subject, &plan).await), 201, "whoever sees all reads all");
}
