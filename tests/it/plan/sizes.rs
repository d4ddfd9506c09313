//! Is a plan as large as it may be, and does what is refused tell nothing of what the caller does not see?

use polku_proto::v1::{DataCategory, PlanPart, plan_item, plan_link};
use polku_tests::world::{Client, KELA, PEOPLE, TE};
use tonic::{Code, Status};

use super::table::*;
use crate::stage::{Stage, assert_refused, assert_same_refusal};

fn add_needs(part: &mut PlanPart, prefix: &str, count: usize, category: DataCategory) {
    part.needs.extend((0..count).map(|number| need(&format!("{prefix}{number}"), category, "tarve")));
}

/// Adds as much to the young person's section as there is room for, and then one more.
async fn fill(client: &Client, plan: &str, prefix: &str, count: usize) -> Status {
    let joint = DataCategory::JointPlan;
    edit(client, plan, "youth", |part| add_needs(part, prefix, count, joint)).await.unwrap();
    let more = edit(client, plan, "youth", |part| add_needs(part, &format!("{prefix}x"), 1, joint)).await;
    assert_refused(more, Code::InvalidArgument, "PLAN_TOO_LARGE")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_section_tells_nothing_of_what_fills_it() {
    let stage = Stage::open().await;
    let (ohjaamo, te, kela) = (stage.ohjaamo(), stage.te(), stage.kela());
    let (youth, full) = laid(&stage, PEOPLE[0]).await;
    let (_, empty) = laid(&stage, PEOPLE[1]).await;
    // Of Housing nothing is told to te.
    edit(&ohjaamo, &full, "youth", |part| add_needs(part, "n", 200, DataCategory::Housing)).await.unwrap();
    fill(&kela, &full, "kela:n", 20).await;
    let refusals = [fill(&te, &full, "te:n", 20).await, fill(&te, &empty, "te:n", 20).await];
    assert_same_refusal(&refusals[0], &refusals[1]);
    // Whoever sees all of it reads all of it, and fills its own room alone.
    for client in [&ohjaamo, &stage.subject(&youth)] {
        assert_eq!(section(&read(client, &full).await.unwrap(), "youth").needs.len(), 240);
    }
    let more = edit(&stage.subject(&youth), &full, "youth", |part| {
        part.needs.push(need("x", DataCategory::JointPlan, "1"))
    })
    .await;
    assert_refused(more, Code::InvalidArgument, "PLAN_TOO_LARGE");
    let as_kela =
        edit(&ohjaamo, &empty, "youth", |part| part.needs.push(need("kela:x", DataCategory::JointPlan, "1")))
            .await;
    assert_refused(as_kela, Code::InvalidArgument, "INVALID_FIELDS");
    // The own section is nobody else's to fill.
    edit(&te, &full, TE, |part| add_needs(part, "n", 200, DataCategory::JointPlan)).await.unwrap();
    let more = edit(&te, &full, TE, |part| part.needs.push(need("x", DataCategory::JointPlan, "1"))).await;
    assert_refused(more, Code::InvalidArgument, "PLAN_TOO_LARGE");
    stage.close().await;
}

async fn links(client: &Client, plan: &str, owner: &str, count: usize) -> Status {
    edit(client, plan, owner, |part| {
        part.actions
            .extend((0..=count).map(|number| action(&format!("a{number}"), DataCategory::JointPlan, "1")));
    })
    .await
    .unwrap();
    let mut last = None;
    for number in 0..=count {
        let ends = (
            item(owner, plan_item::Kind::Action, &format!("a{number}")),
            item("youth", plan_item::Kind::Goal, "g1"),
        );
        last = Some(link(client, plan, plan_link::Kind::Serves, ends).await);
        assert_eq!(last.as_ref().unwrap().is_ok(), number < count, "{number}: {last:?}");
    }
    assert_refused(last.unwrap(), Code::FailedPrecondition, "RECORD_STATE")
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_one_does_not_see_take_nobodys_room() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[2]).await;
    edit(&stage.ohjaamo(), &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    let refusals = [links(&stage.kela(), &plan, KELA, 100).await, links(&stage.te(), &plan, TE, 100).await];
    assert_same_refusal(&refusals[0], &refusals[1]);
    assert_eq!(read(&stage.te(), &plan).await.unwrap().links.len(), 100);
    assert_eq!(read(&stage.subject(&youth), &plan).await.unwrap().links.len(), 200);
    // With an item its link goes, and there is room again.
    edit(&stage.te(), &plan, TE, |part| part.actions.truncate(50)).await.unwrap();
    let ends = (item(TE, plan_item::Kind::Action, "a49"), item("youth", plan_item::Kind::Goal, "g1"));
    link(&stage.te(), &plan, plan_link::Kind::Serves, ends).await.unwrap();
    assert_eq!(read(&stage.te(), &plan).await.unwrap().links.len(), 50);
    stage.close().await;
}
