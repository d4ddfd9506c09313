//! Who decides for a minor, and from when on do young people decide themselves?

use jiff::SignedDuration;
use polku_proto::v1::capacity_assessment::Result as Capacity;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::legal_status_terms::Status as Terms;
use polku_proto::v1::{
    CapacityAssessment, ConsentState as State, ConsentTerms, LegalStatusTerms, RecordLegalStatusRequest,
    RenewConsentRequest,
};
use polku_tests::world::{KELA, OHJAAMO, PEOPLE, evidence, request_id, terms};
use tonic::Code;

use super::changes::{Ask, get, give, given_by, record, record_with, request};
use crate::stage::{BASIC, Stage, TOLD, assert_refused, fields_of, purpose_of, wire};

/// Born on 1 May 2016.
pub(super) const MINOR: &str = PEOPLE[10];
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A minor who was assessed as able to decide.
pub(super) async fn able_minor(stage: &Stage) -> String {
    let youth = stage.ohjaamo().identify(MINOR).await.unwrap();
    assess(stage, &youth, Capacity::CapableAllows).await;
    youth
}

/// Records an assessment and answers its name.
async fn assess(stage: &Stage, youth: &str, result: Capacity) -> String {
    let assessment = Terms::CapacityAssessment(CapacityAssessment { result: result as i32 });
    let request = RecordLegalStatusRequest {
        request_id: request_id(),
        youth: youth.into(),
        terms: Some(LegalStatusTerms { status: Some(assessment) }),
    };
    stage.te().status.record_legal_status(request).await.unwrap().into_inner().status.unwrap().name
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
    assess(&stage, &youth, Capacity::NotCapable).await;
    refused("GUARDIAN_PERMISSION_MISSING").await;
    for result in [Capacity::CapableAllows, Capacity::CapableForbids] {
        let assessment = assess(&stage, &youth, result).await;
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
