//! Does what clashes come before the right person, once, and does their word count as it was meant?

use std::time::Duration;

use polku_proto::v1::conflict_resolution::Choice;
use polku_proto::v1::plan_activity::Kind;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::task::{Matter, State};
use polku_proto::v1::{
    ConflictResolution, DataCategory, DuplicateResolution, ListTasksRequest, ListTasksResponse, PlanPart,
    ResolveTaskRequest, RevokePlanRequest, Task, TaskEvent, WatchTasksRequest, Worker, duplicate_resolution,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, TE, request_id};
use tonic::{Code, Streaming};

use super::table::*;
use crate::stage::{PATIENCE, Stage, assert_refused, assert_silent};

/// Clashes over one goal of the owner's section: everybody wants another text. The names of the tasks, in order.
async fn clashes(client: &Client, plan: &str, owner: &str, texts: &[&str]) -> Vec<String> {
    edit(client, plan, owner, |part| part.goals.push(goal("g1", "tavoite"))).await.unwrap();
    let stale = read(client, plan).await.unwrap();
    edit(client, plan, owner, |part| part.goals[0].text = format!("{owner} ensin")).await.unwrap();
    let mut names = Vec::new();
    for text in texts {
        let mut part = section(&stale, owner);
        part.goals[0].text = (*text).to_owned();
        let merged = merge(client, plan, &stale.etag, vec![part]).await.unwrap();
        names.extend(merged.conflicts.into_iter().map(|conflict| conflict.task));
    }
    assert_eq!(names.len(), texts.len());
    names
}

async fn list(client: &Client, request: ListTasksRequest) -> ListTasksResponse {
    client.clone().task.list_tasks(request).await.unwrap().into_inner()
}

async fn watch(client: &Client, token: &str) -> Streaming<TaskEvent> {
    let request = WatchTasksRequest { resume_token: token.to_owned() };
    client.clone().task.watch_tasks(request).await.unwrap().into_inner()
}

async fn next(stream: &mut Streaming<TaskEvent>) -> TaskEvent {
    let event = tokio::time::timeout(PATIENCE, stream.message()).await.expect("no event");
    event.unwrap().expect("the watch has ended")
}

async fn assert_quiet(stream: &mut Streaming<TaskEvent>) {
    let more = tokio::time::timeout(Duration::from_millis(200), stream.message()).await;
    assert!(more.is_err(), "an event too many");
}

