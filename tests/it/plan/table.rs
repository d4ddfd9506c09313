//! Who sits at the table in the tests of joint plans, and what do they say?
//!
//! The one-stop guidance point has the responsible worker. Employment services and Kela are parties; what they may tell
//! each other is for each test to say.

use polku_proto::v1::{
    AcceptPlanRequest, AcknowledgePlanRequest, ActionState, AddPlanPartyRequest, CommentPlanItemRequest,
    ConflictResolution, Consent, ConsentChange, CreatePlanRequest, DataCategory, FlagPlanStepRequest,
    GetPlanRequest, GoalState, LinkPlanItemsRequest, ListPlanRevisionsRequest, ListPlanRevisionsResponse,
    ListTasksRequest, ListTasksResponse, MergePlanRequest, MergePlanResponse, Plan, PlanAction, PlanChange,
    PlanGoal, PlanItem, PlanLink, PlanNeed, PlanPart, PlanState, Purpose, RecordMeetingRequest,
    RemovePlanPartyRequest, ResolveTaskRequest, Task, TransferPlanRequest, Worker, conflict_resolution,
    meeting_record, plan_item, plan_link, resolve_task_request,
};
use polku_tests::world::{Client, KELA, OHJAAMO, TE, request_id};
use prost::Message;
use tonic::Status;

use crate::stage::{Stage, withdrawal};

/// What plans of these tests are kept for.
pub(crate) const PURPOSE: Purpose = Purpose::Guidance;

/// What all parties tell each other in most of these tests.
pub(crate) const SHARED: [DataCategory; 5] = [
    DataCategory::IdentityContact,
    DataCategory::ServiceAttendance,
    DataCategory::ServiceNeeds,
    DataCategory::JointPlan,
    DataCategory::EducationWork,
];

/// The young person's consent that these two tell each other these categories.
pub(crate) async fn agree(stage: &Stage, youth: &str, one: &str, other: &str, categories: &[DataCategory]) {
    for (from, to) in [(one, other), (other, one)] {
        let mut recorder = if [one, other].contains(&OHJAAMO) { stage.ohjaamo() } else { stage.te() };
        recorder.record_consent(youth, from, to, PURPOSE, categories).await.unwrap();
    }
}

/// A young person with a plan to which employment services and Kela are parties, and that all of them share.
pub(crate) async fn laid(stage: &Stage, identity_code: &str) -> (String, String) {
    let youth = stage.ohjaamo().identify(identity_code).await.unwrap();
    agree(stage, &youth, OHJAAMO, TE, &SHARED).await;
    agree(stage, &youth, OHJAAMO, KELA, &SHARED).await;
    let plan = create(&stage.ohjaamo(), &youth).await.unwrap().plan.unwrap().name;
    for party in [TE, KELA] {
        add(&stage.ohjaamo(), &plan, party).await.unwrap();
    }
    (youth, plan)
}

pub(crate) async fn create(client: &Client, youth: &str) -> Result<PlanChange, Status> {
    create_for(client, youth, PURPOSE).await
}

pub(crate) async fn create_for(client: &Client, youth: &str, purpose: Purpose) -> Result<PlanChange, Status> {
    let request = CreatePlanRequest {
        request_id: request_id(),
        youth: youth.to_owned(),
        purpose: purpose as i32,
        responsible_worker: Some(worker()),
        replaces: String::new(),
    };
    Ok(client.clone().plan.create_plan(request).await?.into_inner())
}

/// The etag of the plan as this client reads it now.
pub(crate) async fn etag_of(client: &Client, plan: &str) -> Result<String, Status> {
    Ok(read(client, plan).await?.etag)
}

/// Reads the plan and makes an agency a party.
pub(crate) async fn add(client: &Client, plan: &str, party: &str) -> Result<PlanChange, Status> {
    let etag = etag_of(client, plan).await?;
    add_over(client, plan, party, etag).await
}

/// The same, over the reading with this etag.
pub(crate) async fn add_over(
    client: &Client,
    plan: &str,
    party: &str,
    etag: String,
) -> Result<PlanChange, Status> {
    let request = AddPlanPartyRequest {
        request_id: request_id(),
        name: plan.to_owned(),
        party: party.to_owned(),
        etag,
    };
    Ok(client.clone().plan.add_plan_party(request).await?.into_inner())
}

pub(crate) async fn read(client: &Client, plan: &str) -> Result<Plan, Status> {
    Ok(client.clone().plan.get_plan(GetPlanRequest { name: plan.to_owned() }).await?.into_inner())
}

/// Merges these sections over the reading with this etag.
pub(crate) async fn merge(
    client: &Client,
    plan: &str,
    etag: &str,
    sections: Vec<PlanPart>,
) -> Result<MergePlanResponse, Status> {
    let request = MergePlanRequest {
        request_id: request_id(),
        name: plan.to_owned(),
        etag: etag.to_owned(),
        sections,
        validate_only: false,
        found_in: None,
    };
    Ok(client.clone().plan.merge_plan(request).await?.into_inner())
}

