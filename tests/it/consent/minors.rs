//! Who decides for a minor, and from when on do young people decide themselves?

use jiff::SignedDuration;
use polku_proto::v1::capacity_assessment::Result as Capacity;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::{
    Consent, ConsentState as State, ConsentTerms, DataCategory as Data, EndLegalStatusRequest, LegalStatus,
    LiftProhibitionRequest, ProhibitionTerms, RecordConsentRequest, ReferralState, RenewConsentRequest,
    WithdrawConsentRequest,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, evidence, request_id, terms};
use tonic::Code;

use super::changes::{
    Ask, get, give, given_by, prohibit, record, record_with, refuse, renew, replace_with, request, withdraw,
};
use super::history::renew_as;
use crate::stage::{BASIC, Stage, TOLD, assert_refused, assess, fields_of, purpose_of, wire};

/// Born on 1 May 2016.
pub(super) const MINOR: &str = PEOPLE[10];
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A minor who was assessed as able to decide.
pub(super) async fn able_minor(stage: &Stage) -> String {
    let youth = stage.ohjaamo().identify(MINOR).await.unwrap();
    assessed(stage, &youth, Capacity::CapableAllows).await;
    youth
}

/// Records an assessment and answers its name.
async fn assessed(stage: &Stage, youth: &str, result: Capacity) -> String {
    stage.te().identify(MINOR).await.unwrap();
    assess(&stage.te(), youth, result).await.status.unwrap().name
}

fn to_kela(stage: &Stage) -> ConsentTerms {
    ConsentTerms {
        valid_until: Some(wire(stage.now() + DAY * 365 * 20)),
        ..terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC)
    }
}

