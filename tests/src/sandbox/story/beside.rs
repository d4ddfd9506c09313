//! The adult beside Aino may act for her, and the two take one thing at a time.

use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{
    ActionState, DataCategory, FlagPlanStepRequest, Mandate, PlanAction, PlanItem, Purpose, mandate,
    plan_item,
};

use super::Scene;
use super::plan::{merge, read, section};
use crate::sandbox::cast;
use crate::sandbox::teller::{Deviation, answered, same, there};
use crate::world::{OHJAAMO, request_id};

const ACTION: &str = "askel-1";
const UNTIL: &str = "2027-06-30";

/// One thing at a time.
pub(super) async fn next_step(scene: &mut Scene<'_, '_>, plan: &str) -> Result<(), Deviation> {
    scene
        .teller
        .step("Of all that is planned one step comes next. Aino asks who her worker is and what it is")?;
    let seen = read(&mut scene.ohjaamo, plan).await?;
    let mut part = section(&seen, OHJAAMO);
    part.actions.push(PlanAction {
        id: ACTION.into(),
        category: DataCategory::JointPlan as i32,
        text: cast::STEP.into(),
        state: ActionState::Agreed as i32,
        ..PlanAction::default()
    });
    merge(&mut scene.ohjaamo, plan, &seen, part).await?;
    let kind = plan_item::Kind::Action as i32;
    let step = PlanItem { owner: OHJAAMO.into(), kind, id: ACTION.into() };
    let etag = read(&mut scene.ohjaamo, plan).await?.etag;
    let (name, step) = (plan.to_owned(), Some(step));
    let request = FlagPlanStepRequest { request_id: request_id(), name, step, etag };
    answered("FlagPlanStep", scene.ohjaamo.plan.flag_plan_step(request).await)?;
    let next = scene.next().await?;
    let worker = there("the adult beside her", next.worker)?;
    scene.teller.entry("my worker", &[format!("{}, for {} days", worker.professional, worker.days)])?;
    let text = next.step.and_then(|part| part.actions.into_iter().next()).map(|action| action.text);
    same("the step that comes next", &Some(cast::STEP.to_owned()), &text)?;
    scene.teller.entry("what is next", &[cast::STEP])
}

/// She lets her worker act, until a day that she names.
pub(super) async fn mandate(scene: &mut Scene<'_, '_>) -> Result<(), Deviation> {
    scene
        .teller
        .step("She lets her worker ask and follow for her and come along, until a day that she names")?;
    let scopes = [mandate::Scope::Request, mandate::Scope::Follow, mandate::Scope::Attend];
    let given = Mandate { scopes: scopes.map(i32::from).to_vec(), until: UNTIL.into(), ..Mandate::default() };
    scene.note(&scene.aino.clone(), Matter::Mandate(given)).await?;
    let seen = scene.journey(Purpose::Unspecified).await?;
    let worker = there("the adult beside her", seen.worker)?;
    same("what the worker may do", &scopes.to_vec(), &worker.mandate().collect::<Vec<_>>())?;
    scene.teller.entry("her worker may", &["request", "follow", "attend"])?;
    scene.teller.entry("until", &[UNTIL])
}

/// How her worker sees her now and saw her before.
pub(super) async fn profile(scene: &mut Scene<'_, '_>) -> Result<(), Deviation> {
    scene.teller.step("She needs less help than before. Her worker says so, and the earlier word stays")?;
    scene.assess(2, 4, 3).await?;
    let seen = scene.journey(Purpose::Unspecified).await?;
    let profiles = seen.entries.iter().filter_map(|entry| match &entry.matter {
        Some(Matter::Profile(assessment)) => Some(assessment.profile),
        _ => None,
    });
    let profiles: Vec<i32> = profiles.collect();
    same("profiles, newest first", &vec![2, 3], &profiles)?;
    scene.teller.entry("history", &["2 now", "3 when she came"])
}
