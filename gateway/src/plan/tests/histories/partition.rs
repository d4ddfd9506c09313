//! Does a plan converge after any two parties have been cut off from it for a while?

use std::collections::{BTreeMap, BTreeSet};

use polku_proto::Disclose as _;
use polku_proto::v1::PlanPart;
use proptest::collection::vec;
use proptest::prelude::*;

use super::order::begun;
use super::{config, permissions};
use crate::plan::tests::any::flat;
use crate::plan::tests::world::{PARTIES, Sent, World};

/// What somebody does: to whose section, how, and whether they send it then.
type Work = Vec<(u8, [u8; 3], bool)>;

fn work() -> impl Strategy<Value = Work> {
    vec(any::<(u8, [u8; 3], bool)>(), 1..12)
}

/// Lets a party work for itself. What it sends stays with it.
fn alone(world: &mut World, party: usize, work: &Work) -> Vec<Sent> {
    let mut sent = Vec::new();
    let mut owners = BTreeSet::new();
    for (owner, draws, sends) in work {
        let owner = World::owner(party, *owner);
        owners.insert(owner);
        world.edit(party, owner, *draws);
        if *sends {
            sent.push(world.send(party, owner));
        }
    }
    sent.extend(owners.into_iter().map(|owner| world.send(party, owner)));
    sent
}

/// What two have sent, in an order of both that keeps the order of each.
fn mixed(first: &[Sent], second: &[Sent], turns: &[bool]) -> Vec<Sent> {
    let (mut first, mut second) = (first.iter(), second.iter());
    let mut all = Vec::new();
    for turn in turns.iter().chain(std::iter::repeat(&true)) {
        let next = if *turn {
            first.next().or_else(|| second.next())
        } else {
            second.next().or_else(|| first.next())
        };
        let Some(next) = next else { break };
        all.push(next.clone());
    }
    all
}

/// Everything that stands in the plan, but for these places of sections.
fn beside(world: &World, places: &BTreeSet<(&str, String)>) -> BTreeMap<(&'static str, String), String> {
    let all = PARTIES.into_iter().flat_map(|owner| {
        flat(&world.section(owner)).into_iter().map(move |(path, value)| ((owner, path), value))
    });
    let is_in = |owner: &str, path: &str| {
        places.iter().any(|(other, place)| {
            *other == owner
                && path
                    .strip_prefix(place.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    all.filter(|((owner, path), _)| !is_in(owner, path)).collect()
}

fn clashing(world: &World) -> BTreeSet<(&'static str, String)> {
    PARTIES
        .into_iter()
        .flat_map(|owner| world.open_places(owner).into_iter().map(move |path| (owner, path)))
        .collect()
}

/// Everybody sees what is stored, as far as it may be told, and nobody wants anything else.
fn assert_one_plan(world: &mut World) {
    let last = world.revisions.len() - 1;
    for owner in PARTIES {
        let stored = world.section(owner);
        for (party, reader) in PARTIES.into_iter().enumerate() {
            let mut seen = world.view(party, last).sections.into_iter().filter_map(|section| section.part);
            let seen = seen.find(|part| part.owner == owner).unwrap_or_default();
            let mut expected = stored.clone();
            expected.restrict(world.told(party, owner));
            let everything = |part: &PlanPart| flat(&PlanPart { state: 0, ..part.clone() });
            assert_eq!(everything(&seen), everything(&expected), "{reader} sees otherwise");
        }
    }
    let before = PARTIES.map(|owner| world.section(owner));
    for party in 0..PARTIES.len() {
        world.read(party);
        for owner in PARTIES {
            let sees = world.view(party, last).sections.into_iter().filter_map(|section| section.part);
            if sees.map(|part| part.owner).any(|other| other == owner) {
                let sent = world.send(party, owner);
                world.deliver(&sent);
            }
        }
    }
    assert!(PARTIES.map(|owner| world.section(owner)) == before, "somebody still wanted something else");
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn a_plan_converges_after_a_partition(
        permissions in permissions(),
        before in vec(any::<[u8; 3]>(), 0..40),
        pair in Just((0..PARTIES.len()).collect::<Vec<_>>()).prop_shuffle(),
        works in [work(), work(), work()],
        turns in [vec(any::<bool>(), 0..12), vec(any::<bool>(), 0..12)],
        decisions in vec(any::<[u8; 2]>(), 8),
    ) {
        let mut world = begun(permissions, &before);
        // Two are cut off, from the plan and from each other; the others go on.
        let [one, other, there] = works;
        let one = alone(&mut world, pair[0], &one);
        let other = alone(&mut world, pair[1], &other);
        for sent in alone(&mut world, pair[2], &there) {
            world.deliver(&sent);
            world.read(pair[3]);
        }
        let healed = turns.map(|turns| {
            let mut world = world.clone();
            let all = mixed(&one, &other, &turns);
            for sent in all {
                world.deliver(&sent);
            }
            world
        });
        // Whoever comes first, what does not clash is the same.
        let places: BTreeSet<_> = clashing(&healed[0]).union(&clashing(&healed[1])).cloned().collect();
        prop_assert_eq!(beside(&healed[0], &places), beside(&healed[1], &places));
        for (mut world, turns) in healed.into_iter().zip([true, false]) {
            // Whoever heard no answer sends again.
            let stored = PARTIES.map(|owner| world.section(owner));
            for sent in mixed(&one, &other, &[turns]) {
                world.deliver(&sent);
            }
            prop_assert!(PARTIES.map(|owner| world.section(owner)) == stored, "sending again changes something");
            for decision in decisions.iter().cycle().take(world.open()) {
                world.decide(*decision);
            }
            prop_assert_eq!(world.open(), 0);
            world.assert_kept();
            assert_one_plan(&mut world);
        }
    }
}