/// Reads the plan, edits one section and merges it.
pub(crate) async fn edit(
    client: &Client,
    plan: &str,
    owner: &str,
    edit: impl FnOnce(&mut PlanPart),
) -> Result<MergePlanResponse, Status> {
    let seen = read(client, plan).await?;
    let mut part = section(&seen, owner);
    edit(&mut part);
    merge(client, plan, &seen.etag, vec![part]).await
}

/// The part of this owner as it was seen; an empty one where there is none.
pub(crate) fn section(plan: &Plan, owner: &str) -> PlanPart {
    let mut parts = plan.sections.iter().filter_map(|section| section.part.clone());
    parts.find(|part| part.owner == owner).unwrap_or_else(|| PlanPart {
        owner: owner.to_owned(),
        state: PlanState::Draft as i32,
        ..PlanPart::default()
    })
}

/// The owners of the sections that are seen, in their order.
pub(crate) fn owners(plan: &Plan) -> Vec<String> {
    plan.sections.iter().filter_map(|section| Some(section.part.as_ref()?.owner.clone())).collect()
}

pub(crate) async fn accept(client: &Client, plan: &str, etag: &str) -> Result<PlanChange, Status> {
    let request =
        AcceptPlanRequest { request_id: request_id(), name: plan.to_owned(), etag: etag.to_owned() };
    Ok(client.clone().plan.accept_plan(request).await?.into_inner())
}

pub(crate) async fn acknowledge(client: &Client, plan: &str) -> Result<PlanChange, Status> {
    let etag = read(client, plan).await?.etag;
    let request = AcknowledgePlanRequest { request_id: request_id(), name: plan.to_owned(), etag };
    Ok(client.clone().plan.acknowledge_plan(request).await?.into_inner())
}

pub(crate) async fn tasks(client: &Client) -> Result<Vec<Task>, Status> {
    let request = ListTasksRequest { parent: "youths/-".to_owned(), ..ListTasksRequest::default() };
    Ok(client.clone().task.list_tasks(request).await?.into_inner().tasks)
}

pub(crate) fn worker() -> Worker {
    Worker { id: "ohjaaja-1".to_owned(), name: "Ohjaaja Yksi".to_owned(), ..Worker::default() }
}

pub(crate) fn need(id: &str, category: DataCategory, text: &str) -> PlanNeed {
    PlanNeed { id: id.to_owned(), category: category as i32, text: text.to_owned(), found_in_meeting: false }
}

pub(crate) fn goal(id: &str, text: &str) -> PlanGoal {
    PlanGoal {
        id: id.to_owned(),
        category: DataCategory::JointPlan as i32,
        text: text.to_owned(),
        state: GoalState::Proposed as i32,
        ..PlanGoal::default()
    }
}

pub(crate) fn action(id: &str, category: DataCategory, text: &str) -> PlanAction {
    PlanAction {
        id: id.to_owned(),
        category: category as i32,
        text: text.to_owned(),
        state: ActionState::Proposed as i32,
        ..PlanAction::default()
    }
}

/// The young person withdraws a consent.
pub(crate) async fn withdraw(stage: &Stage, consent: &Consent) -> ConsentChange {
    let (youth, _) = consent.name.split_once("/consents/").unwrap();
    stage.subject(youth).consent.withdraw_consent(withdrawal(&consent.name)).await.unwrap().into_inner()
}

/// The revisions that are shown, newest first.
pub(crate) async fn revisions(client: &Client, plan: &str) -> Result<ListPlanRevisionsResponse, Status> {
    let request = ListPlanRevisionsRequest { parent: plan.to_owned(), ..ListPlanRevisionsRequest::default() };
    Ok(client.clone().plan.list_plan_revisions(request).await?.into_inner())
}

/// An item of a section.
pub(crate) fn item(owner: &str, kind: plan_item::Kind, id: &str) -> PlanItem {
    PlanItem { owner: owner.to_owned(), kind: kind as i32, id: id.to_owned() }
}

/// Says that two items belong together.
pub(crate) async fn link(
    client: &Client,
    plan: &str,
    kind: plan_link::Kind,
    (first, second): (PlanItem, PlanItem),
) -> Result<PlanChange, Status> {
    let link = Some(PlanLink { kind: kind as i32, first: Some(first), second: Some(second) });
    let request = LinkPlanItemsRequest { request_id: request_id(), name: plan.to_owned(), link };
    Ok(client.clone().plan.link_plan_items(request).await?.into_inner())
}

/// Reads the plan and flags the step that comes next.
pub(crate) async fn flag(client: &Client, plan: &str, step: Option<PlanItem>) -> Result<PlanChange, Status> {
    let etag = read(client, plan).await?.etag;
    flag_over(client, plan, step, etag).await
}

/// The same, over the reading with this etag.
pub(crate) async fn flag_over(
    client: &Client,
    plan: &str,
    step: Option<PlanItem>,
    etag: String,
) -> Result<PlanChange, Status> {
    let request = FlagPlanStepRequest { request_id: request_id(), name: plan.to_owned(), step, etag };
    Ok(client.clone().plan.flag_plan_step(request).await?.into_inner())
}

