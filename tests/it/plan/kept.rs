//! Is everything that was acknowledged there after the gateway has ended and begun again?

use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::{
    DataCategory, ListPlanRevisionsResponse, MergePlanRequest, Plan, PlanPart, Task, plan_link,
};
use polku_tests::simulators::{Fault, Operation, TakenInKind};
use polku_tests::world::{Client, PEOPLE, TE, eventually, request_id};

use super::table::*;
use crate::stage::{PATIENCE, Stage};

/// All that somebody sees of a plan, but for what is made anew for each reading.
async fn all(client: &Client, plan: &str) -> (Plan, ListPlanRevisionsResponse) {
    let seen = Plan { etag: String::new(), ..read(client, plan).await.unwrap() };
    (seen, revisions(client, plan).await.unwrap())
}

async fn everybody(stage: &Stage, youth: &str, plan: &str) -> Vec<(Plan, ListPlanRevisionsResponse)> {
    let mut seen = Vec::new();
    for client in [stage.ohjaamo(), stage.te(), stage.kela(), stage.subject(youth)] {
        seen.push(all(&client, plan).await);
    }
    seen
}

async fn waiting(stage: &Stage) -> Vec<Task> {
    let mut all = tasks(&stage.ohjaamo()).await.unwrap();
    all.extend(tasks(&stage.te()).await.unwrap());
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_goes_on_where_it_was() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[0]).await;
    edit(&stage.ohjaamo(), &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    edit(&stage.te(), &plan, TE, |part| {
        part.actions.push(action("a1", DataCategory::JointPlan, "tyokokeilu"));
    })
    .await
    .unwrap();
    let stale = read(&stage.te(), &plan).await.unwrap();
    let step = item(TE, Kind::Action, "a1");
    flag(&stage.ohjaamo(), &plan, Some(step.clone())).await.unwrap();
    let ends = (step, item("youth", Kind::Goal, "g1"));
    link(&stage.te(), &plan, plan_link::Kind::Serves, ends).await.unwrap();
    edit(&stage.ohjaamo(), &plan, "youth", |part| part.goals[0].text = "asunto".to_owned()).await.unwrap();
    let before = everybody(&stage, &youth, &plan).await;
    let stage = stage.restart().await;
    assert_eq!(everybody(&stage, &youth, &plan).await, before);

    // What was read before is a base, and what was called before has been.
    let mut part: PlanPart = section(&stale, "youth");
    part.goals[0].text = "koti".to_owned();
    let request = MergePlanRequest {
        request_id: request_id(),
        name: plan.clone(),
        etag: stale.etag.clone(),
        sections: vec![part],
        validate_only: false,
        found_in: None,
    };
    let merged = stage.te().plan.merge_plan(request.clone()).await.unwrap().into_inner();
    assert_eq!(merged.conflicts.len(), 1);
    accept(&stage.subject(&youth), &plan, &read(&stage.subject(&youth), &plan).await.unwrap().etag)
        .await
        .unwrap();
    let before = (everybody(&stage, &youth, &plan).await, waiting(&stage).await);
    let stage = stage.restart().await;
    assert_eq!((everybody(&stage, &youth, &plan).await, waiting(&stage).await), before);
    let again = stage.te().plan.merge_plan(request).await.unwrap().into_inner();
    assert_eq!((again.receipt, again.conflicts), (merged.receipt, merged.conflicts));
    assert_eq!((everybody(&stage, &youth, &plan).await, waiting(&stage).await), before);
    stage.close().await;
}

/// What a system could not be told before the end of the gateway, it is told after its next beginning, as it is then.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_system_goes_on_waiting() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[1]).await;
    stage.world.te.faults().set_on(Operation::Plan, Fault::Status { code: 503, retry_after: None });
    edit(&stage.ohjaamo(), &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    edit(&stage.ohjaamo(), &plan, "youth", |part| part.goals[0].text = "asunto".to_owned()).await.unwrap();
    let stage = stage.restart().await;
    stage.world.te.faults().clear().unwrap();
    let ledger = stage.world.te.ledger();
    let told = eventually(PATIENCE, || async {
        let mut parts = ledger.all_taken_in().into_iter();
        let last = parts.rfind(|entry| entry.kind == TakenInKind::PlanPart)?;
        last.fields.iter().any(|(_, value)| value == "asunto").then_some(())
    });
    assert!(told.await.is_some(), "the office is never told");
    stage.close().await;
}