fn text_of(plan: &polku_proto::v1::Plan, owner: &str) -> String {
    section(plan, owner).goals[0].text.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_are_listed_oldest_first_and_followed() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[0]).await;
    let (other, _) = laid(&stage, PEOPLE[1]).await;
    let te = stage.te();
    let mut stream = watch(&te, "").await;
    let names = clashes(&te, &plan, TE, &["a", "b", "c", "d", "e"]).await;
    let mut seen = Vec::new();
    let mut request = ListTasksRequest { parent: youth.clone(), page_size: 2, ..ListTasksRequest::default() };
    for expected in [2, 2, 1] {
        let page = list(&te, request.clone()).await;
        assert_eq!(page.tasks.len(), expected);
        seen.extend(page.tasks.into_iter().map(|task| task.name));
        request.page_token = page.next_page_token;
    }
    assert_eq!((seen.as_slice(), request.page_token.as_str()), (names.as_slice(), ""));
    let of_other = ListTasksRequest { parent: other, ..ListTasksRequest::default() };
    assert!(list(&te, of_other).await.tasks.is_empty());
    assert!(tasks(&stage.kela()).await.unwrap().is_empty());
    assert_eq!(tasks(&stage.ohjaamo()).await.unwrap().len(), 5, "the responsible worker's own");
    let everybody = ListTasksRequest { parent: "youths/-".to_owned(), ..ListTasksRequest::default() };
    let of_subject = stage.subject(&youth).task.list_tasks(everybody).await;
    assert_refused(of_subject, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");

    let mut events = Vec::new();
    for name in &names {
        let event = next(&mut stream).await;
        assert_eq!(event.task.as_ref().unwrap().name, *name);
        events.push(event);
    }
    assert_quiet(&mut stream).await;
    drop(stream);
    decide(&te, &names[4], Choice::Theirs, None).await.unwrap();
    let stage = stage.restart().await;
    let te = stage.te();
    let mut stream = watch(&te, &events[3].resume_token).await;
    // The fifth came up, and was decided: as it is now, both times.
    for _ in 0..2 {
        let task = next(&mut stream).await.task.unwrap();
        assert_eq!((task.name.as_str(), task.state()), (names[4].as_str(), State::Resolved));
    }
    assert_quiet(&mut stream).await;
    let all = ListTasksRequest { parent: youth, show_resolved: true, ..ListTasksRequest::default() };
    assert_eq!(list(&te, all).await.tasks.len(), 5);
    assert_eq!(tasks(&te).await.unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_decided_once_by_whose_it_is() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[2]).await;
    let te = stage.te();
    let names = clashes(&te, &plan, TE, &["a", "b", "c"]).await;
    for client in [stage.ohjaamo(), stage.kela()] {
        let refused = decide(&client, &names[0], Choice::Theirs, None).await;
        assert_refused(refused, Code::NotFound, "NOT_FOUND");
    }
    let same = DuplicateResolution { choice: duplicate_resolution::Choice::Same as i32 };
    let refused = resolve(&te, &names[0], Resolution::Duplicate(same)).await;
    assert_refused(refused, Code::InvalidArgument, "INVALID_FIELDS");
    let with = |edit: fn(&mut PlanPart)| {
        let mut part = PlanPart {
            owner: TE.to_owned(),
            state: polku_proto::v1::PlanState::Draft as i32,
            goals: vec![goal("g1", "sovittu")],
            ..PlanPart::default()
        };
        edit(&mut part);
        part
    };
    let wrong: [Option<PlanPart>; 5] = [
        None,
        Some(with(|part| part.goals.clear())),
        Some(with(|part| part.goals[0].id = "g2".to_owned())),
        Some(with(|part| part.goals[0].id = PEOPLE[2].to_owned())),
        Some(with(|part| part.needs.push(need("n", DataCategory::ReferralStatus, "tila")))),
    ];
    for other in wrong {
        let refused = decide(&te, &names[0], Choice::Other, other).await;
        let status = assert_refused(refused, Code::InvalidArgument, "INVALID_FIELDS");
        assert_silent(&status, &[PEOPLE[2]]);
    }
    assert_eq!(text_of(&read(&te, &plan).await.unwrap(), TE), format!("{TE} ensin"));

    let etag = task_etag(&te, &names[0]).await.unwrap();
    let resolution = ConflictResolution { choice: Choice::Other as i32, other: Some(with(|_| ())), etag };
    let request = ResolveTaskRequest {
        request_id: request_id(),
        name: names[0].clone(),
        resolution: Some(Resolution::Conflict(resolution)),
    };
    let first = te.clone().task.resolve_task(request.clone()).await.unwrap().into_inner();
    assert_eq!(first, te.clone().task.resolve_task(request).await.unwrap().into_inner());
    let task = first.task.unwrap();
    assert_eq!((task.state(), task.resolved_by.as_str()), (State::Resolved, "virkailija-7"));
    assert_eq!(text_of(&read(&te, &plan).await.unwrap(), TE), "sovittu");
    let refused = decide(&te, &names[0], Choice::Theirs, None).await;
    assert_refused(refused, Code::FailedPrecondition, "RECORD_STATE");
    // What the others are about has changed by that: they show it, and what each of them wants can still be chosen.
    assert_eq!(theirs_of(&te, &names[1]).await, "sovittu");
    decide(&te, &names[1], Choice::Ours, None).await.unwrap();
    assert_eq!(text_of(&read(&te, &plan).await.unwrap(), TE), "b");
    // Nothing is left to decide when the plan has ended.
    let mut stream = watch(&te, "").await;
    let etag = etag_of(&stage.ohjaamo(), &plan).await.unwrap();
    let request = RevokePlanRequest { request_id: request_id(), name: plan.clone(), etag };
    stage.ohjaamo().plan.revoke_plan(request).await.unwrap();
    let task = next(&mut stream).await.task.unwrap();
    assert_eq!((task.name.as_str(), task.state()), (names[2].as_str(), State::Obsolete));
    assert!(tasks(&te).await.unwrap().is_empty());
    let refused = decide(&te, &names[2], Choice::Theirs, None).await;
    assert_refused(refused, Code::FailedPrecondition, "RECORD_STATE");
    let last = revisions(&te, &plan).await.unwrap().revisions.remove(0);
    let undecided = last.activities.iter().filter(|one| one.kind() == Kind::Undecided);
    assert_eq!(undecided.map(|one| one.task.as_str()).collect::<Vec<_>>(), [names[2].as_str()]);
}

