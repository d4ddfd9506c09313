//! Does somebody who sees nothing of a plan change nothing of it, and learn nothing by trying?

use polku_proto::v1::conflict_resolution::Choice;
use polku_proto::v1::meeting_record::Kind as MeetingKind;
use polku_proto::v1::plan_activity::Kind;
use polku_proto::v1::record_measure_request::Measure;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::task::{Matter, State};
use polku_proto::v1::{
    AcknowledgePlanRequest, DataCategory, FollowUpResolution, MeetingState, Plan, PlanPart, PlanState,
};
use polku_tests::world::{Client, OHJAAMO, PEOPLE, TE, WorldSettings, professional, request_id};
use tonic::{Code, Status};

use super::meetings::{HELD, measured, meeting};
use super::table::*;
use super::views::{assert_no_task, clash, every_method, reading, watch_tasks};
use crate::stage::{Stage, assert_refused, assert_same_refusal};

/// Two units each, of which one has the matter.
async fn open() -> Stage {
    let more = |text: String| {
        text.replace("units = [\"keskusta\"]", "units = [\"keskusta\", \"pohjoinen\"]")
            .replace("units = [\"nuorten-palvelut\"]", "units = [\"nuorten-palvelut\", \"aikuiset\"]")
    };
    Stage::with(&WorldSettings::default(), more).await
}

/// A plan of the one unit of each agency.
async fn of_units(stage: &Stage, identity_code: &str) -> (String, String) {
    let youth = stage.ohjaamo().identify(identity_code).await.unwrap();
    agree(stage, &youth, OHJAAMO, TE, &SHARED).await;
    let plan = create(&stage.ohjaamo(), &youth).await.unwrap().plan.unwrap().name;
    add(&stage.ohjaamo(), &plan, "te/nuorten-palvelut").await.unwrap();
    (youth, plan)
}

async fn records(client: &Client, plan: &str, etag: &str, attended: &[&str]) -> Result<(), Status> {
    record_meeting(client, (plan, etag), "m1", MeetingKind::Other, (attended, true)).await.map(drop)
}

async fn measures(client: &Client, plan: &str, id: &str, corrects: &str) -> Result<(), Status> {
    let Measure::Questionnaire(mut form) = reading(id) else { panic!("a questionnaire") };
    form.corrects = corrects.to_owned();
    measured(client, plan, Measure::Questionnaire(form)).await.map(drop)
}

