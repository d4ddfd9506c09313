//! Is what happens written down by whom it may, and seen by whom it may, and by nobody else?

use jiff::SignedDuration;
use polku_proto::v1::encounter::Channel;
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::journey_leaving::Reason as LeavingReason;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    AddJourneyEntryRequest, DataCategory, Encounter, FollowUp, FollowUpResolution, GetNextStepRequest,
    JourneyEntry, JourneyLeaving, JourneySource, Mandate, NextStep, ProfileAssessment, Purpose,
    ResolveTaskRequest, WithdrawConsentRequest, WorkerAssignment, mandate, task,
};
use polku_tests::world::{Client, KELA, OHJAAMO, TE, professional, request_id};
use tonic::{Code, Status};

use super::follow_ups::tasks;
use super::{add, add_entry, assignment, encounter, entry, journey, opening};
use crate::stage::{Stage, assert_refused, assert_same_refusal, wire};

/// What the guidance point and another agency tell each other in these tests.
pub(super) const SHARED: [DataCategory; 3] =
    [DataCategory::IdentityContact, DataCategory::ServiceAttendance, DataCategory::ReferralStatus];

pub(super) async fn share(stage: &Stage, youth: &str, other: &str, categories: &[DataCategory]) {
    for (from, to) in [(OHJAAMO, other), (other, OHJAAMO)] {
        stage.ohjaamo().record_consent(youth, from, to, Purpose::Guidance, categories).await.unwrap();
    }
}

async fn opened(stage: &Stage, identity_code: &str) -> String {
    let youth = stage.ohjaamo().identify(identity_code).await.unwrap();
    add(&stage.ohjaamo(), &youth, opening(JourneySource::Self_)).await.unwrap();
    youth
}

async fn next_step(client: &Client, youth: &str, purpose: Purpose) -> Result<NextStep, Status> {
    let request = GetNextStepRequest { youth: youth.to_owned(), purpose: purpose.into() };
    Ok(client.clone().journey.get_next_step(request).await?.into_inner())
}

fn matters(entries: &[JourneyEntry]) -> Vec<&Matter> {
    entries.iter().map(|entry| entry.matter.as_ref().unwrap()).collect()
}

