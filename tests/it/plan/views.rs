//! Does everybody see of a plan what they may be told of it, and nothing that would tell of the rest?

use polku_proto::CallerRoles;
use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::{
    AcceptPlanRequest, AcknowledgePlanRequest, CallerRole, CompletePlanRequest, DataCategory, FilledBy,
    HoldPlanRequest, ImportPlanRequest, ListPlansRequest, MarkPlanEnteredInErrorRequest, MeetingState, Plan,
    PlanChange, PlanMeeting, PlanPart, RecordMeasureRequest, RecordMeetingRequest, ReferralContent,
    ResumePlanRequest, RevokePlanRequest, TaskEvent, UnlinkPlanItemsRequest, WatchPlansRequest,
    WatchTasksRequest, WhoqolAnswer, WhoqolReading, meeting_record, plan_link,
    record_measure_request::Measure,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, TE, professional, request_id};
use prost::Message;
use tonic::{Code, Status, Streaming};

use super::meetings::{measured, met_at};
use super::table::*;
use super::watch::{assert_quiet, next, watch};
use crate::stage::{Stage, assert_refused, assert_same_refusal};

/// Every method that is about one plan, each called once.
pub(crate) async fn every_method(client: &Client, plan: &str) -> Vec<(&'static str, Result<(), Status>)> {
    let (mut client, id) = (client.clone(), request_id);
    let name = || plan.to_owned();
    let goal_of = |owner| item(owner, Kind::Goal, "g1");
    let unlink = UnlinkPlanItemsRequest {
        request_id: id(),
        name: name(),
        link: Some(polku_proto::v1::PlanLink {
            kind: plan_link::Kind::SameAs as i32,
            first: Some(goal_of("youth")),
            second: Some(goal_of(TE)),
        }),
    };
    let meeting = RecordMeetingRequest {
        request_id: id(),
        name: name(),
        meeting: "m1".to_owned(),
        kind: meeting_record::Kind::Other as i32,
        etag: "x".to_owned(),
        ..RecordMeetingRequest::default()
    };
    let measure = RecordMeasureRequest { request_id: id(), name: name(), measure: Some(reading("w1")) };
    let etag = || "x".to_owned();
    let service = &mut client.plan;
    let mut results = vec![
        ("AcceptPlan", {
            let request = AcceptPlanRequest { request_id: id(), name: name(), etag: etag() };
            service.accept_plan(request).await.map(drop)
        }),
        ("AcknowledgePlan", {
            let request = AcknowledgePlanRequest { request_id: id(), name: name(), etag: etag() };
            service.acknowledge_plan(request).await.map(drop)
        }),
        (
            "HoldPlan",
            service
                .hold_plan(HoldPlanRequest { request_id: id(), name: name(), etag: etag() })
                .await
                .map(drop),
        ),
        ("ResumePlan", {
            service
                .resume_plan(ResumePlanRequest { request_id: id(), name: name(), etag: etag() })
                .await
                .map(drop)
        }),
        ("CompletePlan", {
            service
                .complete_plan(CompletePlanRequest { request_id: id(), name: name(), etag: etag() })
                .await
                .map(drop)
        }),
        ("RevokePlan", {
            service
                .revoke_plan(RevokePlanRequest { request_id: id(), name: name(), etag: etag() })
                .await
                .map(drop)
        }),
        ("MarkPlanEnteredInError", {
            let request = MarkPlanEnteredInErrorRequest { request_id: id(), name: name(), etag: etag() };
            service.mark_plan_entered_in_error(request).await.map(drop)
        }),
        ("ImportPlan", {
            service.import_plan(ImportPlanRequest { request_id: id(), name: name() }).await.map(drop)
        }),
        ("UnlinkPlanItems", service.unlink_plan_items(unlink).await.map(drop)),
        ("RecordMeeting", service.record_meeting(meeting).await.map(drop)),
        ("RecordMeasure", service.record_measure(measure).await.map(drop)),
    ];
    let client = &client;
    let same = plan_link::Kind::SameAs;
    let part = PlanPart { owner: TE.to_owned(), ..section(&Plan::default(), TE) };
    results.push(("GetPlan", read(client, plan).await.map(drop)));
    results.push(("AddPlanParty", add_over(client, plan, "paja", "x".to_owned()).await.map(drop)));
    results.push(("RemovePlanParty", remove_over(client, plan, TE, "x".to_owned()).await.map(drop)));
    results.push(("TransferPlan", {
        transfer_over(client, plan, (TE, worker()), "x".to_owned()).await.map(drop)
    }));
    results.push(("MergePlan", merge(client, plan, "x", vec![part]).await.map(drop)));
    results.push(("FlagPlanStep", flag_over(client, plan, None, "x".to_owned()).await.map(drop)));
    results.push(("CommentPlanItem", comment(client, plan, goal_of(TE), "muu").await.map(drop)));
    let ends = (goal_of("youth"), goal_of(TE));
    results.push(("LinkPlanItems", link(client, plan, same, ends).await.map(drop)));
    results.push(("ListPlanRevisions", revisions(client, plan).await.map(drop)));
    results.push(("WatchPlans", watch(client, plan, "").await.map(drop)));
    results
}

