//! Three agencies' plans become one; two change one goal, and the responsible worker decides.

mod agreed;
mod meeting;

pub(super) use agreed::{agree, stay_in_step};
pub(super) use meeting::{measure, meet};
use polku_proto::v1::conflict_resolution::Choice;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::{
    AddPlanPartyRequest, ConflictResolution, ConsentTerms, CreatePlanRequest, DataCategory, GetPlanRequest,
    GoalState, ListTasksRequest, MergePlanRequest, MergePlanResponse, Plan, PlanGoal, PlanItem, PlanPart,
    PlanState, Purpose, ResolveTaskRequest, Worker,
};
use polku_proto::{CategorySet, Disclose as _};
use uuid::Uuid;

use super::{Scene, own_system};
use crate::sandbox::cast;
use crate::sandbox::cast::{CITY, SOCIAL};
use crate::sandbox::teller::{Deviation, answered, exchanged, same, there};
use crate::simulators::{Message, Official, Outgoing, Reply, SimulatedAgency};
use crate::world::{Client, KELA, OHJAAMO, TE, professional, request_id, terms};

const YOUTH: &str = "youth";
/// Of the agencies beside those that every world has.
const WORKER: &str = "tyontekija-1";
const UNIT: &str = "yksikko-1";
const GOAL: &str = "g1";
const FIRST_WORDS: &str = "oma asunto";
const OF_TE: &str = "vuokra-asunto läheltä työpaikkaa";
const OF_KELA: &str = "tuettu asunto syksyyn mennessä";

/// Aino's agencies begin one plan.
pub(super) async fn begin(scene: &mut Scene<'_, '_>) -> Result<String, Deviation> {
    scene
        .teller
        .step("Aino has a plan at every counter. She lets her agencies keep one, together with her")?;
    let shared = [
        DataCategory::IdentityContact,
        DataCategory::ServiceAttendance,
        DataCategory::EducationWork,
        DataCategory::ServiceNeeds,
        DataCategory::JointPlan,
        DataCategory::GuidanceNotes,
    ];
    let others = || [TE, CITY, SOCIAL].map(str::to_owned).to_vec();
    let between = |disclosers: Vec<String>, recipients: Vec<String>, categories: &[DataCategory]| {
        ConsentTerms { disclosers, recipients, ..terms(OHJAAMO, TE, Purpose::Guidance, categories) }
    };
    scene.record(between(vec![OHJAAMO.to_owned()], others(), &shared)).await?;
    scene.record(between(others(), vec![OHJAAMO.to_owned()], &shared)).await?;
    let to_kela = [DataCategory::IdentityContact, DataCategory::JointPlan];
    scene.record(between(vec![OHJAAMO.to_owned()], vec![KELA.to_owned()], &to_kela)).await?;
    let request = CreatePlanRequest {
        request_id: request_id(),
        youth: scene.youth.clone(),
        purpose: Purpose::Guidance as i32,
        responsible_worker: Some(Worker {
            id: "ohjaaja-1".into(),
            name: "Olli Ohjaaja".into(),
            ..Worker::default()
        }),
        replaces: String::new(),
    };
    let change = answered("CreatePlan", scene.ohjaamo.plan.create_plan(request).await)?;
    scene.receipt(change.receipt)?;
    let mut seen = there("the plan in the answer", change.plan)?;
    for party in [TE, CITY, SOCIAL, KELA] {
        let request = AddPlanPartyRequest {
            request_id: request_id(),
            name: seen.name,
            party: party.to_owned(),
            etag: seen.etag,
        };
        let change = answered("AddPlanParty", scene.ohjaamo.plan.add_plan_party(request).await)?;
        seen = there("the plan in the answer", change.plan)?;
    }
    let name = seen.name;
    scene.teller.entry("plan", &[&name])?;
    scene.teller.entry("parties", &[OHJAAMO, TE, CITY, SOCIAL, KELA])?;
    Ok(name)
}

/// Each brings in what it has, in its own protocol.
pub(super) async fn come_together(scene: &mut Scene<'_, '_>, name: &str) -> Result<(), Deviation> {
    scene
        .teller
        .step("Three send the plans that they have from their own systems, and Ohjaamo adds Aino's goal")?;
    let world = scene.world;
    let systems: [(&str, &dyn SimulatedAgency, Official, &str); 3] = [
        (
            TE,
            own_system(world, TE)?,
            Official::new("virkailija-7", "nuorten-palvelut"),
            "an employment plan, over X-Road with SOAP",
        ),
        (
            CITY,
            own_system(world, CITY)?,
            Official::new(WORKER, UNIT),
            "the joint plan of its register, over X-Road with SOAP",
        ),
        (
            SOCIAL,
            own_system(world, SOCIAL)?,
            Official::new(WORKER, UNIT),
            "a client plan, over X-Road with REST and FHIR",
        ),
    ];
    for (agency, system, official, way) in systems {
        let part = there("a plan in the agency's own system", system.specimen().plans.into_iter().next())?;
        let what = Outgoing::PlanPart { identity_code: cast::IDENTITY_CODE.to_owned(), part: Box::new(part) };
        let reply = exchanged(
            "the agency's plan",
            system.send(&Message { id: Uuid::now_v7(), official, what }).await,
        )?;
        let Reply::PlanTaken { sequence } = reply else {
            return Err(Deviation {
                what: format!("the gateway's answer to the plan of {agency}"),
                expected: "it is taken in".into(),
                seen: format!("{reply:?}"),
            });
        };
        scene.teller.entry(agency, &[way])?;
        scene.receipt_number(sequence)?;
    }
    let mut ohjaamo = scene.ohjaamo.clone();
    let seen = read(&mut ohjaamo, name).await?;
    let goal = PlanGoal {
        id: GOAL.into(),
        category: DataCategory::JointPlan as i32,
        text: FIRST_WORDS.into(),
        state: GoalState::Proposed as i32,
        ..PlanGoal::default()
    };
    let part = PlanPart { goals: vec![goal], ..section(&seen, YOUTH) };
    merge(&mut ohjaamo, name, &seen, part).await?;
    let seen = read(&mut ohjaamo, name).await?;
    same("whose sections Ohjaamo sees", &owners(&[YOUTH, CITY, SOCIAL, TE]), &sections(&seen))?;
    scene.teller.entry("Ohjaamo sees", &sections(&seen))
}

