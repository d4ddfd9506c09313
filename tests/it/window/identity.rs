//! Do all identities of a young person lead to one journey, whoever leaves them?

use jiff::SignedDuration;
use polku_proto::v1::capacity_assessment::Result as Capacity;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    AcceptReferralRequest, ConsentEvidence, DataCategory, GetNextStepRequest, IdentifyYouthRequest,
    JourneySource, LinkIdentityRequest, PlanPart, Purpose, RecordConsentRequest, SendReferralRequest,
    UnlinkIdentityRequest,
};
use polku_tests::simulators::{Reply, SimulatedAgency as _};
use polku_tests::world::{Client, KELA, OHJAAMO, TE, evidence, full_content, referral_to, request_id, terms};
use tonic::{Code, Status};

use super::ids::newcomer;
use super::{add, assignment, encounter, journey, opening};
use crate::consent::changes::prohibit;
use crate::plan::{systems, table};
use crate::stage::{Stage, TOLD, assert_refused, assert_same_refusal, assert_silent, assess, fields_of, get};

pub(super) const TEMPORARY: &str = "1.2.246.10.2048198.22.2026.4711";
const OTHER_TEMPORARY: &str = "1.2.246.10.2048198.22.2026.4712";
pub(super) const CODE: &str = "010594Y9032";
const NEXT_CODE: &str = "020594X903P";

const SEEN: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::ServiceAttendance];

pub(super) async fn identify(
    client: &Client,
    identity_code: &str,
    temporary_id: &str,
) -> Result<String, Status> {
    let request = IdentifyYouthRequest {
        request_id: request_id(),
        identity_code: identity_code.into(),
        temporary_id: temporary_id.into(),
    };
    Ok(client.clone().journey.identify_youth(request).await?.into_inner().youth)
}

fn link_to(youth: &str, identity_code: &str) -> LinkIdentityRequest {
    let (youth, identity_code) = (youth.to_owned(), identity_code.to_owned());
    LinkIdentityRequest { request_id: request_id(), youth, identity_code, ..Default::default() }
}

async fn send_link(client: &Client, request: LinkIdentityRequest) -> Result<String, Status> {
    Ok(client.clone().journey.link_identity(request).await?.into_inner().youth)
}

pub(crate) async fn link(client: &Client, youth: &str, identity_code: &str) -> Result<String, Status> {
    send_link(client, link_to(youth, identity_code)).await
}

pub(super) async fn next_step(client: &Client, youth: &str) -> Result<(), Status> {
    let request = GetNextStepRequest { youth: youth.to_owned(), ..GetNextStepRequest::default() };
    client.clone().journey.get_next_step(request).await.map(drop)
}

fn consent(youth: &str, to: &str, purpose: Purpose, given_by: GivenBy) -> RecordConsentRequest {
    RecordConsentRequest {
        request_id: request_id(),
        youth: youth.to_owned(),
        terms: Some(terms(OHJAAMO, to, purpose, &TOLD)),
        evidence: Some(ConsentEvidence { given_by: given_by.into(), ..evidence() }),
        ..RecordConsentRequest::default()
    }
}

