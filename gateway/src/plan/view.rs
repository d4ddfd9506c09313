//! What does one reader see of a plan?

use std::collections::HashSet;

use polku_proto::v1::{
    ActionState, DataCategory, Plan, PlanComment, PlanItem, PlanPart, PlanSection, plan_item,
};
use polku_proto::{CategorySet, Disclose};

use super::YOUTH;
use super::questionnaire::{mark_questionnaires, mark_stars};
use super::section::{order_sections, owner_of, part_of};
use super::source::show_sources;
use super::states::Lifecycle;

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader<'a> {
    /// The young person, or who represents them.
    YoungPerson,
    /// The agency of this id.
    Agency(&'a str),
}

/// What no plan holds: what became of a referral is told by the referral.
const NEVER: CategorySet = CategorySet::of(&[DataCategory::ReferralStatus]);

/// Says whether nothing is kept back.
pub(super) fn is_everything(told: CategorySet) -> bool {
    CategorySet::ALL.difference(NEVER).is_subset(told.union(CategorySet::ENVELOPE))
}

/// Gives the plan as a reader sees it. `permitted` says what may be told to the reader of the section of an owner; what
/// belongs to no section is told as the young person's section is.
///
/// Sections, items, records of meetings, links and the flagged step of which something needed is not shown are absent.
/// Whether there was a questionnaire before a meeting, and what has changed since the first star, is told by those that are
/// shown.
/// When a section has changed is told only with everything else of it. The etags are left to the caller; whether the
/// plan is active, and what has changed since it was accepted, to [`Agreement::mark`](super::Agreement::mark).
#[must_use]
pub fn view(plan: &Plan, permitted: impl Fn(&str) -> CategorySet, reader: Reader<'_>) -> Plan {
    let is_coordinator = reader == Reader::Agency(&plan.coordinator);
    let mut view = without_sections(plan);
    view.restrict(permitted(YOUTH));
    if !is_coordinator && reader != Reader::YoungPerson {
        view.parties.clear();
    }
    for section in &plan.sections {
        let owner = owner_of(section);
        let is_own = match reader {
            Reader::YoungPerson => owner == YOUTH,
            Reader::Agency(agency) => owner == agency || (owner == YOUTH && is_coordinator),
        };
        let told = permitted(owner);
        let shown = seen_section(section, told);
        if is_own || !Disclose::categories(&shown).is_subset(CategorySet::ENVELOPE) {
            view.sections.push(shown);
        }
    }
    if let (Reader::Agency(agency), false) = (reader, is_coordinator) {
        drop_others_promises(&mut view, agency);
    }
    order_sections(&mut view);
    drop_loose_ends(&mut view);
    mark_questionnaires(&mut view, permitted);
    mark_stars(&mut view);
    view
}

/// A copy of everything but the sections.
fn without_sections(plan: &Plan) -> Plan {
    let Plan {
        name,
        etag: _,
        state,
        purpose,
        coordinator,
        coordinator_unit,
        create_time,
        sections: _,
        responsible_worker,
        accept_time,
        step,
        links,
        replaces,
        replaced_by,
        parties,
        changed_since_acceptance: _,
    } = plan;
    Plan {
        name: name.clone(),
        etag: String::new(),
        state: *state,
        purpose: *purpose,
        coordinator: coordinator.clone(),
        coordinator_unit: coordinator_unit.clone(),
        create_time: *create_time,
        sections: Vec::new(),
        responsible_worker: responsible_worker.clone(),
        accept_time: *accept_time,
        step: step.clone(),
        links: links.clone(),
        replaces: replaces.clone(),
        replaced_by: replaced_by.clone(),
        parties: parties.clone(),
        changed_since_acceptance: false,
    }
}

fn seen_section(section: &PlanSection, told: CategorySet) -> PlanSection {
    let mut seen = section.clone();
    seen.restrict(told);
    seen.etag.clear();
    let part = seen.part.get_or_insert_with(PlanPart::default);
    part.revision = 0;
    part.redacted = !is_everything(told);
    if !is_everything(told) {
        part.update_time = None;
    }
    let actions: HashSet<&str> = part.actions.iter().map(|action| action.id.as_str()).collect();
    seen.commitments.retain(|commitment| actions.contains(commitment.action.as_str()));
    show_sources(&mut seen, section, told);
    seen
}

