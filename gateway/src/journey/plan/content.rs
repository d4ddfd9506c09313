//! What does a plan never hold, whoever wants to write it down?
//!
//! Ids go where texts do not: into paths of clashes and refusals, into links, into what agencies' systems log. None of
//! them may be, or have in it, somebody's personal identity code.

use polku_proto::identity::has_hetu;
use polku_proto::v1::{DataCategory, PlanPart, Worker};

use crate::error::Error;
use crate::journey::refer::own_content;

/// Checks a section as somebody wants it, before anything else is said about it.
pub(super) fn check_content(part: &PlanPart) -> Result<(), Error> {
    let status = DataCategory::ReferralStatus as i32;
    let of_referrals = part.needs.iter().any(|need| need.category == status)
        || part.goals.iter().any(|goal| goal.category == status)
        || part.actions.iter().any(|action| action.category == status)
        || part.meetings.iter().any(|meeting| meeting.category == status);
    if of_referrals {
        return Err(Error::Field {
            field: "sections",
            reason: "INVALID_FIELDS",
            expected: "items of another category: what became of a referral is told by the referral",
        });
    }
    check_ids(ids(part), "sections")?;
    own_content(part.background.clone().unwrap_or_default()).map(drop)
}

/// Checks how others reach a professional.
pub(super) fn check_worker(worker: Option<&Worker>) -> Result<(), Error> {
    check_ids(worker.into_iter().flat_map(|worker| [&worker.id, &worker.unit]), "responsible_worker")
}

/// Checks ids that stand in this field.
pub(super) fn check_ids<'a>(
    mut ids: impl Iterator<Item = &'a String>,
    field: &'static str,
) -> Result<(), Error> {
    if ids.any(|id| has_hetu(id)) {
        return Err(Error::Field {
            field,
            reason: "INVALID_FIELDS",
            expected: "ids that have no personal identity code in them",
        });
    }
    Ok(())
}

fn ids(part: &PlanPart) -> impl Iterator<Item = &String> {
    let needs = part.needs.iter().map(|need| &need.id);
    let goals = part.goals.iter().flat_map(|goal| goal.needs.iter().chain([&goal.id]));
    let actions = part.actions.iter().flat_map(|action| [&action.id, &action.goal]);
    let meetings = part.meetings.iter().map(|meeting| &meeting.id);
    let worker = part.responsible_worker.iter().flat_map(|worker| [&worker.id, &worker.unit]);
    needs.chain(goals).chain(actions).chain(meetings).chain(worker).chain([&part.reference])
}
