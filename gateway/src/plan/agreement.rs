//! What has been agreed, and what has changed since?
//!
//! The young person accepts what is seen of a plan by whoever records it; each owner acknowledges what it has undertaken
//! to do. Neither stands for what was not seen, or was written afterwards. A plan is active for a reader once there was a
//! moment when nothing was missing of what this reader sees, whoever had recorded it; what changes later does not take
//! that back. Of what a reader does not see nothing is missing for it, so that nobody is told that there is more.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use polku_proto::v1::{
    ActionState, DataCategory, GoalState, Plan, PlanAction, PlanCommitment, PlanGoal, PlanNeed, PlanPart,
    PlanSection, PlanState,
};
use polku_proto::{CategorySet, Disclose};
use prost::{DecodeError, Message};
use prost_types::Timestamp;

use super::YOUTH;
use super::item::{Item, by_id};
use super::section::{owner_of, part_of};
use super::states::is_over;

/// What the young person has accepted of a plan, and what was missing since.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct Agreement {
    /// As whoever recorded it saw it; and what they did not see, as it was accepted before.
    #[prost(message, repeated, tag = "1")]
    accepted: Vec<PlanPart>,
    /// At each moment since the acceptance: the least of it.
    // 2 was a copy of what was not accepted yet.
    #[prost(message, repeated, tag = "3")]
    missing: Vec<Missing>,
}

/// What was neither accepted nor acknowledged at one moment.
#[derive(Clone, PartialEq, Eq, Message)]
struct Missing {
    #[prost(message, repeated, tag = "1")]
    parts: Vec<MissingPart>,
}

/// Something of one category, of one section.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Message)]
struct MissingPart {
    #[prost(string, tag = "1")]
    owner: String,
    #[prost(enumeration = "DataCategory", tag = "2")]
    category: i32,
}

impl fmt::Debug for Agreement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Agreement(redacted)")
    }
}

impl Agreement {
    /// The young person accepts what is seen of a plan by one who may be told this. What was accepted before and is not
    /// seen stays accepted, as it was.
    ///
    /// # Errors
    /// What was accepted before cannot be read.
    pub fn accept(&mut self, seen: &Plan, told: impl Fn(&str) -> CategorySet) -> Result<(), DecodeError> {
        let mut accepted = terms(seen);
        for earlier in &self.accepted {
            if part_among(&accepted, &earlier.owner).is_none() {
                accepted.push(PlanPart { owner: earlier.owner.clone(), ..PlanPart::default() });
            }
            let hidden = CategorySet::ALL.difference(told(&earlier.owner));
            for part in accepted.iter_mut().filter(|part| part.owner == earlier.owner) {
                keep(part, earlier, hidden)?;
            }
        }
        self.accepted = accepted;
        Ok(())
    }

    /// Says whether there was a moment at which nothing was missing of what is seen.
    fn was_complete(&self, is_seen: impl Fn(&MissingPart) -> bool) -> bool {
        self.missing.iter().any(|missing| !missing.parts.iter().any(&is_seen))
    }

    /// Says whether the young person has accepted another plan since.
    #[must_use]
    pub fn is_same_acceptance(&self, other: &Agreement) -> bool {
        self.accepted == other.accepted
    }

    /// Notes what is missing after a change.
    pub fn follow(&mut self, plan: &Plan) {
        if plan.accept_time.is_none() || self.was_complete(|_| true) {
            return;
        }
        let missing = self.missing(plan);
        if self.missing.iter().any(|earlier| earlier.is_within(&missing)) {
            return;
        }
        self.missing.retain(|earlier| !missing.is_within(earlier));
        self.missing.push(missing);
    }

    /// Tells the state of a plan for who may be told this. Pauses and ends are as they are stored.
    #[must_use]
    pub fn state(&self, plan: &Plan, told: impl Fn(&str) -> CategorySet) -> PlanState {
        let state = plan.state();
        if state == PlanState::OnHold || is_over(state) {
            return state;
        }
        let is_seen = |part: &MissingPart| told(&part.owner).contains(part.category());
        if plan.accept_time.is_some() && self.was_complete(is_seen) {
            PlanState::Active
        } else {
            PlanState::Draft
        }
    }