pub(super) fn reading(id: &str) -> Measure {
    Measure::Questionnaire(WhoqolReading {
        id: id.to_owned(),
        date: "2026-01-31".to_owned(),
        filled_by: FilledBy::Self_ as i32,
        answers: (1..=26).map(|item| WhoqolAnswer { item, answer: 3 }).collect(),
        ..WhoqolReading::default()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn to_who_is_no_party_there_is_no_plan() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let other = ohjaamo.clone().identify(PEOPLE[1]).await.unwrap();
    agree(&stage, &youth, OHJAAMO, TE, &SHARED).await;
    agree(&stage, &youth, OHJAAMO, KELA, &SHARED).await;
    let plan = create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
    add(&ohjaamo, &plan, TE).await.unwrap();
    let none = format!("{youth}/plans/{}", uuid::Uuid::now_v7());
    let turned = format!("{other}/plans/{}", crate::stage::id_of(&plan));
    let before = read(&ohjaamo, &plan).await.unwrap();
    // Kela, whom Ohjaamo may tell everything; another young person; a guardian of somebody of age.
    for (client, role) in [
        (stage.kela(), CallerRole::Professional),
        (stage.subject(&other), CallerRole::Subject),
        (stage.guardian(&youth), CallerRole::Guardian),
    ] {
        let there = every_method(&client, &plan).await;
        for nowhere in [&none, &turned] {
            for ((method, one), (_, not)) in there.iter().zip(&every_method(&client, nowhere).await) {
                let (one, not) = (one.as_ref().unwrap_err(), not.as_ref().unwrap_err());
                assert_same_refusal(one, not);
                if one.code() == Code::NotFound {
                    continue;
                }
                // Not for this kind of caller, whatever the plan.
                let path = format!("/polku.v1.PlanService/{method}");
                assert!(!CallerRoles::of_method(&path).contains(role), "{method}: {one:?}");
                assert_eq!(one.code(), Code::PermissionDenied, "{method}: {one:?}");
            }
        }
        let list = ListPlansRequest { parent: youth.clone(), ..ListPlansRequest::default() };
        match client.clone().plan.list_plans(list).await {
            Ok(answer) => assert!(answer.into_inner().plans.is_empty()),
            Err(status) => assert_eq!(status.code(), Code::NotFound),
        }
    }
    assert_eq!(read(&ohjaamo, &plan).await.unwrap().sections, before.sections);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_access_sees_nothing_and_does_nothing() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[2]).await;
    edit(&stage.ohjaamo(), &plan, "youth", |part| part.goals.push(goal("g1", "kanaria-tavoite")))
        .await
        .unwrap();
    let identity = &stage.world.identities.ohjaamo;
    let peer = stage.caller(identity, &professional("vertainen-1", "keskusta", "peer"));
    // Not even that there is a plan, nor of what waits for a decision: a clash, and two goals that look alike.
    let mut events = watch_tasks(&peer).await;
    clash(&stage.ohjaamo(), &plan, OHJAAMO).await;
    edit(&stage.te(), &plan, TE, |part| part.goals.push(goal("g1", "kanaria-tavoite"))).await.unwrap();
    assert_eq!(tasks(&stage.ohjaamo()).await.unwrap().len(), 2);
    assert_lists_nothing(&peer).await;
    assert_no_task(&mut events).await;
    for (method, result) in every_method(&peer, &plan).await {
        let status = result.expect_err(method);
        let reads = ["GetPlan", "ListPlanRevisions", "WatchPlans"].contains(&method);
        let code = if reads { Code::NotFound } else { Code::PermissionDenied };
        assert_eq!(status.code(), code, "{method}: {status:?}");
    }
    // Nor does it learn when something changes: a colleague hears of both changes, and the peer of neither.
    let mut told = watch(&stage.ohjaamo(), &plan, "").await.unwrap();
    let everything = WatchPlansRequest::default();
    let mut silent = peer.clone().plan.watch_plans(everything).await.unwrap().into_inner();
    for text in ["kanaria-toinen", "kanaria-kolmas"] {
        edit(&stage.ohjaamo(), &plan, "youth", |part| part.goals[0].text = text.to_owned()).await.unwrap();
        next(&mut told).await;
    }
    assert_quiet(&mut silent).await;
    stage.close().await;
}

pub(super) async fn watch_tasks(client: &Client) -> Streaming<TaskEvent> {
    client.clone().task.watch_tasks(WatchTasksRequest::default()).await.unwrap().into_inner()
}

pub(super) async fn assert_no_task(events: &mut Streaming<TaskEvent>) {
    let more = tokio::time::timeout(std::time::Duration::from_millis(200), events.message()).await;
    assert!(more.is_err(), "a task of another's");
}

/// Somebody clashes with themselves in the own section. The name of the task.
pub(super) async fn clash(client: &Client, plan: &str, owner: &str) -> String {
    let stale = read(client, plan).await.unwrap();
    let reviewed = |day: &str| PlanPart { next_review: day.to_owned(), ..section(&stale, owner) };
    merge(client, plan, &stale.etag, vec![reviewed("2027-01-01")]).await.unwrap();
    let late = merge(client, plan, &stale.etag, vec![reviewed("2027-02-02")]).await.unwrap();
    let [conflict] = late.conflicts.as_slice() else { panic!("one clash") };
    conflict.task.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_of_a_minor_sees_and_accepts() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[10]).await;
    edit(&stage.te(), &plan, TE, |part| part.goals.push(goal("g1", "kanaria-tavoite"))).await.unwrap();
    let guardian = stage.guardian(&youth);
    let seen = read(&guardian, &plan).await.unwrap();
    assert_eq!(section(&seen, TE).goals[0].text, "kanaria-tavoite");
    edit(&guardian, &plan, "youth", |part| part.client_view = "kanaria-puhe".to_owned()).await.unwrap();
    let etag = read(&guardian, &plan).await.unwrap().etag;
    assert!(accept(&guardian, &plan, &etag).await.unwrap().plan.unwrap().accept_time.is_some());
    stage.close().await;
}

