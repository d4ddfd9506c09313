//! Which people and plans are there, and how is the watched one changed?

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use polku_proto::v1::{
    ActionState, AddPlanPartyRequest, CreatePlanRequest, DataCategory, GetPlanRequest, GoalState,
    MergePlanRequest, Plan, PlanAction, PlanGoal, PlanPart, PlanState, Purpose, Worker,
};
use polku_tests::world::{Client, KELA, OHJAAMO, TE, World, nobody, professional, request_id};
use prost::Message as _;

/// How many commitments the watched plan has.
pub(crate) const COMMITMENTS: usize = 72;

const GOALS: usize = 6;
const PURPOSE: Purpose = Purpose::Guidance;
const SHARED: [DataCategory; 3] =
    [DataCategory::IdentityContact, DataCategory::JointPlan, DataCategory::ServiceNeeds];

/// One large plan that three agencies share, and small ones of other people.
pub(crate) struct Scene {
    coordinator: Client,
    /// Name of the plan that is changed.
    pub(crate) plan: String,
    /// How large it is.
    pub(crate) bytes: usize,
    seen: Plan,
    /// Names of the other plans.
    pub(crate) others: Vec<String>,
}

impl Scene {
    pub(crate) async fn lay(world: &World, grpc: SocketAddr, others: usize) -> Result<Self> {
        let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
        let mut coordinator = world.client(grpc, &world.identities.ohjaamo)?.acting(&worker);
        let mut plans = Vec::new();
        for person in 0..=others {
            plans.push(begin(&mut coordinator, &nobody(person)).await?);
        }
        let plan = plans.pop().context("no plan")?;
        let request = GetPlanRequest { name: plan.clone() };
        let seen = coordinator.plan.get_plan(request).await?.into_inner();
        let mut scene = Self { coordinator, plan, bytes: 0, seen, others: plans };
        scene.merge(large_part()).await?;
        scene.bytes = scene.seen.encoded_len();
        Ok(scene)
    }

    /// Makes one change, over what the last one was answered with.
    pub(crate) async fn change(&mut self, number: usize) -> Result<()> {
        let mut parts = self.seen.sections.iter().filter_map(|section| section.part.clone());
        let mut part = parts.find(|part| part.owner == "youth").context("no section of the young person")?;
        let action = part.actions.get_mut(number % COMMITMENTS).context("no such commitment")?;
        action.provider = change_text(number);
        self.merge(part).await
    }

    async fn merge(&mut self, part: PlanPart) -> Result<()> {
        let request = MergePlanRequest {
            request_id: request_id(),
            name: self.plan.clone(),
            etag: self.seen.etag.clone(),
            sections: vec![part],
            validate_only: false,
            found_in: None,
        };
        let answer = self.coordinator.plan.merge_plan(request).await?.into_inner();
        ensure!(answer.conflicts.is_empty(), "nobody else has changed it");
        self.seen = answer.plan.context("no plan in the answer")?;
        Ok(())
    }
}

/// Whether a plan as it was seen has this change.
pub(crate) fn shows(plan: &Plan, number: usize) -> bool {
    let text = change_text(number);
    let parts = plan.sections.iter().filter_map(|section| section.part.as_ref());
    let mut actions = parts.flat_map(|part| &part.actions);
    actions.any(|action| action.provider == text)
}

fn change_text(number: usize) -> String {
    format!("Workshop of the city, day {number}")
}

/// A plan of this person to which employment services and Kela are parties.
async fn begin(coordinator: &mut Client, identity_code: &str) -> Result<String> {
    let youth = coordinator.identify(identity_code).await?;
    for (from, to) in [(OHJAAMO, TE), (TE, OHJAAMO), (OHJAAMO, KELA), (KELA, OHJAAMO)] {
        coordinator.record_consent(&youth, from, to, PURPOSE, &SHARED).await?;
    }
    let worker = Worker { id: "ohjaaja-1".to_owned(), name: "Ohjaaja Yksi".to_owned(), ..Worker::default() };
    let request = CreatePlanRequest {
        request_id: request_id(),
        youth,
        purpose: PURPOSE as i32,
        responsible_worker: Some(worker),
        replaces: String::new(),
    };
    let mut seen = coordinator.plan.create_plan(request).await?.into_inner().plan.context("no plan")?;
    for party in [TE, KELA] {
        let request = AddPlanPartyRequest {
            request_id: request_id(),
            name: seen.name,
            party: party.to_owned(),
            etag: seen.etag,
        };
        seen = coordinator.plan.add_plan_party(request).await?.into_inner().plan.context("no plan")?;
    }
    Ok(seen.name)
}

/// The young person's own section, which all parties see: whoever watches is sent all of it.
fn large_part() -> PlanPart {
    let category = DataCategory::JointPlan as i32;
    let goals = (0..GOALS).map(|number| PlanGoal {
        id: format!("goal-{number}"),
        category,
        text: format!("Own flat and an apprenticeship by the summer, part {number}"),
        state: GoalState::Proposed as i32,
        ..PlanGoal::default()
    });
    let actions = (0..COMMITMENTS).map(|number| PlanAction {
        id: format!("action-{number}"),
        category,
        text: format!(
            "Visit the workshop in the first week and agree on the days of work try-out number {number} with the coach"
        ),
        state: ActionState::Agreed as i32,
        goal: format!("goal-{}", number % GOALS),
        provider: format!("Workshop number {number} of the city"),
        ptv_service: "0b4f3a52-9f0d-4c39-9a8b-3c55a6a1f2d0".to_owned(),
        start: "2026-03-02".to_owned(),
        end: "2026-05-29".to_owned(),
        reason: String::new(),
    });
    PlanPart {
        owner: "youth".to_owned(),
        state: PlanState::Draft as i32,
        goals: goals.collect(),
        actions: actions.collect(),
        ..PlanPart::default()
    }
}
