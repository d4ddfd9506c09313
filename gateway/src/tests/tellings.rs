//! Does the register of social services hear of what others read of its data in referrals, beside plans, and at once?

use jiff::SignedDuration;
use polku_adapters::{InboundChange, Redelivery};
use polku_proto::v1::disclosure::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    AddJourneyEntryRequest, AgencyFacts, DataCategory as C, Disclosure, Fact, FactKind, GetNextStepRequest,
    JourneyEntry, ListDisclosuresRequest, ListPlanRevisionsRequest, ListReferralsRequest, ListTasksRequest,
    MeetingState, MergePlanRequest, NextStep, Origin, PlanMeeting, PlanPart, Purpose, ReferralContent,
    WorkerAssignment,
};

use super::agency::Mood;
use super::readings::{
    aim, delivered, id, journey, queued, read, sets, shared_by, take_up, told, until_quiet, valid,
};
use super::world::{ADULT, KELA, KUNTA, SOSIAALI, TE, World, caller, change, content, request};
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::journey::Action;
use crate::record::wire_time;
use crate::store::About;

const BASIC: [C; 3] = [C::IdentityContact, C::ServiceNeeds, C::ReferralStatus];
const WIDER: [C; 4] = [C::IdentityContact, C::ServiceNeeds, C::ReferralStatus, C::Housing];

async fn list(world: &World, agency: &str, youth: &str) {
    let caller = caller(agency);
    let request = ListReferralsRequest { parent: youth.to_owned(), ..ListReferralsRequest::default() };
    world.gateway.list_referrals(&caller, valid(request)).await.map(drop).unwrap();
}

async fn next_step(world: &World, agency: &str, youth: &str) -> NextStep {
    let caller = caller(agency);
    let request = GetNextStepRequest { youth: youth.to_owned(), purpose: Purpose::EmploymentServices.into() };
    told(world, &caller, world.gateway.get_next_step(&caller, valid(request)).await)
}

