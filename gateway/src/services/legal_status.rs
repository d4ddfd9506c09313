//! `polku.v1.LegalStatusService`.

use polku_proto::v1::legal_status_service_server::LegalStatusService;
use polku_proto::v1::{
    EndLegalStatusRequest, LegalStatusChange, ListLegalStatusesRequest, ListLegalStatusesResponse,
    RecordLegalStatusRequest,
};
use tonic::{Request, Response, Status};

use super::Desk;

#[derive(Debug)]
pub(super) struct Service(pub(super) Desk);

#[tonic::async_trait]
impl LegalStatusService for Service {
    async fn record_legal_status(
        &self,
        request: Request<RecordLegalStatusRequest>,
    ) -> Result<Response<LegalStatusChange>, Status> {
        let (caller, request) = self.0.open(request)?;
        let change = self.0.gateway.record_legal_status(&caller, request).await?;
        Ok(self.0.gateway.answer(change, &caller).await?)
    }

    async fn end_legal_status(
        &self,
        request: Request<EndLegalStatusRequest>,
    ) -> Result<Response<LegalStatusChange>, Status> {
        let (caller, request) = self.0.open(request)?;
        let change = self.0.gateway.end_legal_status(&caller, request).await?;
        Ok(self.0.gateway.answer(change, &caller).await?)
    }

    async fn list_legal_statuses(
        &self,
        request: Request<ListLegalStatusesRequest>,
    ) -> Result<Response<ListLegalStatusesResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        let list = self.0.gateway.list_legal_statuses(&caller, request).await?;
        Ok(self.0.gateway.answer(list, &caller).await?)
    }
}
