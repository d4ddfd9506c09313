//! `polku.v1.JourneyService`.

use polku_proto::v1::journey_service_server::JourneyService;
use polku_proto::v1::{
    AddJourneyEntryRequest, AddJourneyEntryResponse, CountWalkInRequest, CountWalkInResponse, Figures,
    GetFiguresRequest, GetJourneyRequest, GetNextStepRequest, GiveFeedbackRequest, GiveFeedbackResponse,
    IdentifyYouthRequest, IdentifyYouthResponse, Journey, LinkIdentityRequest, LinkIdentityResponse,
    ListDisclosuresRequest, ListDisclosuresResponse, NextStep, UnlinkIdentityRequest, UnlinkIdentityResponse,
};
use tonic::{Request, Response, Status};

use super::{Desk, deadline};

#[derive(Debug)]
pub(super) struct Service(pub(super) Desk);

#[tonic::async_trait]
impl JourneyService for Service {
    async fn identify_youth(
        &self,
        request: Request<IdentifyYouthRequest>,
    ) -> Result<Response<IdentifyYouthResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        Ok(Response::new(self.0.gateway.identify(&caller, request).await?))
    }

    async fn get_journey(&self, request: Request<GetJourneyRequest>) -> Result<Response<Journey>, Status> {
        let patience = deadline::patience(deadline::until(&request));
        let (caller, request) = self.0.open(request)?;
        let journey = self.0.gateway.get_journey(&caller, request, patience).await?;
        Ok(self.0.gateway.answer(journey, &caller).await?)
    }

    async fn list_disclosures(
        &self,
        request: Request<ListDisclosuresRequest>,
    ) -> Result<Response<ListDisclosuresResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        let list = self.0.gateway.list_disclosures(&caller, request).await?;
        Ok(self.0.gateway.answer(list, &caller).await?)
    }

    async fn add_journey_entry(
        &self,
        request: Request<AddJourneyEntryRequest>,
    ) -> Result<Response<AddJourneyEntryResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        let added = self.0.gateway.add_journey_entry(&caller, request).await?;
        Ok(self.0.gateway.answer(added, &caller).await?)
    }

    async fn link_identity(
        &self,
        request: Request<LinkIdentityRequest>,
    ) -> Result<Response<LinkIdentityResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        Ok(Response::new(self.0.gateway.link_identity(&caller, request).await?))
    }

    async fn unlink_identity(
        &self,
        request: Request<UnlinkIdentityRequest>,
    ) -> Result<Response<UnlinkIdentityResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        Ok(Response::new(self.0.gateway.unlink_identity(&caller, request).await?))
    }

    async fn get_next_step(
        &self,
        request: Request<GetNextStepRequest>,
    ) -> Result<Response<NextStep>, Status> {
        let (caller, request) = self.0.open(request)?;
        let step = self.0.gateway.get_next_step(&caller, request).await?;
        Ok(self.0.gateway.answer(step, &caller).await?)
    }

    async fn count_walk_in(
        &self,
        request: Request<CountWalkInRequest>,
    ) -> Result<Response<CountWalkInResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        Ok(Response::new(self.0.gateway.count_walk_in(&caller, request).await?))
    }

    async fn give_feedback(
        &self,
        request: Request<GiveFeedbackRequest>,
    ) -> Result<Response<GiveFeedbackResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        Ok(Response::new(self.0.gateway.give_feedback(&caller, request).await?))
    }

    async fn get_figures(&self, request: Request<GetFiguresRequest>) -> Result<Response<Figures>, Status> {
        let (caller, request) = self.0.open(request)?;
        Ok(Response::new(self.0.gateway.get_figures(&caller, request).await?))
    }
}
