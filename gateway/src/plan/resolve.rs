//! What becomes of a clash when a person has decided?

use jiff::Timestamp;
use polku_proto::v1::{ActionState, GoalState, PlanAction, PlanGoal, PlanPart, PlanState, ReferralContent};

use super::YOUTH;
use super::fields::Fields;
use super::item::{Item, of_list};
use super::merge::Clash;
use super::path::{List, Path};
use super::states::Lifecycle;

/// A decision on a clash.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Choice<'a> {
    /// It stays as it is.
    Theirs,
    /// It becomes what whoever clashed with it wants. Of an item that both have changed, what only the other has changed
    /// stays, as far as it fits.
    Ours,
    /// It becomes what stands in this section.
    Other(&'a PlanPart),
}

/// Why a decision cannot be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// What is stored has changed since the clash.
    #[error("what is stored has changed since the clash")]
    Newer,
    /// The clash is at no place of a section.
    #[error("there is no such place in a section")]
    NoSuchPlace,
    /// Another item than the one in question is stated.
    #[error("something else than what is in question is stated")]
    OtherItem,
    /// The state cannot follow what is stored.
    #[error("the state cannot follow what is stored")]
    Transition,
    /// The value refers to an item that is not there, or does not fit the rest of its item.
    #[error("the value does not fit what is stored")]
    Unfit,
}

/// Carries out a decision on a clash in the section as it is stored now.
///
/// Whoever decides is told everything of the section, and decides between what two others have done: which of two states
/// that came after another, or of two ends. Nothing that has ended goes on by that, and what is stated anew follows what
/// is stored, as in every other change. An item that is removed takes with it the references to it.
///
/// # Errors
/// [`ResolveError`]; nothing is changed then.
pub fn resolve(
    theirs: &PlanPart,
    clash: &Clash,
    choice: Choice<'_>,
    now: Timestamp,
) -> Result<PlanPart, ResolveError> {
    let path = Path::parse(&clash.path).ok_or(ResolveError::NoSuchPlace)?;
    let mut part = theirs.clone();
    if !is_same(&part, &clash.theirs, path)? {
        return Err(ResolveError::Newer);
    }
    let nothing = PlanPart::default();
    let (read, wanted) = match choice {
        Choice::Theirs => return Ok(part),
        Choice::Ours if !is_still_its_word(&part, &clash.base, path) => return Err(ResolveError::Newer),
        Choice::Ours => (&clash.base, &clash.ours),
        // What is stated anew is stated whole.
        Choice::Other(other) => (&nothing, other),
    };
    match path {
        Path::Field(field) => {
            part.take(wanted, field);
        }
        Path::Background(field) => {
            let nothing = ReferralContent::default();
            let mut background = part.background.take().unwrap_or_default();
            background.take(wanted.background.as_ref().unwrap_or(&nothing), field);
            part.background = Some(background).filter(|background| *background != nothing);
        }
        Path::Item(list, id) => of_list!(list, replace(&mut part, (read, wanted), id, now))?,
        Path::ItemField(list, id, field) => of_list!(list, take(&mut part, wanted, id, field, now))?,
    }
    if has_dangling_reference(&part, path) {
        return Err(ResolveError::Unfit);
    }
    if moves(theirs, &part, clash, path, choice) { Ok(part) } else { Err(ResolveError::Transition) }
}

/// The section with the item in question as it was read, where it is not there any more: one that comes back goes on from
/// where it was, and is nobody's new one.
#[must_use]
pub fn with_clashing(theirs: &PlanPart, clash: &Clash) -> PlanPart {
    let mut part = theirs.clone();
    if let Some(Path::Item(list, id)) = Path::parse(&clash.path) {
        of_list!(list, put_back(&mut part, &clash.base, id));
    }
    part
}

fn put_back<I: Item>(part: &mut PlanPart, base: &PlanPart, id: &str) {
    if I::find(part, id).is_none() {
        let items = I::of_mut(part);
        items.extend(I::find(base, id).cloned());
    }
}

