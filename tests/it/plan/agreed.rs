//! Does what was accepted and acknowledged stand for that alone, and does everybody see what has changed since?

use polku_proto::v1::plan_activity::Kind;
use polku_proto::v1::{DataCategory, Plan, PlanState};
use polku_tests::world::{Client, KELA, PEOPLE, TE};
use tonic::Code;

use super::table::*;
use crate::stage::{Stage, assert_refused};

/// What a reader sees changed since the acceptance: state, plan, sections.
async fn changed(client: &Client, plan: &str) -> (PlanState, bool, Vec<String>) {
    let seen = read(client, plan).await.unwrap();
    let sections = seen.sections.iter().filter(|section| section.changed_since_acceptance);
    let owners = sections.filter_map(|section| Some(section.part.as_ref()?.owner.clone())).collect();
    (seen.state(), seen.changed_since_acceptance, owners)
}

/// The actions of a section, each with whether it is acknowledged.
fn committed(plan: &Plan, owner: &str) -> Vec<(String, bool)> {
    let section =
        plan.sections.iter().find(|section| section.part.as_ref().is_some_and(|it| it.owner == owner));
    let commitments = section.into_iter().flat_map(|section| &section.commitments);
    commitments.map(|one| (one.action.clone(), one.acknowledge_time.is_some())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_later_is_neither_accepted_nor_acknowledged_and_stops_nothing() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[0]).await;
    let (ohjaamo, te, kela, subject) = (stage.ohjaamo(), stage.te(), stage.kela(), stage.subject(&youth));
    edit(&ohjaamo, &plan, "youth", |part| {
        part.goals.push(goal("g1", "oma koti"));
        // The young person acknowledges it by accepting.
        part.actions.push(action("a1", DataCategory::JointPlan, "soitto"));
    })
    .await
    .unwrap();
    let work = |id: &str| action(id, DataCategory::JointPlan, "kokeilu");
    edit(&te, &plan, TE, |part| part.actions.push(work("a1"))).await.unwrap();
    accepts(&subject, &plan).await;
    assert_eq!(changed(&subject, &plan).await, (PlanState::Draft, false, vec![]));
    acknowledge(&te, &plan).await.unwrap();
    let active = (PlanState::Active, false, vec![]);
    for client in [&ohjaamo, &te, &kela, &subject] {
        assert_eq!(changed(client, &plan).await, active);
    }
    let etag = read(&subject, &plan).await.unwrap().etag;
    assert_refused(accept(&subject, &plan, &etag).await, Code::FailedPrecondition, "RECORD_STATE");
    let at_first = read(&te, &plan).await.unwrap();

    edit(&te, &plan, TE, |part| part.actions.push(work("a2"))).await.unwrap();
    let other = (PlanState::Active, true, vec![TE.to_owned()]);
    for client in [&ohjaamo, &te, &subject] {
        assert_eq!(changed(client, &plan).await, other);
        let now = read(client, &plan).await.unwrap();
        assert_eq!(committed(&now, TE), [("a1".to_owned(), true), ("a2".to_owned(), false)]);
    }
    // Nothing of it shows to Kela, neither that it is accepted.
    let at_kela = (read(&kela, &plan).await.unwrap().sections, revisions(&kela, &plan).await.unwrap());
    accepts(&subject, &plan).await;
    for client in [&ohjaamo, &te, &kela, &subject] {
        assert_eq!(changed(client, &plan).await, active);
    }
    assert_eq!((read(&kela, &plan).await.unwrap().sections, revisions(&kela, &plan).await.unwrap()), at_kela);
    let now = read(&te, &plan).await.unwrap();
    assert_eq!(now.accept_time, at_first.accept_time);
    let newest = revisions(&te, &plan).await.unwrap().revisions.into_iter().next().unwrap();
    assert_eq!(
        newest.activities.iter().map(polku_proto::v1::PlanActivity::kind).collect::<Vec<_>>(),
        [Kind::Accepted]
    );
    assert_eq!(newest.agency, "youth");

    // te stands by what is new; when it stood by the rest has not changed.
    acknowledge(&te, &plan).await.unwrap();
    let after = read(&ohjaamo, &plan).await.unwrap();
    assert_eq!(committed(&after, TE), [("a1".to_owned(), true), ("a2".to_owned(), true)]);
    let first = |plan: &Plan| {
        plan.sections.iter().find(|one| !one.commitments.is_empty()).unwrap().commitments[0].clone()
    };
    assert_eq!(first(&after), first(&at_first));
    edit(&te, &plan, TE, |part| part.actions[0].text.push('!')).await.unwrap();
    let after = read(&ohjaamo, &plan).await.unwrap();
    assert_eq!(committed(&after, TE), [("a1".to_owned(), false), ("a2".to_owned(), true)]);
    assert_eq!(after.state(), PlanState::Active);
    stage.close().await;
}

