//! Does what the law wants at once go before all that waits?

use polku_adapters::Redelivery;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{DataCategory, LegalClaim, LegalGround, Purpose};

use super::world::{ADULT, CHILD, SOSIAALI, TE, World, request};
use crate::store::Priority;

/// How many may be under way to one agency at the same time: in this company the urgent one is among the first.
const AT_ONCE: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn a_child_welfare_notice_overtakes_all_that_waits() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, TE, SOSIAALI, &[DataCategory::IdentityContact, DataCategory::ServiceNeeds]).await;
    for _ in 0..200 {
        world.refer(TE, SOSIAALI, &youth).await;
    }
    let child = world.identify(CHILD).await;
    let mut notice = request(SOSIAALI, &child);
    notice.purpose = Purpose::SocialServices as i32;
    notice.claim = Some(LegalClaim {
        ground: LegalGround::ChildWelfareNotice as i32,
        statement: "huoli lapsesta".into(),
        consent_asked: ConsentAsked::NotReached as i32,
    });
    let urgent = world.send(TE, notice).await.unwrap().referral.unwrap().name;
    let rows = world.deliveries(&urgent).await;
    assert_eq!(rows.iter().map(|row| row.priority).collect::<Vec<_>>(), [Priority::Urgent]);
    world.deliver();
    world.settled(&urgent).await;
    let taken = world.sosiaali.taken();
    let handovers = taken.iter().filter(|delivery| matches!(delivery.item, Some(Item::Handover(_))));
    let place = handovers.map(|delivery| &delivery.referral).position(|referral| *referral == urgent);
    assert!(place.unwrap() < AT_ONCE, "{place:?}");
}