/// Two change the same goal at the same time. Nobody's word is lost.
pub(super) async fn clash(scene: &mut Scene<'_, '_>, name: &str) -> Result<(), Deviation> {
    scene.teller.step("Employment services and Kela change the same goal at the same time")?;
    let (mut te, mut kela) = (scene.agency(TE)?, scene.agency(KELA)?);
    let (of_te, of_kela) = (read(&mut te, name).await?, read(&mut kela, name).await?);
    let first = merge(&mut te, name, &of_te, reworded(&of_te, OF_TE)?).await?;
    same("clashes of the first change", &0, &first.conflicts.len())?;
    let second = merge(&mut kela, name, &of_kela, reworded(&of_kela, OF_KELA)?).await?;
    let conflict = there("the clash in the second answer", second.conflicts.first())?;
    same("which field clashes", &"goals/g1/text", &conflict.path.as_str())?;
    scene.teller.entry(TE, &[OF_TE])?;
    scene.teller.entry(KELA, &[OF_KELA, "not written over the other: it becomes a task"])?;

    scene.teller.step("The responsible worker looks at both and decides")?;
    let request = ListTasksRequest { parent: scene.youth.clone(), ..ListTasksRequest::default() };
    let tasks = answered("ListTasks", scene.ohjaamo.task.list_tasks(request).await)?.tasks;
    let task = there("the task", tasks.into_iter().find(|task| task.name == conflict.task))?;
    let resolution = ConflictResolution { choice: Choice::Ours as i32, other: None, etag: task.etag };
    let request = ResolveTaskRequest {
        request_id: request_id(),
        name: task.name,
        resolution: Some(Resolution::Conflict(resolution)),
    };
    let resolved = answered("ResolveTask", scene.ohjaamo.task.resolve_task(request).await)?;
    scene.receipt(resolved.receipt)?;
    let now = section(&read(&mut te, name).await?, YOUTH);
    let text = now.goals.first().map(|goal| goal.text.clone());
    same("the goal now", &Some(OF_KELA.to_owned()), &text)?;
    scene.teller.entry("the goal now", &[OF_KELA])
}

impl Scene<'_, '_> {
    /// An agency that calls over gRPC.
    pub(super) fn agency(&self, id: &str) -> Result<Client, Deviation> {
        let identities = &self.world.identities;
        let added = self.world.agencies.get(id).map(|agency| &agency.identity);
        let (identity, official, unit) = match id {
            TE => (Some(&identities.te), "virkailija-7", "nuorten-palvelut"),
            KELA => (Some(&identities.kela), "kelan-virkailija", "kuntoutus"),
            _ => (added, WORKER, UNIT),
        };
        let identity = there("the certificate of the agency", identity)?;
        let client = self.world.client(self.bound.grpc, identity).map_err(|error| Deviation {
            what: "a client of the gateway".into(),
            expected: "one".into(),
            seen: format!("{error:#}"),
        })?;
        Ok(client.acting(&professional(official, unit, "official")))
    }
}

pub(super) async fn read(client: &mut Client, name: &str) -> Result<Plan, Deviation> {
    answered("GetPlan", client.plan.get_plan(GetPlanRequest { name: name.to_owned() }).await)
}

pub(super) async fn merge(
    client: &mut Client,
    name: &str,
    seen: &Plan,
    part: PlanPart,
) -> Result<MergePlanResponse, Deviation> {
    merge_found(client, name, seen, (part, None)).await
}

/// The same, with needs that came to light in a meeting.
pub(super) async fn merge_found(
    client: &mut Client,
    name: &str,
    seen: &Plan,
    (part, found_in): (PlanPart, Option<PlanItem>),
) -> Result<MergePlanResponse, Deviation> {
    let request = MergePlanRequest {
        request_id: request_id(),
        name: name.to_owned(),
        etag: seen.etag.clone(),
        sections: vec![part],
        validate_only: false,
        found_in,
    };
    answered("MergePlan", client.plan.merge_plan(request).await)
}

pub(super) fn section(plan: &Plan, owner: &str) -> PlanPart {
    let mut parts = plan.sections.iter().filter_map(|section| section.part.clone());
    parts.find(|part| part.owner == owner).unwrap_or_else(|| PlanPart {
        owner: owner.to_owned(),
        state: PlanState::Draft as i32,
        ..PlanPart::default()
    })
}

fn reworded(plan: &Plan, text: &str) -> Result<PlanPart, Deviation> {
    let mut part = section(plan, YOUTH);
    let goal = there("the goal", part.goals.first_mut())?;
    text.clone_into(&mut goal.text);
    Ok(part)
}

/// Whose sections have something in them for this reader.
fn sections(plan: &Plan) -> Vec<String> {
    let told = plan.sections.iter().filter(|section| !section.categories().is_subset(CategorySet::ENVELOPE));
    told.filter_map(|section| Some(section.part.as_ref()?.owner.clone())).collect()
}

fn owners(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}
