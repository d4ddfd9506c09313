//! Is what an editor sees of a section, without a copy, what the contract leaves of a copy?

use polku_proto::v1::{PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart};
use polku_proto::{CategorySet, Disclose as _};
use proptest::collection::vec;
use proptest::prelude::*;

use super::world::World;
use crate::plan::YOUTH;
use crate::plan::fields::Fields as _;
use crate::plan::item::Item;
use crate::plan::seen::Seen;

fn items<'a, I: Item + 'a>(seen: &'a Seen<'a>) -> Vec<I> {
    seen.items::<I>().flatten().cloned().collect()
}

proptest! {
    #![proptest_config(crate::tests::seeded(ProptestConfig { cases: 256, ..ProptestConfig::default() }))]

    #[test]
    fn what_is_seen_is_what_is_left(edits in vec(any::<[u8; 3]>(), 0..60), told in any::<[bool; 6]>()) {
        let mut world = World::new([[u8::MAX; 6]; 6]);
        edits.into_iter().for_each(|edit| world.edit(1, YOUTH, edit));
        let part = world.wanted(1, YOUTH).clone();
        let told = [8, 9, 7, 11, 10, 3].into_iter().zip(told).filter(|(_, told)| *told);
        let told = CategorySet::from_wire(&told.map(|(category, _)| category).collect::<Vec<i32>>()).unwrap();
        for told in [told, CategorySet::ALL] {
            let mut left = part.clone();
            left.restrict(told);
            let seen = Seen::of(&part, told);
            prop_assert_eq!(items::<PlanNeed>(&seen), left.needs.clone());
            prop_assert_eq!(items::<PlanGoal>(&seen), left.goals.clone());
            prop_assert_eq!(items::<PlanAction>(&seen), left.actions.clone());
            prop_assert_eq!(items::<PlanMeeting>(&seen), left.meetings.clone());
            let mut other = Vec::new();
            PlanPart::differing(&seen.fields, &left, &mut |field| other.push(field));
            prop_assert_eq!(other, Vec::<&str>::new());
            prop_assert_eq!(&seen.fields.background, &left.background);
        }
    }
}
