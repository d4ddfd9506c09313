//! May somebody change a section like this, and does what they want make sense?

mod rights;
mod size;

pub use size::{author_at, check_room, check_whole};

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use polku_proto::v1::{ActionState, GoalState, PlanAction, PlanGoal, PlanMeeting, PlanPart, PlanState};
use polku_proto::{CategorySet, Disclose};

use super::item::{ActionRules as _, Item, MeetingRules as _, by_id, of_list};
use super::path::{List, Path};
use super::states::Lifecycle;
use super::used::UsedIds;

/// Who changes a section.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Editor<'a> {
    /// The agency whose section it is.
    Owner,
    /// The agency of the responsible worker.
    Coordinator,
    /// The young person, or who represents them.
    YoungPerson,
    /// Another party of this agency id, in the young person's section.
    OtherParty(&'a str),
}

/// Where a change comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A call: one step of a state at a time.
    Call,
    /// The owner's own system, which may have gone through several states since it was last heard of.
    Import,
}

/// A change that somebody wants to make to one section.
#[derive(Clone, Copy, Debug)]
pub struct Edit<'a> {
    /// Who wants it.
    pub editor: Editor<'a>,
    /// Where it comes from.
    pub origin: Origin,
    /// What the editor may be told of the section.
    pub told: CategorySet,
    /// What those may be told of it who choose ids as the editor does: its whole agency, or the young person.
    pub fellows_told: CategorySet,
    /// The agency ids of the other parties to the plan.
    pub others: &'a [String],
    /// The section as the editor has read it. Empty for a section that is begun.
    pub base: &'a PlanPart,
    /// The section as the editor wants it, with its owner.
    pub ours: &'a PlanPart,
    /// The section as it is stored.
    pub stored: &'a PlanPart,
    /// The ids of the plan that have had their item.
    pub used: &'a UsedIds,
    /// The present instant.
    pub now: Timestamp,
}

/// What is wrong with a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is somebody else's to change.
    NotOwned,
    /// The editor may not be told what it wants to write.
    NotTold,
    /// The state cannot follow.
    Transition,
    /// An id is referred to that no item has.
    Dangling,
    /// An author has too many items, or too much in them.
    TooLarge,
    /// Two items have one id, or a new one has the id of one that was removed or is hidden.
    Duplicate,
    /// A value makes no sense, or an id is not one that the editor may give.
    Invalid,
}

impl Fault {
    /// The stable reason code.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Fault::NotOwned => "PLAN_ITEM_NOT_OWNED",
            Fault::NotTold => "CATEGORY_NOT_PERMITTED",
            Fault::Transition => "TRANSITION_NOT_ALLOWED",
            Fault::Dangling => "DANGLING_REFERENCE",
            Fault::TooLarge => "PLAN_TOO_LARGE",
            Fault::Duplicate => "DUPLICATE_ITEM",
            Fault::Invalid => "INVALID_FIELDS",
        }
    }
}

/// Why a change is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {expected}")]
pub struct EditError {
    /// What is wrong.
    pub fault: Fault,
    /// Where: `sections[te].goals[g1].state`. Names of fields and ids, nothing else.
    pub path: String,
    /// What was expected.
    pub expected: &'static str,
}