/// domain.md 5: "ilman ajanvarausta tai ajanvarauksella", "ei vaadi lähetettä", "unelmiin tai mieltä askarruttaviin
/// asioihin".
#[tokio::test(flavor = "multi_thread")]
async fn a_young_person_walks_in_without_referral_or_problem() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify("010594Y9032").await.unwrap();
    let early = add(&ohjaamo, &youth, encounter()).await;
    assert_refused(early, Code::FailedPrecondition, "RECORD_STATE");
    let first = add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
    let written = first.entry.unwrap();
    assert_eq!(written.agency, OHJAAMO);
    assert_eq!(written.professional, "ohjaaja-1");
    assert_eq!(written.category(), DataCategory::ServiceAttendance);
    assert!(written.create_time.is_some() && written.time.is_some());
    add(&ohjaamo, &youth, encounter()).await.unwrap();
    let again = add(&ohjaamo, &youth, opening(JourneySource::School)).await;
    assert_refused(again, Code::FailedPrecondition, "RECORD_STATE");

    let seen = journey(&ohjaamo, &youth, Purpose::Unspecified).await.unwrap();
    assert_eq!(matters(&seen.entries), [&encounter(), &opening(JourneySource::Self_)]);
    // However they are met, or not met in spite of an appointment.
    let ways =
        [Channel::WalkIn, Channel::Appointment, Channel::Outreach, Channel::HomeVisit, Channel::Online];
    for (number, channel) in (3..).zip(ways) {
        let met = channel != Channel::Appointment;
        let way = Matter::Encounter(Encounter { channel: channel.into(), met, ..Encounter::default() });
        add(&ohjaamo, &youth, way.clone()).await.unwrap();
        for client in [&ohjaamo, &stage.subject(&youth)] {
            let seen = journey(client, &youth, Purpose::Unspecified).await.unwrap().entries;
            assert_eq!((matters(&seen)[0], seen.len()), (&way, number));
        }
    }
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    let foreign = journey(&stage.te(), &youth, Purpose::Guidance).await.unwrap_err();
    let unknown = journey(&stage.te(), &nobody, Purpose::Guidance).await.unwrap_err();
    assert_same_refusal(&foreign, &unknown);
    assert_refused(Err::<(), _>(foreign), Code::NotFound, "NOT_FOUND");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_call_writes_once_and_a_mistake_is_replaced() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = opened(&stage, "010594Y9021").await;
    let request = AddJourneyEntryRequest {
        request_id: request_id(),
        parent: youth.clone(),
        entry: Some(entry(encounter())),
    };
    let first = ohjaamo.clone().journey.add_journey_entry(request.clone()).await.unwrap().into_inner();
    let second = ohjaamo.clone().journey.add_journey_entry(request.clone()).await.unwrap().into_inner();
    assert_eq!(first, second);
    let name = first.entry.unwrap().name;
    let profile = Matter::Profile(ProfileAssessment { profile: 2, motivation: 3, need: 4 });
    let other_kind = JourneyEntry { replaces: name.clone(), ..entry(profile) };
    assert_refused(add_entry(&ohjaamo, &youth, other_kind).await, Code::InvalidArgument, "INVALID_FIELDS");
    let Matter::Encounter(meeting) = encounter() else { panic!() };
    let missed = Matter::Encounter(Encounter { met: false, ..meeting });
    let correction = JourneyEntry { replaces: name.clone(), ..entry(missed.clone()) };
    add_entry(&ohjaamo, &youth, correction.clone()).await.unwrap();
    let twice = add_entry(&ohjaamo, &youth, correction).await;
    assert_refused(twice, Code::InvalidArgument, "INVALID_FIELDS");
    let seen = journey(&ohjaamo, &youth, Purpose::Unspecified).await.unwrap();
    assert_eq!(matters(&seen.entries), [&missed, &opening(JourneySource::Self_)]);

    let later = Some(wire(stage.now() + SignedDuration::from_hours(1)));
    let ahead = JourneyEntry { time: later, ..entry(encounter()) };
    assert_refused(add_entry(&ohjaamo, &youth, ahead).await, Code::InvalidArgument, "INVALID_FIELDS");
    // Before the agency took it up, before the birth, and longer ago than a year.
    let days = |days: i64| Some(wire(stage.now() - SignedDuration::from_hours(24 * days)));
    for (days_ago, matter) in [(1, encounter()), (367, opening(JourneySource::Self_)), (36_000, encounter())]
    {
        let early = JourneyEntry { time: days(days_ago), ..entry(matter) };
        assert_refused(add_entry(&ohjaamo, &youth, early).await, Code::InvalidArgument, "INVALID_FIELDS");
    }
    let other = ohjaamo.clone().identify("030694W9024").await.unwrap();
    let then = JourneyEntry { time: days(364), ..entry(opening(JourneySource::Self_)) };
    let opened = add_entry(&ohjaamo, &other, then).await.unwrap().entry.unwrap();
    add_entry(&ohjaamo, &other, JourneyEntry { time: days(363), ..entry(encounter()) }).await.unwrap();
    let earlier =
        JourneyEntry { time: days(380), replaces: opened.name, ..entry(opening(JourneySource::School)) };
    assert_refused(add_entry(&ohjaamo, &other, earlier).await, Code::InvalidArgument, "INVALID_FIELDS");
    let named = JourneyEntry { agency: TE.into(), ..entry(encounter()) };
    assert_refused(add_entry(&ohjaamo, &youth, named).await, Code::InvalidArgument, "INVALID_FIELDS");
    stage.close().await;
}

