//! Does a plan hold through any history: reordered, repeated and lost?

use proptest::collection::vec;
use proptest::prelude::*;

use super::any::flat;
use super::world::{Answer, PARTIES, Permissions, Sent, World};
use crate::plan::{YOUTH, changes, merge};
use polku_proto::CategorySet;
use polku_proto::v1::{PlanAction, PlanPart};

/// One thing that happens.
type Step = (u8, u8, [u8; 3]);

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() }
}

/// Plays a history to its end.
fn played(permissions: Permissions, steps: &[Step]) -> World {
    let mut world = World::new(permissions);
    let mut under_way: Vec<Sent> = Vec::new();
    let mut taken_in: Vec<Sent> = Vec::new();
    for (kind, who, draws) in steps {
        // The two whose section it is are at work more often.
        let party = usize::from(*who) % 10 % 8 % PARTIES.len();
        let owner = World::owner(party, who / 10);
        match kind % 16 {
            0..=6 => world.edit(party, owner, *draws),
            // Sent; on its way for as long as it takes.
            7..=9 => under_way.push(world.send(party, owner)),
            // Any one arrives; the answer does too, or is lost.
            10..=12 => {
                if let Some(place) = usize::from(draws[0]).checked_rem(under_way.len()) {
                    let sent = under_way.remove(place);
                    let is_answered = draws[1].is_multiple_of(2);
                    if matches!(world.deliver(&sent), Answer::Merged) && is_answered {
                        world.read(sent.party);
                    }
                    taken_in.push(sent);
                }
            }
            // One that arrived before arrives again.
            13 => {
                if let Some(place) = usize::from(draws[0]).checked_rem(taken_in.len()) {
                    world.deliver(&taken_in[place].clone());
                }
            }
            // One is lost.
            14 => {
                if draws[1] > 200 {
                    under_way.pop();
                }
            }
            15 if draws[2] > 200 => world.link([draws[0], draws[1]]),
            _ => world.read(party),
        }
    }
    world
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(any::<Step>(), 0..200)
}

/// The items of a section in the order of their ids: arrival decides on the order alone.
fn sorted(part: &PlanPart) -> PlanPart {
    let mut part = part.clone();
    part.needs.sort_by(|one, other| one.id.cmp(&other.id));
    part.goals.sort_by(|one, other| one.id.cmp(&other.id));
    part.actions.sort_by(|one, other| one.id.cmp(&other.id));
    part.meetings.sort_by(|one, other| one.id.cmp(&other.id));
    part
}

fn section(world: &World, owner: &str) -> PlanPart {
    let parts = world.now().sections.iter().filter_map(|section| section.part.as_ref());
    parts.into_iter().find(|part| part.owner == owner).cloned().unwrap_or_default()
}

/// Whether no place of one change lies in the other, and neither refers to what the other removes.
fn are_disjoint(base: &PlanPart, one: &PlanPart, other: &PlanPart) -> bool {
    let of = |part| changes(base, part);
    let is_inside = |one: &str, two: &str| {
        one.strip_prefix(two).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let removes = |part| of(part).iter().any(|change| change.after.is_none());
    let apart = of(one).iter().all(|first| {
        of(other).iter().all(|second| {
            !is_inside(&first.path, &second.path)
                && !is_inside(&second.path, &first.path)
                && !is_bound(&first.path, &second.path)
        })
    });
    apart && [one, other].into_iter().all(|part| !removes(part) && is_in_order(part))
}

/// Whether every action ends after its start: what does not would have been refused.
fn is_in_order(part: &PlanPart) -> bool {
    let is_given = |action: &&PlanAction| !action.start.is_empty() && !action.end.is_empty();
    part.actions.iter().filter(is_given).all(|action| action.start <= action.end)
}

/// Whether two fields of one action bind each other: start and end, state and reason.
fn is_bound(one: &str, other: &str) -> bool {
    let item = |path: &str| path.rsplit_once('/').map(|(item, _)| item.to_owned());
    one.starts_with("actions/") && item(one) == item(other)
}

#[test]
fn histories_have_changes_clashes_and_refusals_in_them() {
    let mut state = 1_u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u8::try_from(state >> 24).unwrap()
    };
    let steps: Vec<Step> = (0..4_000).map(|_| (draw(), draw(), [draw(), draw(), draw()])).collect();
    let told = |place: usize| if place.is_multiple_of(2) { u8::MAX } else { 0b11_1011 };
    let worlds = steps.chunks(200).enumerate().map(|(place, steps)| played([[told(place); 6]; 6], steps));
    let seen: Vec<_> = worlds.map(|world| world.seen).collect();
    let sum = |of: fn(&super::world::Seen) -> usize| seen.iter().map(of).sum::<usize>();
    let all = (sum(|seen| seen.merged), sum(|seen| seen.clashed), sum(|seen| seen.refused));
    assert!(all.0 > 200 && all.1 > 20 && all.2 > 20, "{all:?}");
}