async fn send(client: &Client, request: SendReferralRequest) -> Result<String, Status> {
    Ok(client.clone().referral.send_referral(request).await?.into_inner().referral.unwrap().name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_id_is_one_person_and_a_malformed_one_is_refused_in_silence() {
    let stage = Stage::open().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = identify(&ohjaamo, "", TEMPORARY).await.unwrap();
    assert_eq!(identify(&te, "", TEMPORARY).await.unwrap(), youth);
    assert_ne!(identify(&ohjaamo, "", OTHER_TEMPORARY).await.unwrap(), youth);
    let leaf = stage.next_leaf().await;
    let by_rule = [
        "kanaria",
        "1.2.246.10.2048198.22.2026",
        "1.2.246.10.2048198.22.26.4711",
        "1.2.246.10.02048198.22.2026.4711",
        "1.2.246.10.2048198.21.2026.4711",
        "1.2.246.21.2048198.22.2026.4711",
        "1.2.246.10.2048198.22.2026.47110000000000000",
        " 1.2.246.10.2048198.22.2026.4711",
    ];
    let by_sense = [
        // A wrong check digit, another spelling of the same number, and years that have not come or never were.
        "1.2.246.10.2048197.22.2026.4711",
        "1.2.246.10.2048198.22.2026.04711",
        "1.2.246.10.2048198.22.2999.4711",
        "1.2.246.10.2048198.22.0026.4711",
    ];
    let reasons = by_rule.map(|id| (id, "INVALID_FIELDS"));
    for (id, reason) in reasons.into_iter().chain(by_sense.map(|id| (id, "TEMPORARY_ID_INVALID"))) {
        let refused = identify(&ohjaamo, "", id).await;
        let status = assert_refused(refused, Code::InvalidArgument, reason);
        assert_eq!(fields_of(&status), ["temporary_id"], "{id}");
        assert_silent(&status, &[id]);
    }
    for (code, id) in [("", ""), (CODE, TEMPORARY)] {
        let refused = identify(&ohjaamo, code, id).await;
        let status = assert_refused(refused, Code::InvalidArgument, "INVALID_FIELDS");
        assert_eq!(fields_of(&status), ["identity_code"]);
    }
    assert_eq!(stage.next_leaf().await, leaf + 1, "a refused identity left a leaf");

    let stage = stage.restart().await;
    assert_eq!(identify(&stage.te(), "", TEMPORARY).await.unwrap(), youth);
    let (folder, data) = stage.stop().await;
    for file in
        std::fs::read_dir(&data).unwrap().map(|file| file.unwrap().path()).filter(|file| file.is_file())
    {
        let bytes = std::fs::read(&file).unwrap();
        let shows = bytes.windows(TEMPORARY.len()).any(|window| window == TEMPORARY.as_bytes());
        assert!(!shows, "{} has a temporary id in clear", file.display());
    }
    drop(folder);
}

/// Entries, consents and referrals that are read here need no identity code; agencies' own systems do.
#[tokio::test(flavor = "multi_thread")]
async fn without_an_identity_code_only_what_needs_one_waits() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = newcomer(&stage, TEMPORARY).await;
    add(&ohjaamo, &youth, encounter()).await.unwrap();
    add(&ohjaamo, &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();

    // Nobody knows whether they are of age: no guardian decides, and they do when they are able to.
    let to = async |to: &str, purpose, by| {
        ohjaamo.clone().consent.record_consent(consent(&youth, to, purpose, by)).await.map(drop)
    };
    let guardian = to(KELA, Purpose::Rehabilitation, GivenBy::Guardian).await;
    assert_refused(guardian, Code::FailedPrecondition, "IDENTITY_CODE_MISSING");
    let own = to(KELA, Purpose::Rehabilitation, GivenBy::Self_).await;
    assert_refused(own, Code::InvalidArgument, "CAPACITY_NOT_ASSESSED");
    assess(&ohjaamo, &youth, Capacity::CapableAllows).await;
    to(KELA, Purpose::Rehabilitation, GivenBy::Self_).await.unwrap();
    to(TE, Purpose::EmploymentServices, GivenBy::Self_).await.unwrap();
    assert_refused(
        journey(&stage.guardian(&youth), &youth, Purpose::Unspecified).await,
        Code::NotFound,
        "NOT_FOUND",
    );

    let here = referral_to(KELA, &youth, Purpose::Rehabilitation, full_content());
    let here = send(&ohjaamo, here).await.unwrap();
    let read = get(&stage.kela(), &here).await.unwrap().content.unwrap();
    assert_eq!((read.identity_code.as_str(), read.given_names.is_empty()), ("", false));
    let accept =
        AcceptReferralRequest { request_id: request_id(), name: here, ..AcceptReferralRequest::default() };
    stage.kela().referral.accept_referral(accept).await.unwrap();

    let elsewhere = referral_to(TE, &youth, Purpose::EmploymentServices, full_content());
    let dry = SendReferralRequest { validate_only: true, request_id: request_id(), ..elsewhere.clone() };
    for request in [&dry, &elsewhere] {
        let refused = send(&ohjaamo, request.clone()).await;
        assert_refused(refused, Code::FailedPrecondition, "IDENTITY_CODE_MISSING");
    }
    // The same call goes through when the person has one.
    assert_eq!(link(&ohjaamo, &youth, CODE).await.unwrap(), youth);
    let request = SendReferralRequest { wait_for_delivery: true, request_id: request_id(), ..elsewhere };
    send(&ohjaamo, request).await.unwrap();
    assert_eq!(journey(&ohjaamo, &youth, Purpose::Unspecified).await.unwrap().referrals.len(), 2);
    stage.close().await;
}

/// What an agency's system is to hear of a joint plan waits until it can be told whom the plan is about.
#[tokio::test(flavor = "multi_thread")]
async fn a_joint_plan_is_kept_here_and_told_to_systems_when_there_is_a_code() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = newcomer(&stage, TEMPORARY).await;
    assess(&ohjaamo, &youth, Capacity::CapableAllows).await;
    table::agree(&stage, &youth, OHJAAMO, TE, &table::SHARED).await;
    let plan = table::create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
    table::add(&ohjaamo, &plan, TE).await.unwrap();
    let goal = |part: &mut PlanPart| part.goals.push(table::goal("tavoite-1", "kanaria-tavoite"));
    table::edit(&ohjaamo, &plan, OHJAAMO, goal).await.unwrap();
    assert_eq!(table::section(&table::read(&stage.te(), &plan).await.unwrap(), OHJAAMO).goals.len(), 1);
    let imported = systems::import(&stage.te(), &plan).await;
    assert_refused(imported, Code::FailedPrecondition, "IDENTITY_CODE_MISSING");
    // Nobody can be asked what they hold, and whoever would have been is named.
    let seen = journey(&ohjaamo, &youth, Purpose::Guidance).await.unwrap();
    assert_eq!((seen.unreachable, seen.facts.len()), (vec![TE.to_owned()], 0));
    let ledger = stage.world.te.ledger();
    assert!(systems::heard(ledger, &plan).is_empty());

    // The employment services know them already, and go on with the plan where it is kept.
    add(&stage.te(), &identify(&stage.te(), CODE, "").await.unwrap(), opening(JourneySource::Other))
        .await
        .unwrap();
    assert_eq!(link(&ohjaamo, &youth, CODE).await.unwrap(), youth);
    assert_ne!(identify(&stage.te(), CODE, "").await.unwrap(), youth);
    systems::hears(ledger, &plan, OHJAAMO, "kanaria-tavoite").await;
    let reply = stage.world.te.send(&systems::says(CODE, systems::office_plan("tyo"))).await.unwrap();
    assert!(matches!(reply, Reply::PlanTaken { .. }), "{reply:?}");
    assert_eq!(table::section(&table::read(&ohjaamo, &plan).await.unwrap(), TE).goals[0].text, "tyo");
    stage.close().await;
}

/// domain.md 5: "nuori näkyy yhtenä koko palvelujärjestelmässä".
#[tokio::test(flavor = "multi_thread")]
async fn an_identity_code_that_nobody_has_is_the_same_persons() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = newcomer(&stage, TEMPORARY).await;
    let request = link_to(&youth, CODE);
    assert_eq!(send_link(&ohjaamo, request.clone()).await.unwrap(), youth);
    assert_eq!(send_link(&ohjaamo, request.clone()).await.unwrap(), youth, "a repetition");
    let other = LinkIdentityRequest { identity_code: NEXT_CODE.into(), ..request };
    assert_refused(send_link(&ohjaamo, other).await, Code::InvalidArgument, "REQUEST_ID_REUSED");
    for (code, id) in [(CODE, ""), ("", TEMPORARY)] {
        assert_eq!(identify(&stage.te(), code, id).await.unwrap(), youth);
    }
    assert_refused(link(&ohjaamo, &youth, CODE).await, Code::FailedPrecondition, "RECORD_STATE");
    // Corrected: the old code finds the person still, and does not come back.
    assert_eq!(link(&ohjaamo, &youth, NEXT_CODE).await.unwrap(), youth);
    let stage = stage.restart().await;
    for (code, id) in [(CODE, ""), (NEXT_CODE, ""), ("", TEMPORARY)] {
        assert_eq!(identify(&stage.te(), code, id).await.unwrap(), youth);
    }
    assert_refused(link(&stage.ohjaamo(), &youth, CODE).await, Code::FailedPrecondition, "RECORD_STATE");
    assert_eq!(journey(&stage.ohjaamo(), &youth, Purpose::Unspecified).await.unwrap().entries.len(), 1);
    stage.close().await;
}

