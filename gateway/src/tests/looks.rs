//! Are pages of a long history of a plan, and of a long list of tasks, full of what shows, also for whoever sees next to
//! nothing of them?

use std::collections::BTreeSet;

use polku_adapters::Redelivery;
use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::task::{Matter, State};
use polku_proto::v1::{
    DataCategory, FollowUp, LinkPlanItemsRequest, ListPlanRevisionsRequest, ListPlanRevisionsResponse,
    ListTasksRequest, PlanItem, PlanLink, PlanRevision, Purpose, Task, UnlinkPlanItemsRequest, plan_link,
};
use polku_proto::{AgencyId, PlanId, PlanName, TaskId, TaskName, YouthName};
use prost::Message as _;
use uuid::Uuid;

use super::table::{BASE, add, begin, id, merge, need, told, valid};
use super::world::{ADULT, KELA, TE, World, caller};
use crate::caller::Caller;
use crate::record::wire_time;
use crate::seal::Place;
use crate::store::{Change, TaskRow, TaskWrite};

/// So many changes of housing, of which employment services are told nothing.
const CHANGES: usize = 1_010;

async fn page(
    world: &World,
    caller: &Caller,
    plan: &str,
    size: i32,
    token: &str,
) -> ListPlanRevisionsResponse {
    let request =
        ListPlanRevisionsRequest { parent: plan.to_owned(), page_size: size, page_token: token.to_owned() };
    told(world, caller, world.gateway.list_plan_revisions(caller, valid(request)).await)
}

/// All pages.
async fn pages(world: &World, caller: &Caller, plan: &str) -> Vec<Vec<PlanRevision>> {
    let (mut pages, mut token) = (Vec::new(), String::new());
    loop {
        let page = page(world, caller, plan, 200, &token).await;
        pages.push(page.revisions);
        token = page.next_page_token;
        if token.is_empty() {
            return pages;
        }
    }
}

/// Links two items of housing, and takes that back, in turn.
async fn turn(world: &World, plan: &str, number: usize) {
    let item = |owner: &str| {
        Some(PlanItem { owner: owner.to_owned(), kind: Kind::Need.into(), id: "n1".to_owned() })
    };
    let kind = plan_link::Kind::SameAs.into();
    let link = Some(PlanLink { kind, first: item(KELA), second: item("youth") });
    let (kela, name) = (caller(KELA), plan.to_owned());
    if number.is_multiple_of(2) {
        let request = LinkPlanItemsRequest { request_id: id(), name, link };
        world.gateway.link_plan_items(&kela, valid(request)).await.map(drop).unwrap();
    } else {
        let request = UnlinkPlanItemsRequest { request_id: id(), name, link };
        world.gateway.unlink_plan_items(&kela, valid(request)).await.map(drop).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_tells_of_revisions_that_do_not_show() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, KELA, TE, &BASE).await;
    let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    add(&world, KELA, &plan, TE).await;
    for (owner, id) in [(KELA, "n1"), ("youth", "n1")] {
        let housing = |part: &mut polku_proto::v1::PlanPart| {
            part.needs.push(need(id, DataCategory::Housing, &format!("Koditon, {owner}")));
        };
        merge(&world, &caller(KELA), &plan, owner, housing).await;
    }
    let (kela, te) = (caller(KELA), caller(TE));
    let known = pages(&world, &te, &plan).await;
    let [known] = &known[..] else { panic!("a short history has one page") };
    assert!(!known.is_empty(), "that it has become a party");
    for number in 0..CHANGES {
        turn(&world, &plan, number).await;
    }

    // Who sees all of it reads full pages, each revision once.
    let whole = pages(&world, &kela, &plan).await;
    let (last, full) = whole.split_last().unwrap();
    assert!(full.iter().all(|page| page.len() == 200) && last.len() <= 200);
    let shown: usize = whole.iter().map(Vec::len).sum();
    let name: PlanName = plan.parse().unwrap();
    let kept = world.gateway.store.plan(name.plan).await.unwrap().unwrap().revision;
    assert_eq!(shown as u64, kept);
    let times: BTreeSet<_> =
        whole.iter().flatten().map(|one| one.time.map(|time| (time.seconds, time.nanos))).collect();
    assert!(times.len() > CHANGES / 2, "one after the other");

    // Who sees next to nothing has what it had before: one page, and no token.
    assert_eq!(pages(&world, &te, &plan).await, std::slice::from_ref(known));
    // The token tells nothing but where to go on: of another caller's it is none.
    let first = page(&world, &kela, &plan, 200, "").await;
    assert!((1..200).contains(&first.next_page_token.len()));
    let request =
        ListPlanRevisionsRequest { parent: plan.clone(), page_size: 0, page_token: first.next_page_token };
    assert!(world.gateway.list_plan_revisions(&te, valid(request)).await.is_err());
}

/// Tasks of employment services come up: about these plans, or about none.
async fn come_up(world: &World, youth: &str, plans: impl Iterator<Item = Option<PlanId>>) {
    let youth = youth.parse::<YouthName>().unwrap().youth;
    let person = world.gateway.person(youth).await.unwrap();
    let now = world.gateway.now();
    let (agency, state) = (TE.parse::<AgencyId>().unwrap(), State::Open);
    let new = |plan| {
        let row = Uuid::now_v7();
        let id = TaskId::from_uuid(row);
        let message = Task {
            name: TaskName { youth, task: id }.to_string(),
            state: state.into(),
            agency: TE.to_owned(),
            create_time: Some(wire_time(now).unwrap()),
            matter: Some(Matter::FollowUp(FollowUp::default())),
            ..Task::default()
        };
        let place = Place { table: "task", row, column: "sealed", version: 1 };
        let sealed = person.key().seal(place, &message.encode_to_vec()).unwrap();
        let (agency, created, updated) = (agency.clone(), now, now);
        let row = TaskRow { id, youth, agency, plan, state, version: 1, created, updated, sealed };
        TaskWrite { row, expected: None }
    };
    // A leaf that nothing else has.
    let mut change = Change::announced_by(1_000_000);
    change.tasks = plans.map(new).collect();
    world.gateway.store.commit(change).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_tells_of_tasks_that_do_not_show() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    let foreign = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    let foreign = foreign.parse::<PlanName>().unwrap().plan;
    // Most are about a plan that their agency is no party to any more.
    let hidden = std::iter::repeat_n(Some(foreign), CHANGES);
    let all = std::iter::once(None).chain(hidden).chain(std::iter::repeat_n(None, 60));
    come_up(&world, &youth, all).await;
    let te = caller(TE);
    for (size, full) in [(0, 50), (200, 200), (7, 7), (61, 61)] {
        let (mut shown, mut token) = (Vec::new(), String::new());
        loop {
            let request = ListTasksRequest {
                parent: "youths/-".to_owned(),
                page_size: size,
                page_token: token,
                ..ListTasksRequest::default()
            };
            let listed = told(&world, &te, world.gateway.list_tasks(&te, valid(request)).await);
            let on_page = listed.tasks.len();
            shown.extend(listed.tasks.into_iter().map(|task| task.name));
            token = listed.next_page_token;
            if token.is_empty() {
                break;
            }
            assert_eq!(on_page, full, "there is more only behind a full page");
        }
        assert_eq!(shown.len(), 61, "each once, in pages of {size}");
        assert_eq!(shown.iter().collect::<BTreeSet<_>>().len(), 61);
    }
}