/// A decision is held to what every other change of a plan is held to.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_makes_no_nonsense() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[3]).await;
    let te = stage.te();
    let stale = read(&te, &plan).await.unwrap();
    edit(&te, &plan, TE, |part| part.next_review = "2027-01-01".to_owned()).await.unwrap();
    let late = PlanPart { next_review: "2027-02-02".to_owned(), ..section(&stale, TE) };
    let conflict = merge(&te, &plan, &stale.etag, vec![late.clone()]).await.unwrap().conflicts.remove(0);
    assert_eq!(conflict.path, "next_review");
    let nonsense = PlanPart { next_review: "2027-02-30".to_owned(), ..late.clone() };
    let refused = decide(&te, &conflict.task, Choice::Other, Some(nonsense)).await;
    assert_refused(refused, Code::InvalidArgument, "INVALID_FIELDS");
    let other = PlanPart { next_review: "2027-03-03".to_owned(), ..late };
    decide(&te, &conflict.task, Choice::Other, Some(other)).await.unwrap();
    assert_eq!(section(&read(&te, &plan).await.unwrap(), TE).next_review, "2027-03-03");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_over_takes_over_what_waits() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[4]).await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let of_youth = clashes(&ohjaamo, &plan, "youth", &["a"]).await.remove(0);
    let own = clashes(&ohjaamo, &plan, OHJAAMO, &["b"]).await.remove(0);
    let mut stream = watch(&kela, "").await;
    transfer(&ohjaamo, &plan, KELA).await.unwrap();
    assert_eq!(next(&mut stream).await.task.unwrap().name, of_youth);
    let names = |tasks: Vec<Task>| tasks.into_iter().map(|task| task.name).collect::<Vec<_>>();
    assert_eq!(names(tasks(&ohjaamo).await.unwrap()), [own.as_str()], "its own section stays its own");
    let [first, twin] = names(tasks(&kela).await.unwrap()).try_into().expect("the one in the section too");
    assert!(first == of_youth && twin != own, "a task of its own");
    let refused = decide(&ohjaamo, &of_youth, Choice::Ours, None).await;
    assert_refused(refused, Code::NotFound, "NOT_FOUND");
    let task = decide(&kela, &of_youth, Choice::Ours, None).await.unwrap();
    assert!(matches!(task.matter, Some(Matter::Conflict(_))));
    assert_eq!(text_of(&read(&ohjaamo, &plan).await.unwrap(), "youth"), "a");
}

/// The adult beside the young person finds what waits for them among what waits for their agency.
#[tokio::test(flavor = "multi_thread")]
async fn the_responsible_worker_is_named_and_found_by_that() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[9]).await;
    let (_, other) = laid(&stage, PEOPLE[10]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    for (plan, text) in [(&plan, "a"), (&other, "b")] {
        clash_of(&te, plan, DataCategory::JointPlan, text).await;
    }
    let next = Worker { id: "ohjaaja-2".to_owned(), ..worker() };
    let etag = etag_of(&ohjaamo, &other).await.unwrap();
    transfer_over(&ohjaamo, &other, (OHJAAMO, next), etag).await.unwrap();
    let of = async |client: &Client, worker: &str| -> Vec<(String, String)> {
        let request = ListTasksRequest {
            parent: "youths/-".to_owned(),
            responsible_worker: worker.to_owned(),
            ..ListTasksRequest::default()
        };
        let tasks = list(client, request).await.tasks;
        tasks.into_iter().map(|task| (task.plan, task.responsible_worker)).collect()
    };
    let (first, second) = ((plan, "ohjaaja-1".to_owned()), (other, "ohjaaja-2".to_owned()));
    assert_eq!(of(&ohjaamo, "").await, [first.clone(), second.clone()]);
    assert_eq!(of(&ohjaamo, "ohjaaja-1").await, [first]);
    assert_eq!(of(&ohjaamo, "ohjaaja-2").await, [second]);
    assert!(of(&ohjaamo, "ohjaaja-3").await.is_empty());
    // The office decides in its own section, whoever is the responsible worker elsewhere.
    assert!(of(&te, "").await.iter().all(|(_, worker)| worker.is_empty()));
    assert!(of(&te, "ohjaaja-1").await.is_empty());
    stage.close().await;
}

/// What a clash over a goal shows as it is.
async fn theirs_of(client: &Client, task: &str) -> String {
    let task = tasks(client).await.unwrap().into_iter().find(|one| one.name == task).unwrap();
    let Some(Matter::Conflict(conflict)) = task.matter else { panic!("a clash") };
    conflict.theirs.unwrap().goals.remove(0).text
}