/// domain.md 5: "Päällekkäiset toiminnot ja asiakkuudet vähenevät" (duplicates, without another agency's file), "nuori
/// näkyy yhtenä koko palvelujärjestelmässä".
#[tokio::test(flavor = "multi_thread")]
async fn two_ids_of_one_person_become_one_and_nobody_learns_of_the_others_file() {
    let stage = Stage::open().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let known = identify(&te, CODE, "").await.unwrap();
    add(&te, &known, opening(JourneySource::EmploymentServices)).await.unwrap();
    let former = newcomer(&stage, TEMPORARY).await;
    add(&ohjaamo, &former, encounter()).await.unwrap();
    add(&ohjaamo, &former, assignment("ohjaaja-1", Reason::First)).await.unwrap();

    // It has nothing to do with that one, and is answered as if nobody had the code.
    assert_eq!(link(&ohjaamo, &former, CODE).await.unwrap(), former);
    let present = known;
    assert_eq!(identify(&te, "", TEMPORARY).await.unwrap(), present);
    // The guidance point sees its own entries in the one journey, and nothing of what the employment services have.
    let own = journey(&ohjaamo, &present, Purpose::Guidance).await.unwrap();
    assert_eq!(own.entries.len(), 3);
    assert!(own.entries.iter().all(|entry| entry.agency == OHJAAMO && entry.name.starts_with(&former)));
    assert_eq!(own.worker.unwrap().professional, "ohjaaja-1");
    assert_eq!(journey(&ohjaamo, &former, Purpose::Unspecified).await.unwrap().entries.len(), 3);
    let theirs = journey(&te, &present, Purpose::Guidance).await.unwrap();
    assert_eq!((theirs.entries.len(), theirs.worker), (1, None));
    assert_refused(journey(&te, &former, Purpose::Guidance).await, Code::NotFound, "NOT_FOUND");
    let all = journey(&stage.subject(&present), &present, Purpose::Unspecified).await.unwrap();
    assert_eq!((all.entries.len(), all.worker.is_some()), (4, true));

    // What was taken up is taken up, and goes on under the present id.
    let again = add(&ohjaamo, &present, opening(JourneySource::Self_)).await;
    assert_refused(again, Code::FailedPrecondition, "RECORD_STATE");
    add(&ohjaamo, &present, encounter()).await.unwrap();
    assert_eq!(journey(&ohjaamo, &present, Purpose::Unspecified).await.unwrap().entries.len(), 4);
    next_step(&ohjaamo, &present).await.unwrap();

    // A consent that was given under the former id is for what was written under it.
    let told = ohjaamo.clone().record_consent(&former, OHJAAMO, TE, Purpose::Guidance, &SEEN).await.unwrap();
    let theirs = journey(&te, &present, Purpose::Guidance).await.unwrap();
    assert!(theirs.entries.iter().filter(|entry| entry.name.starts_with(&former)).count() >= 2);
    assert!(theirs.entries.iter().all(|entry| entry.agency == TE || entry.name.starts_with(&former)));
    assert_eq!(told.recorder, OHJAAMO);
    let all = polku_proto::v1::ProhibitionTerms::default();
    prohibit(&stage.subject(&present), &present, all).await.unwrap();
    let theirs = journey(&te, &present, Purpose::Guidance).await.unwrap();
    assert_eq!(theirs.entries.len(), 1, "what is prohibited now holds for what was written before");
    stage.close().await;
}

