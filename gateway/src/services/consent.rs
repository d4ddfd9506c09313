//! `polku.v1.ConsentService`.

use polku_proto::v1::consent_service_server::ConsentService;
use polku_proto::v1::{
    BatchVerifyConsentsRequest, BatchVerifyConsentsResponse, Consent, ConsentChange, ConsentDocument,
    ConsentNotice, ConsentReceipt, DisclosureExplanation, ExplainDisclosureRequest, ExportConsentRequest,
    GetConsentReceiptRequest, GetConsentRequest, ImportConsentRequest, ImportConsentResponse,
    InvalidateConsentRequest, LiftProhibitionRequest, ListConsentsRequest, ListConsentsResponse,
    ProhibitionChange, RecordConsentRequest, RecordProhibitionRequest, RefuseConsentRequest,
    RenewConsentRequest, RequestConsentRequest, RevokeConsentRequest, VerifyConsentRequest,
    VerifyConsentResponse, WatchConsentsRequest, WithdrawConsentRequest,
};
use tonic::{Request, Response, Status};

use super::{Desk, Stream, stream};

#[derive(Debug)]
pub(super) struct Service(pub(super) Desk);

#[tonic::async_trait]
impl ConsentService for Service {
    async fn request_consent(
        &self,
        request: Request<RequestConsentRequest>,
    ) -> Result<Response<ConsentChange>, Status> {
        let (caller, request) = self.0.open(request)?;
        let change = self.0.gateway.request_consent(&caller, request).await?;
        Ok(self.0.gateway.answer(change, &caller).await?)
    }

    async fn record_consent(
        &self,
        request: Request<RecordConsentRequest>,
    ) -> Result<Response<ConsentChange>, Status> {
        let (caller, request) = self.0.open(request)?;
        let change = self.0.gateway.record_consent(&caller, request).await?;
        Ok(self.0.gateway.answer(change, &caller).await?)
    }

    async fn renew_consent(
        &self,
        request: Request<RenewConsentRequest>,
    ) -> Result<Response<ConsentChange>, Status> {
        let (caller, request) = self.0.open(request)?;
        let change = self.0.gateway.renew_consent(&caller, request).await?;
        Ok(self.0.gateway.answer(change, &caller).await?)
    }

    async fn refuse_consent(
        &self,
        request: Request<RefuseConsentRequest>,
    ) -> Result<Response<ConsentChange>, Status> {
        let (caller, request) = self.0.open(request)?;
        let change = self.0.gateway.refuse_consent(&caller, request).await?;
        Ok(self.0.gateway.answer(change, &caller).await?)
    }

    async fn withdraw_consent(
        &self,
        request: Request<WithdrawConsentRequest>,
    ) -> Result<Response<ConsentChange>, Status> {
        let (caller, request) = self.0.open(request)?;
        let change = self.0.gateway.withdraw_consent(&caller, request).await?;
        Ok(self.0.gateway.answer(change, &caller).await?)
    }

    async fn revoke_consent(
        &self,
        request: Request<RevokeConsentRequest>,
    ) -> Result<Response<ConsentChange>, Status> {
        let (caller, request) = self.0.open(request)?;
        let change = self.0.gateway.revoke_consent(&caller, request).await?;
        Ok(self.0.gateway.answer(change, &caller).await?)
    }

    async fn record_prohibition(
        &self,
        request: Request<RecordProhibitionRequest>,
    ) -> Result<Response<ProhibitionChange>, Status> {
        let (caller, request) = self.0.open(request)?;
        let change = self.0.gateway.record_prohibition(&caller, request).await?;
        Ok(self.0.gateway.answer(change, &caller).await?)
    }

    async fn lift_prohibition(
        &self,
        request: Request<LiftProhibitionRequest>,
    ) -> Result<Response<ProhibitionChange>, Status> {
        let (caller, request) = self.0.open(request)?;
        let change = self.0.gateway.lift_prohibition(&caller, request).await?;
        Ok(self.0.gateway.answer(change, &caller).await?)
    }

    async fn get_consent(&self, request: Request<GetConsentRequest>) -> Result<Response<Consent>, Status> {
        let (caller, request) = self.0.open(request)?;
        let consent = self.0.gateway.get_consent(&caller, request).await?;
        Ok(self.0.gateway.answer(consent, &caller).await?)
    }

    async fn list_consents(
        &self,
        request: Request<ListConsentsRequest>,
    ) -> Result<Response<ListConsentsResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        let list = self.0.gateway.list_consents(&caller, request).await?;
        Ok(self.0.gateway.answer(list, &caller).await?)
    }

    async fn invalidate_consent(
        &self,
        request: Request<InvalidateConsentRequest>,
    ) -> Result<Response<ConsentChange>, Status> {
        let (caller, request) = self.0.open(request)?;
        let change = self.0.gateway.invalidate_consent(&caller, request).await?;
        Ok(self.0.gateway.answer(change, &caller).await?)
    }

    async fn get_consent_receipt(
        &self,
        request: Request<GetConsentReceiptRequest>,
    ) -> Result<Response<ConsentReceipt>, Status> {
        let (caller, request) = self.0.open(request)?;
        let receipt = self.0.gateway.get_consent_receipt(&caller, request).await?;
        Ok(self.0.gateway.answer(receipt, &caller).await?)
    }

    async fn export_consent(
        &self,
        request: Request<ExportConsentRequest>,
    ) -> Result<Response<ConsentDocument>, Status> {
        let (caller, request) = self.0.open(request)?;
        let document = self.0.gateway.export_consent(&caller, request).await?;
        Ok(self.0.gateway.answer(document, &caller).await?)
    }

    async fn import_consent(
        &self,
        request: Request<ImportConsentRequest>,
    ) -> Result<Response<ImportConsentResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        let import = self.0.gateway.import_consent(&caller, request).await?;
        Ok(self.0.gateway.answer(import, &caller).await?)
    }

    async fn batch_verify_consents(
        &self,
        request: Request<BatchVerifyConsentsRequest>,
    ) -> Result<Response<BatchVerifyConsentsResponse>, Status> {
        let (caller, requests) = self.0.open_batch(request)?;
        Ok(Response::new(self.0.gateway.batch_verify_consents(&caller, requests).await?))
    }

    type WatchConsentsStream = Stream<ConsentNotice>;

    async fn watch_consents(
        &self,
        request: Request<WatchConsentsRequest>,
    ) -> Result<Response<Self::WatchConsentsStream>, Status> {
        let (caller, request) = self.0.open(request)?;
        let watch = self.0.gateway.watch_consents(caller.clone(), request).await?;
        Ok(stream(watch, caller, self.0.gateway.clone()))
    }

    async fn explain_disclosure(
        &self,
        request: Request<ExplainDisclosureRequest>,
    ) -> Result<Response<DisclosureExplanation>, Status> {
        let (caller, request) = self.0.open(request)?;
        let explanation = self.0.gateway.explain_disclosure(&caller, request).await?;
        Ok(self.0.gateway.answer(explanation, &caller).await?)
    }

    async fn verify_consent(
        &self,
        request: Request<VerifyConsentRequest>,
    ) -> Result<Response<VerifyConsentResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        Ok(Response::new(self.0.gateway.verify_consent(&caller, request).await?))
    }
}