/// Nothing that nobody who decides has been shown is decided over: a task shows what stands there, and who has read it
/// before that reads it again.
#[tokio::test(flavor = "multi_thread")]
async fn a_clash_shows_what_stands_there_now() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[8]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let own = clash_of(&te, &plan, DataCategory::JointPlan, "b").await;
    let twin = tasks(&ohjaamo).await.unwrap().remove(0).name;
    let unread = task_etag(&ohjaamo, &twin).await.unwrap();
    let mut streams = [watch(&ohjaamo, "").await, watch(&te, "").await];
    edit(&te, &plan, TE, |part| part.goals[0].text = "uudempi".to_owned()).await.unwrap();
    for (stream, name) in streams.iter_mut().zip([&twin, &own]) {
        let task = next(stream).await.task.unwrap();
        assert_eq!((&task.name, task.state()), (name, State::Open));
    }
    assert_eq!(theirs_of(&ohjaamo, &twin).await, "uudempi");
    assert_eq!(theirs_of(&te, &own).await, "uudempi");
    for choice in [Choice::Theirs, Choice::Ours] {
        let resolution = ConflictResolution { choice: choice as i32, other: None, etag: unread.clone() };
        let refused = resolve(&ohjaamo, &twin, Resolution::Conflict(resolution)).await;
        assert_refused(refused, Code::Aborted, "ETAG_MISMATCH");
    }
    // What has nothing to do with it changes no task.
    edit(&te, &plan, TE, |part| part.goals.push(goal("g2", "muu"))).await.unwrap();
    for stream in &mut streams {
        assert_quiet(stream).await;
    }
    decide(&ohjaamo, &twin, Choice::Ours, None).await.unwrap();
    assert_eq!(text_of(&read(&te, &plan).await.unwrap(), TE), "b");
    // Of a goal that is gone nothing is wanted any more, and that is said.
    let own = clash_of(&te, &plan, DataCategory::JointPlan, "c").await;
    edit(&te, &plan, TE, |part| part.goals.clear()).await.unwrap();
    let refused = decide(&te, &own, Choice::Ours, None).await;
    assert_refused(refused, Code::FailedPrecondition, "RECORD_STATE");
    decide(&te, &own, Choice::Theirs, None).await.unwrap();
    assert!(tasks(&te).await.unwrap().is_empty());
    stage.close().await;
}

/// Two changes of what this text is about clash in the office's section, in a goal of this category.
async fn clash_of(client: &Client, plan: &str, category: DataCategory, text: &str) -> String {
    edit(client, plan, TE, |part| {
        part.goals = vec![goal("g1", "tavoite")];
        part.goals[0].category = category as i32;
    })
    .await
    .unwrap();
    let stale = read(client, plan).await.unwrap();
    edit(client, plan, TE, |part| part.goals[0].text = "ensin".to_owned()).await.unwrap();
    let mut part = section(&stale, TE);
    part.goals[0].text = text.to_owned();
    merge(client, plan, &stale.etag, vec![part]).await.unwrap().conflicts.remove(0).task
}

