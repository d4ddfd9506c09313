//! How does one party's change come in over what others have changed since?

use std::borrow::Cow;
use std::collections::HashSet;

use jiff::Timestamp;
use polku_proto::v1::{PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart, ReferralContent};
use polku_proto::{CategorySet, Disclose};

use super::around::Grown;
use super::fields::Fields;
use super::fragment::fragment;
use super::item::{Item, by_id};
use super::path::{List, Path};
use super::view::is_everything;

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

impl Clash {
    fn new(path: String, base: &PlanPart, ours: &PlanPart, theirs: &PlanPart) -> Clash {
        let cut = |part: &PlanPart| Path::parse(&path).map(|path| fragment(part, path)).unwrap_or_default();
        let (base, ours, theirs) = (cut(base), cut(ours), cut(theirs));
        Clash { path, base, ours, theirs }
    }
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
    let seen = &*seen(theirs, told);
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
    let clashes = clashes.into_iter().map(|path| Clash::new(path, base, ours, &part)).collect();
    Merged { part, clashes }
}

/// A merge under way.
struct Merging<'a> {
    base: &'a PlanPart,
    ours: &'a PlanPart,
    theirs: &'a PlanPart,
    /// What the editor may be told of theirs.
    seen: &'a PlanPart,
    grown: &'a Grown,
    now: Timestamp,
    part: PlanPart,
    clashes: Vec<String>,
}

impl<'a> Merging<'a> {
    /// What stands in the section beside the lists.
    fn fields(&mut self) {
        let (clashes, seen) = (&mut self.clashes, self.seen);
        PlanPart::bring(self.base, self.ours, seen, &mut self.part, &mut |field| {
            clashes.push(Path::Field(field).to_string());
        });
        if self.base.background == self.ours.background {
            return;
        }
        let nothing = ReferralContent::default();
        let [base, ours, seen] = [&self.base.background, &self.ours.background, &seen.background]
            .map(|background| background.as_ref().unwrap_or(&nothing));
        let mut stored = self.part.background.take().unwrap_or_default();
        ReferralContent::bring(base, ours, seen, &mut stored, &mut |field| {
            clashes.push(Path::Background(field).to_string());
        });
        self.part.background = Some(stored).filter(|stored| *stored != nothing);
    }

    fn list<I: Item>(&mut self) {
        let (base, ours) = (by_id(I::of(self.base)), by_id(I::of(self.ours)));
        let mut known = HashSet::with_capacity(I::of(self.theirs).len());
        let mut merged = Vec::with_capacity(I::of(self.theirs).len() + 8);
        let stored_items = std::mem::take(I::of_mut(&mut self.part));
        let referred = if I::of(self.base).iter().all(|item| ours.contains_key(item.id())) {
            HashSet::new()
        } else {
            I::referred(&self.part)
        };
        let mut hidden = HashSet::new();
        let mut clashes = Vec::new();
        let mut seen_items = I::of(self.seen).iter().peekable();
        for (mut item, stored) in stored_items.into_iter().zip(I::of(self.theirs)) {
            let id = stored.id();
            let Some(seen) = seen_items.next_if(|seen| seen.id() == id) else {
                // To the editor it is like one that is gone, down to the order of what clashes.
                hidden.insert(id);
                merged.push(item);
                continue;
            };
            known.insert(id);
            match (base.get(id), ours.get(id)) {
                (Some(base), Some(ours)) => {
                    merge_item((*base, *ours, seen), &mut item, &mut clashes, self.now);
                }
                (Some(base), None)
                    if seen == *base && !referred.contains(id) && !self.grown.has(I::LIST, id) =>
                {
                    continue;
                }
                (Some(_), None) => clashes.push(Path::Item(I::LIST, id).to_string()),
                (None, Some(ours)) if seen != *ours => {
                    clashes.push(Path::Item(I::LIST, id).to_string());
                }
                (None, Some(_) | None) => {}
            }
            merged.push(item);
        }
        for item in I::of(self.ours).iter().filter(|item| !known.contains(item.id())) {
            match base.get(item.id()) {
                None if !hidden.contains(item.id()) => merged.push(item.clone()),
                None => clashes.push(Path::Item(I::LIST, item.id()).to_string()),
                Some(base) if *base == item => {}
                Some(_) => clashes.push(Path::Item(I::LIST, item.id()).to_string()),
            }
        }
        *I::of_mut(&mut self.part) = merged;
        self.clashes.append(&mut clashes);
    }