async fn permits(stage: &Stage, youth: &str) -> bool {
    let ask = Ask { youth, from: OHJAAMO, to: KELA, purpose: purpose_of(KELA), categories: &TOLD };
    !ask.permitted(&stage.ohjaamo()).await.is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minor_decides_as_far_as_somebody_has_assessed_it() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(MINOR).await.unwrap();
    let asked = request(&ohjaamo, &youth, to_kela(&stage)).await.unwrap().consent.unwrap();
    let refused = async |reason: &str| {
        for client in [stage.ohjaamo(), stage.subject(&youth)] {
            let attempts =
                [record(&client, &youth, to_kela(&stage)).await, give(&client, &asked, &asked.etag).await];
            for attempt in attempts {
                let status = assert_refused(attempt, Code::InvalidArgument, reason);
                assert_eq!(fields_of(&status), ["evidence.given_by"]);
            }
        }
        assert_eq!(get(&stage.ohjaamo(), &asked.name).await.unwrap().state(), State::Requested);
        assert!(!permits(&stage, &youth).await, "nothing half recorded");
    };
    refused("CAPACITY_NOT_ASSESSED").await;
    assessed(&stage, &youth, Capacity::NotCapable).await;
    refused("GUARDIAN_PERMISSION_MISSING").await;
    for result in [Capacity::CapableAllows, Capacity::CapableForbids] {
        let assessment = assessed(&stage, &youth, result).await;
        let given = record(&stage.subject(&youth), &youth, to_kela(&stage)).await.unwrap().consent.unwrap();
        assert_eq!(given.evidence.as_ref().unwrap().capacity, assessment);
        let read = get(&ohjaamo, &given.name).await.unwrap();
        assert_eq!(read.evidence, given.evidence);
        assert!(permits(&stage, &youth).await);
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_assessment_is_the_gateways_word() {
    let stage = Stage::at_noon().await;
    let youth = stage.ohjaamo().identify(PEOPLE[0]).await.unwrap();
    let mut forged = evidence();
    forged.capacity = format!("{youth}/legalStatuses/{}", uuid::Uuid::now_v7());
    let result = record_with(&stage.ohjaamo(), &youth, to_kela(&stage), forged).await;
    let status = assert_refused(result, Code::InvalidArgument, "TERMS_INVALID");
    assert_eq!(fields_of(&status), ["evidence.capacity"]);
    let grown = record(&stage.ohjaamo(), &youth, to_kela(&stage)).await.unwrap().consent.unwrap();
    assert_eq!(grown.evidence.unwrap().capacity, "", "who is of age needs none");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_decides_until_the_eighteenth_birthday() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(MINOR).await.unwrap();
    let client = stage.guardian(&youth);
    let guardians = record_with(&client, &youth, to_kela(&stage), given_by(GivenBy::Guardian)).await;
    let guardians = guardians.unwrap().consent.unwrap();
    assert_eq!(guardians.evidence.as_ref().unwrap().capacity, "");
    assert!(permits(&stage, &youth).await, "it may be given for longer than it will count");

    // One minute to midnight in Finland, before 1 May 2034.
    let eve: jiff::Timestamp = "2034-04-30T20:59:00Z".parse().unwrap();
    stage.advance(eve.duration_since(stage.now()));
    assert!(permits(&stage, &youth).await);
    record_with(&ohjaamo, &youth, to_kela(&stage), given_by(GivenBy::Guardian)).await.unwrap();
    stage.advance(SignedDuration::from_mins(1));
    assert!(!permits(&stage, &youth).await, "of age: it has to be given anew");
    let over = get(&ohjaamo, &guardians.name).await.unwrap();
    assert_eq!(over.state(), State::Expired);
    let end = over.events.last().unwrap();
    assert_eq!((end.state(), end.time), (State::Expired, Some(wire(stage.now()))));

    let new = record_with(&ohjaamo, &youth, to_kela(&stage), given_by(GivenBy::Guardian)).await;
    let renewal = RenewConsentRequest {
        request_id: request_id(),
        name: guardians.name.clone(),
        etag: guardians.etag.clone(),
        valid_until: Some(wire(stage.now() + DAY)),
        evidence: Some(given_by(GivenBy::Guardian)),
    };
    let renewed = ohjaamo.clone().consent.renew_consent(renewal.clone()).await;
    for refused in [new, renewed.map(tonic::Response::into_inner)] {
        let status = assert_refused(refused, Code::InvalidArgument, "RENEW_BY_SUBJECT");
        assert_eq!(fields_of(&status), ["evidence.given_by"]);
    }
    let own = RenewConsentRequest { evidence: Some(evidence()), request_id: request_id(), ..renewal };
    ohjaamo.clone().consent.renew_consent(own).await.unwrap();
    assert!(permits(&stage, &youth).await, "renewed by the young person");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guardian_gives_begins_before_the_eighteenth_birthday() {
    let stage = Stage::at_noon().await;
    let youth = stage.ohjaamo().identify(MINOR).await.unwrap();
    let from = |text: &str| ConsentTerms { valid_from: Some(wire(text.parse().unwrap())), ..to_kela(&stage) };
    for client in [stage.ohjaamo(), stage.guardian(&youth)] {
        let guardians = given_by(GivenBy::Guardian);
        let late = record_with(&client, &youth, from("2034-04-30T21:00:00Z"), guardians.clone()).await;
        let status = assert_refused(late, Code::InvalidArgument, "TERMS_INVALID");
        assert_eq!(fields_of(&status), ["terms.valid_from"]);
        record_with(&client, &youth, from("2034-04-30T20:59:59Z"), guardians).await.unwrap();
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_leaves_a_minors_own_decisions_alone() {
    let stage = Stage::at_noon().await;
    let youth = able_minor(&stage).await;
    let (guardian, minor) = (stage.guardian(&youth), stage.subject(&youth));
    let own = record(&minor, &youth, to_kela(&stage)).await.unwrap().consent.unwrap();
    let until = wire(stage.now() + DAY);
    let guardians_word = RenewConsentRequest {
        request_id: request_id(),
        name: own.name.clone(),
        etag: own.etag.clone(),
        valid_until: Some(until),
        evidence: Some(given_by(GivenBy::Guardian)),
    };
    let attempts = [
        withdraw(&guardian, &own, "").await,
        refuse(&guardian, &own, &own.etag).await,
        renew(&guardian, &own, &own.etag, until).await,
        guardian.clone().consent.renew_consent(guardians_word).await.map(tonic::Response::into_inner),
    ];
    for attempt in attempts {
        assert_refused(attempt, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    }
    let replaced = replace_with(&guardian, &own.name, to_kela(&stage), given_by(GivenBy::Guardian)).await;
    assert_refused(replaced, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    // Nor by way of a professional, and no more does another representative.
    let (worker, month) = (stage.ohjaamo(), Some(wire(stage.now() + DAY * 30)));
    for who in [GivenBy::Guardian, GivenBy::OtherRepresentative] {
        let shorter = ConsentTerms { valid_until: month, ..to_kela(&stage) };
        let attempts = [
            renew_as(&worker, &own, month, given_by(who)).await,
            replace_with(&worker, &own.name, shorter, given_by(who)).await,
        ];
        for attempt in attempts {
            let status = assert_refused(attempt, Code::InvalidArgument, "OWN_DECISION_GOVERNS");
            assert_eq!(fields_of(&status), ["evidence.given_by"]);
        }
    }
    assert_eq!(get(&minor, &own.name).await.unwrap().state(), State::Given);

    let banned = prohibit(&guardian, &youth, ProhibitionTerms::default()).await;
    assert_refused(banned, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    let banned = prohibit(&minor, &youth, ProhibitionTerms::default()).await.unwrap().prohibition.unwrap();
    let lift = LiftProhibitionRequest { request_id: request_id(), name: banned.name, etag: banned.etag };
    let lifted = guardian.clone().consent.lift_prohibition(lift.clone()).await;
    assert_refused(lifted, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    minor.clone().consent.lift_prohibition(lift).await.unwrap();

    // What a guardian has given, and what is still asked for, is for guardians too.
    let word = given_by(GivenBy::Guardian);
    let given = record_with(&guardian, &youth, to_kela(&stage), word).await.unwrap().consent.unwrap();
    assert_eq!(withdraw(&guardian, &given, "").await.unwrap().consent.unwrap().state(), State::Revoked);
    let basic = ConsentTerms { categories: vec![Data::IdentityContact as i32], ..to_kela(&stage) };
    let asked = request(&stage.ohjaamo(), &youth, basic).await.unwrap().consent.unwrap();
    refuse(&guardian, &asked, &asked.etag).await.unwrap();
    stage.close().await;
}

/// Rule P6: whoever else represents a minor has a guardian's limits, whatever a guardian is told.
#[tokio::test(flavor = "multi_thread")]
async fn another_representative_leaves_a_minors_own_decisions_alone() {
    let stage = Stage::at_noon().await;
    let youth = able_minor(&stage).await;
    let (other, minor, worker) = (stage.representative(&youth), stage.subject(&youth), stage.ohjaamo());
    let own = record(&minor, &youth, to_kela(&stage)).await.unwrap().consent.unwrap();
    let word = || given_by(GivenBy::OtherRepresentative);
    let until = wire(stage.now() + DAY);
    let short = ConsentTerms { valid_until: Some(until), ..to_kela(&stage) };
    let asked = request(&worker, &youth, to_kela(&stage)).await.unwrap().consent.unwrap();
    let care = ConsentTerms { categories: vec![Data::SocialSituation as i32], ..to_kela(&stage) };
    let asked_about_care = request(&worker, &youth, care).await.unwrap().consent.unwrap();
    let attempts = [
        withdraw(&other, &own, "").await,
        renew_as(&other, &own, Some(until), word()).await,
        refuse(&other, &asked_about_care, &asked_about_care.etag).await,
        replace_with(&other, &own.name, short.clone(), word()).await,
    ];
    for attempt in attempts {
        assert_refused(attempt, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    }
    for who in [GivenBy::Guardian, GivenBy::OtherRepresentative] {
        let said = WithdrawConsentRequest {
            request_id: request_id(),
            name: own.name.clone(),
            taken_back_by: who as i32,
            ..WithdrawConsentRequest::default()
        };
        let status = assert_refused(
            worker.clone().consent.withdraw_consent(said).await,
            Code::InvalidArgument,
            "INVALID_FIELDS",
        );
        assert_eq!(fields_of(&status), ["taken_back_by"]);
    }
    assert_eq!(get(&minor, &own.name).await.unwrap().state(), State::Given);

    let banned = prohibit(&other, &youth, ProhibitionTerms::default()).await;
    assert_refused(banned, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    let banned = prohibit(&minor, &youth, ProhibitionTerms::default()).await.unwrap().prohibition.unwrap();
    let lift = LiftProhibitionRequest { request_id: request_id(), name: banned.name, etag: banned.etag };
    let lifted = other.clone().consent.lift_prohibition(lift.clone()).await;
    assert_refused(lifted, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    minor.clone().consent.lift_prohibition(lift).await.unwrap();

    // What either has given, and what is asked for and not about care, is for them.
    for given in [word(), given_by(GivenBy::Guardian)] {
        let given = record_with(&worker, &youth, short.clone(), given).await.unwrap().consent.unwrap();
        assert_eq!(withdraw(&other, &given, "").await.unwrap().consent.unwrap().state(), State::Revoked);
    }
    let of_guardian = stage.guardian(&youth);
    let given = record_with(&other, &youth, short, word()).await.unwrap().consent.unwrap();
    assert_refused(withdraw(&of_guardian, &given, "").await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    let basic = ConsentTerms { categories: vec![Data::IdentityContact as i32], ..to_kela(&stage) };
    let basic = request(&worker, &youth, basic).await.unwrap().consent.unwrap();
    refuse(&other, &basic, &basic.etag).await.unwrap();
    refuse(&minor, &asked, &asked.etag).await.unwrap();

    // Whoever represents an adult takes back what the adult has given.
    let adult = stage.ohjaamo().identify(PEOPLE[0]).await.unwrap();
    let own = record(&stage.subject(&adult), &adult, to_kela(&stage)).await.unwrap().consent.unwrap();
    let other = stage.representative(&adult);
    prohibit(&other, &adult, ProhibitionTerms::default()).await.unwrap();
    assert_eq!(withdraw(&other, &own, "").await.unwrap().consent.unwrap().state(), State::Revoked);
    stage.close().await;
}

/// Rule P7: an assessment that has ended, as one of somebody else would be, leaves nothing to rest on.
#[tokio::test(flavor = "multi_thread")]
async fn a_minors_own_word_counts_as_long_as_the_assessment() {
    let stage = Stage::at_noon().await;
    let youth = stage.ohjaamo().identify(MINOR).await.unwrap();
    stage.te().identify(MINOR).await.unwrap();
    let assessment = assess(&stage.te(), &youth, Capacity::CapableAllows).await.status.unwrap();
    record(&stage.subject(&youth), &youth, to_kela(&stage)).await.unwrap();
    assert!(permits(&stage, &youth).await);
    let name = stage.refer(&youth, KELA).await;
    let LegalStatus { name: assessment, etag, .. } = assessment;
    let request = EndLegalStatusRequest { request_id: request_id(), name: assessment, etag };
    stage.te().status.end_legal_status(request).await.unwrap();
    assert!(!permits(&stage, &youth).await);
    assert_eq!(stage.state(&name).await, ReferralState::ConsentWithdrawn);
    let again = record(&stage.subject(&youth), &youth, to_kela(&stage)).await;
    assert_refused(again, Code::InvalidArgument, "CAPACITY_NOT_ASSESSED");
    assessed(&stage, &youth, Capacity::CapableAllows).await;
    assert!(permits(&stage, &youth).await);
    stage.close().await;
}

/// Rule P5: what another representative of a minor gives ends no later than what a guardian gives.
#[tokio::test(flavor = "multi_thread")]
async fn another_representative_of_a_minor_gives_until_the_eighteenth_birthday() {
    let stage = Stage::at_noon().await;
    let youth = stage.ohjaamo().identify(MINOR).await.unwrap();
    let until =
        |text: &str| ConsentTerms { valid_until: Some(wire(text.parse().unwrap())), ..to_kela(&stage) };
    for client in [stage.ohjaamo(), stage.representative(&youth)] {
        let word = || given_by(GivenBy::OtherRepresentative);
        let late = record_with(&client, &youth, until("2034-04-30T21:00:01Z"), word()).await;
        let status = assert_refused(late, Code::InvalidArgument, "TERMS_INVALID");
        assert_eq!(fields_of(&status), ["terms.valid_until"]);
        record_with(&client, &youth, until("2034-04-30T21:00:00Z"), word()).await.unwrap();
    }
    stage.close().await;
}

/// Rule P6: on data of social and health care a minor who is able to decide decides.
#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_does_not_answer_what_an_able_minor_was_asked_about_care() {
    let stage = Stage::at_noon().await;
    let youth = stage.ohjaamo().identify(MINOR).await.unwrap();
    let (guardian, minor) = (stage.guardian(&youth), stage.subject(&youth));
    let about_care = ConsentTerms {
        categories: vec![Data::IdentityContact as i32, Data::SocialSituation as i32],
        ..to_kela(&stage)
    };
    let ask = async || request(&stage.ohjaamo(), &youth, about_care.clone()).await.unwrap().consent.unwrap();
    let fill = async |client: &Client, asked: &Consent| {
        let request = RecordConsentRequest {
            request_id: request_id(),
            youth: youth.clone(),
            requested: asked.name.clone(),
            etag: asked.etag.clone(),
            terms: asked.terms.clone(),
            evidence: Some(given_by(GivenBy::Guardian)),
            ..RecordConsentRequest::default()
        };
        client.clone().consent.record_consent(request).await.map(tonic::Response::into_inner)
    };
    let asked = ask().await;
    refuse(&guardian, &asked, &asked.etag).await.unwrap();
    fill(&guardian, &ask().await).await.unwrap();

    let asked = ask().await;
    for (result, code, reason) in [
        (Capacity::CapableAllows, Code::PermissionDenied, "ACTOR_NOT_ALLOWED"),
        // From this guardian everything is hidden.
        (Capacity::CapableForbids, Code::NotFound, "NOT_FOUND"),
    ] {
        assessed(&stage, &youth, result).await;
        for attempt in [refuse(&guardian, &asked, &asked.etag).await, fill(&guardian, &asked).await] {
            assert_refused(attempt, code, reason);
        }
        // Nor does the guardian by way of a professional.
        let brought = fill(&stage.ohjaamo(), &asked).await;
        let status = assert_refused(brought, Code::InvalidArgument, "OWN_DECISION_GOVERNS");
        assert_eq!(fields_of(&status), ["evidence.given_by"]);
    }
    assert_eq!(get(&minor, &asked.name).await.unwrap().state(), State::Requested);
    refuse(&minor, &asked, &asked.etag).await.unwrap();

    let asked = ask().await;
    assessed(&stage, &youth, Capacity::NotCapable).await;
    fill(&guardian, &asked).await.unwrap();
    stage.close().await;
}
