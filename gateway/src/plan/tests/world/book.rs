//! What was acknowledged, and what has become of it?

use std::collections::{BTreeMap, BTreeSet};

use polku_proto::v1::PlanPart;

use crate::plan::Clash;
use crate::plan::tests::any::flat;

/// Owner of the section, and the place in it.
type Place = (String, String);

/// Every word that was acknowledged. It stands until somebody who has read it says another, or it waits in a clash for
/// a decision.
#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    standing: BTreeMap<Place, Option<String>>,
    waiting: Vec<(Place, Option<String>, usize)>,
    decided: BTreeSet<usize>,
}

/// Says whether one place lies in another.
pub(super) fn lies_in(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The places in which two sections differ, with what stands there in the first and in the second.
pub(super) fn different(one: &PlanPart, other: &PlanPart) -> Vec<(String, Option<String>, Option<String>)> {
    let (one, other) = (flat(one), flat(other));
    let places: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let both = |place: &String| (place.clone(), one.get(place).cloned(), other.get(place).cloned());
    places.into_iter().map(both).filter(|(_, one, other)| one != other).collect()
}

impl Book {
    /// A change from `base` to `ours` was acknowledged, with these clashes by their numbers.
    pub(super) fn note(&mut self, base: &PlanPart, ours: &PlanPart, clashes: &[(usize, Clash)]) {
        for (path, read, wanted) in different(base, ours) {
            let place = (ours.owner.clone(), path);
            let clash = clashes.iter().find(|(_, clash)| lies_in(&place.1, &clash.path));
            if let Some((number, _)) = clash {
                // What stood there was read and is not wanted: of an item that comes back with a reference to what is
                // gone, say. What stands now is for the decision to say.
                if self.standing.get(&place) == Some(&read) {
                    self.standing.remove(&place);
                }
                self.waiting.push((place, wanted, *number));
                continue;
            }
            if let Some(word) = self.standing.get(&place) {
                assert!(*word == read || *word == wanted, "{place:?} is overwritten by who has not read it");
            }
            self.standing.insert(place, wanted);
        }
    }

    /// A clash was decided, and the section has become another by it.
    pub(super) fn decide(&mut self, number: usize, before: &PlanPart, after: &PlanPart) {
        self.decided.insert(number);
        for (path, _, now) in different(before, after) {
            self.standing.insert((before.owner.clone(), path), now);
        }
    }

    /// Every word stands, or waits in a clash that is open, or was decided on.
    pub(super) fn assert_kept(&self, section: impl Fn(&str) -> PlanPart, open: &BTreeSet<usize>) {
        let owners: BTreeSet<&String> = self.standing.keys().map(|(owner, _)| owner).collect();
        let now: BTreeMap<&String, _> =
            owners.into_iter().map(|owner| (owner, flat(&section(owner)))).collect();
        for ((owner, path), word) in &self.standing {
            assert!(now[owner].get(path) == word.as_ref(), "{path} of {owner} was acknowledged and is lost");
        }
        for ((owner, path), _, number) in &self.waiting {
            let is_known = open.contains(number) || self.decided.contains(number);
            assert!(is_known, "{path} of {owner} clashed, and nobody is asked");
        }
    }
}