/// domain.md 5: "välittävää aikuista, joka ei vaihdu koko ajan", "Kenen tykö mun pitää nyt mennä?".
/// domain.md 5: "nuorelle nimettävä asiakasvastaava selvittää, mitä viranomaisia ja palveluita tarvitaan",
/// "asiakasvastaava-mallia".
#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_adult_and_the_young_person_knows_who() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = opened(&stage, "020594X903P").await;
    assert_eq!(next_step(&stage.subject(&youth), &youth, Purpose::Unspecified).await.unwrap().worker, None);
    let other = assignment("ohjaaja-1", Reason::WorkerLeaves);
    assert_refused(add(&ohjaamo, &youth, other).await, Code::InvalidArgument, "INVALID_FIELDS");
    let named = assignment("010594Y9032", Reason::First);
    assert_refused(add(&ohjaamo, &youth, named).await, Code::InvalidArgument, "INVALID_FIELDS");
    add(&ohjaamo, &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    stage.advance(SignedDuration::from_hours(24 * 10));
    let worker =
        next_step(&stage.subject(&youth), &youth, Purpose::Unspecified).await.unwrap().worker.unwrap();
    assert_eq!((worker.professional.as_str(), worker.days, worker.predecessors), ("ohjaaja-1", 10, 0));

    add(&ohjaamo, &youth, assignment("ohjaaja-2", Reason::WorkerLeaves)).await.unwrap();
    // Said once more, it is still the same adult since the same day.
    stage.advance(SignedDuration::from_hours(24 * 3));
    add(&ohjaamo, &youth, assignment("ohjaaja-2", Reason::Other)).await.unwrap();
    stage.advance(SignedDuration::from_hours(24 * 2));
    let worker = next_step(&ohjaamo, &youth, Purpose::Unspecified).await.unwrap().worker.unwrap();
    assert_eq!((worker.professional.as_str(), worker.days, worker.predecessors), ("ohjaaja-2", 5, 1));

    // The employment services take over, when they are asked to.
    share(&stage, &youth, TE, &SHARED).await;
    add(&te, &youth, opening(JourneySource::Other)).await.unwrap();
    let unasked = add(&te, &youth, assignment("virkailija-7", Reason::ServiceChanges)).await;
    assert_refused(unasked, Code::FailedPrecondition, "RECORD_STATE");
    let hand_over = |successor: &str| {
        let reason = Reason::ServiceChanges.into();
        Matter::Worker(WorkerAssignment {
            successor: successor.into(),
            reason,
            ..WorkerAssignment::default()
        })
    };
    for nobody in ["nobody", OHJAAMO] {
        let refused = add(&ohjaamo, &youth, hand_over(nobody)).await;
        assert_refused(refused, Code::InvalidArgument, "INVALID_FIELDS");
    }
    add(&ohjaamo, &youth, hand_over(TE)).await.unwrap();
    let between =
        next_step(&stage.subject(&youth), &youth, Purpose::Unspecified).await.unwrap().worker.unwrap();
    assert_eq!((between.agency.as_str(), between.professional.as_str()), (TE, ""));
    add(&te, &youth, assignment("virkailija-7", Reason::ServiceChanges)).await.unwrap();
    let worker = next_step(&ohjaamo, &youth, Purpose::Guidance).await.unwrap().worker.unwrap();
    assert_eq!((worker.agency.as_str(), worker.predecessors), (TE, 2));
    // For no purpose the guidance point sees its own entries, and nobody else's worker.
    let own = next_step(&ohjaamo, &youth, Purpose::Unspecified).await.unwrap().worker.unwrap();
    assert_eq!((own.agency.as_str(), own.professional.as_str()), (TE, ""));

    // Who it has been, to whom it went, and why.
    let journey = journey(&stage.subject(&youth), &youth, Purpose::Unspecified).await.unwrap();
    let history: Vec<(String, String, String, Reason)> = journey
        .entries
        .into_iter()
        .filter_map(|entry| match entry.matter {
            Some(Matter::Worker(worker)) => {
                let reason = worker.reason();
                Some((entry.agency, worker.professional, worker.successor, reason))
            }
            _ => None,
        })
        .collect();
    let expected = [
        (TE, "virkailija-7", "", Reason::ServiceChanges),
        (OHJAAMO, "", TE, Reason::ServiceChanges),
        (OHJAAMO, "ohjaaja-2", "", Reason::Other),
        (OHJAAMO, "ohjaaja-2", "", Reason::WorkerLeaves),
        (OHJAAMO, "ohjaaja-1", "", Reason::First),
    ];
    assert_eq!(
        history,
        expected.map(|(at, who, to, why)| (at.to_owned(), who.to_owned(), to.to_owned(), why))
    );
    stage.close().await;
}