    /// Puts references of ours back that lead to a goal that theirs has removed.
    fn keep_goals_of_actions(&mut self) {
        let known = self.known::<PlanGoal>();
        let loose: Vec<usize> = places(&self.part.actions, |action| {
            !action.goal.is_empty() && !known.contains(action.goal.as_str())
        });
        for place in loose {
            let Some(action) = self.part.actions.get_mut(place) else {
                continue;
            };
            let stored = PlanAction::find(self.theirs, &action.id);
            let stored = stored.map(|stored| stored.goal.clone()).unwrap_or_default();
            // It leads to what the editor does not see, and was not changed.
            if action.goal == stored {
                continue;
            }
            action.goal = stored;
            self.clashes.push(Path::ItemField(List::Actions, &action.id, "goal").to_string());
        }
    }

    /// The ids that the items of a list will have, what is yet to be removed included, as far as the editor may be told: a
    /// reference to what is hidden is like one to what is gone.
    fn known<I: Item + 'a>(&self) -> HashSet<&'a str> {
        let (base, ours, seen) = (self.base, self.ours, self.seen);
        let base: HashSet<&str> = I::of(base).iter().map(Item::id).collect();
        let new = I::of(ours).iter().map(Item::id).filter(|id| !base.contains(id));
        I::of(seen).iter().map(Item::id).chain(new).collect()
    }

    /// Puts references of ours back that lead to a need that theirs has removed.
    fn keep_needs_of_goals(&mut self) {
        let known = self.known::<PlanNeed>();
        let is_loose = |need: &str| !known.contains(need);
        let loose = places(&self.part.goals, |goal| goal.needs.iter().any(|need| is_loose(need)));
        for place in loose {
            let Some(goal) = self.part.goals.get_mut(place) else {
                continue;
            };
            match PlanGoal::find(self.theirs, &goal.id) {
                Some(stored) if stored.needs == goal.needs => continue,
                Some(stored) => goal.needs.clone_from(&stored.needs),
                None => goal.needs.retain(|need| !is_loose(need)),
            }
            self.clashes.push(Path::ItemField(List::Goals, &goal.id, "needs").to_string());
        }
    }
}

/// Where the items stand that are of some kind.
fn places<T>(items: &[T], is_it: impl Fn(&T) -> bool) -> Vec<usize> {
    items.iter().enumerate().filter(|(_, item)| is_it(item)).map(|(place, _)| place).collect()
}

/// What the editor may be told of the stored section.
fn seen(theirs: &PlanPart, told: CategorySet) -> Cow<'_, PlanPart> {
    if is_everything(told) {
        return Cow::Borrowed(theirs);
    }
    let mut seen = theirs.clone();
    seen.restrict(told);
    Cow::Owned(seen)
}

/// Merges an item that is there on all sides.
fn merge_item<I: Item>(
    (base, ours, seen): (&I, &I, &I),
    stored: &mut I,
    clashes: &mut Vec<String>,
    now: Timestamp,
) {
    if base == ours {
        return;
    }
    let before = clashes.len();
    let untouched = stored.clone();
    I::bring(base, ours, seen, stored, &mut |field| {
        clashes.push(Path::ItemField(I::LIST, untouched.id(), field).to_string());
    });
    // Changes of two fields that bind each other are one change.
    if !stored.is_sound(now) && untouched.is_sound(now) {
        clashes.truncate(before);
        clashes.push(Path::Item(I::LIST, untouched.id()).to_string());
        *stored = untouched;
    }
}
