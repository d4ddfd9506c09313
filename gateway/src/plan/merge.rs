//! How does one party's change come in over what others have changed since?

use std::cell::OnceCell;
use std::collections::HashSet;

use jiff::Timestamp;
use polku_proto::CategorySet;
use polku_proto::v1::{PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart, ReferralContent};

use super::around::Grown;
use super::fields::Fields;
use super::fragment::Fragments;
use super::item::{ById, Item};
use super::path::{List, Path};
use super::seen::Seen;

/// What has become of a section.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The section with everything in it that could be brought in.
    pub part: PlanPart,
    /// What could not. It is as it was.
    pub clashes: Vec<Clash>,
}

/// Two versions of one field, or of one item, that cannot both be.
#[derive(Debug, Clone, PartialEq)]
pub struct Clash {
    /// Where, as `Path` writes it.
    pub path: String,
    /// What the editor had read, cut down to the place.
    pub base: PlanPart,
    /// What the editor wants.
    pub ours: PlanPart,
    /// What is stored with everything that could be brought in, whole.
    pub theirs: PlanPart,
}

/// Brings the difference between `base`, what an editor has read of a section, and `ours`, what the editor wants, into
/// `theirs`, what is stored of it now.
///
/// Only what the editor has changed is brought in, so that what `base` and `ours` do not show stays as it is. `told` is
/// what the editor may be told of the section; an editor who may not be told everything has passed
/// [`check`](super::check()). A field that both have changed, each in another way, stays as it is stored, and so does
/// an item that one has removed and the other changed or that both have added. An item stays that something in the
/// result refers to; a reference of ours to what theirs has removed is not brought in. Each of these is a clash.
///
/// Changes of different fields come to the same in any order, also of one item, with what follows for exceptions. Where
/// two fields of an item bind each other (an action ends no earlier than it starts; that it was not done has a reason; a
/// meeting that was held was at a time that has passed, at `now`) two changes that make no sense together are one change
/// each, and whichever comes second clashes. The same holds for a removal and a new reference to what it removes. What
/// another category hides from an editor is like what was removed. And the order of items is the order in which they came.
///
/// An item that is removed stays, as a clash, where something has come to it since it was read: that is what has `grown`.
///
/// The items are in the order of theirs, what is new behind them. The time is linear in the number of items.
#[must_use]
pub fn merge(
    base: &PlanPart,
    ours: &PlanPart,
    theirs: &PlanPart,
    told: CategorySet,
    grown: &Grown,
    now: Timestamp,
) -> Merged {
    let seen = &Seen::of(theirs, told);
    let mut merging =
        Merging { base, ours, theirs, seen, grown, now, part: theirs.clone(), clashes: Vec::new() };
    merging.fields();
    // What refers comes before what is referred to, which stays while something refers to it.
    merging.list::<PlanAction>();
    merging.keep_goals_of_actions();
    merging.list::<PlanGoal>();
    merging.keep_needs_of_goals();
    merging.list::<PlanNeed>();
    merging.list::<PlanMeeting>();
    let Merging { part, clashes, .. } = merging;
    let mut sides = [base, ours, &part].map(Fragments::of);
    let clash = |path: Path<'_>| {
        let [base, ours, theirs] = sides.each_mut().map(|side| side.cut(path));
        Clash { path: path.written(), base, ours, theirs }
    };
    let clashes = clashes.into_iter().map(clash).collect();
    Merged { part, clashes }
}

/// A merge under way.
struct Merging<'a> {
    base: &'a PlanPart,
    ours: &'a PlanPart,
    theirs: &'a PlanPart,
    /// What the editor may be told of theirs.
    seen: &'a Seen<'a>,
    grown: &'a Grown,
    now: Timestamp,
    part: PlanPart,
    clashes: Vec<Path<'a>>,
}

impl<'a> Merging<'a> {
    /// What stands in the section beside the lists.
    fn fields(&mut self) {
        let (clashes, seen) = (&mut self.clashes, &*self.seen.fields);
        PlanPart::bring(self.base, self.ours, seen, &mut self.part, &mut |field| {
            clashes.push(Path::Field(field));
        });
        if self.base.background == self.ours.background {
            return;
        }
        let nothing = ReferralContent::default();
        let [base, ours, seen] = [&self.base.background, &self.ours.background, &seen.background]
            .map(|background| background.as_ref().unwrap_or(&nothing));
        let mut stored = self.part.background.take().unwrap_or_default();
        ReferralContent::bring(base, ours, seen, &mut stored, &mut |field| {
            clashes.push(Path::Background(field));
        });
        self.part.background = Some(stored).filter(|stored| *stored != nothing);
    }