proptest! {
    #![proptest_config(config(192))]

    /// Everything that the world asserts at every step: no acknowledged change disappears, nothing is changed that
    /// nobody wanted, repetition changes nothing, and nobody is told what may not be told.
    #[test]
    fn any_history_holds(permissions in any::<Permissions>(), steps in steps()) {
        let world = played(permissions, &steps);
        prop_assert!(played(permissions, &steps).revisions == world.revisions, "the same steps lead elsewhere");
    }
}

proptest! {
    #![proptest_config(config(192))]

    #[test]
    fn changes_apart_come_to_the_same_in_any_order(
        before in vec(any::<[u8; 3]>(), 0..40),
        one in vec(any::<[u8; 3]>(), 1..6),
        other in vec(any::<[u8; 3]>(), 1..6),
    ) {
        let mut world = World::new([[u8::MAX; 6]; 6]);
        before.iter().for_each(|draws| world.edit(0, YOUTH, *draws));
        let first = world.send(0, YOUTH);
        world.deliver(&first);
        let base = section(&world, YOUTH);
        world.read(0);
        world.read(1);
        one.iter().for_each(|draws| world.edit(0, YOUTH, *draws));
        other.iter().for_each(|draws| world.edit(1, YOUTH, *draws));
        let (one, other) = (world.send(0, YOUTH).ours, world.send(1, YOUTH).ours);
        let both = |first: &PlanPart, second: &PlanPart| {
            let merged = merge(&base, first, &base, CategorySet::ALL);
            merge(&base, second, &merged.part, CategorySet::ALL)
        };
        let (here, there) = (both(&one, &other), both(&other, &one));
        if are_disjoint(&base, &one, &other) {
            prop_assert!(here.clashes.is_empty() && there.clashes.is_empty());
            prop_assert!(sorted(&here.part) == sorted(&there.part));
        }
        let places = |merged: &crate::plan::Merged| {
            let mut paths: Vec<String> = merged.clashes.iter().map(|clash| clash.path.clone()).collect();
            paths.sort();
            paths
        };
        // What does not clash is the same in any order, whatever does.
        let (mut here_flat, mut there_flat) = (flat(&here.part), flat(&there.part));
        for path in places(&here).iter().chain(&places(&there)) {
            let is_elsewhere = |place: &String| !place.starts_with(path.as_str());
            here_flat.retain(|place, _| is_elsewhere(place));
            there_flat.retain(|place, _| is_elsewhere(place));
        }
        prop_assert_eq!(here_flat, there_flat);
    }

    /// Two parties change the same section apart from each other, from the same reading; then both bring it in.
    #[test]
    fn a_plan_converges_after_a_partition(
        permissions in any::<Permissions>(),
        before in vec(any::<[u8; 3]>(), 0..40),
        pair in (0..6_usize, 0..6_usize),
        one in vec(any::<[u8; 3]>(), 1..10),
        other in vec(any::<[u8; 3]>(), 1..10),
        first in any::<bool>(),
    ) {
        let mut world = World::new(permissions);
        before.iter().for_each(|draws| world.edit(0, YOUTH, *draws));
        let start = world.send(0, YOUTH);
        world.deliver(&start);
        (0..6).for_each(|party| world.read(party));
        let (here, there) = pair;
        one.iter().for_each(|draws| world.edit(here, YOUTH, *draws));
        other.iter().for_each(|draws| world.edit(there, YOUTH, *draws));
        let sent = [world.send(here, YOUTH), world.send(there, YOUTH)];
        let order = if first { [0, 1, 0, 1] } else { [1, 0, 1, 0] };
        // The second round is of those whose answer was lost.
        for place in &order[..2] {
            world.deliver(&sent[*place]);
        }
        let healed = section(&world, YOUTH);
        for place in &order[2..] {
            world.deliver(&sent[*place]);
        }
        prop_assert!(section(&world, YOUTH) == healed, "bringing in again what is in changes something");
        // Who may be told the same sees the same; everybody sees what is stored, as far as it may be told.
        let last = world.revisions.len() - 1;
        for party in 0..6 {
            let mut seen = world.view(party, last).sections.into_iter().filter_map(|section| section.part);
            let mut expected = healed.clone();
            polku_proto::Disclose::restrict(&mut expected, world.told(party, YOUTH));
            let seen = seen.find(|part| part.owner == YOUTH).unwrap_or_default();
            prop_assert_eq!(
                flat(&PlanPart { state: 0, ..seen }),
                flat(&PlanPart { state: 0, ..expected })
            );
        }
    }
}
