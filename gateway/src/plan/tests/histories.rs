//! Does a plan hold through any history: reordered, repeated, lost, with permissions and parties that change?

mod order;
mod partition;
mod systems;

use proptest::collection::vec;
use proptest::prelude::*;

use super::any::need;
use super::world::{Answer, Message, PARTIES, Permissions, Seen, World};
use crate::plan::YOUTH;
use crate::tests::{number, seeded};

/// How long a history is at most.
const LONGEST: usize = 200;

/// One thing that happens.
type Step = (u8, u8, [u8; 3]);

/// So many cases, or as many as `POLKU_MODEL_CASES` says.
fn config(cases: u32) -> ProptestConfig {
    let cases = number("POLKU_MODEL_CASES").unwrap_or(cases);
    seeded(ProptestConfig { cases, max_shrink_iters: 400, ..ProptestConfig::default() })
}

/// Plays a history to its end.
fn played(permissions: Permissions, steps: &[Step]) -> World {
    let mut world = World::new(permissions);
    let mut under_way: Vec<Message> = Vec::new();
    let mut taken_in: Vec<Message> = Vec::new();
    for (kind, who, draws) in steps {
        // The two whose section it is are at work more often.
        let party = usize::from(*who) % 10 % 8 % PARTIES.len();
        let owner = World::owner(party, who / 10);
        let agency = usize::from(*who) % 4 + 2;
        match kind % 32 {
            0..=4 => world.edit(party, owner, *draws),
            // Sent; on its way for as long as it takes.
            5..=10 => {
                world.edit(party, owner, *draws);
                under_way.push(Message::Change(world.send(party, owner)));
            }
            // Any one arrives; the answer does too, or is lost.
            11..=14 => {
                if let Some(place) = usize::from(draws[0]).checked_rem(under_way.len()) {
                    let message = under_way.remove(place);
                    let answer = world.take(&message);
                    if let Message::Delivery(delivered) = &message
                        && world.arrives(delivered)
                    {
                        under_way.push(Message::Arrival(delivered.clone()));
                    }
                    if let Message::Change(sent) = &message
                        && answer != Answer::Refused
                        && draws[1].is_multiple_of(2)
                    {
                        world.read(sent.party);
                    }
                    taken_in.push(message);
                }
            }
            // One that arrived before arrives again.
            15 => {
                if let Some(place) = usize::from(draws[0]).checked_rem(taken_in.len()) {
                    world.take(&taken_in[place]);
                }
            }
            // One is lost.
            16 => {
                if draws[1] > 200 {
                    under_way.pop();
                }
            }
            17 if draws[2] > 150 => world.link([draws[0], draws[1]]),
            18 | 19 => world.edit_system(agency, *draws),
            20 => under_way.push(Message::System(world.tell(agency))),
            21 => world.decide([draws[0], draws[1]]),
            // What an agency may be told: everything, or this and that; of the young person's section more often.
            22 | 23 => {
                let owner = if draws[0] < 160 { 1 } else { usize::from(draws[0]) % PARTIES.len() };
                world.permit(agency, owner, if draws[2] > 160 { u8::MAX } else { draws[1] });
            }
            24 if draws[2] > 200 => world.come_or_go(agency),
            25 => world.comment(draws[0]),
            26 => under_way.push(Message::Delivery(world.deliver_to(agency))),
            // It arrives at once; that it has is known at once, or later, or never.
            27 | 28 => {
                let delivered = world.deliver_to(agency);
                world.arrives(&delivered);
                if draws[1] > 100 {
                    world.has_arrived(&delivered);
                } else {
                    under_way.push(Message::Arrival(delivered));
                }
            }
            // The system says at once what has changed in it.
            29 | 30 => {
                world.edit_system(agency, *draws);
                let told = Message::System(world.tell(agency));
                world.take(&told);
                taken_in.push(told);
            }
            _ => world.read(party),
        }
    }
    world.assert_kept();
    world
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(any::<Step>(), 0..=LONGEST)
}

/// Everybody may be told everything, or each of them this and that.
fn permissions() -> impl Strategy<Value = Permissions> {
    prop_oneof![1 => Just([[u8::MAX; 6]; 6]), 2 => any::<Permissions>()]
}

#[test]
fn histories_have_everything_in_them() {
    let mut state = 1_u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u8::try_from(state >> 24).unwrap()
    };
    let steps: Vec<Step> = (0..48 * LONGEST).map(|_| (draw(), draw(), [draw(), draw(), draw()])).collect();
    let told = |place: usize| if place.is_multiple_of(2) { u8::MAX } else { 0b11_1011 };
    let histories = steps.chunks(LONGEST).enumerate();
    let seen: Vec<Seen> = histories.map(|(place, steps)| played([[told(place); 6]; 6], steps).seen).collect();
    let sum = |of: fn(&Seen) -> usize| seen.iter().map(of).sum::<usize>();
    assert!(sum(|seen| seen.merged) > 400, "{seen:?}");
    for few in [
        sum(|seen| seen.clashed),
        sum(|seen| seen.kept_back),
        sum(|seen| seen.refused),
        sum(|seen| seen.stale),
        sum(|seen| seen.imported),
        sum(|seen| seen.over_held),
        sum(|seen| seen.decided),
        sum(|seen| seen.away),
    ] {
        assert!(few > 20, "{seen:?}");
    }
}

/// What a party has added is of another category since, which it is not told, or is gone: to the party it is the same.
#[test]
fn an_id_whose_item_is_hidden_is_refused_like_one_whose_item_is_gone() {
    for is_removed in [false, true] {
        let mut world = World::new([[0b11_1011; 6]; 6]);
        let add = |world: &mut World| {
            world.wanted(2, YOUTH).needs.push(need("te:youth-x1.te", "youth says x1."));
            let sent = world.send(2, YOUTH);
            world.deliver(&sent)
        };
        assert_eq!(add(&mut world), Answer::Merged);
        world.read(0);
        let needs = &mut world.wanted(0, YOUTH).needs;
        if is_removed {
            needs.pop();
        } else {
            needs.last_mut().unwrap().category = 7;
        }
        let sent = world.send(0, YOUTH);
        assert_eq!(world.deliver(&sent), Answer::Merged);
        world.read(2);
        assert_eq!((add(&mut world), world.seen.used), (Answer::Refused, 1));
    }
}

proptest! {
    #![proptest_config(config(1_000))]

    /// Everything that the world asserts at every step and at the end: no acknowledged change disappears, nothing is
    /// changed that nobody wanted, repetition changes nothing, and nobody is told what may not be told.
    #[test]
    fn any_history_holds(permissions in permissions(), steps in steps()) {
        let world = played(permissions, &steps);
        prop_assert!(played(permissions, &steps).revisions == world.revisions, "the same steps lead elsewhere");
    }
}