fn names(tasks: &[Task]) -> Vec<&str> {
    tasks.iter().map(|task| task.name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_responsible_worker_decides_on_what_clashes_in_another_section_and_is_to_be_seen() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[5]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let own = clash_of(&te, &plan, DataCategory::JointPlan, "a").await;
    let waiting = tasks(&ohjaamo).await.unwrap();
    let [task] = waiting.as_slice() else { panic!("one task: {}", waiting.len()) };
    let Some(Matter::Conflict(conflict)) = &task.matter else { panic!("a clash") };
    assert_eq!((conflict.owner.as_str(), conflict.path.as_str()), (TE, "goals/g1/text"));
    assert!(task.name != own && tasks(&stage.kela()).await.unwrap().is_empty());
    assert_eq!(names(&tasks(&te).await.unwrap()), [own.as_str()]);
    // Each agency states something in its own section alone; between what it has said others choose.
    let other = PlanPart {
        owner: TE.to_owned(),
        goals: vec![goal("g1", "muu")],
        ..section(&read(&te, &plan).await.unwrap(), TE)
    };
    let refused = decide(&ohjaamo, &task.name, Choice::Other, Some(other)).await;
    assert_refused(refused, Code::PermissionDenied, "PLAN_ITEM_NOT_OWNED");
    decide(&ohjaamo, &task.name, Choice::Ours, None).await.unwrap();
    assert_eq!(text_of(&read(&te, &plan).await.unwrap(), TE), "a");
    // Decided for the other as well.
    assert!(tasks(&te).await.unwrap().is_empty() && tasks(&ohjaamo).await.unwrap().is_empty());
    let refused = decide(&te, &own, Choice::Theirs, None).await;
    assert_refused(refused, Code::FailedPrecondition, "RECORD_STATE");
    let all = ListTasksRequest {
        parent: "youths/-".to_owned(),
        show_resolved: true,
        ..ListTasksRequest::default()
    };
    let decided = list(&te, all).await.tasks;
    assert_eq!((decided[0].state(), decided[0].resolved_by.as_str()), (State::Resolved, ""));
    // And the other way round; it is known by one name to everybody.
    let own = clash_of(&te, &plan, DataCategory::JointPlan, "b").await;
    let twin = tasks(&ohjaamo).await.unwrap().remove(0).name;
    decide(&te, &own, Choice::Theirs, None).await.unwrap();
    assert_refused(
        decide(&ohjaamo, &twin, Choice::Ours, None).await,
        Code::FailedPrecondition,
        "RECORD_STATE",
    );
    let told = revisions(&ohjaamo, &plan).await.unwrap().revisions;
    let of_clashes =
        told.iter().flat_map(|revision| &revision.activities).filter(|activity| !activity.task.is_empty());
    let named: Vec<_> = of_clashes.map(|activity| activity.task.as_str()).take(2).collect();
    assert_eq!(named, [own.as_str(), own.as_str()]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clash_of_what_is_hidden_is_its_owners_alone() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[6]).await;
    let mut ohjaamo = stage.ohjaamo();
    let te = stage.te();
    let mut stream = watch(&ohjaamo, "").await;
    let hidden = clash_of(&te, &plan, DataCategory::Housing, "kanaria-asunto").await;
    assert_eq!(names(&tasks(&te).await.unwrap()), [hidden.as_str()]);
    assert!(tasks(&ohjaamo).await.unwrap().is_empty());
    assert_quiet(&mut stream).await;
    // Who may see it by now decides on it as well.
    let consent =
        ohjaamo.record_consent(&youth, TE, OHJAAMO, PURPOSE, &[DataCategory::Housing]).await.unwrap();
    let twin = next(&mut stream).await.task.unwrap();
    assert!(twin.name != hidden && twin.agency == OHJAAMO);
    assert_eq!(names(&tasks(&ohjaamo).await.unwrap()), [twin.name.as_str()]);
    decide(&te, &hidden, Choice::Theirs, None).await.unwrap();
    assert!(tasks(&ohjaamo).await.unwrap().is_empty());
    // Seen when it came up, and hidden since.
    let own = clash_of(&te, &plan, DataCategory::Housing, "kanaria-asunto-2").await;
    let twin = tasks(&ohjaamo).await.unwrap().remove(0).name;
    withdraw(&stage, &consent).await;
    assert!(tasks(&ohjaamo).await.unwrap().is_empty());
    for choice in [Choice::Ours, Choice::Theirs] {
        assert_refused(decide(&ohjaamo, &twin, choice, None).await, Code::NotFound, "NOT_FOUND");
    }
    decide(&te, &own, Choice::Ours, None).await.unwrap();
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clash_has_one_task_for_each_who_decides_whoever_comes_and_goes() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[7]).await;
    let (ohjaamo, te, kela) = (stage.ohjaamo(), stage.te(), stage.kela());
    clash_of(&te, &plan, DataCategory::JointPlan, "a").await;
    // Who may not see it does not take it over with the plan, and who hands it over lets go of it.
    transfer(&ohjaamo, &plan, KELA).await.unwrap();
    assert!(tasks(&kela).await.unwrap().is_empty() && tasks(&ohjaamo).await.unwrap().is_empty());
    assert_eq!(tasks(&te).await.unwrap().len(), 1);
    transfer(&kela, &plan, OHJAAMO).await.unwrap();
    assert_eq!(tasks(&ohjaamo).await.unwrap().len(), 1, "it is to decide again");
    // The same clash once more is the same task; another one is another.
    let own = clash_of(&te, &plan, DataCategory::JointPlan, "b").await;
    let twin = tasks(&ohjaamo).await.unwrap().remove(1).name;
    // Who leaves leaves it to the other.
    remove(&ohjaamo, &plan, TE).await.unwrap();
    assert_eq!(names(&tasks(&ohjaamo).await.unwrap()).iter().filter(|name| **name == twin).count(), 1);
    assert!(!names(&tasks(&ohjaamo).await.unwrap()).contains(&own.as_str()));
    decide(&ohjaamo, &twin, Choice::Ours, None).await.unwrap();
    stage.close().await;
}
