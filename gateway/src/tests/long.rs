//! Is it said that a journey is longer than what is shown of it, and does what is counted count all the same?

use polku_adapters::Redelivery;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{AddJourneyEntryRequest, DataCategory, Encounter, JourneyEntry, encounter};

use super::readings::{id, journey, take_up, valid};
use super::world::{ADULT, KELA, TE, World, caller};
use crate::journey::Action;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_to_be_shown_is_not_passed_over_in_silence() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    take_up(&world, TE, &youth).await;
    let told = [DataCategory::IdentityContact, DataCategory::ServiceNeeds, DataCategory::ReferralStatus];
    world.consent(&youth, TE, KELA, &told).await;
    let first = world.refer(TE, KELA, &youth).await;
    world.step(KELA, &first, Action::Accept { note: String::new() }).await;
    for _ in 0..199 {
        world.refer(TE, KELA, &youth).await;
    }
    let seen = journey(&world, &caller(TE), &youth).await;
    assert_eq!((seen.referrals.len(), seen.more_referrals, seen.handovers), (200, false, 1));
    world.refer(TE, KELA, &youth).await;
    let seen = journey(&world, &caller(TE), &youth).await;
    assert_eq!((seen.referrals.len(), seen.more_referrals, seen.handovers), (200, true, 1));

    for number in 1..=500 {
        let met = Encounter { channel: encounter::Channel::WalkIn.into(), met: true, ..Encounter::default() };
        let entry = JourneyEntry { matter: Some(Matter::Encounter(met)), ..JourneyEntry::default() };
        let request = AddJourneyEntryRequest { request_id: id(), parent: youth.clone(), entry: Some(entry) };
        world.gateway.add_journey_entry(&caller(TE), valid(request)).await.map(drop).unwrap();
        if number >= 499 {
            let seen = journey(&world, &caller(TE), &youth).await;
            assert_eq!((seen.entries.len(), seen.more_entries), (500, number == 500));
        }
    }
}