/// Says something about an item.
pub(crate) async fn comment(
    client: &Client,
    plan: &str,
    item: PlanItem,
    text: &str,
) -> Result<PlanChange, Status> {
    let (name, text) = (plan.to_owned(), text.to_owned());
    let request = CommentPlanItemRequest { request_id: request_id(), name, item: Some(item), text };
    Ok(client.clone().plan.comment_plan_item(request).await?.into_inner())
}

/// Reads the plan and ends a party's part.
pub(crate) async fn remove(client: &Client, plan: &str, agency: &str) -> Result<PlanChange, Status> {
    let etag = etag_of(client, plan).await?;
    remove_over(client, plan, agency, etag).await
}

/// The same, over the reading with this etag.
pub(crate) async fn remove_over(
    client: &Client,
    plan: &str,
    agency: &str,
    etag: String,
) -> Result<PlanChange, Status> {
    let request = RemovePlanPartyRequest {
        request_id: request_id(),
        name: plan.to_owned(),
        agency: agency.to_owned(),
        etag,
    };
    Ok(client.clone().plan.remove_plan_party(request).await?.into_inner())
}

/// Reads the plan and hands the responsible worker's task over.
pub(crate) async fn transfer(client: &Client, plan: &str, agency: &str) -> Result<PlanChange, Status> {
    let etag = read(client, plan).await?.etag;
    transfer_over(client, plan, (agency, worker()), etag).await
}

/// The same, to this worker and over the reading with this etag.
pub(crate) async fn transfer_over(
    client: &Client,
    plan: &str,
    (agency, worker): (&str, Worker),
    etag: String,
) -> Result<PlanChange, Status> {
    let request = TransferPlanRequest {
        request_id: request_id(),
        name: plan.to_owned(),
        agency: agency.to_owned(),
        responsible_worker: Some(worker),
        reason: "kanaria-siirto".to_owned(),
        etag,
    };
    Ok(client.clone().plan.transfer_plan(request).await?.into_inner())
}

/// The etag of a task as this client reads it now; some other one where it does not.
pub(crate) async fn task_etag(client: &Client, task: &str) -> Result<String, Status> {
    let parent = task.split("/tasks/").next().unwrap_or_default().to_owned();
    let request =
        ListTasksRequest { parent, show_resolved: true, page_size: 200, ..ListTasksRequest::default() };
    let tasks = client.clone().task.list_tasks(request).await?.into_inner().tasks;
    let read = tasks.into_iter().find(|one| one.name == task).map(|one| one.etag);
    Ok(read.filter(|etag| !etag.is_empty()).unwrap_or_else(|| "unread".to_owned()))
}

/// Reads a clash and decides it.
pub(crate) async fn decide(
    client: &Client,
    task: &str,
    choice: conflict_resolution::Choice,
    other: Option<PlanPart>,
) -> Result<Task, Status> {
    let etag = task_etag(client, task).await?;
    let resolution = ConflictResolution { choice: choice as i32, other, etag };
    resolve(client, task, resolve_task_request::Resolution::Conflict(resolution)).await
}

/// Decides a task.
pub(crate) async fn resolve(
    client: &Client,
    task: &str,
    resolution: resolve_task_request::Resolution,
) -> Result<Task, Status> {
    let request =
        ResolveTaskRequest { request_id: request_id(), name: task.to_owned(), resolution: Some(resolution) };
    let answer = client.clone().task.resolve_task(request).await?.into_inner();
    Ok(answer.task.expect("the task that was decided"))
}

/// The young person or who acts for them accepts the plan as they read it.
pub(crate) async fn accepts(client: &Client, plan: &str) {
    accept(client, plan, &read(client, plan).await.unwrap().etag).await.unwrap();
}

/// Says who came to a meeting, over the reading with this etag.
pub(crate) async fn record_meeting(
    client: &Client,
    (plan, etag): (&str, &str),
    meeting: &str,
    kind: meeting_record::Kind,
    (attended, client_attended): (&[&str], bool),
) -> Result<PlanChange, Status> {
    let request = RecordMeetingRequest {
        request_id: request_id(),
        name: plan.to_owned(),
        meeting: meeting.to_owned(),
        kind: kind as i32,
        attended: attended.iter().map(|&id| id.to_owned()).collect(),
        client_attended,
        etag: etag.to_owned(),
    };
    Ok(client.clone().plan.record_meeting(request).await?.into_inner())
}

/// That there is nothing that waits for this caller's decision, nor ever was, however long the pages are.
pub(crate) async fn assert_lists_nothing(client: &Client) {
    for page_size in [0, 1] {
        let request = ListTasksRequest {
            parent: "youths/-".to_owned(),
            show_resolved: true,
            page_size,
            ..ListTasksRequest::default()
        };
        let listed = client.clone().task.list_tasks(request).await.unwrap().into_inner();
        assert_eq!(listed, ListTasksResponse::default());
    }
}

/// The bytes of an answer, to look for texts in.
pub(crate) fn said(answer: &impl Message) -> String {
    String::from_utf8_lossy(&answer.encode_to_vec()).into_owned()
}
