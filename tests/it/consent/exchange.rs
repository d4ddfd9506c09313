//! Is a consent that leaves or comes in as a document looked at like every other one?
//!
//! What a document says is translated elsewhere, and what is made of it is tested beside the use case. Here: who may
//! bring and take documents, and that a form which nobody translates is refused.

use polku_proto::v1::export_consent_request::Form;
use polku_proto::v1::import_consent_request::Reading;
use polku_proto::v1::{ConsentDocument, ExportConsentRequest, ImportConsentRequest, ImportConsentResponse};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, evidence, request_id, terms};
use tonic::{Code, Status};

use super::changes::record;
use crate::stage::{BASIC, Stage, assert_refused, fields_of, purpose_of};

async fn export(client: &Client, name: &str) -> Result<ConsentDocument, Status> {
    let request = ExportConsentRequest { name: name.into(), form: Form::FhirR4Consent as i32 };
    Ok(client.clone().consent.export_consent(request).await?.into_inner())
}

async fn import(client: &Client, youth: &str) -> Result<ImportConsentResponse, Status> {
    let request = ImportConsentRequest {
        request_id: request_id(),
        youth: youth.into(),
        content: "{}".into(),
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
async fn a_form_that_nobody_translates_is_refused() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let agreed = terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC);
    let consent = record(&ohjaamo, &youth, agreed).await.unwrap().consent.unwrap();
    let status =
        assert_refused(export(&ohjaamo, &consent.name).await, Code::InvalidArgument, "FORMAT_UNSUPPORTED");
    assert_eq!(fields_of(&status), ["form"]);
    let status = assert_refused(import(&ohjaamo, &youth).await, Code::InvalidArgument, "FORMAT_UNSUPPORTED");
    assert_eq!(fields_of(&status), ["content"]);
    stage.close().await;
}
