//! What holds for every agency's plan, whatever it looks like on the wire?

use polku_proto::identity::has_hetu;
use polku_proto::v1::{PlanPart, PlanStanding};
use polku_proto::{CategorySet, Disclose as _, YouthId};
use uuid::Uuid;

use super::envelope::Unwritable;

/// Reads the name of a joint plan, `youths/{youth}/plans/{plan}`: whose it is, and the plan's own id. None for a plan of
/// an agency's own.
pub(super) fn joint_plan(name: &str) -> Result<Option<(YouthId, Uuid)>, Unwritable> {
    if name.is_empty() {
        return Ok(None);
    }
    let parts = name.strip_prefix("youths/").and_then(|rest| rest.split_once("/plans/"));
    let read = parts.and_then(|(youth, plan)| Some((youth.parse().ok()?, super::form::uuid(plan)?)));
    read.map(Some).ok_or(Unwritable("plan"))
}

/// Says whether every id in a part is one of an item, and of no person, and stands once among its kind.
pub(super) fn has_sound_ids(part: &PlanPart) -> bool {
    let needs: Vec<&str> = part.needs.iter().map(|need| need.id.as_str()).collect();
    let goals: Vec<&str> = part.goals.iter().map(|goal| goal.id.as_str()).collect();
    let actions: Vec<&str> = part.actions.iter().map(|action| action.id.as_str()).collect();
    let meetings: Vec<&str> = part.meetings.iter().map(|meeting| meeting.id.as_str()).collect();
    let named = part.goals.iter().flat_map(|goal| goal.needs.iter().map(String::as_str));
    let served = part.actions.iter().map(|action| action.goal.as_str());
    let worker = part.responsible_worker.iter().flat_map(|worker| [worker.id.as_str(), worker.unit.as_str()]);
    let items = [needs, goals, actions, meetings];
    let standing = part.standing.iter().flat_map(named_in);
    let others =
        std::iter::once(part.reference.as_str()).chain(named).chain(served).chain(worker).chain(standing);
    !items.iter().flatten().copied().chain(others).any(has_hetu) && !items.into_iter().any(has_repetition)
}

/// Says whether an item of a part as its agency tells it refers to one that is not there. To be asked before the part is cut
/// down, which takes such references out without a word.
pub(super) fn refers_to_nothing(part: &PlanPart) -> bool {
    let mut whole = part.clone();
    whole.restrict(CategorySet::ALL);
    whole.goals != part.goals || whole.actions != part.actions
}

fn named_in(standing: &PlanStanding) -> impl Iterator<Item = &str> {
    let actions = standing.commitments.iter().map(|one| one.action.as_str());
    let meetings = standing.meetings.iter().map(|record| record.meeting.as_str());
    let ends = standing.links.iter().flat_map(|link| [&link.first, &link.second]).flatten();
    actions.chain(meetings).chain(ends.chain(&standing.step).map(|item| item.id.as_str()))
}

fn has_repetition(mut ids: Vec<&str>) -> bool {
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    ids.len() < all
}
