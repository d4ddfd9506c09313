//! Is the journey of somebody whom the caller has nothing to do with left closed, as if there was none?

use std::time::Duration;

use polku_adapters::Redelivery;
use polku_proto::v1::{GetJourneyRequest, GetNextStepRequest};
use polku_proto::{EntryId, YouthName};
use uuid::Uuid;

use super::readings::{take_up, valid};
use super::world::{ADULT, KELA, SOSIAALI, TE, World, caller};
use crate::error::Error;
use crate::store::{Change, EntryRow};

/// So many entries that cannot be opened: whoever tries is told that something is wrong here.
const ENTRIES: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_foreign_journey_is_opened() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    take_up(&world, TE, &youth).await;
    let id = youth.parse::<YouthName>().unwrap().youth;
    let mut change = Change::announced_by(1_000_000);
    change.entries = (0..ENTRIES)
        .map(|_| EntryRow {
            id: EntryId::from_uuid(Uuid::now_v7()),
            youth: id,
            agency: TE.parse().unwrap(),
            kind: 9,
            created: world.gateway.now(),
            sealed: vec![0; 64],
        })
        .collect();
    world.gateway.store.commit(change).await.unwrap();
    // Who has identified the young person and nothing more has no more to do with the journey.
    world.identify_by(SOSIAALI, ADULT).await;
    let nobody = YouthName { youth: polku_proto::YouthId::from_uuid(Uuid::now_v7()) }.to_string();
    let read = async |agency: &str, youth: &str| {
        let caller = caller(agency);
        let request = GetJourneyRequest { youth: youth.to_owned(), ..GetJourneyRequest::default() };
        let patience = Duration::from_secs(10);
        let journey = world.gateway.get_journey(&caller, valid(request), patience).await.map(drop);
        let request = GetNextStepRequest { youth: youth.to_owned(), ..GetNextStepRequest::default() };
        let step = world.gateway.get_next_step(&caller, valid(request)).await.map(drop);
        [journey, step].map(Result::unwrap_err)
    };
    for (agency, youth) in [(KELA, &youth), (SOSIAALI, &youth), (KELA, &nobody), (TE, &nobody)] {
        let refused = read(agency, youth).await;
        assert!(refused.iter().all(|error| matches!(error, Error::NotFound)), "{agency}: {refused:?}");
    }
    let opened = read(TE, &youth).await;
    assert!(opened.iter().all(|error| !matches!(error, Error::NotFound)), "{opened:?}");
}