impl Edit<'_> {
    /// Whether the editor, another party, is the provider of an action, as it has read it and as it is now. One that it
    /// does not see any more is for the merge to keep as it is.
    fn provides(&self, action: &str) -> bool {
        let Editor::OtherParty(agency) = self.editor else { return false };
        let stored = self.seen(action);
        rights::names(Some(self.base), action, agency)
            && (stored.is_none() || rights::names(stored, action, agency))
    }

    /// Whether an action is undertaken by another party, as the editor has read it, wants it, or sees it now.
    fn is_undertaken_by_another(&self, action: &str) -> bool {
        [Some(self.base), Some(self.ours), self.seen(action)]
            .into_iter()
            .any(|part| self.is_others(part, action))
    }

    /// Whether another party stands there as the provider of an action, as the editor has read it or sees it now. Who names
    /// it anew may state the days along with that.
    fn is_known_of_another(&self, action: &str) -> bool {
        self.known(action).any(|part| self.is_others(Some(part), action))
    }

    /// Whether another party has begun an action, as the editor has read it or sees it now: it is no plan any more.
    fn is_begun_by_another(&self, action: &str) -> bool {
        self.has_state_of_another(action, |state| {
            !matches!(state, ActionState::Proposed | ActionState::Agreed)
        })
    }

    /// Whether another party is at it, as the editor has read it or sees it now.
    fn is_under_way_by_another(&self, action: &str) -> bool {
        self.has_state_of_another(action, |state| state == ActionState::InProgress)
    }

    fn has_state_of_another(&self, action: &str, is_it: impl Fn(ActionState) -> bool) -> bool {
        self.known(action).any(|part| {
            self.is_others(Some(part), action)
                && PlanAction::find(part, action).is_some_and(|action| is_it(action.state()))
        })
    }

    /// The section as the editor has read it, and as it is stored where the editor sees this action of it.
    fn known(&self, action: &str) -> impl Iterator<Item = &PlanPart> {
        [Some(self.base), self.seen(action)].into_iter().flatten()
    }

    /// Whether another party is to be the provider of an action that has ended, as the editor wants it or sees it now.
    fn gives_ended_to_another(&self, action: &str) -> bool {
        let has_ended = |part: &PlanPart| {
            PlanAction::find(part, action).is_some_and(|action| Lifecycle::is_final(action.state()))
        };
        self.is_others(Some(self.ours), action)
            && [Some(self.ours), self.seen(action)].into_iter().flatten().any(has_ended)
    }

    /// Whether a section names another party as the provider of an action.
    fn is_others(&self, part: Option<&PlanPart>, action: &str) -> bool {
        self.others.iter().any(|agency| rights::names(part, action, agency))
    }

    /// The section as it is stored, where the editor sees this action of it.
    fn seen(&self, action: &str) -> Option<&PlanPart> {
        Some(self.stored).filter(|_| sees(self.told, PlanAction::find(self.stored, action)))
    }

    /// Whether an id has had its item, as far as the editor does not see it: one that was removed, and one that is hidden.
    fn is_used(&self, list: List, id: &str) -> bool {
        let is_hidden = of_list!(list, hides(self.stored, self.told, id));
        is_hidden || self.used.has(&self.ours.owner, list, id)
    }
}

/// Whether there is an item, and the editor sees it.
fn sees<I: Item>(told: CategorySet, stored: Option<&I>) -> bool {
    let Some(mut seen) = stored.cloned() else { return false };
    seen.restrict(told);
    !Disclose::categories(&seen).is_empty()
}

/// Whether there is one that the editor does not see.
fn hides<I: Item>(stored: &PlanPart, told: CategorySet, id: &str) -> bool {
    let item = I::find(stored, id);
    item.is_some() && !sees(told, item)
}

impl EditError {
    fn new(fault: Fault, owner: &str, path: Path<'_>, expected: &'static str) -> EditError {
        let place = match path {
            Path::Field(field) => format!(".{field}"),
            Path::Background(field) => format!(".background.{field}"),
            Path::Item(list, id) => format!(".{}[{id}]", list.name()),
            Path::ItemField(list, id, field) => format!(".{}[{id}].{field}", list.name()),
        };
        EditError { fault, path: format!("sections[{owner}]{place}"), expected }
    }
}

/// Checks a change of one section: its size, whose it is to make, states, references, ids and dates.
///
/// A message that is no message of the contract has been refused before.
///
/// # Errors
/// [`EditError`], with the first fault that is found.
pub fn check(edit: &Edit<'_>) -> Result<(), EditError> {
    let ours = edit.ours;
    size::check(ours, edit.base)?;
    unique(ours)?;
    references(ours)?;
    rights::check(edit)?;
    states(edit)?;
    sense(edit.base, ours, edit.now)
}

/// No two items of a list have one id.
fn unique(ours: &PlanPart) -> Result<(), EditError> {
    for (list, repeated) in [
        (List::Needs, repeated(&ours.needs)),
        (List::Goals, repeated(&ours.goals)),
        (List::Actions, repeated(&ours.actions)),
        (List::Meetings, repeated(&ours.meetings)),
    ] {
        if let Some(id) = repeated {
            let path = Path::Item(list, id);
            return Err(EditError::new(Fault::Duplicate, &ours.owner, path, "one item with this id"));
        }
    }
    Ok(())
}

/// Checks a section as it would be stored in place of another: that whoever is told all of it can read it, and that what is
/// new makes sense. What stands already was checked by whoever let it in, whose clock may have been ahead.
///
/// # Errors
/// [`EditError`], with the first fault that is found.
pub fn check_stored(before: &PlanPart, part: &PlanPart, now: Timestamp) -> Result<(), EditError> {
    size::check(part, part)?;
    unique(part)?;
    references(part)?;
    sense(before, part, now)
}

