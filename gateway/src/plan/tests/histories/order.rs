//! Do changes apart from each other come to the same, in whatever order and however often they arrive?

use std::collections::BTreeMap;

use polku_proto::v1::{PlanAction, PlanPart};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{config, permissions};
use crate::plan::tests::any::flat;
use crate::plan::tests::world::{Answer, PARTIES, Sent, World};
use crate::plan::{Change, YOUTH, changes};

/// What one of them does: to whose section, and how.
type Work = (u8, Vec<[u8; 3]>);

/// The items of a section in the order of their ids: arrival decides on the order alone.
pub(super) fn sorted(part: &PlanPart) -> PlanPart {
    let mut part = part.clone();
    part.needs.sort_by(|one, other| one.id.cmp(&other.id));
    part.goals.sort_by(|one, other| one.id.cmp(&other.id));
    part.actions.sort_by(|one, other| one.id.cmp(&other.id));
    part.meetings.sort_by(|one, other| one.id.cmp(&other.id));
    part
}

/// What a party has read of a section, and what it wants.
struct Wish {
    base: PlanPart,
    ours: PlanPart,
}

impl Wish {
    fn changes(&self) -> Vec<Change> {
        changes(&self.base, &self.ours)
    }

    /// Whether it refers to an item that it did not refer to before.
    fn refers_newly(&self, path: &str) -> bool {
        let (old, new) = (flat(&self.base), flat(&self.ours));
        let id = path.split_once('/').map_or("", |(_, id)| id);
        let is_reference = |place: &str| match path.split('/').next() {
            Some("goals") => place.starts_with("actions/") && place.ends_with("/goal"),
            Some("needs") => place.starts_with("goals/") && place.ends_with("/needs"),
            _ => false,
        };
        new.iter().any(|(place, value)| {
            is_reference(place) && old.get(place) != Some(value) && value.split(' ').any(|named| named == id)
        })
    }
}

/// Whether no place of one change lies in the other or is bound to it, and neither refers to what the other removes.
fn are_apart(one: &Wish, other: &Wish) -> bool {
    let is_inside = |one: &str, two: &str| {
        one.strip_prefix(two).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let removes = |one: &Wish, other: &Wish| {
        let mut gone = one.changes().into_iter().filter(|change| change.after.is_none());
        gone.any(|change| other.refers_newly(&change.path))
    };
    let others = other.changes();
    let apart = one.changes().iter().all(|first| {
        others.iter().all(|second| {
            !is_inside(&first.path, &second.path)
                && !is_inside(&second.path, &first.path)
                && !is_bound(&first.path, &second.path)
        })
    });
    apart && !removes(one, other) && !removes(other, one)
}

/// Whether every action ends after its start: what does not would be refused.
fn is_in_order(part: &PlanPart) -> bool {
    let is_given = |action: &&PlanAction| !action.start.is_empty() && !action.end.is_empty();
    part.actions.iter().filter(is_given).all(|action| action.start <= action.end)
}

/// Whether two fields of one action bind each other: start and end, state and reason.
fn is_bound(one: &str, other: &str) -> bool {
    let item = |path: &str| path.rsplit_once('/').map(|(item, _)| item.to_owned());
    one.starts_with("actions/") && item(one) == item(other)
}

/// A plan that has something in it, and that everybody has read.
pub(super) fn begun(permissions: [[u8; 6]; 6], before: &[[u8; 3]]) -> World {
    let mut world = World::new(permissions);
    for (place, draws) in before.iter().enumerate() {
        let party = place % PARTIES.len();
        world.edit(party, World::owner(party, draws[2] / 8), *draws);
        world.edit(0, YOUTH, *draws);
    }
    for (party, own) in PARTIES.into_iter().enumerate() {
        for owner in [own, YOUTH] {
            let sent = world.send(party, owner);
            world.deliver(&sent);
        }
    }
    (0..PARTIES.len()).for_each(|party| world.read(party));
    world
}

/// Lets each of them want something else than the others: what comes too near to somebody else's wish is not wanted.
fn apart(world: &mut World, writers: &[(usize, Work)]) -> Vec<Sent> {
    let mut wishes: BTreeMap<&str, Vec<Wish>> = BTreeMap::new();
    let mut sent = Vec::new();
    for (party, (owner, draws)) in writers {
        let owner = World::owner(*party, *owner);
        let base = world.wanted(*party, owner).clone();
        let others = wishes.entry(owner).or_default();
        for draws in draws {
            let before = world.wanted(*party, owner).clone();
            world.edit(*party, owner, *draws);
            let wish = Wish { base: base.clone(), ours: world.wanted(*party, owner).clone() };
            let is_apart = others.iter().all(|other| are_apart(&wish, other));
            if !is_apart || !is_in_order(&wish.ours) {
                *world.wanted(*party, owner) = before;
            }
        }
        others.push(Wish { base, ours: world.wanted(*party, owner).clone() });
        sent.push(world.send(*party, owner));
    }
    sent
}

/// Between two and six of them, each with some work; and two orders in which each change arrives twice.
fn writers() -> impl Strategy<Value = (Vec<(usize, Work)>, [Vec<usize>; 2])> {
    (2..=PARTIES.len()).prop_flat_map(|count| {
        let parties = Just((0..PARTIES.len()).collect::<Vec<_>>()).prop_shuffle();
        let work = vec((any::<u8>(), vec(any::<[u8; 3]>(), 1..8)), count);
        let order = || Just((0..count).chain(0..count).collect::<Vec<_>>()).prop_shuffle();
        (parties, work, order(), order())
            .prop_map(|(parties, work, one, other)| (parties.into_iter().zip(work).collect(), [one, other]))
    })
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn changes_apart_come_to_the_same_in_any_order(
        permissions in permissions(),
        before in vec(any::<[u8; 3]>(), 0..40),
        (writers, orders) in writers(),
    ) {
        let mut world = begun(permissions, &before);
        let clashed = world.seen.clashed;
        let sent = apart(&mut world, &writers);
        let ends = orders.map(|order| {
            let mut world = world.clone();
            let mut answers: BTreeMap<usize, Vec<Answer>> = BTreeMap::new();
            for place in order {
                answers.entry(place).or_default().push(world.deliver(&sent[place]));
            }
            world.assert_kept();
            (world, answers)
        });
        let [(one, answers), (other, same)] = ends;
        prop_assert!(one.seen.clashed == clashed && other.seen.clashed == clashed, "changes apart clash");
        prop_assert_eq!(answers, same);
        for owner in PARTIES {
            prop_assert!(sorted(&one.section(owner)) == sorted(&other.section(owner)), "another plan");
        }
    }
}

#[test]
fn much_of_what_is_wanted_is_apart() {
    let mut world = begun([[u8::MAX; 6]; 6], &[[2, 0, 0], [1, 0, 4], [0, 1, 8], [3, 2, 12]].repeat(4));
    // To add, to reword, to date; each of them in the young person's section, where they meet.
    let draws =
        |party: u8| [[6, 0, party], [1, party, party], [5, party, party], [2, party * 40, party]].to_vec();
    let work = |party: u8| (usize::from(party), (if party == 0 { 1 } else { 2 }, draws(party)));
    let sent = apart(&mut world, &(0..6).map(work).collect::<Vec<(usize, Work)>>());
    let stored = flat(&world.section(YOUTH));
    let differing = sent.iter().filter(|sent| flat(&sent.ours) != stored);
    assert_eq!(differing.count(), 6, "somebody wants nothing");
}
