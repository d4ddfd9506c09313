//! Does every state of a plan, and what holds it up, reach everybody whose it is to know: parties, their systems, and the
//! young person?

use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::{
    ActionState, AddPlanPartyRequest, CompletePlanRequest, DataCategory, HoldPlanRequest,
    MarkPlanEnteredInErrorRequest, Plan, PlanState, RemovePlanPartyRequest, ResumePlanRequest,
    RevokePlanRequest, plan_activity, task,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, TE, request_id};
use tonic::Code;

use super::systems::{assert_counted, heard, hears, of, settles};
use super::table::*;
use crate::stage::{Stage, assert_refused};

async fn state(client: &Client, plan: &str) -> PlanState {
    read(client, plan).await.unwrap().state()
}

/// The comments that are seen, in their order.
fn comments(plan: &Plan) -> Vec<&str> {
    plan.sections.iter().flat_map(|section| &section.comments).map(|comment| comment.text.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_without_a_word_holds_nothing_up() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[0]).await;
    let (ohjaamo, te, subject) = (stage.ohjaamo(), stage.te(), stage.subject(&youth));
    let work = action("a1", DataCategory::JointPlan, "kokeilu");
    edit(&te, &plan, TE, |part| part.actions.push(work)).await.unwrap();
    accepts(&subject, &plan).await;
    assert_eq!(state(&ohjaamo, &plan).await, PlanState::Draft);
    remove(&te, &plan, TE).await.unwrap();
    assert_eq!(state(&ohjaamo, &plan).await, PlanState::Active);
    assert_eq!(state(&subject, &plan).await, PlanState::Active);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_provides_something_of_the_young_persons_stands_by_it_first() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[1]).await;
    let (ohjaamo, te, kela, subject) = (stage.ohjaamo(), stage.te(), stage.kela(), stage.subject(&youth));
    let mut work = action("a1", DataCategory::JointPlan, "kokeilu");
    TE.clone_into(&mut work.provider);
    edit(&ohjaamo, &plan, "youth", |part| part.actions.push(work)).await.unwrap();
    accepts(&subject, &plan).await;
    assert_eq!(state(&subject, &plan).await, PlanState::Draft);
    for client in [&ohjaamo, &kela] {
        assert_refused(acknowledge(client, &plan).await, Code::FailedPrecondition, "RECORD_STATE");
    }
    acknowledge(&te, &plan).await.unwrap();
    let newest = revisions(&ohjaamo, &plan).await.unwrap().revisions.remove(0);
    let acknowledged =
        newest.activities.iter().find(|one| one.kind() == plan_activity::Kind::Acknowledged).unwrap();
    assert_eq!(acknowledged.agency, TE);
    assert_eq!(state(&subject, &plan).await, PlanState::Active);
    let promises = |plan: &Plan| plan.sections[0].commitments.len();
    assert_eq!(promises(&read(&te, &plan).await.unwrap()), 1);
    // Kela sees the action, and nothing by which employment services were a party.
    assert_eq!(promises(&read(&kela, &plan).await.unwrap()), 0);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_systems_hear_in_what_state_the_plan_is() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[2]).await;
    let (ohjaamo, subject, office) = (stage.ohjaamo(), stage.subject(&youth), stage.world.te.ledger());
    edit(&ohjaamo, &plan, OHJAAMO, |part| part.goals.push(goal("g1", "ohjaus"))).await.unwrap();
    hears(office, &plan, OHJAAMO, "LUONNOS").await;
    accepts(&subject, &plan).await;
    // The young person's part, of which nothing is written, tells of the plan and of the adult beside them.
    for owner in ["youth", OHJAAMO] {
        hears(office, &plan, owner, "VOIMASSA").await;
    }
    hears(office, &plan, "youth", "Ohjaaja Yksi").await;
    let name = || plan.clone();
    let etag = etag_of(&ohjaamo, &plan).await.unwrap();
    let hold = HoldPlanRequest { request_id: request_id(), name: name(), etag };
    ohjaamo.clone().plan.hold_plan(hold).await.unwrap();
    for owner in ["youth", OHJAAMO] {
        hears(office, &plan, owner, "KESKEYTETTY").await;
    }
    let etag = etag_of(&ohjaamo, &plan).await.unwrap();
    let end = CompletePlanRequest { request_id: request_id(), name: name(), etag };
    ohjaamo.clone().plan.complete_plan(end).await.unwrap();
    for owner in ["youth", OHJAAMO] {
        hears(office, &plan, owner, "PAATTYNYT").await;
    }
    let parts = settles(&stage, TE, &plan).await;
    assert_counted(&parts);
    assert!(of(parts, TE).is_empty(), "it has said nothing");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agencys_own_part_comes_back_when_the_plan_has_ended() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[3]).await;
    super::systems::takes(&stage, PEOPLE[3], super::systems::office_plan("tyo")).await;
    assert!(of(settles(&stage, TE, &plan).await, TE).is_empty(), "its own word");
    let etag = etag_of(&stage.subject(&youth), &plan).await.unwrap();
    let revoke = RevokePlanRequest { request_id: request_id(), name: plan.clone(), etag };
    stage.subject(&youth).plan.revoke_plan(revoke).await.unwrap();
    hears(stage.world.te.ledger(), &plan, TE, "PERUTTU").await;
    assert_eq!(of(heard(stage.world.te.ledger(), &plan), TE).len(), 1);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_young_person_says_something_about_any_item_while_the_plan_runs() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[4]).await;
    let (ohjaamo, te, kela, subject) = (stage.ohjaamo(), stage.te(), stage.kela(), stage.subject(&youth));
    edit(&te, &plan, TE, |part| {
        part.actions.push(action("a1", DataCategory::EducationWork, "kokeilu"));
        part.needs.push(need("n1", DataCategory::Housing, "koti"));
    })
    .await
    .unwrap();
    let (step, home) = (item(TE, Kind::Action, "a1"), item(TE, Kind::Need, "n1"));
    comment(&subject, &plan, step.clone(), "kanaria-liian-aikaisin").await.unwrap();
    comment(&subject, &plan, step.clone(), "kanaria-silti-hyva").await.unwrap();
    comment(&subject, &plan, home, "kanaria-koti").await.unwrap();
    let both = ["kanaria-liian-aikaisin", "kanaria-silti-hyva"];
    // The owner sees what may be told: of housing nobody may tell it.
    assert_eq!(comments(&read(&te, &plan).await.unwrap()), both);
    assert_eq!(comments(&read(&ohjaamo, &plan).await.unwrap()), both);
    assert!(comments(&read(&kela, &plan).await.unwrap()).is_empty(), "about what it does not see");
    assert!(!said(&revisions(&kela, &plan).await.unwrap()).contains("kanaria"));
    let mine = read(&subject, &plan).await.unwrap();
    assert_eq!(comments(&mine).len(), 3);
    let told = revisions(&te, &plan).await.unwrap().revisions;
    let told = told.iter().flat_map(|one| &one.activities).filter_map(|one| one.comment.as_ref());
    assert_eq!(told.map(|one| one.text.as_str()).collect::<Vec<_>>(), [both[1], both[0]]);
    for client in [&ohjaamo, &te] {
        let refused = comment(client, &plan, step.clone(), "muu").await;
        assert_refused(refused, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    }
    let none = comment(&subject, &plan, item(TE, Kind::Goal, "a1"), "muu").await;
    assert_refused(none, Code::InvalidArgument, "NO_SUCH_ITEM");
    // A merge neither changes nor loses them; with the item they go.
    edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    assert_eq!(comments(&read(&te, &plan).await.unwrap()), both);
    accepts(&subject, &plan).await;
    comment(&subject, &plan, item("youth", Kind::Goal, "g1"), "kanaria-tavoite").await.unwrap();
    edit(&te, &plan, TE, |part| part.actions.clear()).await.unwrap();
    assert_eq!(comments(&read(&te, &plan).await.unwrap()), ["kanaria-tavoite"]);
    let etag = etag_of(&subject, &plan).await.unwrap();
    let revoke = RevokePlanRequest { request_id: request_id(), name: plan.clone(), etag };
    subject.clone().plan.revoke_plan(revoke).await.unwrap();
    let late = comment(&subject, &plan, item("youth", Kind::Goal, "g1"), "muu").await;
    assert_refused(late, Code::FailedPrecondition, "RECORD_STATE");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_step_is_one_that_is_ahead_and_that_the_caller_has_read() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[5]).await;
    let (ohjaamo, te, subject) = (stage.ohjaamo(), stage.te(), stage.subject(&youth));
    let mut done = action("a2", DataCategory::JointPlan, "valmis");
    done.state = ActionState::Agreed as i32;
    edit(&te, &plan, TE, |part| {
        part.actions = vec![action("a1", DataCategory::JointPlan, "kokeilu"), done];
        part.actions.push(action("a3", DataCategory::Housing, "kanaria-asunto"));
    })
    .await
    .unwrap();
    let [first, second, hidden] = ["a1", "a2", "a3"].map(|id| item(TE, Kind::Action, id));
    let stale = read(&ohjaamo, &plan).await.unwrap().etag;
    flag(&subject, &plan, Some(second.clone())).await.unwrap();
    for step in [None, Some(first)] {
        let refused = flag_over(&ohjaamo, &plan, step, stale.clone()).await;
        assert_refused(refused, Code::Aborted, "ETAG_MISMATCH");
    }
    assert_eq!(read(&subject, &plan).await.unwrap().step, Some(second.clone()));
    // What is done comes next no more, and cannot be flagged.
    edit(&te, &plan, TE, |part| part.actions[1].state = ActionState::Done as i32).await.unwrap();
    assert_eq!(read(&subject, &plan).await.unwrap().step, None);
    let refused = flag(&subject, &plan, Some(second)).await;
    assert_refused(refused, Code::InvalidArgument, "NO_SUCH_ITEM");
    // What the responsible worker does not see is not theirs to take away.
    flag(&subject, &plan, Some(hidden.clone())).await.unwrap();
    let cleared = flag(&ohjaamo, &plan, None).await.unwrap();
    assert_eq!(cleared.plan.unwrap().step, None);
    assert_eq!(read(&subject, &plan).await.unwrap().step, Some(hidden));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pairs_beyond_what_is_offered_at_once_come_with_the_next_change() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[6]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let goals =
        |count: u32| (0..count).map(|one| goal(&format!("g{one}"), &format!("{one}{one} {one}{one}")));
    edit(&ohjaamo, &plan, "youth", |part| part.goals = goals(25).collect()).await.unwrap();
    edit(&te, &plan, TE, |part| part.goals = goals(25).collect()).await.unwrap();
    assert_eq!(tasks(&ohjaamo).await.unwrap().len(), 20);
    edit(&stage.kela(), &plan, KELA, |part| part.goals.push(goal("k1", "kuntoutus"))).await.unwrap();
    assert_eq!(tasks(&ohjaamo).await.unwrap().len(), 25);
    // A text that is edited into likeness is as good as a new one.
    edit(&te, &plan, TE, |part| part.goals.push(goal("g30", "kesatyo"))).await.unwrap();
    edit(&stage.kela(), &plan, KELA, |part| part.goals[0].text = "kuntoutusta".to_owned()).await.unwrap();
    assert_eq!(tasks(&ohjaamo).await.unwrap().len(), 25);
    edit(&ohjaamo, &plan, OHJAAMO, |part| part.goals.push(goal("o1", "ajokortti"))).await.unwrap();
    edit(&te, &plan, TE, |part| part.goals[25].text = "Ajokortti!".to_owned()).await.unwrap();
    let all = tasks(&ohjaamo).await.unwrap();
    assert_eq!(all.len(), 26);
    let newest = all.iter().filter_map(|one| match &one.matter {
        Some(task::Matter::Duplicate(pair)) => pair.first.as_ref(),
        _ => None,
    });
    assert!(newest.into_iter().any(|first| first.id == "g30"));
    stage.close().await;
}

