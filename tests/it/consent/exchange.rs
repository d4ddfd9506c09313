//! Is a consent that leaves or comes in as a document looked at like every other one?
//!
//! How documents are translated is tested in `polku-adapters`, and what is made of them beside the use case. Here: who
//! may bring and take them, and that a consent that leaves comes back as the same one.

use jiff::Timestamp;
use polku_proto::v1::export_consent_request::Form;
use polku_proto::v1::import_consent_request::Reading;
use polku_proto::v1::{
    ConsentDocument, ExportConsentRequest, GetConsentReceiptRequest, ImportConsentRequest,
    ImportConsentResponse,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, evidence, request_id, terms};
use serde_json::Value;
use tonic::{Code, Status};

use super::changes::{record, record_with};
use super::terms::{permit, stage_of_care};
use crate::stage::{BASIC, Stage, assert_refused, fields_of, purpose_of};

async fn export(client: &Client, name: &str) -> Result<ConsentDocument, Status> {
    export_as(client, name, Form::FhirR4Consent).await
}

async fn export_as(client: &Client, name: &str, form: Form) -> Result<ConsentDocument, Status> {
    let request = ExportConsentRequest { name: name.into(), form: form as i32 };
    Ok(client.clone().consent.export_consent(request).await?.into_inner())
}

async fn import(client: &Client, youth: &str) -> Result<ImportConsentResponse, Status> {
    import_of(client, youth, "{}").await
}

async fn import_of(client: &Client, youth: &str, content: &str) -> Result<ImportConsentResponse, Status> {
    let request = ImportConsentRequest {
        request_id: request_id(),
        youth: youth.into(),
        content: content.into(),
        reading: Reading::R4Literal as i32,
        evidence: Some(evidence()),
    };
    Ok(client.clone().consent.import_consent(request).await?.into_inner())
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_for_those_who_may_read() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let agreed = terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC);
    let consent = record(&ohjaamo, &youth, agreed).await.unwrap().consent.unwrap();
    let other = ohjaamo.clone().identify(PEOPLE[1]).await.unwrap();
    for client in [stage.kela(), stage.te(), stage.subject(&other)] {
        assert_refused(export(&client, &consent.name).await, Code::NotFound, "NOT_FOUND");
    }
    assert_refused(import(&stage.subject(&other), &youth).await, Code::NotFound, "NOT_FOUND");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_leaves_comes_back_as_the_same() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let agreed = terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC);
    let consent = record(&ohjaamo, &youth, agreed).await.unwrap().consent.unwrap();
    let document = export(&ohjaamo, &consent.name).await.unwrap();
    assert_eq!(document.media_type, "application/fhir+json");
    assert!(!document.content.contains(PEOPLE[0]), "named as the gateway does");
    let imported = import_of(&ohjaamo, &youth, &document.content).await.unwrap();
    let [again] = &imported.consents[..] else { panic!("one consent") };
    assert!(imported.prohibitions.is_empty() && again.name != consent.name);
    let (was, is) = (consent.terms.unwrap(), again.terms.clone().unwrap());
    assert_eq!((was.categories, was.purposes, was.kind), (is.categories, is.purposes, is.kind));
    assert_eq!((was.disclosers, was.recipients), (is.disclosers, is.recipients));
    assert_eq!(was.valid_until, is.valid_until);

    let other = ohjaamo.clone().identify(PEOPLE[1]).await.unwrap();
    let foreign = import_of(&ohjaamo, &other, &document.content).await;
    let status = assert_refused(foreign, Code::InvalidArgument, "PATIENT_MISMATCH");
    assert_eq!(fields_of(&status), ["content"]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_as_a_document_was_given_when_the_document_says() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let agreed = terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC);
    let consent = record(&ohjaamo, &youth, agreed).await.unwrap().consent.unwrap();
    let given: Timestamp = "2025-05-01T09:00:00Z".parse().unwrap();
    let mut document: Value =
        serde_json::from_str(&export(&ohjaamo, &consent.name).await.unwrap().content).unwrap();
    document["dateTime"] = given.to_string().into();
    let imported = import_of(&ohjaamo, &youth, &document.to_string()).await.unwrap();
    let name = imported.consents[0].name.clone();

    let again: Value = serde_json::from_str(&export(&ohjaamo, &name).await.unwrap().content).unwrap();
    let time: Timestamp = again["dateTime"].as_str().unwrap().parse().unwrap();
    assert_eq!(time, given);
    let receipt =
        ohjaamo.clone().consent.get_consent_receipt(GetConsentReceiptRequest { name }).await.unwrap();
    let receipt: Value = serde_json::from_str(&receipt.into_inner().kantara_json).unwrap();
    assert_eq!(receipt["consentTimestamp"], given.as_second());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_translated_is_refused_with_its_place() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let agreed = terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC);
    let consent = record(&ohjaamo, &youth, agreed).await.unwrap().consent.unwrap();
    let sote = export_as(&ohjaamo, &consent.name, Form::FhirR4SoteConsent).await;
    let status = assert_refused(sote, Code::InvalidArgument, "FORMAT_UNFIT");
    assert_eq!(fields_of(&status), ["form"]);
    let status = assert_refused(import(&ohjaamo, &youth).await, Code::InvalidArgument, "DOCUMENT_REFUSED");
    assert_eq!(fields_of(&status), ["content"]);
    assert!(status.message().contains("document"), "{}", status.message());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_code_is_for_the_young_person_alone() {
    let stage = stage_of_care().await;
    let kela = stage.kela();
    let youth = kela.clone().identify(PEOPLE[0]).await.unwrap();
    let (mut terms, evidence) = permit(&stage);
    terms.categories.truncate(3);
    let permit = record_with(&kela, &youth, terms, evidence).await.unwrap().consent.unwrap();
    for (client, named) in [(kela, false), (stage.subject(&youth), true)] {
        let document = export_as(&client, &permit.name, Form::FhirR4SoteConsent).await.unwrap();
        assert_eq!(document.content.contains(PEOPLE[0]), named);
        assert_eq!(document.content.contains(&youth), !named, "named as the gateway does");
        assert!(!export(&client, &permit.name).await.unwrap().content.contains(PEOPLE[0]));
    }
    stage.close().await;
}
