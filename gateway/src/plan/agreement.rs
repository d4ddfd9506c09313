//! What has been agreed, and what has changed since?
//!
//! The young person accepts what is seen of a plan; each owner acknowledges what it has undertaken to do. Neither
//! stands for what was written afterwards.

use std::collections::HashMap;

use polku_proto::v1::{
    ActionState, DataCategory, GoalState, Plan, PlanAction, PlanCommitment, PlanGoal, PlanNeed, PlanPart,
    PlanSection,
};
use polku_proto::{CategorySet, Disclose};
use prost_types::Timestamp;

use super::YOUTH;
use super::item::Item;
use super::section::{owner_of, part_of};

/// Brings the commitments of all sections in line with their actions: each that is not dropped is one, and one that has
/// other terms than before the change is not acknowledged any more.
pub fn commit(before: Option<&Plan>, after: &mut Plan) {
    for section in after.sections.iter_mut().filter(|section| owner_of(section) != YOUTH) {
        let PlanSection { part: Some(part), commitments, .. } = section else {
            continue;
        };
        let was = before.and_then(|before| part_of(before, &part.owner));
        let was: HashMap<&str, &PlanAction> = was.map(|was| by_id(&was.actions)).unwrap_or_default();
        let mut known: HashMap<String, PlanCommitment> =
            commitments.drain(..).map(|one| (one.action.clone(), one)).collect();
        for action in part.actions.iter().filter(|action| is_undertaken(action)) {
            let new = || PlanCommitment { action: action.id.clone(), ..PlanCommitment::default() };
            let mut commitment = known.remove(&action.id).unwrap_or_else(new);
            if !was.get(action.id.as_str()).is_some_and(|was| has_same_terms(was, action)) {
                commitment.acknowledge_time = None;
            }
            commitments.push(commitment);
        }
    }
}

/// The owner of a section stands by those of its commitments that are among these actions.
pub fn acknowledge(section: &mut PlanSection, actions: &[PlanAction], time: Timestamp) {
    let seen: HashMap<&str, &PlanAction> = by_id(actions);
    for commitment in section.commitments.iter_mut().filter(|one| seen.contains_key(one.action.as_str())) {
        commitment.acknowledge_time.get_or_insert(time);
        commitment.awaited = false;
    }
}

/// The young person accepts a plan. One that is no draft any more goes on as it is: only what a draft holds is waited
/// for.
pub fn accept(plan: &mut Plan, time: Timestamp) {
    if !is_open(plan) {
        return;
    }
    plan.accept_time = Some(time);
    for commitment in plan.sections.iter_mut().flat_map(|section| &mut section.commitments) {
        commitment.awaited = commitment.acknowledge_time.is_none();
    }
}

/// Says whether acceptance or acknowledgements are still missing.
pub(super) fn is_open(plan: &Plan) -> bool {
    let mut commitments = plan.sections.iter().flat_map(|section| &section.commitments);
    plan.accept_time.is_none() || commitments.any(|one| one.awaited && one.acknowledge_time.is_none())
}

/// What of the sections that are seen is accepted, to be compared with later.
#[must_use]
pub fn terms(seen: &Plan) -> Vec<PlanPart> {
    let parts = seen.sections.iter().filter_map(|section| section.part.as_ref());
    let terms = |part: &PlanPart| PlanPart {
        owner: part.owner.clone(),
        background: part.background.clone(),
        needs: part.needs.clone(),
        goals: part.goals.clone(),
        actions: part.actions.clone(),
        client_view: part.client_view.clone(),
        worker_view: part.worker_view.clone(),
        next_review: part.next_review.clone(),
        ..PlanPart::default()
    };
    parts.map(terms).collect()
}

/// Marks what in a view is not what was accepted, as far as both may be told.
pub fn mark_changes(view: &mut Plan, accepted: &[PlanPart], told: impl Fn(&str) -> CategorySet) {
    view.changed_since_acceptance = false;
    if view.accept_time.is_none() {
        return;
    }
    let seen_then = |owner: &str| {
        let mut then = accepted.iter().find(|then| then.owner == owner).cloned().unwrap_or_default();
        then.restrict(told(owner));
        then
    };
    let mut changed = false;
    for section in &mut view.sections {
        let Some(now) = &section.part else { continue };
        let differs = has_changed(&seen_then(&now.owner), now);
        changed |= differs;
        section.changed_since_acceptance = differs && told(&now.owner).contains(DataCategory::JointPlan);
    }
    let nothing = PlanPart::default();
    let gone = accepted.iter().filter(|then| part_of(view, &then.owner).is_none());
    changed |= gone.map(|then| seen_then(&then.owner)).any(|then| has_changed(&then, &nothing));
    view.changed_since_acceptance = changed;
}

/// Says whether something else is undertaken, aimed at, needed or said. How far it has come is no such change.
fn has_changed(then: &PlanPart, now: &PlanPart) -> bool {
    let texts =
        |part: &PlanPart| [&part.client_view, &part.worker_view, &part.next_review].map(String::clone);
    texts(then) != texts(now)
        || then.background != now.background
        || differ(&then.needs, &now.needs, |_| true, |one: &PlanNeed, other| one == other)
        || differ(&then.goals, &now.goals, is_aimed_at, is_same_goal)
        || differ(&then.actions, &now.actions, is_undertaken, |one, other| {
            one.goal == other.goal && has_same_terms(one, other)
        })
}

/// Says whether the items that count are not the same, in whatever order.
fn differ<I: Item>(
    then: &[I],
    now: &[I],
    counts: impl Fn(&I) -> bool,
    is_same: impl Fn(&I, &I) -> bool,
) -> bool {
    let then: Vec<&I> = then.iter().filter(|item| counts(item)).collect();
    let now: HashMap<&str, &I> =
        now.iter().filter(|item| counts(item)).map(|item| (item.id(), item)).collect();
    then.len() != now.len()
        || !then.iter().all(|then| now.get(then.id()).is_some_and(|now| is_same(then, now)))
}

fn is_undertaken(action: &PlanAction) -> bool {
    action.state() != ActionState::Dropped
}

fn is_aimed_at(goal: &PlanGoal) -> bool {
    !matches!(goal.state(), GoalState::Cancelled | GoalState::Rejected | GoalState::EnteredInError)
}

fn is_same_goal(then: &PlanGoal, now: &PlanGoal) -> bool {
    let PlanGoal { id: _, category, text, state: _, achievement: _, due, needs } = now;
    (then.category, &then.text, &then.due, &then.needs) == (*category, text, due, needs)
}

/// Says whether an action is what it was. Once it is under way its days tell how it came to be.
fn has_same_terms(then: &PlanAction, now: &PlanAction) -> bool {
    let PlanAction { id: _, category, text, state: _, goal: _, provider, ptv_service, start, end, reason: _ } =
        now;
    let is_planned = matches!(now.state(), ActionState::Proposed | ActionState::Agreed);
    (then.category, &then.text, &then.provider, &then.ptv_service) == (*category, text, provider, ptv_service)
        && (!is_planned || (&then.start, &then.end) == (start, end))
}

fn by_id<I: Item>(items: &[I]) -> HashMap<&str, &I> {
    items.iter().map(|item| (item.id(), item)).collect()
}