/// Adds a meeting that lies ahead to the agency's own section.
async fn meet(world: &World, agency: &str, plan: &str) {
    let caller = caller(agency);
    let seen = read(world, agency, plan).await;
    let ahead = world.gateway.now() + SignedDuration::from_hours(2);
    let own = seen.sections.iter().filter_map(|section| section.part.clone());
    let mut part = own.into_iter().find(|part| part.owner == agency).unwrap_or_else(|| PlanPart {
        owner: agency.to_owned(),
        state: polku_proto::v1::PlanState::Draft.into(),
        ..PlanPart::default()
    });
    part.meetings.push(PlanMeeting {
        id: "m1".into(),
        category: C::JointPlan.into(),
        time: Some(wire_time(ahead).unwrap()),
        state: MeetingState::Planned.into(),
        ..PlanMeeting::default()
    });
    let request = MergePlanRequest {
        request_id: id(),
        name: plan.to_owned(),
        etag: seen.etag,
        sections: vec![part],
        validate_only: false,
        found_in: None,
    };
    world.gateway.merge_plan(&caller, valid(request)).await.map(drop).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wider_consent_shows_more_of_a_referral_and_only_that_is_noted() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    world.deliver();
    let youth = world.identify(ADULT).await;
    // One reads here, the other has a system.
    for reader in [KELA, TE] {
        world.consent(&youth, SOSIAALI, reader, &BASIC).await;
        let wanted = polku_proto::v1::SendReferralRequest {
            origin: Some(Origin { service_task: "1".into(), documents: vec!["asiakirja-7".into()] }),
            ..request(reader, &youth)
        };
        let before = world.sosiaali.disclosures().len();
        let name = world.send(SOSIAALI, wanted).await.unwrap().referral.unwrap().name;
        world.settled(&name).await;
        assert_eq!(world.sosiaali.disclosures().len(), before + 1, "{reader}");
        let seen = world.get(reader, &name).await;
        assert_eq!(seen.content.unwrap().housing, "", "{reader}");
        list(&world, reader, &youth).await;
        world.settled(&name).await;
        assert_eq!(world.sosiaali.disclosures().len(), before + 1, "{reader}: told already");

        let consent = world.consent(&youth, SOSIAALI, reader, &WIDER).await;
        let leaves = world.leaves(Event::Read);
        let seen = world.get(reader, &name).await;
        assert_eq!(seen.content.unwrap().housing, content().housing, "{reader}");
        assert_eq!(world.leaves(Event::Read), leaves + 1, "{reader}");
        world.settled(&name).await;
        let notices = world.sosiaali.disclosures();
        assert_eq!(notices.len(), before + 2, "{reader}");
        let notice = notices.last().unwrap();
        assert_eq!(sets(notice), [C::Housing], "{reader}");
        assert!(notice.consents.iter().any(|told_on| told_on.name == consent.name), "{reader}");
        assert_eq!(notice.origin.as_ref().unwrap().service_task, "1", "{reader}");
        // Once, however it is read again.
        world.get(reader, &name).await;
        list(&world, reader, &youth).await;
        let step = Action::Accept { note: String::new() };
        world.step(reader, &name, step).await;
        world.get(SOSIAALI, &name).await;
        world.settled(&name).await;
        assert_eq!(world.sosiaali.disclosures().len(), before + 2, "{reader}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_before_it_is_delivered_is_noted_once_even_if_it_never_arrives() {
    for arrives in [true, false] {
        let mut world = World::open(Redelivery::AnswersStatus).await;
        world.deliver();
        let youth = world.identify(ADULT).await;
        world.consent(&youth, SOSIAALI, TE, &BASIC).await;
        let name = world.refer(SOSIAALI, TE, &youth).await;
        world.settled(&name).await;
        let question = "Mitä palveluja?".to_owned();
        world.says(&world.te, change(&name, InboundChange::RequestInformation { question })).await;
        world.te.become_(Mood::Deaf);
        let more =
            ReferralContent { service_needs: vec!["Työkokeilu".into()], ..ReferralContent::default() };
        let answer = Action::ProvideInformation { answer: Box::new(more), origin: None };
        world.step(SOSIAALI, &name, answer).await;
        assert_eq!(world.sosiaali.disclosures().len(), 1);
        let seen = world.get(TE, &name).await;
        assert_eq!(seen.information[0].answer.as_ref().unwrap().service_needs, ["Työkokeilu"]);
        world.te.become_(if arrives { Mood::Fine } else { Mood::Refusing });
        world.settled(&name).await;
        until_quiet(&world, &youth).await;
        let notices = world.sosiaali.disclosures();
        assert_eq!(notices.len(), 2, "arrives: {arrives}");
        assert_eq!(sets(&notices[1]), [C::ServiceNeeds]);
        assert_eq!(notices[1].told_to, TE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_word_on_the_state_is_noted_when_the_sender_reads_it_first() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    world.deliver();
    let youth = world.identify(ADULT).await;
    world.consent(&youth, TE, SOSIAALI, &BASIC).await;
    let name = world.refer(TE, SOSIAALI, &youth).await;
    world.settled(&name).await;
    world.te.become_(Mood::Deaf);
    let note = "Aika varattu.".to_owned();
    world.says(&world.sosiaali, change(&name, InboundChange::Accept { note })).await;
    assert_eq!(world.get(TE, &name).await.status_note, "Aika varattu.");
    world.te.become_(Mood::Fine);
    world.settled(&name).await;
    world.get(TE, &name).await;
    until_quiet(&world, &youth).await;
    let notices = world.sosiaali.disclosures();
    let [notice] = &notices[..] else { panic!("{} notices", notices.len()) };
    assert_eq!((sets(notice), notice.told_to.as_str()), (vec![C::ReferralStatus], "te/keskusta"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_journey_tells_of_one_agency_is_one_notice() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    for agency in [SOSIAALI, KELA] {
        take_up(&world, agency, &youth).await;
    }
    world.consent(&youth, SOSIAALI, KELA, &BASIC).await;
    world.refer(SOSIAALI, KELA, &youth).await;
    let plan = shared_by(&world, SOSIAALI, &youth, &[KELA]).await;
    aim(&world, SOSIAALI, &plan, "g1").await;
    world.consent(&youth, SOSIAALI, KELA, &WIDER).await;
    world.sosiaali.holds(AgencyFacts {
        agency: SOSIAALI.to_owned(),
        as_of: Some(wire_time(world.gateway.now()).unwrap()),
        facts: vec![Fact {
            category: C::ServiceNeeds.into(),
            kind: FactKind::Service.into(),
            text: "Asumisneuvonta".into(),
            ..Fact::default()
        }],
        ..AgencyFacts::default()
    });
    assert_eq!(queued(&world, &youth).await.len(), 1, "the referral, when it can be read");
    let seen = journey(&world, &caller(KELA), &youth).await;
    assert_eq!((seen.facts.len(), seen.plans.len(), seen.referrals.len()), (1, 1, 1));
    assert_eq!(seen.referrals[0].content.as_ref().unwrap().housing, content().housing);
    let rows = queued(&world, &youth).await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().any(|row| row.about == About::Journey));
    // Of what is there to be read again nothing is told the second time.
    journey(&world, &caller(KELA), &youth).await;
    let notices = delivered(&mut world, &youth).await;
    let [_, first, second] = &notices[..] else { panic!("{} notices", notices.len()) };
    let whole = [C::ServiceAttendance, C::ServiceNeeds, C::JointPlan, C::Housing];
    assert_eq!(sets(first), whole);
    assert_eq!(sets(second), [C::ServiceAttendance, C::ServiceNeeds]);
    for notice in [first, second] {
        assert_eq!(notice.told_to, caller(KELA).party().to_string());
        assert_eq!(notice.purpose(), Purpose::EmploymentServices);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_step_tells_of_a_section_and_of_the_worker() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    take_up(&world, KELA, &youth).await;
    let plan = shared_by(&world, SOSIAALI, &youth, &[KELA]).await;
    meet(&world, SOSIAALI, &plan).await;
    assert!(queued(&world, &youth).await.is_empty());
    assert!(next_step(&world, KELA, &youth).await.meeting.is_some());
    assert_eq!(queued(&world, &youth).await.len(), 1);
    next_step(&world, KELA, &youth).await;
    next_step(&world, SOSIAALI, &youth).await;
    assert_eq!(queued(&world, &youth).await.len(), 1, "told already");
    // The section says more than its meeting; once told whole, it tells no step anew.
    aim(&world, SOSIAALI, &plan, "g1").await;
    read(&world, KELA, &plan).await;
    next_step(&world, KELA, &youth).await;
    assert_eq!(queued(&world, &youth).await.len(), 2);
    // Who is beside the young person stands in the journey: each look is one.
    let worker = WorkerAssignment {
        professional: "sosiaali-virkailija".into(),
        reason: Reason::First.into(),
        ..WorkerAssignment::default()
    };
    let entry = JourneyEntry { matter: Some(Matter::Worker(worker)), ..JourneyEntry::default() };
    take_up(&world, SOSIAALI, &youth).await;
    let request = AddJourneyEntryRequest { request_id: id(), parent: youth.clone(), entry: Some(entry) };
    world.gateway.add_journey_entry(&caller(SOSIAALI), valid(request)).await.map(drop).unwrap();
    for _ in 0..2 {
        assert_eq!(next_step(&world, KELA, &youth).await.worker.unwrap().agency, SOSIAALI);
    }
    let notices = delivered(&mut world, &youth).await;
    let all: Vec<_> = notices.iter().map(sets).collect();
    let worker = vec![C::ServiceAttendance];
    assert_eq!(
        all,
        [vec![C::JointPlan], vec![C::ServiceAttendance, C::JointPlan], worker.clone(), worker.clone()]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plan_has_said_before_is_noted_once() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    let plan = shared_by(&world, SOSIAALI, &youth, &[KELA]).await;
    aim(&world, SOSIAALI, &plan, "g1").await;
    let revisions = async |agency: &str| {
        let caller = caller(agency);
        let request =
            ListPlanRevisionsRequest { parent: plan.clone(), ..ListPlanRevisionsRequest::default() };
        told(&world, &caller, world.gateway.list_plan_revisions(&caller, valid(request)).await)
    };
    let leaves = world.leaves(Event::Read);
    assert!(revisions(KELA).await.revisions.iter().any(|revision| !revision.changes.is_empty()));
    assert_eq!(world.leaves(Event::Read), leaves + 1);
    assert_eq!(queued(&world, &youth).await.len(), 1);
    revisions(KELA).await;
    revisions(SOSIAALI).await;
    assert_eq!(queued(&world, &youth).await.len(), 1);
    aim(&world, SOSIAALI, &plan, "g2").await;
    revisions(KELA).await;
    let notices = delivered(&mut world, &youth).await;
    assert_eq!(notices.len(), 2);
    assert!(notices.iter().all(|notice| sets(notice).contains(&C::JointPlan)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_shows_an_item_of_another_section_is_noted_once() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    let plan = shared_by(&world, KELA, &youth, &[SOSIAALI]).await;
    aim(&world, KELA, &plan, "k1").await;
    aim(&world, SOSIAALI, &plan, "g1").await;
    assert!(queued(&world, &youth).await.is_empty());
    let tasks = async || {
        let caller = caller(KELA);
        let request = ListTasksRequest { parent: youth.clone(), ..ListTasksRequest::default() };
        told(&world, &caller, world.gateway.list_tasks(&caller, valid(request)).await).tasks
    };
    for _ in 0..2 {
        assert!(tasks().await.iter().any(|task| task.matter.is_some()));
        assert_eq!(queued(&world, &youth).await.len(), 1);
    }
    // The section tells more; whoever was told it whole learns nothing from the task.
    read(&world, KELA, &plan).await;
    tasks().await;
    let notices = delivered(&mut world, &youth).await;
    let all: Vec<_> = notices.iter().map(sets).collect();
    assert_eq!(all, [vec![C::JointPlan], vec![C::JointPlan]]);
}

/// What a data protection officer of the agency finds that others were shown of its data.
async fn found(world: &World, agency: &str, youth: &str) -> Vec<Disclosure> {
    let actor = Actor::Professional {
        id: "tietosuoja-1".into(),
        unit: String::new(),
        role: "data_protection_officer".into(),
    };
    let officer = Caller { agency: agency.parse().unwrap(), actor };
    let request = ListDisclosuresRequest { parent: youth.to_owned(), ..ListDisclosuresRequest::default() };
    let list = told(world, &officer, world.gateway.list_disclosures(&officer, valid(request)).await);
    let of = |found: &Disclosure| found.discloser.split('/').next() == Some(agency);
    let is_told = |found: &Disclosure| found.kind() == Kind::Shown && of(found);
    list.disclosures.into_iter().filter(is_told).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_without_a_system_finds_in_the_log_what_its_register_has_to_hold() {
    let world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    for agency in [KUNTA, KELA] {
        take_up(&world, agency, &youth).await;
    }
    let plan = shared_by(&world, KUNTA, &youth, &[KELA]).await;
    aim(&world, KUNTA, &plan, "g1").await;
    assert_eq!(found(&world, KUNTA, &youth).await, []);
    read(&world, KELA, &plan).await;
    read(&world, KELA, &plan).await;
    let [shown] = &found(&world, KUNTA, &youth).await[..] else { panic!("the plan once") };
    assert_eq!((shown.name.as_str(), shown.recipient.as_str()), (plan.as_str(), KELA));
    assert_eq!(shown.permitted().collect::<Vec<_>>(), [C::ServiceAttendance, C::JointPlan]);
    assert_eq!((shown.bases.len(), shown.withheld.len()), (1, 0));
    assert_eq!(shown.actor.as_ref().unwrap().professional, "");
    // Each look at its entry.
    for _ in 0..2 {
        journey(&world, &caller(KELA), &youth).await;
    }
    let all = found(&world, KUNTA, &youth).await;
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].permitted().collect::<Vec<_>>(), [C::ServiceAttendance]);
    // A referral, with what a wider consent shows of it; and nothing of what is its own to read.
    world.consent(&youth, KUNTA, KELA, &BASIC).await;
    let name = world.refer(KUNTA, KELA, &youth).await;
    world.get(KELA, &name).await;
    let all = found(&world, KUNTA, &youth).await;
    assert_eq!(all.len(), 4);
    assert_eq!(all[0].name, name);
    world.get(KUNTA, &name).await;
    assert_eq!(found(&world, KUNTA, &youth).await.len(), 4);
    assert!(queued(&world, &youth).await.is_empty(), "nobody takes notices");
}