    /// Marks in a view what is not what was accepted, as far as both may be told, and fills in the state.
    pub fn mark(&self, view: &mut Plan, told: impl Fn(&str) -> CategorySet) {
        view.state = self.state(view, &told).into();
        view.changed_since_acceptance = false;
        if view.accept_time.is_none() {
            return;
        }
        let nothing = PlanPart::default();
        let mut changed = false;
        for section in &mut view.sections {
            let Some(now) = &section.part else { continue };
            let told = told(&now.owner);
            let differs = has_changed(&told_of(part_among(&self.accepted, &now.owner), told), now);
            changed |= differs;
            section.changed_since_acceptance = differs && told.contains(DataCategory::JointPlan);
        }
        let gone = self.accepted.iter().filter(|then| part_of(view, &then.owner).is_none());
        changed |=
            gone.map(|then| told_of(Some(then), told(&then.owner))).any(|then| has_changed(&then, &nothing));
        view.changed_since_acceptance = changed;
    }

    /// What of a plan is not what was accepted, or not acknowledged. By category: who sees one of an owner sees all of
    /// it.
    fn missing(&self, plan: &Plan) -> Missing {
        let nothing = PlanPart::default();
        let owners: BTreeSet<&str> = plan
            .sections
            .iter()
            .map(owner_of)
            .chain(self.accepted.iter().map(|then| then.owner.as_str()))
            .collect();
        let mut parts = BTreeSet::new();
        for owner in owners {
            let then = part_among(&self.accepted, owner).unwrap_or(&nothing);
            let now = part_of(plan, owner).unwrap_or(&nothing);
            let present = Disclose::categories(then).union(Disclose::categories(now));
            for category in present.difference(CategorySet::ENVELOPE).iter() {
                let one = CategorySet::of(&[category]);
                if has_changed(&told_of(Some(then), one), &told_of(Some(now), one)) {
                    parts.insert(MissingPart { owner: owner.to_owned(), category: category.into() });
                }
            }
        }
        // Who has left stands by nothing any more, and nobody could say so in its place.
        let stands = |section: &&PlanSection| is_party(plan, owner_of(section)) || owner_of(section) == YOUTH;
        for section in plan.sections.iter().filter(stands) {
            let open = section.commitments.iter().filter(|one| one.acknowledge_time.is_none());
            let open: BTreeSet<&str> = open.map(|one| one.action.as_str()).collect();
            let actions = section.part.iter().flat_map(|part| &part.actions);
            for action in actions.filter(|action| open.contains(action.id.as_str())) {
                parts.insert(MissingPart { owner: owner_of(section).to_owned(), category: action.category });
            }
        }
        Missing { parts: parts.into_iter().collect() }
    }
}

impl Missing {
    fn is_within(&self, other: &Missing) -> bool {
        self.parts.iter().all(|part| other.parts.contains(part))
    }
}

/// Brings the commitments of all sections in line with their actions: each that is not dropped is one, and one that has
/// other terms than before the change is not acknowledged any more. In the young person's own section those are
/// commitments that a party provides.
pub fn commit(before: Option<&Plan>, after: &mut Plan) {
    let parties = after.parties.clone();
    for section in &mut after.sections {
        let PlanSection { part: Some(part), commitments, .. } = section else {
            continue;
        };
        let was = before.and_then(|before| part_of(before, &part.owner));
        let was: HashMap<&str, &PlanAction> = was.map(|was| by_id(&was.actions)).unwrap_or_default();
        let mut known: HashMap<String, PlanCommitment> =
            commitments.drain(..).map(|one| (one.action.clone(), one)).collect();
        let is_anybodys = |action: &&PlanAction| part.owner != YOUTH || parties.contains(&action.provider);
        for action in part.actions.iter().filter(|action| is_undertaken(action)).filter(is_anybodys) {
            let new = || PlanCommitment { action: action.id.clone(), ..PlanCommitment::default() };
            let mut commitment = known.remove(&action.id).unwrap_or_else(new);
            if !was.get(action.id.as_str()).is_some_and(|was| has_same_terms(was, action)) {
                commitment.acknowledge_time = None;
            }
            commitments.push(commitment);
        }
    }
}