/// domain.md 5: "yhden aikuisen, joka toimii, auttaa ja tukee".
#[tokio::test(flavor = "multi_thread")]
async fn the_young_person_lets_the_adult_act_and_ends_it() {
    let stage = Stage::at_noon().await;
    let youth = opened(&stage, "020594X902N").await;
    let subject = stage.subject(&youth);
    let may = |scopes: &[mandate::Scope], until: &str| {
        let scopes = scopes.iter().map(|scope| *scope as i32).collect();
        Matter::Mandate(Mandate { scopes, until: until.into(), reference: "arkisto 7".into() })
    };
    let act = may(&[mandate::Scope::Request, mandate::Scope::Attend], "2026-03-31");
    assert_refused(add(&subject, &youth, act.clone()).await, Code::FailedPrecondition, "RECORD_STATE");
    add(&stage.ohjaamo(), &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    let passed = may(&[mandate::Scope::Follow], "2026-03-01");
    assert_refused(add(&subject, &youth, passed).await, Code::InvalidArgument, "INVALID_FIELDS");
    let written = add(&subject, &youth, act).await.unwrap().entry.unwrap();
    assert_eq!((written.agency.as_str(), written.professional.as_str()), (OHJAAMO, ""));
    let scopes = async || {
        next_step(&stage.ohjaamo(), &youth, Purpose::Unspecified).await.unwrap().worker.unwrap().mandate
    };
    assert_eq!(scopes().await, [mandate::Scope::Request as i32, mandate::Scope::Attend as i32]);
    stage.advance(SignedDuration::from_hours(24 * 29));
    assert_eq!(scopes().await.len(), 2, "on its last day it holds");
    stage.advance(SignedDuration::from_hours(24));
    assert!(scopes().await.is_empty());
    add(&subject, &youth, may(&[mandate::Scope::Follow], "")).await.unwrap();
    assert_eq!(scopes().await, [mandate::Scope::Follow as i32]);
    let ended = add(&subject, &youth, may(&[], "")).await.unwrap().entry.unwrap();
    assert!(scopes().await.is_empty());
    // What the young person has said is theirs: nobody replaces it, nor writes another mandate over it.
    let anew = may(&[mandate::Scope::Follow], "");
    let replacing = JourneyEntry { replaces: ended.name, ..entry(anew.clone()) };
    for refused in [
        add_entry(&stage.ohjaamo(), &youth, replacing.clone()).await,
        add(&stage.ohjaamo(), &youth, anew).await,
    ] {
        assert_refused(refused, Code::FailedPrecondition, "RECORD_STATE");
    }
    add_entry(&subject, &youth, replacing).await.unwrap();
    assert_eq!(scopes().await, [mandate::Scope::Follow as i32]);
    let profile = Matter::Profile(ProfileAssessment { profile: 1, motivation: 5, need: 1 });
    assert_refused(add(&subject, &youth, profile).await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_young_person_leaves_at_any_time_and_may_come_back() {
    let stage = Stage::open().await;
    let youth = opened(&stage, "030594W903B").await;
    stage.te().identify("030594W903B").await.unwrap();
    add(&stage.te(), &youth, opening(JourneySource::EmploymentServices)).await.unwrap();
    let leaves = Matter::Leaving(JourneyLeaving { reason: LeavingReason::OwnWish.into() });
    add(&stage.subject(&youth), &youth, leaves.clone()).await.unwrap();
    for agency in [stage.ohjaamo(), stage.te()] {
        assert_refused(add(&agency, &youth, encounter()).await, Code::FailedPrecondition, "RECORD_STATE");
        let seen = journey(&agency, &youth, Purpose::Unspecified).await.unwrap();
        assert_eq!(seen.entries.len(), 2, "each agency has it in its own records");
    }
    let again = add(&stage.subject(&youth), &youth, leaves).await;
    assert_refused(again, Code::FailedPrecondition, "RECORD_STATE");
    add(&stage.ohjaamo(), &youth, opening(JourneySource::Self_)).await.unwrap();
    add(&stage.ohjaamo(), &youth, encounter()).await.unwrap();
    stage.close().await;
}

/// domain.md 5: "mihin eri viranomaisilla on pääsy"; "psykiatrian poliklinikoilta" tells of health.
/// domain.md 5: "aikuissosiaalityön nuorten tiimiltä, Vamoksesta, Info-Omniasta, Te-toimistosta, etsivältä
/// nuorisotyöltä, Svepsistä … psykiatrian poliklinikoilta".
#[tokio::test(flavor = "multi_thread")]
async fn others_see_what_is_permitted_for_the_purpose_that_they_name() {
    let stage = Stage::open().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = ohjaamo.clone().identify("030694W9024").await.unwrap();
    add(&ohjaamo, &youth, opening(JourneySource::HealthCare)).await.unwrap();
    add(&ohjaamo, &youth, encounter()).await.unwrap();
    let profile = Matter::Profile(ProfileAssessment { profile: 3, motivation: 2, need: 5 });
    add(&ohjaamo, &youth, profile).await.unwrap();
    te.clone().identify("030694W9024").await.unwrap();
    add(&te, &youth, opening(JourneySource::EmploymentServices)).await.unwrap();
    let consent =
        ohjaamo.clone().record_consent(&youth, OHJAAMO, TE, Purpose::Guidance, &SHARED).await.unwrap();

    let of_others = |entries: &[JourneyEntry]| -> Vec<JourneyEntry> {
        entries.iter().filter(|entry| entry.agency != TE).cloned().collect()
    };
    let seen = of_others(&journey(&te, &youth, Purpose::Guidance).await.unwrap().entries);
    assert_eq!(seen.len(), 1, "{seen:?}");
    let Some(Matter::Encounter(met)) = &seen[0].matter else { panic!("{seen:?}") };
    assert!(met.met);
    assert_eq!((met.matter.as_str(), met.place.as_str()), ("", ""), "notes and place have no consent");
    for purpose in [Purpose::Unspecified, Purpose::Rehabilitation] {
        assert!(of_others(&journey(&te, &youth, purpose).await.unwrap().entries).is_empty(), "{purpose:?}");
    }
    let all = journey(&stage.subject(&youth), &youth, Purpose::Unspecified).await.unwrap().entries;
    assert_eq!(all.len(), 4, "the young person sees all");

    let withdrawal = WithdrawConsentRequest {
        request_id: request_id(),
        name: consent.name.clone(),
        etag: consent.etag.clone(),
        ..WithdrawConsentRequest::default()
    };
    ohjaamo.clone().consent.withdraw_consent(withdrawal).await.unwrap();
    assert!(of_others(&journey(&te, &youth, Purpose::Guidance).await.unwrap().entries).is_empty());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_access_writes_and_reads_nothing() {
    let stage = Stage::open().await;
    let youth = opened(&stage, "040594V902Y").await;
    let peer = stage.caller(&stage.world.identities.ohjaamo, &professional("tutori-1", "keskusta", "peer"));
    assert_refused(add(&peer, &youth, encounter()).await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    let seen = journey(&peer, &youth, Purpose::Guidance).await;
    assert_refused(seen, Code::NotFound, "NOT_FOUND");
    stage.close().await;
}

/// A malformed entry is refused alike, whether there is such a journey, whose ever it is.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_itself_tells_nothing_of_the_journey() {
    let stage = Stage::open().await;
    let own = opened(&stage, "010594Y9032").await;
    let foreign = stage.te().identify("010594Y9021").await.unwrap();
    add(&stage.te(), &foreign, opening(JourneySource::EmploymentServices)).await.unwrap();
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    let later = Some(wire(stage.now() + SignedDuration::from_hours(1)));
    let nothing = format!("youths/{}/entries/{}", uuid::Uuid::now_v7(), uuid::Uuid::now_v7());
    let wrong = [
        JourneyEntry { agency: OHJAAMO.into(), ..entry(encounter()) },
        JourneyEntry { time: later, ..entry(opening(JourneySource::Self_)) },
        JourneyEntry { replaces: nothing, ..entry(encounter()) },
        entry(assignment("010594Y9032", Reason::First)),
        entry(Matter::Worker(WorkerAssignment {
            successor: "nobody".into(),
            reason: Reason::Other.into(),
            ..WorkerAssignment::default()
        })),
    ];
    for wrong in wrong {
        let refuse = async |youth: &str| add_entry(&stage.ohjaamo(), youth, wrong.clone()).await.unwrap_err();
        let refused = refuse(&own).await;
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        assert_same_refusal(&refused, &refuse(&foreign).await);
        assert_same_refusal(&refused, &refuse(&nobody).await);
    }
    // An entry that nobody has written is not there to be replaced.
    let replacing = async |youth: &str| {
        let replaces = format!("{youth}/entries/{}", uuid::Uuid::now_v7());
        let wrong = JourneyEntry { replaces, ..entry(opening(JourneySource::Self_)) };
        add_entry(&stage.ohjaamo(), youth, wrong).await.unwrap_err()
    };
    assert_same_refusal(&replacing(&foreign).await, &replacing(&nobody).await);
    stage.close().await;
}

/// A recipient that has read its referral and written nothing yet asks who is beside the young person.
#[tokio::test(flavor = "multi_thread")]
async fn a_party_to_a_referral_is_told_what_is_next() {
    let stage = Stage::open().await;
    let youth = stage.youth("040594V9030").await;
    add(&stage.ohjaamo(), &youth, opening(JourneySource::Self_)).await.unwrap();
    add(&stage.ohjaamo(), &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    let early = next_step(&stage.kela(), &youth, Purpose::Guidance).await;
    assert_refused(early, Code::NotFound, "NOT_FOUND");
    stage.refer(&youth, KELA).await;
    assert_eq!(next_step(&stage.kela(), &youth, Purpose::Guidance).await.unwrap().worker, None);
    share(&stage, &youth, KELA, &SHARED).await;
    let worker = next_step(&stage.kela(), &youth, Purpose::Guidance).await.unwrap().worker.unwrap();
    assert_eq!((worker.agency.as_str(), worker.professional.as_str()), (OHJAAMO, "ohjaaja-1"));
    assert!(next_step(&stage.te(), &youth, Purpose::Guidance).await.is_err());
    stage.close().await;
}

/// domain.md 5: "yhden aikuisen": who does not see that somebody else has taken over is told nobody, never two.
#[tokio::test(flavor = "multi_thread")]
async fn no_two_are_told_two_adults() {
    let stage = Stage::open().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = opened(&stage, "010594Y9032").await;
    add(&ohjaamo, &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    te.clone().identify("010594Y9032").await.unwrap();
    add(&te, &youth, opening(JourneySource::EmploymentServices)).await.unwrap();
    let worker = async |client: &Client| {
        let seen = next_step(client, &youth, Purpose::Guidance).await.unwrap().worker;
        assert_eq!(journey(client, &youth, Purpose::Guidance).await.unwrap().worker, seen);
        seen.map(|worker| worker.professional)
    };
    // The employment services may not know, and name somebody.
    assert_eq!((worker(&ohjaamo).await.as_deref(), worker(&te).await), (Some("ohjaaja-1"), None));
    add(&te, &youth, assignment("virkailija-7", Reason::First)).await.unwrap();
    assert_eq!((worker(&ohjaamo).await, worker(&te).await.as_deref()), (None, Some("virkailija-7")));
    let own = next_step(&stage.subject(&youth), &youth, Purpose::Unspecified).await.unwrap().worker.unwrap();
    assert_eq!(own.professional, "virkailija-7");
    // Whoever was it is told so, once, and nobody is named.
    let told = tasks(&ohjaamo, true).await;
    let [task] = &told[..] else { panic!("{} tasks", told.len()) };
    let replaced = FollowUp {
        kind: Kind::AdultReplaced.into(),
        professional: "ohjaaja-1".into(),
        ..FollowUp::default()
    };
    assert_eq!(task.matter, Some(task::Matter::FollowUp(replaced)));
    assert_eq!(tasks(&te, true).await, []);
    let resolve = ResolveTaskRequest {
        request_id: request_id(),
        name: task.name.clone(),
        resolution: Some(Resolution::FollowUp(FollowUpResolution::default())),
    };
    ohjaamo.clone().task.resolve_task(resolve).await.unwrap();
    assert_eq!(tasks(&ohjaamo, false).await, []);
    share(&stage, &youth, TE, &SHARED).await;
    assert_eq!(worker(&ohjaamo).await.as_deref(), Some("virkailija-7"));
    // Who may know of it needs no task.
    let hand_over = WorkerAssignment {
        successor: OHJAAMO.into(),
        reason: Reason::ServiceChanges.into(),
        ..WorkerAssignment::default()
    };
    add(&te, &youth, Matter::Worker(hand_over)).await.unwrap();
    add(&ohjaamo, &youth, assignment("ohjaaja-2", Reason::ServiceChanges)).await.unwrap();
    assert_eq!((tasks(&ohjaamo, false).await, tasks(&te, true).await), (vec![], vec![]));
    stage.close().await;
}

/// domain.md 5: "yhden aikuisen": a word that decides nothing replaces nobody, and who was never told of it waits for nobody.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_still_the_adult_is_told_of_no_other_one() {
    let stage = Stage::open().await;
    let (ohjaamo, te, kela) = (stage.ohjaamo(), stage.te(), stage.kela());
    let youth = opened(&stage, "010594Y9032").await;
    add(&ohjaamo, &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    te.clone().identify("010594Y9032").await.unwrap();
    let before = |matter| {
        let time = Some(wire(stage.now() - SignedDuration::from_hours(24)));
        JourneyEntry { time, ..entry(matter) }
    };
    add_entry(&te, &youth, before(opening(JourneySource::EmploymentServices))).await.unwrap();
    add_entry(&te, &youth, before(assignment("virkailija-7", Reason::First))).await.unwrap();
    let beside = next_step(&ohjaamo, &youth, Purpose::Guidance).await.unwrap().worker;
    assert_eq!(beside.map(|worker| worker.professional).as_deref(), Some("ohjaaja-1"));
    for client in [&ohjaamo, &te] {
        assert_eq!(tasks(client, true).await, []);
    }
    // Kela may not know that it is handed them: they stay with the guidance point.
    let hand_over = WorkerAssignment {
        successor: KELA.into(),
        reason: Reason::ServiceChanges.into(),
        ..WorkerAssignment::default()
    };
    add(&ohjaamo, &youth, Matter::Worker(hand_over)).await.unwrap();
    add(&te, &youth, assignment("virkailija-8", Reason::First)).await.unwrap();
    let replaced = FollowUp { kind: Kind::AdultReplaced.into(), ..FollowUp::default() };
    let told: Vec<_> = tasks(&ohjaamo, true).await.into_iter().map(|task| task.matter).collect();
    assert_eq!(told, [Some(task::Matter::FollowUp(replaced))]);
    for client in [&te, &kela] {
        assert_eq!(tasks(client, true).await, []);
    }
    stage.close().await;
}

/// An entry that was replaced by one that a reader may not see does not go before that reader's eyes.
#[tokio::test(flavor = "multi_thread")]
async fn a_correction_that_may_not_be_told_is_not_told_by_a_gap() {
    let stage = Stage::open().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = ohjaamo.clone().identify("030594W903B").await.unwrap();
    let first = add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap().entry.unwrap();
    te.clone().identify("030594W903B").await.unwrap();
    add(&te, &youth, opening(JourneySource::EmploymentServices)).await.unwrap();
    share(&stage, &youth, TE, &SHARED).await;
    let seen = async |client: &Client| {
        let entries = journey(client, &youth, Purpose::Guidance).await.unwrap().entries;
        entries.into_iter().filter(|entry| entry.agency == OHJAAMO).collect::<Vec<_>>()
    };
    let before = seen(&te).await;
    assert_eq!(before.len(), 1);
    let correction = JourneyEntry { replaces: first.name, ..entry(opening(JourneySource::HealthCare)) };
    add_entry(&ohjaamo, &youth, correction).await.unwrap();
    assert_eq!(seen(&te).await, before);
    assert_eq!(matters(&seen(&ohjaamo).await), [&opening(JourneySource::HealthCare)]);
    stage.close().await;
}
