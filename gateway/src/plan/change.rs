//! What is different between two revisions of a section?

use std::collections::{HashMap, HashSet};

use polku_proto::v1::{PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart, ReferralContent};

use super::fields::Fields;
use super::fragment::{Fragments, is_filled};
use super::item::Item;
use super::path::Path;

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Where, as `Path` writes it.
    pub path: String,
    /// The section before the change, cut down to the place. None if the place was empty.
    pub before: Option<PlanPart>,
    /// The section after the change, cut down to the place. None if the place is empty.
    pub after: Option<PlanPart>,
}

/// Tells what an editor has changed, or could have: not the revision nor what else the gateway fills in, nor the order
/// of items. In the order of the contract; items that were added are behind those that are in both.
#[must_use]
pub fn changes(before: &PlanPart, after: &PlanPart) -> Vec<Change> {
    let sides = [before, after].map(Fragments::of);
    let mut found = Changes { before, after, sides, all: Vec::new() };
    PlanPart::differing(before, after, &mut |field| found.add(Path::Field(field)));
    if before.background != after.background {
        let nothing = ReferralContent::default();
        let [old, new] = [before, after].map(|part| part.background.as_ref().unwrap_or(&nothing));
        ReferralContent::differing(old, new, &mut |field| found.add(Path::Background(field)));
    }
    found.list::<PlanNeed>();
    found.list::<PlanGoal>();
    found.list::<PlanAction>();
    found.list::<PlanMeeting>();
    found.all
}

/// Says whether anything stands in the place, as `Path` writes it, of a section that was cut down to what may be
/// told.
#[must_use]
pub fn is_shown(part: &PlanPart, path: &str) -> bool {
    Path::parse(path).is_some_and(|path| is_filled(part, path))
}

struct Changes<'a> {
    before: &'a PlanPart,
    after: &'a PlanPart,
    sides: [Fragments<'a>; 2],
    all: Vec<Change>,
}

impl Changes<'_> {
    fn add(&mut self, path: Path<'_>) {
        let [before, after] = self.sides.each_mut().map(|side| side.filled(path));
        self.all.push(Change { path: path.written(), before, after });
    }

    fn list<I: Item>(&mut self) {
        let (before, after) = (self.before, self.after);
        if I::of(before) == I::of(after) {
            return;
        }
        let new: HashMap<&str, &I> = I::of(after).iter().map(|item| (item.id(), item)).collect();
        for item in I::of(before) {
            match new.get(item.id()) {
                Some(new) => I::differing(item, new, &mut |field| {
                    self.add(Path::ItemField(I::LIST, item.id(), field));
                }),
                None => self.add(Path::Item(I::LIST, item.id())),
            }
        }
        let old: HashSet<&str> = I::of(before).iter().map(Item::id).collect();
        for item in I::of(after).iter().filter(|item| !old.contains(item.id())) {
            self.add(Path::Item(I::LIST, item.id()));
        }
    }
}