/// Says whether the state in question, if one is, can become what was decided.
fn moves(theirs: &PlanPart, part: &PlanPart, clash: &Clash, path: Path<'_>, choice: Choice<'_>) -> bool {
    match path {
        Path::Field("state") => may_become::<PlanState>(theirs.state, part.state, choice),
        Path::Item(List::Goals, id) | Path::ItemField(List::Goals, id, "state") => {
            let state = |part: &PlanPart| PlanGoal::find(part, id).map(|goal| goal.state);
            moves_to::<GoalState>(theirs, part, clash, state, choice)
        }
        Path::Item(List::Actions, id) | Path::ItemField(List::Actions, id, "state") => {
            let state = |part: &PlanPart| PlanAction::find(part, id).map(|action| action.state);
            moves_to::<ActionState>(theirs, part, clash, state, choice)
        }
        Path::Field(_) | Path::Background(_) | Path::Item(..) | Path::ItemField(..) => true,
    }
}

/// An item that comes back goes on from where it was.
fn moves_to<S: Lifecycle>(
    theirs: &PlanPart,
    part: &PlanPart,
    clash: &Clash,
    state: impl Fn(&PlanPart) -> Option<i32>,
    choice: Choice<'_>,
) -> bool {
    let Some(to) = state(part) else { return true };
    let from = state(theirs).or_else(|| state(&clash.base)).or_else(|| state(&clash.ours));
    may_become::<S>(from.unwrap_or_default(), to, choice)
}

fn may_become<S: Lifecycle>(from: i32, to: i32, choice: Choice<'_>) -> bool {
    let (Some(was), Some(will)) = (S::read(from), S::read(to)) else { return false };
    from == to
        || match choice {
            Choice::Theirs => false,
            // Its own system may have gone through several states since.
            Choice::Ours => was.leads_to(will) || will.is_final(),
            Choice::Other(_) => was.next().contains(&will),
        }
}

/// Says whether what was wanted of an action may still be said by who wanted it: what a party has begun since, or another
/// has undertaken, is theirs. Of their own sections owners say everything.
fn is_still_its_word(part: &PlanPart, base: &PlanPart, path: Path<'_>) -> bool {
    if part.owner != YOUTH {
        return true;
    }
    let is_same =
        |id: &str, field: &str| is_same_field::<PlanAction>(part, base, id, field).unwrap_or_default();
    let is_planned =
        |action: &PlanAction| matches!(action.state(), ActionState::Proposed | ActionState::Agreed);
    match path {
        Path::ItemField(List::Actions, id, "provider") => {
            let can_go_over = PlanAction::find(part, id).is_none_or(is_planned) || is_same(id, "provider");
            is_same(id, "state") && can_go_over
        }
        Path::ItemField(List::Actions, id, "state" | "start" | "end" | "reason") => is_same(id, "provider"),
        Path::Item(List::Actions, id) => {
            PlanAction::find(part, id).is_none_or(is_planned)
                || is_same(id, "state") && is_same(id, "provider")
        }
        Path::Field(_) | Path::Background(_) | Path::Item(..) | Path::ItemField(..) => true,
    }
}

/// Says whether a place is the same in both.
fn is_same(part: &PlanPart, other: &PlanPart, path: Path<'_>) -> Result<bool, ResolveError> {
    let nothing = ReferralContent::default();
    let same = match path {
        Path::Field(field) => PlanPart::is_same(part, other, field),
        Path::Background(field) => {
            let [one, two] = [part, other].map(|part| part.background.as_ref().unwrap_or(&nothing));
            ReferralContent::is_same(one, two, field)
        }
        Path::Item(list, id) => Some(of_list!(list, is_same_item(part, other, id))),
        // Whose word it was on how far an action has come, and how far it was when somebody was named for it.
        Path::ItemField(List::Actions, id, "state" | "provider") if part.owner == YOUTH => Some(
            ["state", "provider"]
                .iter()
                .all(|field| is_same_field::<PlanAction>(part, other, id, field).unwrap_or_default()),
        ),
        Path::ItemField(list, id, field) => of_list!(list, is_same_field(part, other, id, field)),
    };
    same.ok_or(ResolveError::NoSuchPlace)
}