/// Nothing is agreed on in a plan in which nothing stands.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_plan_is_not_accepted() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[2]).await;
    let (ohjaamo, te, subject) = (stage.ohjaamo(), stage.te(), stage.subject(&youth));
    edit(&subject, &plan, "youth", |part| {
        part.client_view = "oma huone".to_owned();
        part.needs.push(need("n1", DataCategory::JointPlan, "koti"));
    })
    .await
    .unwrap();
    // A goal that the responsible worker does not see is nothing that they could accept.
    edit(&te, &plan, TE, |part| {
        let hidden = DataCategory::Housing as i32;
        part.goals.push(polku_proto::v1::PlanGoal { category: hidden, ..goal("g1", "kanaria-asunto") });
    })
    .await
    .unwrap();
    let etag = read(&ohjaamo, &plan).await.unwrap().etag;
    let refused = accept(&ohjaamo, &plan, &etag).await;
    assert_refused(refused, Code::FailedPrecondition, "PLAN_EMPTY");
    assert_eq!(changed(&ohjaamo, &plan).await.0, PlanState::Draft);
    accepts(&subject, &plan).await;
    assert_eq!(changed(&subject, &plan).await, (PlanState::Active, false, vec![]));
    // What was accepted may all go, and that can be accepted.
    edit(&te, &plan, TE, |part| part.goals.clear()).await.unwrap();
    edit(&subject, &plan, "youth", |part| part.needs.clear()).await.unwrap();
    accepts(&subject, &plan).await;
    assert_eq!(changed(&subject, &plan).await, (PlanState::Active, false, vec![]));
    stage.close().await;
}

/// Who joins a plan that is active is committed when it says so, and not before; the others are as they were.
#[tokio::test(flavor = "multi_thread")]
async fn who_joins_later_is_committed_when_it_has_acknowledged() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[3]).await;
    let (ohjaamo, te, kela, subject) = (stage.ohjaamo(), stage.te(), stage.kela(), stage.subject(&youth));
    remove(&ohjaamo, &plan, KELA).await.unwrap();
    let work = |id: &str| action(id, DataCategory::JointPlan, "kokeilu");
    edit(&te, &plan, TE, |part| part.actions.push(work("a1"))).await.unwrap();
    accepts(&subject, &plan).await;
    acknowledge(&te, &plan).await.unwrap();
    assert_eq!(changed(&subject, &plan).await, (PlanState::Active, false, vec![]));
    add(&ohjaamo, &plan, KELA).await.unwrap();
    edit(&kela, &plan, KELA, |part| part.actions.push(work("a1"))).await.unwrap();
    for client in [&ohjaamo, &kela, &subject] {
        let seen = read(client, &plan).await.unwrap();
        assert_eq!(
            (seen.state(), committed(&seen, KELA)),
            (PlanState::Active, vec![("a1".to_owned(), false)])
        );
    }
    let before = committed(&read(&subject, &plan).await.unwrap(), TE);
    acknowledge(&kela, &plan).await.unwrap();
    let seen = read(&subject, &plan).await.unwrap();
    assert_eq!((seen.state(), committed(&seen, KELA)), (PlanState::Active, vec![("a1".to_owned(), true)]));
    assert_eq!(
        (before, committed(&seen, TE)),
        (vec![("a1".to_owned(), true)], vec![("a1".to_owned(), true)])
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_whoever_recorded_it_saw_is_accepted() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[1]).await;
    let (ohjaamo, te, kela, subject) = (stage.ohjaamo(), stage.te(), stage.kela(), stage.subject(&youth));
    edit(&te, &plan, TE, |part| {
        part.actions.push(action("a1", DataCategory::JointPlan, "kokeilu"));
        part.needs.push(need("n1", DataCategory::Housing, "koti"));
    })
    .await
    .unwrap();
    accepts(&ohjaamo, &plan).await;
    acknowledge(&te, &plan).await.unwrap();
    let (active, draft) = ((PlanState::Active, false, vec![]), (PlanState::Draft, true, vec![TE.to_owned()]));
    for client in [&ohjaamo, &kela] {
        assert_eq!(changed(client, &plan).await, active);
    }
    // Who sees the need sees that nobody has accepted it.
    for client in [&te, &subject] {
        assert_eq!(changed(client, &plan).await, draft);
    }
    // To the responsible worker's agency there is nothing more to accept, to the young person there is.
    let etag = read(&ohjaamo, &plan).await.unwrap().etag;
    assert_refused(accept(&ohjaamo, &plan, &etag).await, Code::FailedPrecondition, "RECORD_STATE");
    let unmoved = (read(&ohjaamo, &plan).await.unwrap().sections, revisions(&ohjaamo, &plan).await.unwrap());
    accepts(&subject, &plan).await;
    for client in [&ohjaamo, &kela, &te, &subject] {
        assert_eq!(changed(client, &plan).await, active);
    }
    assert_eq!(
        (read(&ohjaamo, &plan).await.unwrap().sections, revisions(&ohjaamo, &plan).await.unwrap()),
        unmoved,
        "what was lacking did not show, nor that it does not any more"
    );
    // What the young person has accepted stays accepted when one records an acceptance who does not see it.
    edit(&te, &plan, TE, |part| part.actions[0].text.push('!')).await.unwrap();
    accepts(&ohjaamo, &plan).await;
    assert_eq!(changed(&subject, &plan).await, active);
    // What is gone was accepted as well.
    edit(&te, &plan, TE, |part| part.needs.clear()).await.unwrap();
    assert_eq!(changed(&subject, &plan).await, (PlanState::Active, true, vec![TE.to_owned()]));
    assert_eq!(changed(&ohjaamo, &plan).await, (PlanState::Active, false, vec![]));
    // Who has undertaken nothing has nothing to stand by.
    edit(&kela, &plan, KELA, |part| part.goals.push(goal("g1", "kuntoutus"))).await.unwrap();
    assert_refused(acknowledge(&kela, &plan).await, Code::FailedPrecondition, "RECORD_STATE");
    stage.close().await;
}
