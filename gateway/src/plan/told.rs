//! What is an agency's own system told of a section, and of the plan with it?

use polku_proto::v1::{Plan, PlanPart, PlanState};

use super::YOUTH;
use super::section::part_of;
use super::states::is_over;

/// Gives the part of an owner as it is told to the system of the agency that sees the plan like this: with the state of
/// the plan in place of the owner's word, and in the young person's part with the responsible worker of the plan. In the
/// agency's own part its own word stays for as long as the plan runs: it is the state of the plan in its own system.
///
/// Once the plan is no draft any more the young person's part is told although nothing is written in it.
#[must_use]
pub fn told_part(seen: &Plan, owner: &str, agency: &str) -> Option<PlanPart> {
    let state = seen.state();
    let empty = || PlanPart { plan: seen.name.clone(), owner: owner.to_owned(), ..PlanPart::default() };
    let is_told = owner == YOUTH && state != PlanState::Draft;
    let mut part = part_of(seen, owner).cloned().or_else(|| is_told.then(empty))?;
    if owner != agency || state == PlanState::OnHold || is_over(state) {
        part.set_state(state);
    }
    if owner == YOUTH && seen.responsible_worker.is_some() {
        part.responsible_worker.clone_from(&seen.responsible_worker);
    }
    Some(part)
}