/// Asserts that none of these texts stands anywhere in the bytes of an answer.
#[track_caller]
fn assert_hides(answer: &impl Message, texts: &[&str]) {
    let said = said(answer).to_lowercase();
    for text in texts {
        assert!(!said.contains(&text.to_lowercase()), "{text} shows in {said}");
    }
}

/// Something of everything, with the owner's name in every text.
fn everything(part: &mut PlanPart, owner: &str) {
    let text = |what: &str| format!("kanaria-{owner}-{what}");
    let plan = DataCategory::JointPlan;
    part.needs.push(need("n1", plan, &text("tarve")));
    let mut aim = goal("g1", &text("tavoite"));
    aim.needs = vec!["n1".to_owned()];
    part.goals.push(aim);
    let mut step = action("a1", plan, &text("toimi"));
    step.goal = "g1".to_owned();
    step.provider = text("jarjestaja");
    part.actions.push(step);
    part.meetings.push(PlanMeeting {
        id: "m1".to_owned(),
        category: plan as i32,
        time: Some(prost_types::Timestamp { seconds: 1_770_000_000, nanos: 0 }),
        state: MeetingState::Held as i32,
        place: text("paikka"),
        participants: vec![text("osallistuja")],
        note: text("muistio"),
    });
    part.background =
        Some(ReferralContent { service_needs: vec![text("tausta")], ..ReferralContent::default() });
    part.reference = format!("{owner}-viite-1");
    part.worker_view = text("nakemys");
    part.responsible_worker = Some(polku_proto::v1::Worker { name: text("nimi"), ..worker() });
}

