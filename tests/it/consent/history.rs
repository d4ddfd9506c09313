//! Does the record of a consent still say who gave what, and when, after it was given anew?

use jiff::SignedDuration;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::export_consent_request::Form;
use polku_proto::v1::{
    Consent, ConsentChange, ConsentEvidence, ConsentState as State, ConsentTerms, ExportConsentRequest,
    RenewConsentRequest,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, evidence, request_id, terms};
use tonic::{Code, Status};

use super::changes::{get, given_by, record, record_with, withdraw};
use super::terms::{permit, stage_of_care};
use crate::stage::{BASIC, Stage, assert_refused, fields_of, purpose_of, wire};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn renew_as(
    client: &Client,
    consent: &Consent,
    valid_until: Option<prost_types::Timestamp>,
    evidence: ConsentEvidence,
) -> Result<ConsentChange, Status> {
    let request = RenewConsentRequest {
        request_id: request_id(),
        name: consent.name.clone(),
        etag: consent.etag.clone(),
        valid_until,
        evidence: Some(evidence),
    };
    Ok(client.clone().consent.renew_consent(request).await?.into_inner())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_by_another_giver_leaves_what_was_given_first() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let until = Some(wire(stage.now() + HOUR));
    let agreed = ConsentTerms { valid_until: until, ..terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC) };
    let given = record(&ohjaamo, &youth, agreed).await.unwrap().consent.unwrap();
    stage.advance(HOUR / 2);
    let others = ConsentEvidence {
        notice_version: "2026-2".into(),
        notice_sha256: vec![8; 32],
        reference: "arkisto 13/2026".into(),
        ..given_by(GivenBy::OtherRepresentative)
    };
    let later = Some(wire(stage.now() + HOUR * 3));
    let renewed = renew_as(&ohjaamo, &given, later, others.clone()).await.unwrap().consent.unwrap();
    withdraw(&stage.subject(&youth), &renewed, "").await.unwrap();

    let read = get(&ohjaamo, &given.name).await.unwrap();
    assert_eq!(read.evidence, Some(others.clone()), "the record itself says what holds by the last word");
    let [first, second, end] = &read.events[..] else { panic!("given, renewed, withdrawn") };
    assert_eq!(
        (first.state(), second.state(), end.state()),
        (State::Given, State::Renewed, State::Withdrawn)
    );
    assert_eq!((first.evidence.clone(), second.evidence.clone()), (Some(evidence()), Some(others)));
    assert_ne!(
        first.evidence.as_ref().unwrap().notice_sha256,
        second.evidence.as_ref().unwrap().notice_sha256
    );
    let begun = given.terms.as_ref().unwrap().valid_from;
    assert_eq!((first.valid_from, first.valid_until), (begun, until));
    assert_eq!((second.valid_from, second.valid_until), (begun, later));
    for event in [first, second] {
        assert_eq!(
            (event.unit.as_str(), event.professional.as_str()),
            ("keskusta", given.recorder_professional.as_str())
        );
        assert!(!event.professional.is_empty());
    }
    assert_eq!((end.unit.as_str(), end.professional.as_str()), ("", ""), "the young person's own doing");
    assert_eq!((&end.evidence, end.valid_from, end.valid_until), (&None, None, None));

    let request = ExportConsentRequest { name: given.name.clone(), form: Form::FhirR4Consent as i32 };
    let document = ohjaamo.clone().consent.export_consent(request).await.unwrap().into_inner();
    let document: serde_json::Value = serde_json::from_str(&document.content).unwrap();
    let told: jiff::Timestamp = document["dateTime"].as_str().unwrap().parse().unwrap();
    assert_eq!(document["performer"][0]["display"], "other representative");
    assert_eq!(Some(wire(told)), second.time, "a document is of the last word");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_without_an_end_is_renewed_without_one() {
    let stage = stage_of_care().await;
    let kela = stage.kela();
    let youth = kela.clone().identify(PEOPLE[0]).await.unwrap();
    let (open, informed) = permit(&stage);
    let open = ConsentTerms { valid_until: None, ..open };
    let given = record_with(&kela, &youth, open, informed.clone()).await.unwrap().consent.unwrap();
    let renewed = renew_as(&kela, &given, None, informed.clone()).await.unwrap().consent.unwrap();
    assert_eq!((renewed.state(), renewed.terms.unwrap().valid_until), (State::Renewed, None));

    let bounded = ConsentTerms {
        valid_until: Some(wire(stage.now() + HOUR)),
        ..terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC)
    };
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[1]).await.unwrap();
    let consent = record(&ohjaamo, &youth, bounded).await.unwrap().consent.unwrap();
    let endless = renew_as(&ohjaamo, &consent, None, evidence()).await;
    let status = assert_refused(endless, Code::InvalidArgument, "TERMS_INVALID");
    assert_eq!(fields_of(&status), ["terms.valid_until"], "a consent for a case has an end");
    stage.close().await;
}