/// Takes out who has undertaken what in the young person's section, where nothing else shows that it is a party.
fn drop_others_promises(view: &mut Plan, reader: &str) {
    let owners: HashSet<String> = view.sections.iter().map(|section| owner_of(section).to_owned()).collect();
    for section in view.sections.iter_mut().filter(|section| owner_of(section) == YOUTH) {
        let PlanSection { part, commitments, .. } = section;
        let actions = part.iter().flat_map(|part| &part.actions);
        let is_known = |provider: &String| provider == reader || owners.contains(provider);
        let known: HashSet<&str> =
            actions.filter(|action| is_known(&action.provider)).map(|action| action.id.as_str()).collect();
        commitments.retain(|one| known.contains(one.action.as_str()));
    }
}

/// Takes the flag from a step that has ended: what comes next is something else.
pub fn drop_ended_step(plan: &mut Plan) {
    let Some(step) = &plan.step else { return };
    if !is_ahead(plan, step) {
        plan.step = None;
    }
}

/// Says whether the item is an action of the plan that has not ended.
#[must_use]
pub fn is_ahead(plan: &Plan, item: &PlanItem) -> bool {
    let goes_on = |state: ActionState| !state.is_final();
    let actions = part_of(plan, &item.owner).map(|part| part.actions.as_slice()).unwrap_or_default();
    item.kind() == plan_item::Kind::Action
        && actions.iter().any(|action| action.id == item.id && goes_on(action.state()))
}

/// Takes out the records of meetings that are not there.
fn drop_loose_records(section: &mut PlanSection) {
    let meetings = section.part.iter().flat_map(|part| &part.meetings);
    let meetings: HashSet<&str> = meetings.map(|meeting| meeting.id.as_str()).collect();
    section.meetings.retain(|record| meetings.contains(record.meeting.as_str()));
}

/// Takes out the records, the comments, the links and the step that lead to what is not in the plan, be it that it was
/// removed or that it is not shown.
pub fn drop_loose_ends(plan: &mut Plan) {
    plan.sections.iter_mut().for_each(drop_loose_records);
    let mut comments: Vec<Vec<PlanComment>> =
        plan.sections.iter_mut().map(|section| std::mem::take(&mut section.comments)).collect();
    if plan.links.is_empty() && plan.step.is_none() && comments.iter().all(Vec::is_empty) {
        return;
    }
    let Plan { sections, links, step, .. } = plan;
    let items: HashSet<(&str, plan_item::Kind, &str)> =
        sections.iter().filter_map(|section| section.part.as_ref()).flat_map(items).collect();
    let is_shown = |item: &PlanItem| items.contains(&(item.owner.as_str(), item.kind(), item.id.as_str()));
    links.retain(|link| [&link.first, &link.second].iter().all(|end| end.as_ref().is_some_and(is_shown)));
    for comments in &mut comments {
        comments.retain(|comment| comment.item.as_ref().is_some_and(is_shown));
    }
    if step.as_ref().is_some_and(|step| !is_shown(step)) {
        *step = None;
    }
    for (section, comments) in sections.iter_mut().zip(comments) {
        section.comments = comments;
    }
}

fn items(part: &PlanPart) -> impl Iterator<Item = (&str, plan_item::Kind, &str)> {
    let owner = part.owner.as_str();
    let needs = part.needs.iter().map(|need| (plan_item::Kind::Need, need.id.as_str()));
    let goals = part.goals.iter().map(|goal| (plan_item::Kind::Goal, goal.id.as_str()));
    let actions = part.actions.iter().map(|action| (plan_item::Kind::Action, action.id.as_str()));
    let meetings = part.meetings.iter().map(|meeting| (plan_item::Kind::Meeting, meeting.id.as_str()));
    needs.chain(goals).chain(actions).chain(meetings).map(move |(kind, id)| (owner, kind, id))
}