/// Everything that would be answered otherwise by who sees what is in a plan than by who does not.
async fn probes(client: &Client, plan: &str, etag: &str, owner: &str, task: &str) -> Vec<Result<(), Status>> {
    let taken = PlanPart { goals: vec![goal("g1", "toinen")], ..section(&Plan::default(), owner) };
    let free = PlanPart { goals: vec![goal("g9", "toinen")], ..section(&Plan::default(), owner) };
    let acknowledge =
        AcknowledgePlanRequest { request_id: request_id(), name: plan.to_owned(), etag: etag.to_owned() };
    vec![
        merge(client, plan, etag, vec![taken]).await.map(drop),
        merge(client, plan, etag, vec![free]).await.map(drop),
        records(client, plan, etag, &[owner]).await,
        measures(client, plan, "w1", "").await,
        measures(client, plan, "w2", "w1").await,
        measures(client, plan, "w3", "w9").await,
        client.clone().plan.acknowledge_plan(acknowledge).await.map(drop),
        decide(client, task, Choice::Ours, None).await.map(drop),
        decide(client, task, Choice::Theirs, None).await.map(drop),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_official_of_another_unit_changes_nothing_and_learns_nothing() {
    let stage = open().await;
    let (youth, plan) = of_units(&stage, PEOPLE[0]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let none = format!("{youth}/plans/{}", uuid::Uuid::now_v7());
    let no_task = format!("{youth}/tasks/{}", uuid::Uuid::now_v7());
    let identities = &stage.world.identities;
    let away = [
        (
            OHJAAMO,
            &ohjaamo,
            stage.caller(&identities.ohjaamo, &professional("o-2", "pohjoinen", "guidance_worker")),
        ),
        (TE, &te, stage.caller(&identities.te, &professional("t-2", "aikuiset", "official"))),
    ];
    for (owner, colleague, outsider) in &away {
        edit(colleague, &plan, owner, |part| {
            part.goals.push(goal("g1", &format!("kanaria {owner}")));
            part.meetings.push(meeting("m1", MeetingState::Held, HELD));
        })
        .await
        .unwrap();
        let etag = read(colleague, &plan).await.unwrap().etag;
        records(colleague, &plan, &etag, &[OHJAAMO, TE]).await.unwrap();
        measures(colleague, &plan, "w1", "").await.unwrap();
        let mut events = watch_tasks(outsider).await;
        let task = clash(colleague, &plan, owner).await;
        let before = read(colleague, &plan).await.unwrap();
        // What is read shows that there is a plan, and nothing of it; what is changed does not even show that.
        assert!(!said(&read(outsider, &plan).await.unwrap()).contains("kanaria"));
        let there = every_method(outsider, &plan).await;
        for ((method, one), (_, not)) in there.into_iter().zip(every_method(outsider, &none).await) {
            if !["GetPlan", "ListPlanRevisions", "WatchPlans"].contains(&method) {
                assert_same_refusal(&one.expect_err(method), &not.unwrap_err());
            }
        }
        let one = probes(outsider, &plan, &before.etag, owner, &task).await;
        let not = probes(outsider, &none, &before.etag, owner, &no_task).await;
        for (one, not) in one.into_iter().zip(not) {
            let not = assert_refused(not, Code::NotFound, "NOT_FOUND");
            assert_same_refusal(&one.unwrap_err(), &not);
        }
        assert_lists_nothing(outsider).await;
        assert_no_task(&mut events).await;
        // Nor by beginning another one: for whoever may change this one there is one already, for them there is none.
        let refused = create(colleague, &youth).await;
        assert_refused(refused, Code::FailedPrecondition, "RECORD_STATE");
        let other = create(outsider, &youth).await.unwrap().plan.unwrap();
        assert_ne!(other.name, plan);
        assert_refused(transfer(colleague, &other.name, owner).await, Code::NotFound, "NOT_FOUND");
        assert_eq!(read(colleague, &plan).await.unwrap().sections, before.sections);
        assert!(tasks(colleague).await.unwrap().iter().any(|open| open.name == task));
    }
    stage.close().await;
}

/// What a colleague has recorded is not recorded over by who has not read it.
#[tokio::test(flavor = "multi_thread")]
async fn a_meeting_is_recorded_over_what_was_read() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[1]).await;
    let (_, other) = laid(&stage, PEOPLE[2]).await;
    let te = stage.te();
    edit(&te, &plan, TE, |part| part.meetings.push(meeting("m1", MeetingState::Held, HELD))).await.unwrap();
    let etag = read(&te, &plan).await.unwrap().etag;
    let foreign = read(&te, &other).await.unwrap().etag;
    assert_refused(records(&te, &plan, &foreign, &[TE]).await, Code::InvalidArgument, "ETAG_INVALID");
    records(&te, &plan, &etag, &[TE, OHJAAMO]).await.unwrap();
    assert_refused(records(&te, &plan, &etag, &[TE]).await, Code::Aborted, "ETAG_MISMATCH");
    let attended = async || {
        let seen = read(&te, &plan).await.unwrap();
        let own = seen.sections.iter().find(|one| one.part.as_ref().unwrap().owner == TE).unwrap();
        (own.meetings[0].attended.clone(), seen.etag.clone())
    };
    let (stored, etag) = attended().await;
    assert_eq!(stored, [TE, OHJAAMO]);
    records(&te, &plan, &etag, &[TE]).await.unwrap();
    assert_eq!(attended().await.0, [TE]);
    // Nothing that was recorded is gone: the history has both, and both notes.
    for note in ["Sovittiin haastattelu.", "Sovittiin toinen haastattelu."] {
        edit(&te, &plan, TE, |part| part.meetings[0].note = note.to_owned()).await.unwrap();
    }
    let all = revisions(&te, &plan).await.unwrap().revisions;
    let recorded = all.iter().flat_map(|revision| &revision.activities);
    let recorded: Vec<_> =
        recorded.filter_map(|activity| activity.meeting.as_ref()).map(|met| met.attended.clone()).collect();
    assert_eq!(recorded, [vec![TE], vec![TE, OHJAAMO]], "newest first");
    let noted = all.iter().flat_map(|revision| &revision.changes);
    let noted = noted.filter(|change| change.path == "meetings/m1/note");
    let note = |part: &Option<PlanPart>| part.as_ref().map(|part| part.meetings[0].note.clone()).unwrap();
    let noted: Vec<_> = noted.map(|change| (note(&change.before), note(&change.after))).collect();
    let (first, second) = ("Sovittiin haastattelu.", "Sovittiin toinen haastattelu.");
    assert_eq!(noted, [(first.to_owned(), second.to_owned()), (String::new(), first.to_owned())]);
    stage.close().await;
}

/// Nobody is asked about what they do not see any more; and when they see it again, they are asked anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_is_hidden_waits_for_nobody() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[3]).await;
    let (mut ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let housing = [DataCategory::Housing];
    let consent = ohjaamo.record_consent(&youth, TE, OHJAAMO, PURPOSE, &housing).await.unwrap();
    let double = need("n1", DataCategory::Housing, "Oma asunto keskustasta");
    edit(&ohjaamo, &plan, OHJAAMO, |part| part.needs.push(double.clone())).await.unwrap();
    edit(&te, &plan, TE, |part| part.needs.push(double)).await.unwrap();
    let waiting = tasks(&ohjaamo).await.unwrap();
    let [task] = waiting.as_slice() else { panic!("one pair: {}", waiting.len()) };
    assert!(matches!(task.matter, Some(Matter::Duplicate(_))));
    let mut events = watch_tasks(&ohjaamo).await;
    withdraw(&stage, &consent).await;
    let event = tokio::time::timeout(crate::stage::PATIENCE, events.message()).await.expect("no event");
    let told = event.unwrap().unwrap().task.unwrap();
    assert_eq!(
        (told.name.as_str(), told.state(), &told.matter),
        (task.name.as_str(), State::Obsolete, &None)
    );
    assert!(tasks(&ohjaamo).await.unwrap().is_empty());
    let refused = decide(&ohjaamo, &task.name, Choice::Theirs, None).await;
    assert_refused(refused, Code::FailedPrecondition, "RECORD_STATE");
    ohjaamo.record_consent(&youth, TE, OHJAAMO, PURPOSE, &housing).await.unwrap();
    edit(&te, &plan, TE, |part| part.goals.push(goal("g9", "muu"))).await.unwrap();
    let again = tasks(&ohjaamo).await.unwrap();
    assert!(again.len() == 1 && again[0].name != task.name, "{}", again.len());
    stage.close().await;
}

/// Two who bring the state of a section on in two ways clash like two who write two texts, and hear of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_clash_of_states_shows_to_who_decides_it() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[4]).await;
    let te = stage.te();
    edit(&te, &plan, TE, |part| part.goals.push(goal("g1", "työ"))).await.unwrap();
    let stale = read(&te, &plan).await.unwrap();
    let wanted = |state: PlanState| vec![PlanPart { state: state as i32, ..section(&stale, TE) }];
    merge(&te, &plan, &stale.etag, wanted(PlanState::Revoked)).await.unwrap();
    let merged = merge(&te, &plan, &stale.etag, wanted(PlanState::Active)).await.unwrap();
    let [conflict] = merged.conflicts.as_slice() else { panic!("one clash") };
    assert_eq!(conflict.path, "state");
    for client in [&te, &stage.ohjaamo()] {
        let waiting = tasks(client).await.unwrap();
        let [task] = waiting.as_slice() else { panic!("one task: {}", waiting.len()) };
        assert!(matches!(&task.matter, Some(Matter::Conflict(told)) if told.path == "state"));
    }
    // What has ended does not go on by it.
    let refused = decide(&te, &conflict.task, Choice::Ours, None).await;
    assert_refused(refused, Code::FailedPrecondition, "TRANSITION_NOT_ALLOWED");
    decide(&te, &conflict.task, Choice::Theirs, None).await.unwrap();
    stage.close().await;
}

