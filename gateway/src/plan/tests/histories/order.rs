//! Do changes apart from each other come to the same, in whatever order and however often they arrive?

use std::collections::BTreeMap;

use polku_proto::CategorySet;
use polku_proto::v1::{ActionState, PlanAction, PlanPart};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{config, permissions};
use crate::plan::tests::any::{action, flat, goal, merge, part};
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

/// The place that a change is about: another category may hide the whole item, as if it was removed.
fn place(change: &Change) -> String {
    change.path.strip_suffix("/category").unwrap_or(&change.path).to_owned()
}

/// Whether no place of one change lies in the other, both make sense together, and neither refers to what the other
/// removes.
fn are_apart(one: &Wish, other: &Wish) -> bool {
    let is_inside = |one: &str, two: &str| {
        one.strip_prefix(two).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let removes = |one: &Wish, other: &Wish| {
        let is_gone = |change: &Change| change.after.is_none() || change.path.ends_with("/category");
        let mut gone = one.changes().into_iter().filter(is_gone);
        gone.any(|change| other.refers_newly(&place(&change)))
    };
    let others = other.changes();
    let apart = one.changes().iter().all(|first| {
        others
            .iter()
            .map(|second| (place(first), place(second)))
            .all(|(first, second)| !is_inside(&first, &second) && !is_inside(&second, &first))
    });
    apart && !are_bound(one, other) && !removes(one, other) && !removes(other, one)
}

/// Whether an action makes sense as a whole: what does not would be refused.
fn is_sensible(action: &PlanAction) -> bool {
    let is_given = !action.start.is_empty() && !action.end.is_empty();
    let is_in_order = !is_given || action.start <= action.end;
    is_in_order && (action.state() != ActionState::NotDone || !action.reason.is_empty())
}

/// Whether two wishes for one action, each of them sensible, make no sense together: an earlier end and a later start, or
/// that it was not done and no reason. Whichever of these comes second clashes. Any other two fields of one action go
/// together, and so do these where what comes of them makes sense.
fn are_bound(one: &Wish, other: &Wish) -> bool {
    one.base.actions.iter().any(|base| {
        let find = |part: &PlanPart| part.actions.iter().find(|action| action.id == base.id).cloned();
        let (Some(one), Some(other)) = (find(&one.ours), find(&other.ours)) else { return false };
        let newer = |ours: &String, theirs: &String, base: &String| {
            if ours == base { theirs.clone() } else { ours.clone() }
        };
        let both = PlanAction {
            start: newer(&one.start, &other.start, &base.start),
            end: newer(&one.end, &other.end, &base.end),
            reason: newer(&one.reason, &other.reason, &base.reason),
            state: if one.state == base.state { other.state } else { one.state },
            ..base.clone()
        };
        !is_sensible(&both)
    })
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
            if !is_apart || !wish.ours.actions.iter().all(is_sensible) {
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

/// The owner changes one field of an action, somebody else each other field: all of it comes in, in any order. And what
/// binds: a start and an end, a state and a reason, as long as they make sense together.
#[test]
fn any_two_fields_of_one_action_come_together() {
    type Field = (&'static str, fn(&mut PlanAction));
    const FIELDS: [Field; 9] = [
        ("category", |action| action.category = 8),
        ("text", |action| action.text = String::from("call")),
        ("state", |action| action.state = ActionState::NotDone.into()),
        ("goal", |action| action.goal = String::from("g2")),
        ("provider", |action| action.provider = String::from("te")),
        ("ptv_service", |action| action.ptv_service = String::from("0")),
        ("start", |action| action.start = String::from("2026-03-02")),
        ("end", |action| action.end = String::from("2026-03-04")),
        ("reason", |action| action.reason = String::from("ill")),
    ];
    let mut base = part("te");
    base.goals = vec![goal("g1", "a flat"), goal("g2", "work")];
    base.actions = vec![PlanAction {
        start: String::from("2026-03-01"),
        end: String::from("2026-03-03"),
        reason: String::from("late"),
        goal: String::from("g1"),
        ..action("a1", "visit")
    }];
    let with = |change: fn(&mut PlanAction)| {
        let mut ours = base.clone();
        change(&mut ours.actions[0]);
        ours
    };
    for (one, first) in FIELDS {
        for (other, second) in FIELDS.into_iter().filter(|(other, _)| *other != one) {
            let mut both = with(first);
            second(&mut both.actions[0]);
            let merged = merge(&base, &with(second), &with(first), CategorySet::ALL);
            assert!(merged.part == both && merged.clashes.is_empty(), "{one} {other}");
        }
    }
    // What makes no sense together is one change: whichever comes second clashes as a whole, and nothing of it comes in.
    let bound: [[fn(&mut PlanAction); 2]; 2] = [
        [|action| action.start = "2026-03-03".into(), |action| action.end = "2026-03-02".into()],
        [|action| action.state = ActionState::NotDone.into(), |action| action.reason.clear()],
    ];
    for [first, second] in bound.into_iter().chain(bound.map(|[first, second]| [second, first])) {
        let merged = merge(&base, &with(second), &with(first), CategorySet::ALL);
        assert_eq!(merged.part, with(first));
        assert_eq!(merged.clashes.len(), 1);
        assert_eq!(merged.clashes[0].path, "actions/a1");
    }
}
