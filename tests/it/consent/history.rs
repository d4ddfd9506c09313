//! Does the record of a consent still say who gave what, and when, after it was given anew?

use jiff::SignedDuration;
use polku_proto::v1::consent_event::By;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::export_consent_request::Form;
use polku_proto::v1::{
    Consent, ConsentChange, ConsentEvidence, ConsentState as State, ConsentTerms, DataCategory,
    ExportConsentRequest, RenewConsentRequest, WithdrawConsentRequest,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, evidence, request_id, terms};
use tonic::{Code, Status};

use super::changes::{get, given_by, record, record_with, revoke, withdraw};
use super::minors::able_minor;
use super::terms::{permit, stage_of_care};
use crate::stage::{BASIC, Stage, assert_refused, fields_of, purpose_of, wire};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

pub(super) async fn renew_as(
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

/// consent.md 1.2: withdrawn by the young person is not revoked by another, whoever writes it down.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_says_whose_word_it_is() {
    let stage = Stage::open().await;
    let youth = able_minor(&stage).await;
    let (ohjaamo, subject, guardian) = (stage.ohjaamo(), stage.subject(&youth), stage.guardian(&youth));
    let agreed = || ConsentTerms {
        categories: vec![DataCategory::IdentityContact.into()],
        ..terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC)
    };
    let taken_back = async |client: &Client, given: GivenBy, by: GivenBy| {
        let consent =
            record_with(&ohjaamo, &youth, agreed(), given_by(given)).await.unwrap().consent.unwrap();
        let request = WithdrawConsentRequest {
            request_id: request_id(),
            name: consent.name.clone(),
            taken_back_by: by.into(),
            ..WithdrawConsentRequest::default()
        };
        let ended = client.clone().consent.withdraw_consent(request).await?.into_inner().consent.unwrap();
        let end = ended.events.last().unwrap();
        assert_eq!(end.state(), ended.state());
        Ok::<_, Status>((end.state(), end.by(), end.taken_back_by()))
    };
    let (own, guardians, others) = (GivenBy::Self_, GivenBy::Guardian, GivenBy::OtherRepresentative);
    let unsaid = GivenBy::Unspecified;
    for (client, given, said, expected) in [
        (&subject, own, unsaid, (State::Withdrawn, By::Subject, own)),
        (&subject, guardians, unsaid, (State::Withdrawn, By::Subject, own)),
        (&guardian, guardians, unsaid, (State::Revoked, By::Guardian, guardians)),
        // A professional writes down whose word it was: whoever gave the consent, unless it is said.
        (&ohjaamo, own, unsaid, (State::Withdrawn, By::Professional, own)),
        (&ohjaamo, guardians, unsaid, (State::Revoked, By::Professional, guardians)),
        (&ohjaamo, guardians, own, (State::Withdrawn, By::Professional, own)),
        (&ohjaamo, guardians, others, (State::Revoked, By::Professional, others)),
    ] {
        assert_eq!(taken_back(client, given, said).await.unwrap(), expected);
    }
    for (client, given, said) in [
        (&subject, own, own),
        (&subject, own, guardians),
        (&ohjaamo, own, guardians),
        (&ohjaamo, own, others),
    ] {
        let status =
            assert_refused(taken_back(client, given, said).await, Code::InvalidArgument, "INVALID_FIELDS");
        assert_eq!(fields_of(&status), ["taken_back_by"]);
    }
    // Of its own accord an agency revokes, on nobody's word.
    let consent = record(&ohjaamo, &youth, agreed()).await.unwrap().consent.unwrap();
    let ended = revoke(&ohjaamo, &consent, &consent.etag).await.unwrap().consent.unwrap();
    let end = ended.events.last().unwrap();
    assert_eq!((end.state(), end.by(), end.taken_back_by()), (State::Revoked, By::Professional, unsaid));
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
