//! Is what agencies have answered forgotten in time?

use jiff::SignedDuration;
use polku_adapters::Redelivery;
use polku_proto::v1::DataCategory;
use polku_proto::{CategorySet, YouthName};

use super::world::{ADULT, TE, World};
use crate::store::{Change, FactsRow};

#[tokio::test]
async fn an_answer_of_an_agency_is_kept_for_a_day() {
    let world = World::open(Redelivery::Deduplicates).await;
    let gateway = &world.gateway;
    let youth: YouthName = world.identify(ADULT).await.parse().unwrap();
    let row = |category, hours| FactsRow {
        youth: youth.youth,
        agency: TE.parse().unwrap(),
        asked: CategorySet::of(&[category]),
        answered: gateway.now() - SignedDuration::from_hours(hours),
        sealed: vec![1],
    };
    let (young, old) = (row(DataCategory::Housing, 23), row(DataCategory::ServiceNeeds, 25));
    let mut change = Change::announced_by(6000);
    change.facts = vec![young.clone(), old];
    gateway.commit(change).await.unwrap();
    gateway.sweep().await.unwrap();
    assert_eq!(gateway.store.facts_of(youth.youth).await.unwrap(), [young]);
}
