//! Who sits at the table in the tests of joint plans, and what do they say?
//!
//! The one-stop guidance point has the responsible worker. Employment services and Kela are parties; what they may tell
//! each other is for each test to say.

use polku_proto::v1::{
    AcceptPlanRequest, AcknowledgePlanRequest, ActionState, AddPlanPartyRequest, CreatePlanRequest,
    DataCategory, GetPlanRequest, GoalState, ListTasksRequest, MergePlanRequest, MergePlanResponse, Plan,
    PlanAction, PlanChange, PlanGoal, PlanNeed, PlanPart, PlanState, Purpose, Task, Worker,
};
use polku_tests::world::{Client, KELA, OHJAAMO, TE, request_id};
use tonic::Status;

use crate::stage::Stage;

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
        let mut recorder = stage.ohjaamo();
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
    let request = CreatePlanRequest {
        request_id: request_id(),
        youth: youth.to_owned(),
        purpose: PURPOSE as i32,
        responsible_worker: Some(worker()),
        replaces: String::new(),
    };
    Ok(client.clone().plan.create_plan(request).await?.into_inner())
}

pub(crate) async fn add(client: &Client, plan: &str, party: &str) -> Result<PlanChange, Status> {
    let request =
        AddPlanPartyRequest { request_id: request_id(), name: plan.to_owned(), party: party.to_owned() };
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
