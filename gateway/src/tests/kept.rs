//! Is what agencies have answered used again, told with its source, and forgotten in time?

use std::time::Duration;

use jiff::SignedDuration;
use polku_adapters::Redelivery;
use polku_proto::v1::disclosure::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{
    AddJourneyEntryRequest, AgencyFacts, DataCategory, Disclosure, Fact, FactKind, GetJourneyRequest,
    JourneyEntry, JourneyOpening, JourneySource, ListDisclosuresRequest, Purpose,
};
use polku_proto::{CategorySet, Valid, YouthName};
use uuid::Uuid;

use super::world::{ADULT, KELA, SOSIAALI, TE, World, caller};
use crate::answer::answer;
use crate::caller::{Actor, Caller};
use crate::record::wire_time;
use crate::store::{Change, FactsRow};

/// Social services hold this need from now on.
fn holds(world: &World, text: &str) {
    let need = Fact {
        category: DataCategory::ServiceNeeds.into(),
        kind: FactKind::ServiceNeed.into(),
        text: text.to_owned(),
        ..Fact::default()
    };
    world.sosiaali.holds(AgencyFacts {
        agency: SOSIAALI.to_owned(),
        as_of: Some(wire_time(world.gateway.now()).unwrap()),
        facts: vec![need],
        ..AgencyFacts::default()
    });
}

/// What Kela sees of that, when it asks for these categories and takes answers of this age.
async fn seen(world: &World, youth: &str, categories: &[DataCategory], age: i32) -> String {
    let request = GetJourneyRequest {
        youth: youth.to_owned(),
        purpose: Purpose::EmploymentServices.into(),
        categories: categories.iter().map(|category| *category as i32).collect(),
        max_age_seconds: Some(age),
    };
    let (kela, patience) = (caller(KELA), Duration::from_secs(10));
    let journey = world.gateway.get_journey(&kela, Valid::check(request).unwrap(), patience).await.unwrap();
    let journey = answer(journey, &kela, world.gateway.now()).unwrap().into_inner();
    let [facts] = &journey.facts[..] else { panic!("{} sources", journey.facts.len()) };
    facts.facts[0].text.clone()
}

/// Kela has taken somebody up, of whom social services may tell it something.
async fn shared(world: &World) -> String {
    let youth = world.identify(ADULT).await;
    let opening = Matter::Opening(JourneyOpening { source: JourneySource::Self_ as i32 });
    let request = AddJourneyEntryRequest {
        request_id: Uuid::now_v7().to_string(),
        parent: youth.clone(),
        entry: Some(JourneyEntry { matter: Some(opening), ..JourneyEntry::default() }),
    };
    let request = Valid::check(request).unwrap();
    world.gateway.add_journey_entry(&caller(KELA), request).await.map(drop).unwrap();
    world.consent(&youth, SOSIAALI, KELA, &[DataCategory::ServiceNeeds, DataCategory::Housing]).await;
    youth
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_answers_the_newest_is_used_again() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = shared(&world).await;
    let needs = [DataCategory::ServiceNeeds];
    holds(&world, "Asumisneuvonta");
    assert_eq!(seen(&world, &youth, &needs, 0).await, "Asumisneuvonta");
    holds(&world, "Velkaneuvonta");
    assert_eq!(seen(&world, &youth, &needs, 3600).await, "Asumisneuvonta", "known already");
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(seen(&world, &youth, &[], 0).await, "Velkaneuvonta");
    assert_eq!(seen(&world, &youth, &needs, 3600).await, "Velkaneuvonta");
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_facts_were_shown_is_told() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = shared(&world).await;
    holds(&world, "Asumisneuvonta");
    // From the agency itself, and from what is kept of its answer.
    for _ in 0..2 {
        seen(&world, &youth, &[], 3600).await;
    }
    let list = list(&world, &youth).await;
    let facts: Vec<_> =
        list.iter().filter(|one| one.kind() == Kind::Shown && one.name.ends_with("/facts")).collect();
    assert_eq!(facts.len(), 2);
    for one in facts {
        assert_eq!((one.discloser.as_str(), one.recipient.as_str()), (SOSIAALI, "kela/keskusta"));
        let told = [DataCategory::Envelope, DataCategory::ServiceNeeds].map(|category| category as i32);
        assert_eq!(one.permitted, told, "what was told, not what may be");
        assert_eq!(one.bases.len(), 1);
    }
}

/// What is kept here is read, and that is written down, while an agency takes its time: nothing waits for its answer.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_here_does_not_wait_for_the_agencies() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = shared(&world).await;
    for _ in 0..3 {
        world.consent(&youth, KELA, TE, &[DataCategory::ServiceNeeds]).await;
    }
    holds(&world, "Asumisneuvonta");
    world.sosiaali.takes(Duration::from_millis(700));
    seen(&world, &youth, &[], 0).await;
    let list = list(&world, &youth).await;
    let place =
        |is: &dyn Fn(&str) -> bool| list.iter().position(|one| one.kind() == Kind::Shown && is(&one.name));
    let facts = place(&|name| name.ends_with("/facts")).unwrap();
    let consents = place(&|name| name.contains("/consents/")).unwrap();
    assert!(facts < consents, "newest first: the agency answered last");
}

/// What the young person is told of who has seen their data, newest first.
async fn list(world: &World, youth: &str) -> Vec<Disclosure> {
    let name: YouthName = youth.parse().unwrap();
    let subject = Caller { agency: KELA.parse().unwrap(), actor: Actor::Subject(name.youth) };
    let request = ListDisclosuresRequest { parent: youth.to_owned(), ..ListDisclosuresRequest::default() };
    let list = world.gateway.list_disclosures(&subject, Valid::check(request).unwrap()).await.unwrap();
    answer(list, &subject, world.gateway.now()).unwrap().into_inner().disclosures
}

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
