//! A plan from its beginning to its end: drafted by three agencies, accepted, acknowledged, clashed over, completed.

use polku_proto::v1::conflict_resolution::Choice;
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::task::{Matter, State};
use polku_proto::v1::{
    CompletePlanRequest, ConflictResolution, DataCategory, FollowUpResolution, PlanState, ResolveTaskRequest,
    RevokePlanRequest,
};
use polku_tests::world::{KELA, OHJAAMO, PEOPLE, TE, request_id};
use tonic::Code;

use super::table::*;
use crate::stage::{Stage, assert_refused};

/// domain.md 5: "yhteinen tavoite, asiakkaan kokonaisvaltainen tukeminen", "yhteinen palvelusuunnitelma … tavoitteita
/// ja vastuutahoja".
#[tokio::test(flavor = "multi_thread")]
async fn three_agencies_keep_one_plan() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[0]).await;
    edit(&stage.ohjaamo(), &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    edit(&stage.te(), &plan, TE, |part| {
        part.actions.push(action("a1", DataCategory::EducationWork, "tyokokeilu"));
    })
    .await
    .unwrap();
    edit(&stage.kela(), &plan, KELA, |part| {
        part.actions.push(action("a1", DataCategory::ServiceNeeds, "nuotti-valmennus"));
    })
    .await
    .unwrap();

    let seen = read(&stage.ohjaamo(), &plan).await.unwrap();
    assert_eq!(owners(&seen), ["youth", KELA, TE]);
    assert_eq!(seen.parties, [OHJAAMO, TE, KELA]);
    assert_eq!(seen.state(), PlanState::Draft);
    // Nothing has been agreed between these two.
    assert_eq!(owners(&read(&stage.te(), &plan).await.unwrap()), ["youth", TE]);
    assert_eq!(owners(&read(&stage.kela(), &plan).await.unwrap()), ["youth", KELA]);
    assert!(read(&stage.te(), &plan).await.unwrap().parties.is_empty());

    let whole = read(&stage.subject(&youth), &plan).await.unwrap();
    assert_eq!(owners(&whole), ["youth", KELA, TE]);
    accept(&stage.subject(&youth), &plan, &whole.etag).await.unwrap();
    assert_eq!(read(&stage.te(), &plan).await.unwrap().state(), PlanState::Draft);
    acknowledge(&stage.te(), &plan).await.unwrap();
    // What Kela has yet to say does not show to who may not know of it.
    assert_eq!(read(&stage.te(), &plan).await.unwrap().state(), PlanState::Active);
    assert_eq!(read(&stage.ohjaamo(), &plan).await.unwrap().state(), PlanState::Draft);
    acknowledge(&stage.kela(), &plan).await.unwrap();
    assert_eq!(read(&stage.ohjaamo(), &plan).await.unwrap().state(), PlanState::Active);

    let etag = etag_of(&stage.ohjaamo(), &plan).await.unwrap();
    let end = CompletePlanRequest { request_id: request_id(), name: plan.clone(), etag };
    assert_refused(
        stage.te().plan.complete_plan(end.clone()).await,
        Code::PermissionDenied,
        "ACTOR_NOT_ALLOWED",
    );
    stage.ohjaamo().plan.complete_plan(end).await.unwrap();
    let late = edit(&stage.te(), &plan, TE, |part| part.next_review = "2027-01-01".to_owned()).await;
    assert_refused(late, Code::FailedPrecondition, "RECORD_STATE");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_change_one_goal_and_the_responsible_worker_decides() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[1]).await;
    edit(&stage.ohjaamo(), &plan, "youth", |part| {
        part.goals.push(goal("g1", "oma koti"));
        part.goals.push(goal("g2", "ajokortti"));
    })
    .await
    .unwrap();
    let (te, kela) = (read(&stage.te(), &plan).await.unwrap(), read(&stage.kela(), &plan).await.unwrap());
    let wanted = |seen, text: &str, due: &str| {
        let mut part = section(seen, "youth");
        part.goals[0].text = text.to_owned();
        part.goals[1].due = due.to_owned();
        vec![part]
    };
    let first = merge(&stage.te(), &plan, &te.etag, wanted(&te, "vuokra-asunto", "")).await.unwrap();
    assert!(first.conflicts.is_empty());
    let ours = wanted(&kela, "tuettu asunto", "2027-06-30");
    let second = merge(&stage.kela(), &plan, &kela.etag, ours).await.unwrap();
    let [conflict] = second.conflicts.as_slice() else { panic!("one clash") };
    assert_eq!(conflict.path, "goals/g1/text");
    let text = |part: &Option<polku_proto::v1::PlanPart>| part.as_ref().unwrap().goals[0].text.clone();
    assert_eq!(
        [text(&conflict.base), text(&conflict.ours), text(&conflict.theirs)],
        ["oma koti", "tuettu asunto", "vuokra-asunto"]
    );
    // What did not clash has come in.
    let now = section(&second.plan.unwrap(), "youth");
    assert_eq!((now.goals[0].text.as_str(), now.goals[1].due.as_str()), ("vuokra-asunto", "2027-06-30"));

    assert!(tasks(&stage.te()).await.unwrap().is_empty());
    let waiting = tasks(&stage.ohjaamo()).await.unwrap();
    let [task] = waiting.as_slice() else { panic!("one task") };
    assert_eq!(task.name, conflict.task);
    assert!(matches!(&task.matter, Some(Matter::Conflict(same)) if same == conflict));
    let etag = task.etag.clone();
    let resolution = ConflictResolution { choice: Choice::Ours as i32, other: None, etag };
    let resolve = ResolveTaskRequest {
        request_id: request_id(),
        name: task.name.clone(),
        resolution: Some(Resolution::Conflict(resolution)),
    };
    assert_refused(stage.kela().task.resolve_task(resolve.clone()).await, Code::NotFound, "NOT_FOUND");
    let decided = stage.ohjaamo().task.resolve_task(resolve).await.unwrap().into_inner().task.unwrap();
    assert_eq!(decided.state(), State::Resolved);
    assert_eq!(decided.resolved_by, "ohjaaja-1");
    let goals = section(&read(&stage.te(), &plan).await.unwrap(), "youth").goals;
    assert_eq!(goals[0].text, "tuettu asunto");
    assert!(tasks(&stage.ohjaamo()).await.unwrap().is_empty());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_an_agency_does_not_know_of_does_not_keep_it_from_its_own() {
    let stage = Stage::open().await;
    let youth = stage.ohjaamo().identify(PEOPLE[2]).await.unwrap();
    let first = create(&stage.ohjaamo(), &youth).await.unwrap().plan.unwrap().name;
    stage.te().identify(PEOPLE[2]).await.unwrap();
    let second = create(&stage.te(), &youth).await.unwrap().plan.unwrap().name;
    assert_refused(read(&stage.te(), &first).await, Code::NotFound, "NOT_FOUND");
    assert_refused(read(&stage.ohjaamo(), &second).await, Code::NotFound, "NOT_FOUND");
    assert_refused(create(&stage.te(), &youth).await, Code::FailedPrecondition, "RECORD_STATE");
    // Whoever comes to see both is asked to bring them together, once, and nobody else is told of the other one.
    agree(&stage, &youth, OHJAAMO, TE, &SHARED).await;
    add(&stage.ohjaamo(), &first, TE).await.unwrap();
    let waiting = tasks(&stage.te()).await.unwrap();
    let [task] = waiting.as_slice() else { panic!("one task: {}", waiting.len()) };
    let Some(Matter::FollowUp(two)) = &task.matter else { panic!("a follow-up") };
    assert_eq!(
        (two.kind(), two.plans.as_slice()),
        (Kind::TwoPlans, [second.clone(), first.clone()].as_slice())
    );
    let first = &first;
    assert_eq!((task.plan.as_str(), task.responsible_worker.as_str()), (second.as_str(), "ohjaaja-1"));
    assert!(tasks(&stage.ohjaamo()).await.unwrap().is_empty());
    // It is one task at a time, however often the party comes and goes, and none of whoever is no party any more.
    remove(&stage.ohjaamo(), first, TE).await.unwrap();
    assert!(tasks(&stage.te()).await.unwrap().is_empty());
    add(&stage.ohjaamo(), first, TE).await.unwrap();
    let waiting = tasks(&stage.te()).await.unwrap();
    let [task] = waiting.as_slice() else { panic!("one task: {}", waiting.len()) };
    assert_refused(read(&stage.ohjaamo(), &second).await, Code::NotFound, "NOT_FOUND");
    let sent = FollowUpResolution { send_again: true, ..FollowUpResolution::default() };
    let sent = resolve(&stage.te(), &task.name, Resolution::FollowUp(sent)).await;
    assert_refused(sent, Code::InvalidArgument, "INVALID_FIELDS");
    let looked_after = Resolution::FollowUp(FollowUpResolution::default());
    resolve(&stage.te(), &task.name, looked_after).await.unwrap();
    assert!(tasks(&stage.te()).await.unwrap().is_empty());
    stage.close().await;
}

/// Nobody is asked about a plan that is over by then.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_about_two_plans_ends_with_either_of_them() {
    let stage = Stage::open().await;
    for (person, ends_own) in [(PEOPLE[3], true), (PEOPLE[4], false)] {
        let youth = stage.ohjaamo().identify(person).await.unwrap();
        let other = create(&stage.ohjaamo(), &youth).await.unwrap().plan.unwrap().name;
        stage.te().identify(person).await.unwrap();
        let own = create(&stage.te(), &youth).await.unwrap().plan.unwrap().name;
        agree(&stage, &youth, OHJAAMO, TE, &SHARED).await;
        add(&stage.ohjaamo(), &other, TE).await.unwrap();
        assert_eq!(tasks(&stage.te()).await.unwrap().len(), 1);
        let (coordinator, name) = if ends_own { (stage.te(), own) } else { (stage.ohjaamo(), other) };
        let etag = etag_of(&coordinator, &name).await.unwrap();
        let end = RevokePlanRequest { request_id: request_id(), name, etag };
        coordinator.clone().plan.revoke_plan(end).await.unwrap();
        assert!(tasks(&stage.te()).await.unwrap().is_empty(), "the own one has ended: {ends_own}");
    }
    stage.close().await;
}
