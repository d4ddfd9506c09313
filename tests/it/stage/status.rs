//! How is a legal status recorded?

use polku_proto::v1::capacity_assessment::Result as Capacity;
use polku_proto::v1::legal_status_terms::Status as Terms;
use polku_proto::v1::{
    AddressProtection, CapacityAssessment, LegalStatusChange, LegalStatusTerms, RecordLegalStatusRequest,
};
use polku_tests::world::{Client, request_id};
use tonic::Status;

pub(crate) async fn record_status(
    client: &Client,
    youth: &str,
    status: Terms,
) -> Result<LegalStatusChange, Status> {
    let request = RecordLegalStatusRequest {
        request_id: request_id(),
        youth: youth.into(),
        terms: Some(LegalStatusTerms { status: Some(status) }),
    };
    Ok(client.clone().status.record_legal_status(request).await?.into_inner())
}

/// That the address is protected.
pub(crate) async fn protect(client: &Client, youth: &str) -> LegalStatusChange {
    record_status(client, youth, Terms::AddressProtection(AddressProtection {})).await.unwrap()
}

/// What somebody has found about the young person's capacity to decide.
pub(crate) async fn assess(client: &Client, youth: &str, result: Capacity) -> LegalStatusChange {
    let assessment = CapacityAssessment { result: result.into() };
    record_status(client, youth, Terms::CapacityAssessment(assessment)).await.unwrap()
}
