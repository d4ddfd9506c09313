//! What is an agency's own system told of a section, and of the plan with it?

use polku_proto::v1::{Plan, PlanPart, PlanSection, PlanStanding, PlanState};

use super::YOUTH;
use super::section::section_of;
use super::states::is_over;

/// Gives the part of an owner as it is told to the system of the agency that sees the plan like this: with the state of
/// the plan in place of the owner's word, and in the young person's part with the responsible worker of the plan. In the
/// agency's own part its own word stays for as long as the plan runs: it is the state of the plan in its own system.
///
/// Once the plan is no draft any more, or has something that belongs to no section, the young person's part is told
/// although nothing is written in it.
#[must_use]
pub fn told_part(seen: &Plan, owner: &str, agency: &str) -> Option<PlanPart> {
    let state = seen.state();
    let empty = || PlanPart { plan: seen.name.clone(), owner: owner.to_owned(), ..PlanPart::default() };
    let section = section_of(seen, owner);
    let standing = standing(seen, owner, section);
    let is_told = owner == YOUTH && (state != PlanState::Draft || standing.is_some());
    let mut part = section.and_then(|section| section.part.clone()).or_else(|| is_told.then(empty))?;
    part.standing = standing;
    if owner != agency || state == PlanState::OnHold || is_over(state) {
        part.set_state(state);
    }
    if owner == YOUTH && seen.responsible_worker.is_some() {
        part.responsible_worker.clone_from(&seen.responsible_worker);
    }
    Some(part)
}

/// How the section stands; nothing if there is nothing to say. What belongs to no section is the coordinator's to tell, as
/// the young person's section is.
fn standing(seen: &Plan, owner: &str, section: Option<&PlanSection>) -> Option<PlanStanding> {
    let mut standing = PlanStanding::default();
    if let Some(PlanSection { changed_since_acceptance, commitments, meetings, .. }) = section {
        standing.changed_since_acceptance = *changed_since_acceptance;
        let acknowledged = commitments.iter().filter(|one| one.acknowledge_time.is_some());
        standing.commitments = acknowledged.cloned().collect();
        standing.meetings.clone_from(meetings);
    }
    if owner == YOUTH {
        standing.accept_time = seen.accept_time;
        standing.step.clone_from(&seen.step);
        standing.links.clone_from(&seen.links);
    }
    Some(standing).filter(|standing| *standing != PlanStanding::default())
}
