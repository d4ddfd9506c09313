//! `polku.v1.OperationsService`.

use polku_proto::v1::operations_service_server::OperationsService;
use polku_proto::v1::{
    DeliveryAct, GetDeliveryRequest, ListDeliveriesRequest, ListDeliveriesResponse, QueuedDelivery,
    ResolveDeliveryRequest, RetryDeliveryRequest,
};
use tonic::{Request, Response, Status};

use super::Desk;

#[derive(Debug)]
pub(super) struct Service(pub(super) Desk);

#[tonic::async_trait]
impl OperationsService for Service {
    async fn list_deliveries(
        &self,
        request: Request<ListDeliveriesRequest>,
    ) -> Result<Response<ListDeliveriesResponse>, Status> {
        let (_, request) = self.0.open_for_operator(request)?;
        Ok(Response::new(self.0.gateway.list_deliveries(request).await?))
    }

    async fn get_delivery(
        &self,
        request: Request<GetDeliveryRequest>,
    ) -> Result<Response<QueuedDelivery>, Status> {
        let (operator, request) = self.0.open_for_operator(request)?;
        Ok(Response::new(self.0.gateway.get_delivery(&operator, request).await?))
    }

    async fn retry_delivery(
        &self,
        request: Request<RetryDeliveryRequest>,
    ) -> Result<Response<DeliveryAct>, Status> {
        let (operator, request) = self.0.open_for_operator(request)?;
        Ok(Response::new(self.0.gateway.retry_delivery(&operator, request).await?))
    }

    async fn resolve_delivery(
        &self,
        request: Request<ResolveDeliveryRequest>,
    ) -> Result<Response<DeliveryAct>, Status> {
        let (operator, request) = self.0.open_for_operator(request)?;
        Ok(Response::new(self.0.gateway.resolve_delivery(&operator, request).await?))
    }
}
