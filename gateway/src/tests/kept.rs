//! Is what agencies have answered used again, and told with its source?

use std::time::Duration;

use polku_adapters::Redelivery;
use polku_policy::{Engine, RuleSource, Rules};
use polku_proto::v1::disclosure::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{
    AddJourneyEntryRequest, AgencyFacts, DataCategory, Disclosure, Fact, FactKind, GetJourneyRequest,
    Journey, JourneyEntry, JourneyOpening, JourneySource, ListDisclosuresRequest, Purpose,
};
use polku_proto::{Valid, YouthName};
use uuid::Uuid;

use super::table::at;
use super::world::{ADULT, KELA, SOSIAALI, TE, World, caller};
use crate::answer::answer;
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::record::wire_time;

/// Social services hold this need from now on.
fn holds(world: &World, text: &str) {
    world.sosiaali.holds(facts_of(world, text));
}

fn facts_of(world: &World, text: &str) -> AgencyFacts {
    let need = Fact {
        category: DataCategory::ServiceNeeds.into(),
        kind: FactKind::ServiceNeed.into(),
        text: text.to_owned(),
        ..Fact::default()
    };
    AgencyFacts {
        agency: SOSIAALI.to_owned(),
        as_of: Some(wire_time(world.gateway.now()).unwrap()),
        facts: vec![need],
        ..AgencyFacts::default()
    }
}

/// What Kela sees of that, when it asks for these categories and takes answers of this age.
async fn seen(world: &World, youth: &str, categories: &[DataCategory], age: i32) -> String {
    text_of(&seen_by(world, &caller(KELA), youth, categories, age).await)
}

/// What this caller sees.
async fn seen_by(
    world: &World,
    caller: &Caller,
    youth: &str,
    categories: &[DataCategory],
    age: i32,
) -> Journey {
    let request = GetJourneyRequest {
        youth: youth.to_owned(),
        purpose: Purpose::EmploymentServices.into(),
        categories: categories.iter().map(|category| *category as i32).collect(),
        max_age_seconds: Some(age),
    };
    let patience = Duration::from_secs(10);
    let journey = world.gateway.get_journey(caller, Valid::check(request).unwrap(), patience).await.unwrap();
    answer(journey, caller, world.gateway.now()).unwrap().into_inner()
}

fn text_of(journey: &Journey) -> String {
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
    world.meet(KELA, &youth).await;
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

/// The question names who asks: to another professional the agency may say something else, and each is told what was said
/// to them.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_used_again_for_whoever_asked() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = shared(&world).await;
    let (first, colleague) = (caller(KELA), at(KELA, "keskusta", "official"));
    assert_ne!(first.professional(), colleague.professional());
    let needs = [DataCategory::ServiceNeeds];
    let said = async |caller: &Caller| text_of(&seen_by(&world, caller, &youth, &needs, 3600).await);
    holds(&world, "Asumisneuvonta");
    assert_eq!(said(&first).await, "Asumisneuvonta");
    holds(&world, "Velkaneuvonta");
    assert_eq!(said(&colleague).await, "Velkaneuvonta", "asked anew");
    holds(&world, "Perhetyö");
    for (caller, text) in [(&first, "Asumisneuvonta"), (&colleague, "Velkaneuvonta")] {
        assert_eq!(said(caller).await, text, "neither answer has taken the place of the other");
    }
    assert_eq!(world.leaves(Event::FactsQuery), 2);
}

/// An answer that is kept is shown as far as it may be told now, and to this reader.
#[tokio::test(flavor = "multi_thread")]
async fn of_an_answer_that_is_kept_no_more_is_shown_than_may_be_told() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = shared(&world).await;
    holds(&world, "Asumisneuvonta");
    assert_eq!(seen(&world, &youth, &[], 0).await, "Asumisneuvonta");
    let (sosiaali, name) = (caller(SOSIAALI), youth.parse::<YouthName>().unwrap());
    let recorded = world.gateway.recorded(&sosiaali, name.youth).await.unwrap();
    for (_, consent) in world.gateway.consents_for(&sosiaali, &recorded).unwrap() {
        let consent = answer(consent, &sosiaali, world.gateway.now()).unwrap().into_inner();
        world.withdraw(SOSIAALI, &consent).await;
    }
    world.consent(&youth, SOSIAALI, KELA, &[DataCategory::Housing]).await;
    let journey = seen_by(&world, &caller(KELA), &youth, &[], 3600).await;
    assert!(journey.facts.iter().all(|facts| facts.facts.is_empty()), "the need may not be told any more");
    assert_eq!(world.leaves(Event::FactsQuery), 1, "of what may be told the answer is known");
}

/// What an organisation may forbid: social services do not even say about whom they are asked.
const NO_QUESTIONS: &str = r#"
@id("no-questions-to-social-services")
@statute("906/2019 § 16")
@basis("other_unit")
forbid (principal == Agency::"sosiaali", action, resource == Category::"identity_contact");
"#;

/// Who cannot be asked is named, and does not keep the others from being shown.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_cannot_be_put_is_one_without_answer() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = shared(&world).await;
    world.consent(&youth, TE, KELA, &[DataCategory::ServiceNeeds]).await;
    holds(&world, "Asumisneuvonta");
    let of_te = AgencyFacts { agency: TE.to_owned(), ..facts_of(&world, "Työkokeilu") };
    world.te.holds(of_te);
    let rules = [RuleSource::SHIPPED.rules, NO_QUESTIONS].concat();
    let rules = Rules::parse(RuleSource { rules: &rules, ..RuleSource::SHIPPED }).unwrap();
    world.gateway.set_engine(Engine::new(rules, world.gateway.directory.clone()).unwrap());
    for _ in 0..2 {
        let journey = seen_by(&world, &caller(KELA), &youth, &[], 3600).await;
        assert_eq!(text_of(&journey), "Työkokeilu");
        assert_eq!(journey.unreachable, [SOSIAALI]);
    }
    assert_eq!(world.sosiaali.asked(), 0);
    // Nothing was kept of it: it is asked as soon as it can be.
    let shipped = Rules::shipped().unwrap();
    world.gateway.set_engine(Engine::new(shipped, world.gateway.directory.clone()).unwrap());
    let journey = seen_by(&world, &caller(KELA), &youth, &[], 3600).await;
    assert!(journey.unreachable.is_empty());
    assert_eq!((journey.facts.len(), world.sosiaali.asked(), world.te.asked()), (2, 1, 1));
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

/// What the young person is told of who has seen their data, newest first.
async fn list(world: &World, youth: &str) -> Vec<Disclosure> {
    let name: YouthName = youth.parse().unwrap();
    let subject = Caller { agency: KELA.parse().unwrap(), actor: Actor::Subject(name.youth) };
    let request = ListDisclosuresRequest { parent: youth.to_owned(), ..ListDisclosuresRequest::default() };
    let list = world.gateway.list_disclosures(&subject, Valid::check(request).unwrap()).await.unwrap();
    answer(list, &subject, world.gateway.now()).unwrap().into_inner().disclosures
}