/// An id that two items have.
fn repeated<I: Item>(items: &[I]) -> Option<&str> {
    let mut seen = HashSet::with_capacity(items.len());
    items.iter().map(Item::id).find(|id| !seen.insert(*id))
}

/// Every id that is referred to is one of an item of the section.
fn references(ours: &PlanPart) -> Result<(), EditError> {
    let refuse = |path, expected| EditError::new(Fault::Dangling, &ours.owner, path, expected);
    let needs: HashSet<&str> = ours.needs.iter().map(Item::id).collect();
    for goal in &ours.goals {
        if goal.needs.iter().any(|need| !needs.contains(need.as_str())) {
            return Err(refuse(
                Path::ItemField(List::Goals, &goal.id, "needs"),
                "ids of needs of the same section",
            ));
        }
    }
    let goals: HashSet<&str> = ours.goals.iter().map(Item::id).collect();
    for action in &ours.actions {
        if !action.goal.is_empty() && !goals.contains(action.goal.as_str()) {
            return Err(refuse(
                Path::ItemField(List::Actions, &action.id, "goal"),
                "the id of a goal of the same section",
            ));
        }
    }
    Ok(())
}

/// The states of the section, of its goals and of its actions can follow what they were.
fn states(edit: &Edit<'_>) -> Result<(), EditError> {
    let Edit { base, ours, origin, .. } = *edit;
    let refuse = |path| {
        EditError::new(Fault::Transition, &ours.owner, path, "a state that can follow the present one")
    };
    if !may_become::<PlanState>(base.state, ours.state, origin) {
        return Err(refuse(Path::Field("state")));
    }
    let was: HashMap<&str, &PlanGoal> = by_id(&base.goals);
    for goal in &ours.goals {
        let from = was.get(goal.id.as_str()).map_or(0, |goal| goal.state);
        if !may_become::<GoalState>(from, goal.state, origin) {
            return Err(refuse(Path::ItemField(List::Goals, &goal.id, "state")));
        }
    }
    let was: HashMap<&str, &PlanAction> = by_id(&base.actions);
    for action in &ours.actions {
        let from = was.get(action.id.as_str()).map_or(0, |action| action.state);
        if !may_become::<ActionState>(from, action.state, origin) {
            return Err(refuse(Path::ItemField(List::Actions, &action.id, "state")));
        }
    }
    Ok(())
}

/// Says whether a state can follow. What is new, from 0, begins in any state that is not final; brought in, in any.
fn may_become<S: Lifecycle>(from: i32, to: i32, origin: Origin) -> bool {
    if from == to {
        return true;
    }
    let (Some(was), Some(will)) = (S::read(from), S::read(to)) else {
        return false;
    };
    match origin {
        Origin::Call if from == 0 => to != 0 && !will.is_final(),
        Origin::Call => was.next().contains(&will),
        Origin::Import if from == 0 => to != 0,
        Origin::Import => was.leads_to(will),
    }
}

/// Of what is new dates are in order, reasons are given, and no meeting has been held that is still to come.
fn sense(before: &PlanPart, ours: &PlanPart, now: Timestamp) -> Result<(), EditError> {
    let refuse = |path, expected| EditError::new(Fault::Invalid, &ours.owner, path, expected);
    let was: HashMap<&str, &PlanAction> = by_id(&before.actions);
    for action in ours.actions.iter().filter(|action| was.get(action.id()) != Some(action)) {
        let field = |field| Path::ItemField(List::Actions, &action.id, field);
        if !action.is_in_order() {
            return Err(refuse(field("end"), "a date that is not before the start"));
        }
        if !action.has_its_reason() {
            return Err(refuse(field("reason"), "why it was not done"));
        }
    }
    let was: HashMap<&str, &PlanMeeting> = by_id(&before.meetings);
    let mut new = ours.meetings.iter().filter(|meeting| was.get(meeting.id()) != Some(meeting));
    let untimely = new.find(|meeting| !meeting.has_its_time(now));
    untimely.map_or(Ok(()), |meeting| {
        let field = Path::ItemField(List::Meetings, &meeting.id, "time");
        Err(refuse(field, "a time that has passed, of a meeting that was held"))
    })
}