/// Who names the reading that a step is taken on does not take it on another plan than that.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_on_a_reading_is_not_taken_on_another_plan() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[9]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let stale = read(&ohjaamo, &plan).await.unwrap().etag;
    edit(&te, &plan, TE, |part| part.goals.push(goal("g1", "työ"))).await.unwrap();
    let steps = async |etag: &str| -> Vec<Result<(), tonic::Status>> {
        let (etag, name, service) = (etag.to_owned(), plan.clone(), &mut ohjaamo.clone().plan);
        let (e, n, id) = (|| etag.clone(), || name.clone(), request_id);
        let add = AddPlanPartyRequest { request_id: id(), name: n(), party: KELA.into(), etag: e() };
        let gone = RemovePlanPartyRequest { request_id: id(), name: n(), agency: KELA.into(), etag: e() };
        let hold = HoldPlanRequest { request_id: id(), name: n(), etag: e() };
        let resume = ResumePlanRequest { request_id: id(), name: n(), etag: e() };
        let end = CompletePlanRequest { request_id: id(), name: n(), etag: e() };
        let revoke = RevokePlanRequest { request_id: id(), name: n(), etag: e() };
        let error = MarkPlanEnteredInErrorRequest { request_id: id(), name: n(), etag: e() };
        vec![
            service.add_plan_party(add).await.map(drop),
            service.remove_plan_party(gone).await.map(drop),
            service.hold_plan(hold).await.map(drop),
            service.resume_plan(resume).await.map(drop),
            service.complete_plan(end).await.map(drop),
            service.revoke_plan(revoke).await.map(drop),
            service.mark_plan_entered_in_error(error).await.map(drop),
        ]
    };
    for refused in steps(&stale).await {
        assert_refused(refused, Code::Aborted, "ETAG_MISMATCH");
    }
    for refused in steps("").await {
        assert_refused(refused, Code::InvalidArgument, "INVALID_FIELDS");
    }
    let name = || plan.clone();
    let etag = read(&ohjaamo, &plan).await.unwrap().etag;
    let revoke = RevokePlanRequest { request_id: request_id(), name: name(), etag };
    let revoked = ohjaamo.clone().plan.revoke_plan(revoke).await.unwrap().into_inner();
    assert_eq!(revoked.plan.unwrap().state(), PlanState::Revoked);
    stage.close().await;
}