/// Nothing that the guidance point is answered tells whether others know somebody with that code.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_tells_nobody_that_others_know_the_code() {
    let stage = Stage::open().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let known = identify(&te, CODE, "").await.unwrap();
    add(&te, &known, opening(JourneySource::EmploymentServices)).await.unwrap();
    let people = [(TEMPORARY, CODE, "030594W903B"), (OTHER_TEMPORARY, NEXT_CODE, "040594V9030")];
    let mut answers = Vec::new();
    for (temporary, code, next) in people {
        let youth = newcomer(&stage, temporary).await;
        let mut same = Vec::new();
        same.push(link(&ohjaamo, &youth, code).await.unwrap() == youth);
        same.push(identify(&ohjaamo, code, "").await.unwrap() == youth);
        same.push(identify(&ohjaamo, "", temporary).await.unwrap() == youth);
        let twice = link(&ohjaamo, &youth, code).await.unwrap_err();
        same.push(link(&ohjaamo, &youth, next).await.unwrap() == youth);
        same.push(identify(&ohjaamo, next, "").await.unwrap() == youth);
        let seen = journey(&ohjaamo, &youth, Purpose::Guidance).await.unwrap();
        answers.push((same, twice.code(), twice.message().to_owned(), seen.entries.len()));
    }
    assert_eq!(answers[0].0, [true; 5]);
    assert_eq!(answers[0], answers[1]);
    // Whoever has to do with both is told who it is by now.
    assert_eq!(identify(&te, TEMPORARY, "").await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(identify(&te, "", TEMPORARY).await.unwrap(), known);
    ohjaamo.clone().record_consent(&known, OHJAAMO, TE, Purpose::Guidance, &SEEN).await.unwrap();
    assert_eq!(identify(&ohjaamo, "", TEMPORARY).await.unwrap(), known);
    stage.close().await;
}