/// A party stands by what it has undertaken: all of its own section, and of the young person's what it provides, as far as
/// it is in the plan that is seen. Says whether there is anything.
pub fn acknowledge(plan: &mut Plan, party: &str, seen: &Plan, time: Timestamp) -> bool {
    let mut any = false;
    for section in &mut plan.sections {
        let owner = owner_of(section);
        if owner != party && owner != YOUTH {
            continue;
        }
        let actions = part_of(seen, owner).map(|part| part.actions.as_slice()).unwrap_or_default();
        let own = actions.iter().filter(|action| owner == party || action.provider == party);
        let own: BTreeSet<&str> = own.map(|action| action.id.as_str()).collect();
        for one in section.commitments.iter_mut().filter(|one| own.contains(one.action.as_str())) {
            one.acknowledge_time.get_or_insert(time);
            any = true;
        }
    }
    any
}

fn is_party(plan: &Plan, owner: &str) -> bool {
    plan.parties.iter().any(|party| party == owner)
}

/// What of a plan is accepted, to be compared with later.
fn terms(plan: &Plan) -> Vec<PlanPart> {
    let parts = plan.sections.iter().filter_map(|section| section.part.as_ref());
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

fn part_among<'a>(parts: &'a [PlanPart], owner: &str) -> Option<&'a PlanPart> {
    parts.iter().find(|part| part.owner == owner)
}

/// Puts beside what is accepted anew what had been accepted of what is hidden from whoever has recorded it: fields, items
/// and where these lead, and which of them others lead to.
fn keep(part: &mut PlanPart, earlier: &PlanPart, hidden: CategorySet) -> Result<(), DecodeError> {
    let mut kept = told_of(Some(earlier), hidden);
    let (goals, actions) = (by_id(&earlier.goals), by_id(&earlier.actions));
    let needs_before =
        |goal: &PlanGoal| goals.get(goal.id.as_str()).map(|then| then.needs.clone()).unwrap_or_default();
    let goal_before = |action: &PlanAction| {
        actions.get(action.id.as_str()).map(|then| then.goal.clone()).unwrap_or_default()
    };
    for goal in &mut part.goals {
        goal.needs.extend(needs_before(goal).into_iter().filter(|id| PlanNeed::find(&kept, id).is_some()));
    }
    for action in part.actions.iter_mut().filter(|action| action.goal.is_empty()) {
        action.goal =
            Some(goal_before(action)).filter(|id| PlanGoal::find(&kept, id).is_some()).unwrap_or_default();
    }
    kept.goals.iter_mut().for_each(|goal| goal.needs = needs_before(goal));
    kept.actions.iter_mut().for_each(|action| action.goal = goal_before(action));
    // An item that is of another category now is accepted as what it is now.
    kept.needs.retain(|need| PlanNeed::find(part, &need.id).is_none());
    kept.goals.retain(|goal| PlanGoal::find(part, &goal.id).is_none());
    kept.actions.retain(|action| PlanAction::find(part, &action.id).is_none());
    // A field is of one category: each is in one of the two alone.
    part.merge(kept.encode_to_vec().as_slice())
}

fn told_of(part: Option<&PlanPart>, told: CategorySet) -> PlanPart {
    let mut part = part.cloned().unwrap_or_default();
    part.restrict(told);
    part
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
    let as_set = |needs: &[String]| needs.iter().cloned().collect::<BTreeSet<String>>();
    (then.category, &then.text, &then.due) == (*category, text, due) && as_set(&then.needs) == as_set(needs)
}

/// Says whether an action is what it was. Once it is under way its days tell how it came to be.
fn has_same_terms(then: &PlanAction, now: &PlanAction) -> bool {
    let PlanAction { id: _, category, text, state: _, goal: _, provider, ptv_service, start, end, reason: _ } =
        now;
    let is_planned = matches!(now.state(), ActionState::Proposed | ActionState::Agreed);
    (then.category, &then.text, &then.provider, &then.ptv_service) == (*category, text, provider, ptv_service)
        && (!is_planned || (&then.start, &then.end) == (start, end))
}