/// Everything that an agency does in a plan beside what it writes down in its own section.
async fn acts(client: &Client, plan: &str, owner: &str) -> PlanChange {
    edit(client, plan, owner, |part| everything(part, owner)).await.unwrap();
    met_at(client, plan, "m1", meeting_record::Kind::FourParty, (&[owner], true)).await.unwrap();
    measured(client, plan, reading(&format!("kanaria-{owner}-mittari"))).await.unwrap();
    // It clashes with itself.
    let stale = read(client, plan).await.unwrap();
    edit(client, plan, owner, |part| part.goals[0].text = format!("kanaria-{owner}-uusi")).await.unwrap();
    let mut late = section(&stale, owner);
    late.goals[0].text = format!("kanaria-{owner}-toinen");
    assert_eq!(merge(client, plan, &stale.etag, vec![late]).await.unwrap().conflicts.len(), 1);
    let ends = (item(owner, Kind::Action, "a1"), item("youth", Kind::Goal, "g1"));
    link(client, plan, plan_link::Kind::Serves, ends).await.unwrap();
    acknowledge(client, plan).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_parties_that_share_nothing_do_not_know_of_each_other() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[3]).await;
    let (ohjaamo, te, kela) = (stage.ohjaamo(), stage.te(), stage.kela());
    edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    let own = acts(&te, &plan, TE).await;
    let before = (read(&te, &plan).await.unwrap(), revisions(&te, &plan).await.unwrap());
    let (mut of_plan, mut of_all) = (watch(&te, &plan, "").await.unwrap(), watch(&te, "", "").await.unwrap());
    let mut of_tasks = watch_tasks(&te).await;

    acts(&kela, &plan, KELA).await;
    let step = item(KELA, Kind::Action, "a1");
    flag(&ohjaamo, &plan, Some(step)).await.unwrap();
    let ends = (item(KELA, Kind::Goal, "g1"), item(TE, Kind::Goal, "g1"));
    link(&ohjaamo, &plan, plan_link::Kind::SameAs, ends).await.unwrap();
    for stream in [&mut of_plan, &mut of_all] {
        assert_quiet(stream).await;
    }
    assert_no_task(&mut of_tasks).await;

    let after = (read(&te, &plan).await.unwrap(), revisions(&te, &plan).await.unwrap());
    assert_eq!(before.0.sections, after.0.sections, "etags and all");
    let without_etag = |plan: &Plan| Plan { etag: String::new(), ..plan.clone() };
    assert_eq!(without_etag(&before.0), without_etag(&after.0));
    assert_eq!(before.0.etag.len(), after.0.etag.len());
    assert_eq!(before.1, after.1, "no revision more");

    // What Kela does where te sees it shows without Kela.
    edit(&kela, &plan, "youth", |part| part.goals[0].due = "2027-05-31".to_owned()).await.unwrap();
    edit(&te, &plan, TE, |part| part.next_review = "2027-01-01".to_owned()).await.unwrap();
    let hidden = ["kela", "kuntoutus"];
    assert_hides(&own, &hidden);
    assert_hides(&read(&te, &plan).await.unwrap(), &hidden);
    let shown = revisions(&te, &plan).await.unwrap();
    assert_hides(&shown, &hidden);
    let by: Vec<&str> = shown.revisions.iter().map(|revision| revision.agency.as_str()).collect();
    assert_eq!(by[..2], [TE, ""], "a change of the young person's section, by nobody who shows");
    let list = ListPlansRequest { parent: youth.clone(), ..ListPlansRequest::default() };
    assert_hides(&te.clone().plan.list_plans(list).await.unwrap().into_inner(), &hidden);
    let waiting = tasks(&te).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_hides(&waiting[0], &hidden);
    for stream in [&mut of_plan, &mut of_all] {
        let event = next(stream).await;
        assert_hides(&event, &hidden);
    }
    // Kela's side of it.
    let hidden = ["kanaria-te-", "te-viite", "nuorten-palvelut", "virkailija-7"];
    assert_hides(&read(&kela, &plan).await.unwrap(), &hidden);
    assert_hides(&revisions(&kela, &plan).await.unwrap(), &hidden);
    assert!(tasks(&kela).await.unwrap().iter().all(|task| task.agency == KELA));
    assert_eq!(owners(&read(&kela, &plan).await.unwrap()), ["youth", KELA]);

    // The young person sees all of it.
    let whole = said(&read(&stage.subject(&youth), &plan).await.unwrap());
    for owner in [TE, KELA] {
        for what in ["tarve", "uusi", "toimi", "jarjestaja", "paikka", "muistio", "tausta", "nakemys", "nimi"]
        {
            let text = format!("kanaria-{owner}-{what}");
            assert!(whole.contains(&text), "{text} is missing");
        }
    }
    let seen = read(&stage.subject(&youth), &plan).await.unwrap();
    assert_eq!((seen.links.len(), seen.step.is_some(), seen.parties.len()), (3, true, 3));
}

