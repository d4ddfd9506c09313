//! Does what changes in an agency's own system come in, whatever has happened before?

use polku_proto::v1::PlanPart;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{config, permissions, played, steps};
use crate::plan::tests::any::flat;
use crate::plan::tests::world::{Answer, Message, PARTIES};

proptest! {
    #![proptest_config(config(128))]

    /// A system that has what stands here says what has changed there: so it stands here, and nobody is asked. A word that
    /// it had said before, and that arrives only then, takes back nothing.
    #[test]
    fn what_changes_in_a_system_that_was_delivered_comes_in(
        permissions in permissions(),
        steps in steps(),
        edits in vec(any::<[u8; 3]>(), 1..6),
    ) {
        let mut world = played(permissions, &steps);
        // Of what something has come to nothing is removed without being asked.
        world.clear_beside();
        for (agency, owner) in PARTIES.into_iter().enumerate().skip(2) {
            world.comes(agency);
            let late = Message::System(world.tell(agency));
            let delivered = world.deliver_to(agency);
            prop_assert!(world.arrives(&delivered));
            world.has_arrived(&delivered);
            for edit in &edits {
                world.edit_system(agency, *edit);
            }
            let (open, now) = (world.open(), flat(world.system(agency)));
            let told = Message::System(world.tell(agency));
            // It may have said what makes no sense.
            if world.take(&told) != Answer::Merged {
                continue;
            }
            prop_assert_eq!(flat(&world.section(owner)), now, "of {}", owner);
            prop_assert_eq!(world.open(), open, "somebody is asked");
            for again in [late, told] {
                world.take(&again);
                let stands: PlanPart = world.section(owner);
                prop_assert_eq!(flat(&stands), flat(world.system(agency)), "of {}", owner);
            }
        }
        world.assert_kept();
    }
}
