//! Does the register of social services hear of readings of its data: of each disclosure once, and of nothing else?

use polku_adapters::Redelivery;
use polku_policy::Authorised;
use polku_proto::v1::disclosure_notice::Arrival;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{
    AddJourneyEntryRequest, AddPlanPartyRequest, AgencyFacts, CreatePlanRequest, DataCategory as C,
    DisclosureNotice, Fact, FactKind, GetJourneyRequest, GetPlanRequest, GoalState, Journey, JourneyEntry,
    JourneyOpening, JourneySource, ListPlansRequest, MergePlanRequest, Plan, PlanGoal, PlanPart, PlanState,
    Purpose, Worker,
};
use polku_proto::{Disclose, Valid, Validate, YouthId, YouthName};
use uuid::Uuid;

use super::world::{ADULT, KELA, SOSIAALI, TE, World, caller};
use crate::answer::answer;
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::record::wire_time;
use crate::store::{About, DeliveryItem, DeliveryRow};

pub(super) const HELD: [C; 3] = [C::IdentityContact, C::ServiceAttendance, C::ServiceNeeds];
pub(super) const SHARED: [C; 4] = [C::IdentityContact, C::ServiceAttendance, C::ServiceNeeds, C::JointPlan];

pub(super) fn id() -> String {
    Uuid::now_v7().to_string()
}

pub(super) fn youth(name: &str) -> YouthId {
    name.parse::<YouthName>().unwrap().youth
}

pub(super) fn valid<X: Validate>(request: X) -> Valid<X> {
    Valid::check(request).unwrap()
}

pub(super) fn as_subject(name: &str) -> Caller {
    Caller { agency: KELA.parse().unwrap(), actor: Actor::Subject(youth(name)) }
}

pub(super) fn told<X: Disclose + Validate>(
    world: &World,
    caller: &Caller,
    answered: Result<Authorised<X>, Error>,
) -> X
where
    tonic::Response<X>: Sized,
{
    answer(answered.unwrap(), caller, world.gateway.now()).unwrap().into_inner()
}

pub(super) async fn journey(world: &World, caller: &Caller, youth: &str) -> Journey {
    let request = GetJourneyRequest {
        youth: youth.to_owned(),
        purpose: Purpose::EmploymentServices.into(),
        ..GetJourneyRequest::default()
    };
    let patience = std::time::Duration::from_secs(10);
    told(world, caller, world.gateway.get_journey(caller, valid(request), patience).await)
}

/// The agency takes up the young person's matter.
pub(super) async fn take_up(world: &World, agency: &str, youth: &str) {
    let opening = JourneyOpening { source: JourneySource::Self_.into() };
    let entry = JourneyEntry { matter: Some(Matter::Opening(opening)), ..JourneyEntry::default() };
    let request = AddJourneyEntryRequest { request_id: id(), parent: youth.to_owned(), entry: Some(entry) };
    world.meet(agency, youth).await;
    world.gateway.add_journey_entry(&caller(agency), valid(request)).await.map(drop).unwrap();
}

/// The notices that are in the queue.
pub(super) async fn queued(world: &World, youth: &str) -> Vec<DeliveryRow> {
    let mut rows = world.gateway.store.open_deliveries_of(self::youth(youth)).await.unwrap();
    rows.retain(|row| matches!(row.item, DeliveryItem::DisclosureNotice { .. }));
    assert!(rows.iter().all(|row| row.agency.as_str() == SOSIAALI));
    rows
}

pub(super) async fn delivered(world: &mut World, youth: &str) -> Vec<DisclosureNotice> {
    world.deliver();
    until_quiet(world, youth).await;
    // Those about a plan come one after the other, those about a journey in between.
    let mut notices = world.sosiaali.disclosures();
    notices.sort_by_key(|notice| notice.disclose_time.map(|time| (time.seconds, time.nanos)));
    notices
}