    fn list<I: Item + 'a>(&mut self) {
        let (mut in_base, mut in_ours) = (ById::new(I::of(self.base)), ById::new(I::of(self.ours)));
        let mut merged = std::mem::take(I::of_mut(&mut self.part));
        let referred = OnceCell::new();
        let is_referred = |id: &str| referred.get_or_init(|| I::referred(&self.part)).contains(id);
        let mut hidden = HashSet::new();
        let mut clashes = Vec::new();
        let mut all_stored = I::of(self.theirs).iter().zip(self.seen.items::<I>());
        merged.retain_mut(|item| {
            // As many as there are items: they are a copy of these.
            let Some((stored, seen)) = all_stored.next() else { return true };
            let id = stored.id();
            let Some(seen) = seen else {
                // To the editor it is like one that is gone, down to the order of what clashes.
                hidden.insert(id);
                return true;
            };
            match (in_base.find(id), in_ours.find(id)) {
                (Some(base), Some(ours)) => {
                    merge_item([base, ours, seen, stored], item, &mut clashes, self.now);
                }
                (Some(base), None) if seen == base && !is_referred(id) && !self.grown.has(I::LIST, id) => {
                    return false;
                }
                (Some(_), None) => clashes.push(Path::Item(I::LIST, id)),
                (None, Some(ours)) if seen != ours => clashes.push(Path::Item(I::LIST, id)),
                (None, Some(_) | None) => {}
            }
            true
        });
        let mut in_theirs = ById::new(I::of(self.theirs));
        for item in I::of(self.ours) {
            let id = item.id();
            let is_hidden = hidden.contains(id);
            if !is_hidden && in_theirs.find(id).is_some() {
                continue;
            }
            match in_base.find(id) {
                None if !is_hidden => merged.push(item.clone()),
                Some(base) if base == item => {}
                None | Some(_) => clashes.push(Path::Item(I::LIST, id)),
            }
        }
        *I::of_mut(&mut self.part) = merged;
        self.clashes.append(&mut clashes);
    }

    /// Puts references of ours back that lead to a goal that theirs has removed.
    fn keep_goals_of_actions(&mut self) {
        let (mut in_theirs, mut in_ours) = (ById::new(&self.theirs.actions), ById::new(&self.ours.actions));
        let known = OnceCell::new();
        for action in &mut self.part.actions {
            let stored = in_theirs.find(&action.id);
            let goal = stored.map_or("", |stored| stored.goal.as_str());
            // What was not changed may lead to what the editor does not see.
            if action.goal.is_empty() || action.goal == goal {
                continue;
            }
            let known = known.get_or_init(|| known_ids::<PlanGoal>(self.base, self.ours, self.seen));
            if known.contains(action.goal.as_str()) {
                continue;
            }
            goal.clone_into(&mut action.goal);
            let written = stored.or_else(|| in_ours.find(&action.id));
            self.clashes.extend(written.map(|it| Path::ItemField(List::Actions, &it.id, "goal")));
        }
    }

    /// Puts references of ours back that lead to a need that theirs has removed.
    fn keep_needs_of_goals(&mut self) {
        let (mut in_theirs, mut in_ours) = (ById::new(&self.theirs.goals), ById::new(&self.ours.goals));
        let known = OnceCell::new();
        for goal in &mut self.part.goals {
            let stored = in_theirs.find(&goal.id);
            if goal.needs.is_empty() || stored.is_some_and(|stored| stored.needs == goal.needs) {
                continue;
            }
            let known = known.get_or_init(|| known_ids::<PlanNeed>(self.base, self.ours, self.seen));
            let is_known = |need: &String| known.contains(need.as_str());
            if goal.needs.iter().all(is_known) {
                continue;
            }
            match stored {
                Some(stored) => goal.needs.clone_from(&stored.needs),
                None => goal.needs.retain(is_known),
            }
            let written = stored.or_else(|| in_ours.find(&goal.id));
            self.clashes.extend(written.map(|it| Path::ItemField(List::Goals, &it.id, "needs")));
        }
    }
}

/// The ids that the items of a list will have, what is yet to be removed included, as far as the editor may be told: a
/// reference to what is hidden is like one to what is gone.
fn known_ids<'a, I: Item + 'a>(
    base: &'a PlanPart,
    ours: &'a PlanPart,
    seen: &'a Seen<'a>,
) -> HashSet<&'a str> {
    let base: HashSet<&str> = I::of(base).iter().map(Item::id).collect();
    let new = I::of(ours).iter().map(Item::id).filter(|id| !base.contains(id));
    seen.items::<I>().flatten().map(Item::id).chain(new).collect()
}

/// Merges an item that is there on all sides: as it was read, as it is wanted, and what is seen of what is stored.
fn merge_item<'a, I: Item>(
    [base, ours, seen, stored]: [&'a I; 4],
    item: &mut I,
    clashes: &mut Vec<Path<'a>>,
    now: Timestamp,
) {
    if base == ours {
        return;
    }
    let before = clashes.len();
    I::bring(base, ours, seen, item, &mut |field| {
        clashes.push(Path::ItemField(I::LIST, stored.id(), field));
    });
    // Changes of two fields that bind each other are one change.
    if !item.is_sound(now) && stored.is_sound(now) {
        clashes.truncate(before);
        clashes.push(Path::Item(I::LIST, stored.id()));
        item.clone_from(stored);
    }
}