/// What of a section may be told is told, and nothing points at the rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_section_is_cut_down_to_what_its_owner_may_tell() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[4]).await.unwrap();
    agree(&stage, &youth, OHJAAMO, TE, &[DataCategory::JointPlan]).await;
    let plan = create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
    add(&ohjaamo, &plan, TE).await.unwrap();
    let te = stage.te();
    edit(&te, &plan, TE, |part| {
        everything(part, TE);
        part.needs.push(need("kanaria-te-toinen", DataCategory::Housing, "kanaria-te-koti"));
        part.goals[0].needs.push("kanaria-te-toinen".to_owned());
    })
    .await
    .unwrap();
    let seen = read(&ohjaamo, &plan).await.unwrap();
    let part = section(&seen, TE);
    assert!(part.redacted && part.update_time.is_none());
    assert_eq!(part.goals[0].needs, ["n1"]);
    let hidden = [
        "kanaria-te-toinen",
        "kanaria-te-koti",
        "kanaria-te-paikka",
        "kanaria-te-nakemys",
        "kanaria-te-nimi",
        "tausta",
    ];
    assert_hides(&seen, &hidden);
    assert_hides(&revisions(&ohjaamo, &plan).await.unwrap(), &hidden);
    let etags = |plan: &Plan| plan.sections.iter().map(|one| one.etag.clone()).collect::<Vec<_>>();
    let count = revisions(&ohjaamo, &plan).await.unwrap();
    let mut watching = watch(&ohjaamo, &plan, "").await.unwrap();
    edit(&te, &plan, TE, |part| part.needs[1].text = "kanaria-te-asunto".to_owned()).await.unwrap();
    assert_quiet(&mut watching).await;
    assert_eq!(etags(&read(&ohjaamo, &plan).await.unwrap()), etags(&seen));
    assert_eq!(revisions(&ohjaamo, &plan).await.unwrap(), count);
    let all = WatchPlansRequest { name: plan.clone(), resume_token: "x".to_owned() };
    assert_refused(te.clone().plan.watch_plans(all).await, Code::InvalidArgument, "RESUME_TOKEN_INVALID");
}

/// What was before a party came is part of the plan that it reads: it sees of it what it may be told now.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_later_sees_what_was_before() {
    let stage = Stage::open().await;
    let youth = stage.ohjaamo().identify(PEOPLE[9]).await.unwrap();
    let ohjaamo = stage.ohjaamo();
    let plan = create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
    edit(&ohjaamo, &plan, "youth", |part| {
        part.goals.push(goal("g1", "oma koti"));
        part.needs.push(need("n1", DataCategory::Housing, "kanaria-asuminen"));
    })
    .await
    .unwrap();
    agree(&stage, &youth, OHJAAMO, TE, &SHARED).await;
    add(&ohjaamo, &plan, TE).await.unwrap();
    let seen = revisions(&stage.te(), &plan).await.unwrap();
    let paths: Vec<&str> =
        seen.revisions.iter().flat_map(|it| &it.changes).map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["goals/g1"]);
    assert!(!said(&seen).contains("kanaria-asuminen"));
    stage.close().await;
}