pub(super) async fn until_quiet(world: &World, youth: &str) {
    for _ in 0..1500 {
        if world.gateway.store.open_deliveries_of(self::youth(youth)).await.unwrap().is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the deliveries do not end");
}

pub(super) fn sets(notice: &DisclosureNotice) -> Vec<C> {
    notice.data_sets().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_look_at_what_it_holds_is_one_notice_before_the_answer() {
    let world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    for agency in [KELA, TE] {
        take_up(&world, agency, &youth).await;
    }
    let consent = world.consent(&youth, SOSIAALI, KELA, &HELD).await;
    let fact = |category: C, text: &str| Fact {
        category: category.into(),
        kind: FactKind::Service.into(),
        text: text.to_owned(),
        ..Fact::default()
    };
    world.sosiaali.holds(AgencyFacts {
        agency: SOSIAALI.to_owned(),
        as_of: Some(wire_time(world.gateway.now()).unwrap()),
        facts: vec![fact(C::ServiceNeeds, "Asumisneuvonta"), fact(C::Housing, "Asuu kaverilla")],
        ..AgencyFacts::default()
    });
    let kela = caller(KELA);
    let seen = journey(&world, &kela, &youth).await;
    assert_eq!(seen.facts[0].facts.len(), 1);
    let rows = queued(&world, &youth).await;
    let [row] = &rows[..] else { panic!("{} notices", rows.len()) };
    assert_eq!(row.about, About::Journey);
    // From what was kept of the answer: another look, another event.
    assert_eq!(journey(&world, &kela, &youth).await.facts, seen.facts);
    assert_eq!(queued(&world, &youth).await.len(), 2);
    // Its own data, the young person's side, and whoever is told nothing.
    journey(&world, &caller(SOSIAALI), &youth).await;
    world.consent(&youth, TE, KELA, &HELD).await;
    journey(&world, &as_subject(&youth), &youth).await;
    journey(&world, &caller(TE), &youth).await;
    assert_eq!(queued(&world, &youth).await.len(), 2);
    // Not even through a kill right after the answer.
    let mut world = world.killed().await;
    let notices = delivered(&mut world, &youth).await;
    let [first, second] = &notices[..] else { panic!("{} notices", notices.len()) };
    assert_ne!(first.disclosed_message, second.disclosed_message);
    for notice in [first, second] {
        assert_eq!((notice.identity_code.as_str(), sets(notice)), (ADULT, vec![C::ServiceNeeds]));
        assert_eq!(notice.told_to, kela.party().to_string());
        assert_eq!(notice.purpose(), Purpose::EmploymentServices);
        assert_eq!(notice.arrival(), Arrival::Known);
        let [told_on] = &notice.consents[..] else { panic!("{} consents", notice.consents.len()) };
        assert_eq!(told_on.name, consent.name);
    }
    let taken = world.sosiaali.taken();
    assert!(taken.iter().all(|taken| taken.referral.is_empty() && taken.sender == SOSIAALI));
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_its_own_are_noted_when_others_see_them() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    for agency in [SOSIAALI, TE, KELA] {
        take_up(&world, agency, &youth).await;
    }
    let kela = caller(KELA);
    // Nothing permits it yet: the reader sees its own.
    assert_eq!(journey(&world, &kela, &youth).await.entries.len(), 1);
    world.consent(&youth, TE, KELA, &HELD).await;
    assert_eq!(journey(&world, &kela, &youth).await.entries.len(), 2);
    assert!(queued(&world, &youth).await.is_empty());
    world.consent(&youth, SOSIAALI, KELA, &HELD).await;
    assert_eq!(journey(&world, &kela, &youth).await.entries.len(), 3);
    journey(&world, &as_subject(&youth), &youth).await;
    journey(&world, &caller(SOSIAALI), &youth).await;
    let notices = delivered(&mut world, &youth).await;
    let [notice] = &notices[..] else { panic!("{} notices", notices.len()) };
    assert_eq!(notice.told_to, kela.party().to_string());
    assert_eq!(sets(notice), [C::ServiceAttendance]);
}

/// A plan of social services, to which these agencies are parties and which they may see.
async fn shared(world: &World, youth: &str, parties: &[&str]) -> String {
    shared_by(world, SOSIAALI, youth, parties).await
}

/// A plan of this agency, to which these are parties and which they may see.
pub(super) async fn shared_by(world: &World, coordinator: &str, youth: &str, parties: &[&str]) -> String {
    world.meet(coordinator, youth).await;
    let coordinating = caller(coordinator);
    let request = CreatePlanRequest {
        request_id: id(),
        youth: youth.to_owned(),
        purpose: Purpose::EmploymentServices.into(),
        responsible_worker: Some(Worker {
            id: format!("{coordinator}-virkailija"),
            name: "Sosiaali Yksi".into(),
            ..Worker::default()
        }),
        replaces: String::new(),
    };
    let made = told(world, &coordinating, world.gateway.create_plan(&coordinating, valid(request)).await);
    let plan = made.plan.unwrap().name;
    for party in parties {
        world.consent(youth, coordinator, party, &SHARED).await;
        world.consent(youth, party, coordinator, &SHARED).await;
        let request = AddPlanPartyRequest {
            request_id: id(),
            name: plan.clone(),
            party: (*party).to_owned(),
            etag: read(world, coordinator, &plan).await.etag,
        };
        world.gateway.add_plan_party(&coordinating, valid(request)).await.map(drop).unwrap();
    }
    plan
}

pub(super) async fn read(world: &World, agency: &str, plan: &str) -> Plan {
    let caller = caller(agency);
    let request = valid(GetPlanRequest { name: plan.to_owned() });
    told(world, &caller, world.gateway.get_plan(&caller, request).await)
}

/// Adds a goal to the agency's own section; gives the plan as the answer shows it.
pub(super) async fn aim(world: &World, agency: &str, plan: &str, goal: &str) -> Plan {
    let caller = caller(agency);
    let seen = read(world, agency, plan).await;
    let parts = seen.sections.iter().filter_map(|section| section.part.clone());
    let part = parts.into_iter().find(|part| part.owner == agency);
    let mut part = part.unwrap_or_else(|| PlanPart {
        owner: agency.to_owned(),
        state: PlanState::Draft.into(),
        ..PlanPart::default()
    });
    part.goals.push(PlanGoal {
        id: goal.to_owned(),
        category: C::JointPlan.into(),
        text: "Oma asunto".into(),
        state: GoalState::Proposed.into(),
        ..PlanGoal::default()
    });
    let request = MergePlanRequest {
        request_id: id(),
        name: plan.to_owned(),
        etag: seen.etag,
        sections: vec![part],
        validate_only: false,
        found_in: None,
    };
    told(world, &caller, world.gateway.merge_plan(&caller, valid(request)).await).plan.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_section_is_told_once_however_often_it_is_read() {
    let world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    let plan = shared(&world, &youth, &[KELA]).await;
    aim(&world, SOSIAALI, &plan, "g1").await;
    assert!(queued(&world, &youth).await.is_empty(), "nobody else has read it");
    let leaves = world.leaves(Event::Read);
    let seen = read(&world, KELA, &plan).await;
    assert!(seen.sections.iter().any(|section| section.part.as_ref().unwrap().owner == SOSIAALI));
    // All of it in one: the section, and the worker who is named beside it.
    assert_eq!(queued(&world, &youth).await.len(), 1);
    assert_eq!(world.leaves(Event::Read), leaves + 1);
    // Read again, in the list and in the journey: nothing that was not told.
    read(&world, KELA, &plan).await;
    let kela = caller(KELA);
    let list = ListPlansRequest { parent: youth.clone(), ..ListPlansRequest::default() };
    world.gateway.list_plans(&kela, valid(list)).await.map(drop).unwrap();
    journey(&world, &kela, &youth).await;
    read(&world, SOSIAALI, &plan).await;
    assert_eq!(queued(&world, &youth).await.len(), 1);
    // Its own change shows Kela nothing new of social services'.
    aim(&world, KELA, &plan, "k1").await;
    assert_eq!(queued(&world, &youth).await.len(), 1);
    // Social services change theirs: the next reading tells it, here the one in the answer to a change.
    aim(&world, SOSIAALI, &plan, "g2").await;
    assert_eq!(queued(&world, &youth).await.len(), 1);
    aim(&world, KELA, &plan, "k2").await;
    assert_eq!(queued(&world, &youth).await.len(), 2);

    let mut world = world.killed().await;
    read(&world, KELA, &plan).await;
    let notices = delivered(&mut world, &youth).await;
    let all: Vec<_> = notices.iter().map(sets).collect();
    assert_eq!(all, [vec![C::ServiceAttendance, C::JointPlan], vec![C::JointPlan]]);
    for notice in &notices {
        assert_eq!(notice.told_to, kela.party().to_string().split('/').next().unwrap());
        assert_eq!((notice.purpose(), notice.arrival()), (Purpose::EmploymentServices, Arrival::Known));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_system_was_sent_a_party_may_read_here_without_another_notice() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    let plan = shared(&world, &youth, &[TE]).await;
    // The worker beside the section is told by a reading alone.
    read(&world, TE, &plan).await;
    assert_eq!(queued(&world, &youth).await.len(), 1);
    world.deliver();
    until_quiet(&world, &youth).await;
    aim(&world, SOSIAALI, &plan, "g1").await;
    until_quiet(&world, &youth).await;
    assert_eq!(world.sosiaali.disclosures().len(), 2, "one for what was read, one for what was sent");
    read(&world, TE, &plan).await;
    until_quiet(&world, &youth).await;
    assert_eq!(world.sosiaali.disclosures().len(), 2, "the same as was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_here_is_no_news_to_the_system() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    let plan = shared(&world, &youth, &[TE]).await;
    aim(&world, SOSIAALI, &plan, "g1").await;
    read(&world, TE, &plan).await;
    assert_eq!(queued(&world, &youth).await.len(), 1);
    let notices = delivered(&mut world, &youth).await;
    let [notice] = &notices[..] else { panic!("{} notices", notices.len()) };
    assert_eq!(sets(notice), [C::ServiceAttendance, C::JointPlan]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_read_the_same_at_once_are_told_once() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    let plan = shared(&world, &youth, &[KELA]).await;
    aim(&world, SOSIAALI, &plan, "g1").await;
    let readings = (0..8).map(|_| read(&world, KELA, &plan));
    futures_util::future::join_all(readings).await;
    assert_eq!(delivered(&mut world, &youth).await.len(), 1);
}