fn is_same_item<I: Item>(part: &PlanPart, other: &PlanPart, id: &str) -> bool {
    I::find(part, id) == I::find(other, id)
}

/// An item that is gone has changed, unless it was gone before; a field that no item has is no place.
fn is_same_field<I: Item>(part: &PlanPart, other: &PlanPart, id: &str, field: &str) -> Option<bool> {
    let nothing = I::default();
    I::is_same(&nothing, &nothing, field)?;
    match (I::find(part, id), I::find(other, id)) {
        (Some(one), Some(two)) => I::is_same(one, two, field),
        (None, None) => Some(true),
        (Some(_), None) | (None, Some(_)) => Some(false),
    }
}

/// Puts an item in its place, over what was read of it, or takes it out where none is wanted.
fn replace<I: Item>(
    part: &mut PlanPart,
    (read, wanted): (&PlanPart, &PlanPart),
    id: &str,
    now: Timestamp,
) -> Result<(), ResolveError> {
    let items = I::of_mut(part);
    match (I::find(wanted, id), items.iter().position(|item| item.id() == id)) {
        (Some(wanted), _) if !wanted.is_sound(now) => return Err(ResolveError::Unfit),
        (Some(wanted), Some(place)) => {
            if let Some(item) = items.get_mut(place) {
                *item = match I::find(read, id) {
                    Some(read) => over(read, wanted, item, now),
                    None => wanted.clone(),
                };
            }
        }
        (Some(wanted), None) => items.push(wanted.clone()),
        (None, _) if !I::of(wanted).is_empty() => return Err(ResolveError::OtherItem),
        (None, _) => {
            items.retain(|item| item.id() != id);
            forget(part, I::LIST, id);
        }
    }
    Ok(())
}

/// What is stored of an item with every field that was changed as it is wanted; what binds such a field comes with it
/// where the two do not fit.
fn over<I: Item>(read: &I, wanted: &I, stored: &I, now: Timestamp) -> I {
    let mut changed = Vec::new();
    I::differing(read, wanted, &mut |field| changed.push(field));
    let mut item = stored.clone();
    for field in &changed {
        item.take(wanted, field);
    }
    if item.is_sound(now) {
        return item;
    }
    let is_changed = |pair: &&[&str; 2]| pair.iter().any(|field| changed.contains(field));
    for field in I::BOUND.iter().filter(is_changed).flatten() {
        item.take(wanted, field);
    }
    if item.is_sound(now) { item } else { wanted.clone() }
}

fn take<I: Item>(
    part: &mut PlanPart,
    wanted: &PlanPart,
    id: &str,
    field: &str,
    now: Timestamp,
) -> Result<(), ResolveError> {
    let wanted = I::find(wanted, id).ok_or(ResolveError::OtherItem)?;
    let item = I::of_mut(part).iter_mut().find(|item| item.id() == id).ok_or(ResolveError::Newer)?;
    item.take(wanted, field);
    if item.is_sound(now) { Ok(()) } else { Err(ResolveError::Unfit) }
}

/// Takes out the references to an item.
fn forget(part: &mut PlanPart, list: List, id: &str) {
    match list {
        List::Needs => part.goals.iter_mut().for_each(|goal| goal.needs.retain(|need| need != id)),
        List::Goals => {
            part.actions.iter_mut().filter(|action| action.goal == id).for_each(|action| action.goal.clear());
        }
        List::Actions | List::Meetings => {}
    }
}

/// Says whether the item in question refers to one that is not there.
fn has_dangling_reference(part: &PlanPart, path: Path<'_>) -> bool {
    let (Path::Item(list, id) | Path::ItemField(list, id, _)) = path else {
        return false;
    };
    match list {
        List::Actions => part.actions.iter().find(|action| action.id == id).is_some_and(|action| {
            !action.goal.is_empty() && !part.goals.iter().any(|goal| goal.id == action.goal)
        }),
        List::Goals => part.goals.iter().find(|goal| goal.id == id).is_some_and(|goal| {
            goal.needs.iter().any(|named| !part.needs.iter().any(|need| need.id == *named))
        }),
        List::Needs | List::Meetings => false,
    }
}