/// GDPR article 16: a wrong link ends, by whom it was made, and all is as it would be without it.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_was_a_mistake_ends() {
    let stage = Stage::open().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let other = identify(&te, CODE, "").await.unwrap();
    add(&te, &other, opening(JourneySource::EmploymentServices)).await.unwrap();
    let youth = newcomer(&stage, TEMPORARY).await;
    let seen_by = async |youth: &str| {
        journey(&stage.subject(youth), youth, Purpose::Unspecified).await.unwrap().entries.len()
    };
    let end = async |client: &Client, youth: &str, code: &str| {
        let (youth, identity_code) = (youth.to_owned(), code.to_owned());
        let request =
            UnlinkIdentityRequest { request_id: request_id(), youth, identity_code, ..Default::default() };
        client.clone().journey.unlink_identity(request).await.map(|answer| answer.into_inner().youth)
    };
    let refused = end(&ohjaamo, &youth, CODE).await;
    assert_refused(refused, Code::FailedPrecondition, "RECORD_STATE");
    link(&ohjaamo, &youth, CODE).await.unwrap();
    assert_eq!(seen_by(&other).await, 2, "a stranger's entries");
    // Not by others, and nobody learns anything by trying.
    assert_refused(end(&te, &youth, CODE).await, Code::NotFound, "NOT_FOUND");
    assert_refused(end(&te, &other, CODE).await, Code::FailedPrecondition, "RECORD_STATE");
    let own = end(&stage.subject(&youth), &youth, CODE).await;
    assert_refused(own, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");

    assert_eq!(end(&ohjaamo, &youth, CODE).await.unwrap(), youth);
    assert_eq!((seen_by(&other).await, seen_by(&youth).await), (1, 1));
    let twice = end(&ohjaamo, &youth, CODE).await;
    assert_refused(twice, Code::FailedPrecondition, "RECORD_STATE");
    let stage = stage.restart().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    for client in [&ohjaamo, &te] {
        assert_eq!(identify(client, CODE, "").await.unwrap(), other);
        assert_eq!(identify(client, "", TEMPORARY).await.unwrap(), youth);
    }
    // The code is nowhere with them any more: what needs one waits again, until they have their own.
    assess(&ohjaamo, &youth, Capacity::CapableAllows).await;
    let given = consent(&youth, TE, Purpose::EmploymentServices, GivenBy::Self_);
    ohjaamo.clone().consent.record_consent(given).await.unwrap();
    let referral = || referral_to(TE, &youth, Purpose::EmploymentServices, full_content());
    let refused = send(&ohjaamo, referral()).await;
    assert_refused(refused, Code::FailedPrecondition, "IDENTITY_CODE_MISSING");
    assert_eq!(link(&ohjaamo, &youth, NEXT_CODE).await.unwrap(), youth);
    send(&ohjaamo, referral()).await.unwrap();
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_link_twice_and_circles_are_refused() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let first = newcomer(&stage, TEMPORARY).await;
    let second = newcomer(&stage, OTHER_TEMPORARY).await;
    let third = identify(&ohjaamo, NEXT_CODE, "").await.unwrap();
    add(&ohjaamo, &third, opening(JourneySource::Self_)).await.unwrap();
    assert_eq!(link(&ohjaamo, &second, CODE).await.unwrap(), second);
    assert_eq!(link(&ohjaamo, &first, CODE).await.unwrap(), second);
    assert_eq!(link(&ohjaamo, &second, NEXT_CODE).await.unwrap(), third);
    // The former ids, by codes of theirs and by a new one; and the present one, by a former code.
    for (youth, code) in
        [(&first, CODE), (&second, NEXT_CODE), (&first, "030594W903B"), (&third, CODE), (&third, NEXT_CODE)]
    {
        let refused = link(&ohjaamo, youth, code).await;
        let status = assert_refused(refused, Code::FailedPrecondition, "RECORD_STATE");
        assert_silent(&status, &[code]);
    }
    for (code, id) in [(CODE, ""), (NEXT_CODE, ""), ("", TEMPORARY), ("", OTHER_TEMPORARY)] {
        assert_eq!(identify(&ohjaamo, code, id).await.unwrap(), third);
    }
    assert_eq!(journey(&ohjaamo, &third, Purpose::Unspecified).await.unwrap().entries.len(), 3);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_agency_of_the_person_links_and_others_learn_nothing() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = newcomer(&stage, TEMPORARY).await;
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    let foreign = link(&stage.te(), &youth, CODE).await.unwrap_err();
    let unknown = link(&stage.te(), &nobody, CODE).await.unwrap_err();
    assert_same_refusal(&foreign, &unknown);
    assert_refused(Err::<(), _>(foreign), Code::NotFound, "NOT_FOUND");
    for code in ["010594Y9033", "010594A9032"] {
        let refused = link(&ohjaamo, &youth, code).await;
        let status = assert_refused(refused, Code::InvalidArgument, "IDENTITY_CODE_INVALID");
        assert_silent(&status, &[code]);
    }
    let own = link(&stage.subject(&youth), &youth, CODE).await;
    assert_refused(own, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    // A referral makes the recipient's agency one of the person.
    assess(&ohjaamo, &youth, Capacity::CapableAllows).await;
    let request = consent(&youth, KELA, Purpose::Rehabilitation, GivenBy::Self_);
    ohjaamo.clone().consent.record_consent(request).await.unwrap();
    send(&ohjaamo, referral_to(KELA, &youth, Purpose::Rehabilitation, full_content())).await.unwrap();
    assert_eq!(link(&stage.kela(), &youth, CODE).await.unwrap(), youth);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_journey_looks_like_none() {
    let stage = Stage::open().await;
    let youth = newcomer(&stage, TEMPORARY).await;
    let other = identify(&stage.ohjaamo(), CODE, "").await.unwrap();
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    let (te, subject) = (stage.te(), stage.subject(&other));
    for caller in [&te, &subject] {
        let read = async |youth: &str| journey(caller, youth, Purpose::Guidance).await.unwrap_err();
        assert_same_refusal(&read(&youth).await, &read(&nobody).await);
        let step = async |youth: &str| next_step(caller, youth).await.unwrap_err();
        assert_same_refusal(&step(&youth).await, &step(&nobody).await);
        assert_eq!((read(&youth).await.code(), step(&youth).await.code()), (Code::NotFound, Code::NotFound));
    }
    for caller in [&te, &subject] {
        let write = async |youth: &str| add(caller, youth, encounter()).await.unwrap_err();
        assert_same_refusal(&write(&youth).await, &write(&nobody).await);
        assert_eq!(write(&youth).await.code(), Code::NotFound);
    }
    stage.close().await;
}

/// domain.md 5: "välittävää aikuista, joka ei vaihdu koko ajan".
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_who_leaves_is_followed_by_another_and_the_journey_goes_on() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = newcomer(&stage, TEMPORARY).await;
    add(&ohjaamo, &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    stage.advance(SignedDuration::from_hours(24 * 5));
    add(&ohjaamo, &youth, assignment("", Reason::WorkerLeaves)).await.unwrap();
    let between = journey(&stage.subject(&youth), &youth, Purpose::Unspecified).await.unwrap();
    assert_eq!((between.worker, between.entries.len()), (None, 3), "nobody is named, and nothing is lost");
    // Whoever comes next is named by the agency, also after the young person has another identity.
    let youth = link(&ohjaamo, &youth, CODE).await.unwrap();
    add(&ohjaamo, &youth, assignment("ohjaaja-2", Reason::First)).await.unwrap();
    let worker = journey(&ohjaamo, &youth, Purpose::Unspecified).await.unwrap().worker.unwrap();
    assert_eq!((worker.professional.as_str(), worker.days, worker.predecessors), ("ohjaaja-2", 0, 1));
    stage.close().await;
}