/// That a party takes part by another unit is told to those whom it concerns, and to nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn another_unit_of_a_party_is_in_the_history() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[3]).await;
    let (ohjaamo, te, kela) = (stage.ohjaamo(), stage.te(), stage.kela());
    let count = revisions(&kela, &plan).await.unwrap().revisions.len();
    add(&ohjaamo, &plan, "te/nuorten-palvelut").await.unwrap();
    for client in [&ohjaamo, &te] {
        let last = revisions(client, &plan).await.unwrap().revisions.remove(0);
        let told: Vec<_> = last.activities.iter().map(|one| (one.kind(), one.agency.as_str())).collect();
        assert_eq!(told, [(Kind::PartyUnit, TE)]);
    }
    assert_eq!(revisions(&kela, &plan).await.unwrap().revisions.len(), count);
    stage.close().await;
}

/// Whoever sees nothing of the own plan is not asked to bring it together with another one, nor told that there are two.
#[tokio::test(flavor = "multi_thread")]
async fn another_unit_is_not_told_of_two_plans() {
    let stage = open().await;
    let youth = stage.ohjaamo().identify(PEOPLE[4]).await.unwrap();
    let first = create(&stage.ohjaamo(), &youth).await.unwrap().plan.unwrap().name;
    let mut te = stage.te();
    te.identify(PEOPLE[4]).await.unwrap();
    let own = create(&te, &youth).await.unwrap().plan.unwrap().name;
    agree(&stage, &youth, OHJAAMO, TE, &SHARED).await;
    let other = stage.caller(&stage.world.identities.te, &professional("t-2", "aikuiset", "official"));
    let mut events = watch_tasks(&other).await;
    add(&stage.ohjaamo(), &first, "te/nuorten-palvelut").await.unwrap();
    let waiting = tasks(&te).await.unwrap();
    let [task] = waiting.as_slice() else { panic!("one task: {}", waiting.len()) };
    assert_eq!(task.plan, own);
    assert!(tasks(&other).await.unwrap().is_empty());
    assert_no_task(&mut events).await;
    let word = || Resolution::FollowUp(FollowUpResolution::default());
    assert_refused(resolve(&other, &task.name, word()).await, Code::NotFound, "NOT_FOUND");
    resolve(&te, &task.name, word()).await.unwrap();
    stage.close().await;
}
