//! Is an agency asked only where it may hear that the requester deals with the young person, and does the register of
//! social services hold what their own questions tell?

use std::time::Duration;

use polku_adapters::Redelivery;
use polku_proto::v1::disclosure_notice::Arrival;
use polku_proto::v1::{
    AgencyFacts, DataCategory as C, Fact, FactKind, GetJourneyRequest, Journey, ProhibitionTerms, Purpose,
    RecordProhibitionRequest,
};

use super::readings::{delivered, id, journey, queued, sets, take_up, told, valid};
use super::world::{ADULT, KELA, SOSIAALI, TE, World, caller};
use crate::audit::Event;
use crate::record::wire_time;

fn need(world: &World, agency: &str) -> AgencyFacts {
    let fact = Fact {
        category: C::ServiceNeeds.into(),
        kind: FactKind::Service.into(),
        text: "Asumisneuvonta".into(),
        ..Fact::default()
    };
    AgencyFacts {
        agency: agency.into(),
        as_of: Some(wire_time(world.gateway.now()).unwrap()),
        facts: vec![fact],
        ..AgencyFacts::default()
    }
}

async fn prohibit(world: &World, youth: &str, (from, to): (&str, &str), categories: &[C]) {
    let terms = ProhibitionTerms {
        disclosers: vec![from.into()],
        recipients: vec![to.into()],
        categories: categories.iter().map(|category| *category as i32).collect(),
        ..ProhibitionTerms::default()
    };
    let request = RecordProhibitionRequest { request_id: id(), youth: youth.into(), terms: Some(terms) };
    let by = caller(from);
    told(world, &by, world.gateway.record_prohibition(&by, valid(request)).await);
}

fn held(journey: &Journey) -> (usize, usize) {
    (journey.facts.len(), journey.unreachable.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_young_person_does_not_want_told_is_not_asked() {
    for (closed, is_asked) in [
        (vec![C::ServiceAttendance], false),
        (vec![C::IdentityContact], false),
        (vec![], false),
        (vec![C::Housing], true),
    ] {
        let world = World::open(Redelivery::Deduplicates).await;
        let youth = world.identify(ADULT).await;
        take_up(&world, KELA, &youth).await;
        world.consent(&youth, SOSIAALI, KELA, &[C::ServiceNeeds]).await;
        world.sosiaali.holds(need(&world, SOSIAALI));
        prohibit(&world, &youth, (KELA, SOSIAALI), &closed).await;
        let seen = journey(&world, &caller(KELA), &youth).await;
        let expected = if is_asked { (1, 0) } else { (0, 0) };
        assert_eq!(held(&seen), expected, "{closed:?}");
        assert_eq!(world.leaves(Event::FactsQuery), usize::from(is_asked), "{closed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_social_services_is_in_their_register() {
    let mut world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    take_up(&world, SOSIAALI, &youth).await;
    let consent = world.consent(&youth, TE, SOSIAALI, &[C::ServiceNeeds]).await;
    world.te.holds(need(&world, TE));
    world.sosiaali.holds(need(&world, SOSIAALI));
    let seen = journey(&world, &caller(SOSIAALI), &youth).await;
    assert_eq!(held(&seen), (2, 0));
    assert_eq!(queued(&world, &youth).await.len(), 1);
    // Not even through a kill right after the answer.
    let mut world_again = world.killed().await;
    let notices = delivered(&mut world_again, &youth).await;
    let [notice] = &notices[..] else { panic!("{} notices", notices.len()) };
    assert_eq!((notice.told_to.as_str(), notice.arrival()), (TE, Arrival::Known));
    assert_eq!(sets(notice), [C::IdentityContact, C::ServiceAttendance]);
    // What lets the agency answer covers the question.
    let [told_on] = &notice.consents[..] else { panic!("{} consents", notice.consents.len()) };
    assert_eq!(told_on.name, consent.name);
    world = world_again;
    // Kela is no social service: nothing of its questions is to be held there.
    take_up(&world, KELA, &youth).await;
    world.consent(&youth, TE, KELA, &[C::ServiceNeeds]).await;
    journey(&world, &caller(KELA), &youth).await;
    assert_eq!(world.leaves(Event::FactsQuery), 2);
    assert!(queued(&world, &youth).await.is_empty());
}

/// A question that cannot be answered in time any more is not put: it would tell all the same.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_when_the_time_is_up() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    take_up(&world, KELA, &youth).await;
    world.consent(&youth, SOSIAALI, KELA, &[C::ServiceNeeds]).await;
    world.sosiaali.holds(need(&world, SOSIAALI));
    let request = GetJourneyRequest {
        youth: youth.clone(),
        purpose: Purpose::EmploymentServices.into(),
        ..GetJourneyRequest::default()
    };
    let kela = caller(KELA);
    let seen = world.gateway.get_journey(&kela, valid(request), Duration::ZERO).await;
    assert_eq!(held(&told(&world, &kela, seen)), (0, 1));
    assert_eq!(world.leaves(Event::FactsQuery), 0);
    assert_eq!(held(&journey(&world, &kela, &youth).await), (1, 0));
}
