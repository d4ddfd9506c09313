//! Is the plan everybody's, and is it in step wherever it is kept?

use polku_proto::v1::{AcceptPlanRequest, AcknowledgePlanRequest, PlanState};

use super::{OF_KELA, YOUTH, owners, read, sections};
use crate::sandbox::cast::{CITY, SOCIAL};
use crate::sandbox::story::{Scene, own_system, wait_for};
use crate::sandbox::teller::{Deviation, answered, same};
use crate::simulators::TakenInKind;
use crate::world::{KELA, OHJAAMO, TE, request_id};

/// Aino accepts, and the agencies stand by their word.
pub(in crate::sandbox::story) async fn agree(scene: &mut Scene<'_, '_>, name: &str) -> Result<(), Deviation> {
    scene
        .teller
        .step("Aino accepts the plan on her phone, and each agency stands by what it has undertaken")?;
    let etag = read(&mut scene.aino, name).await?.etag;
    let request = AcceptPlanRequest { request_id: request_id(), name: name.to_owned(), etag };
    let change = answered("AcceptPlan", scene.aino.plan.accept_plan(request).await)?;
    scene.receipt(change.receipt)?;
    tell_state(scene, name, "Aino accepts", PlanState::Draft).await?;
    for (agency, state) in [(TE, PlanState::Draft), (CITY, PlanState::Draft), (SOCIAL, PlanState::Active)] {
        let mut client = scene.agency(agency)?;
        let etag = read(&mut client, name).await?.etag;
        let request = AcknowledgePlanRequest { request_id: request_id(), name: name.to_owned(), etag };
        answered("AcknowledgePlan", client.plan.acknowledge_plan(request).await)?;
        tell_state(scene, name, agency, state).await?;
    }
    Ok(())
}

/// In which state Ohjaamo sees the plan after somebody's word.
async fn tell_state(
    scene: &mut Scene<'_, '_>,
    name: &str,
    whose: &str,
    state: PlanState,
) -> Result<(), Deviation> {
    let seen = read(&mut scene.ohjaamo, name).await?;
    same("state of the plan", &state, &seen.state())?;
    scene.teller.entry(whose, &[state.as_str_name()])
}

/// Everybody sees its part, and the agencies' own systems are in step.
pub(in crate::sandbox::story) async fn stay_in_step(
    scene: &mut Scene<'_, '_>,
    name: &str,
) -> Result<(), Deviation> {
    scene
        .teller
        .step("Kela sees Aino's goals and nothing of the other agencies; their systems are kept in step")?;
    let mut kela = scene.agency(KELA)?;
    let seen = read(&mut kela, name).await?;
    same("whose sections Kela sees", &owners(&[YOUTH]), &sections(&seen))?;
    scene.teller.entry("Kela sees", &sections(&seen))?;
    let whole = read(&mut scene.aino, name).await?;
    same("whose sections Aino sees", &owners(&[YOUTH, CITY, OHJAAMO, SOCIAL, TE]), &sections(&whole))?;
    scene.teller.entry("Aino sees", &sections(&whole))?;
    for agency in [TE, CITY, SOCIAL] {
        let system = own_system(scene.world, agency)?;
        wait_for("the goal in the agency's own system", async || {
            let parts = system.taken().into_iter().filter(|taken| taken.kind == TakenInKind::PlanPart);
            let told = parts.flat_map(|part| part.texts).any(|text| text.contains(OF_KELA));
            Ok(told.then_some(()))
        })
        .await?;
        scene.teller.entry(agency, &["its own system has the goal as it was decided"])?;
    }
    Ok(())
}
