//! `polku.v1.DirectoryService`.

use polku_proto::v1::directory_service_server::DirectoryService;
use polku_proto::v1::{
    GetServiceRequest, GetWeeklyCalendarRequest, SearchServicesRequest, SearchServicesResponse, Service,
    SuggestRecipientsRequest, SuggestRecipientsResponse, WeeklyCalendar,
};
use tonic::{Request, Response, Status};

use super::Desk;

#[derive(Debug)]
pub(super) struct Directory(pub(super) Desk);

#[tonic::async_trait]
impl DirectoryService for Directory {
    async fn search_services(
        &self,
        request: Request<SearchServicesRequest>,
    ) -> Result<Response<SearchServicesResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        Ok(Response::new(self.0.gateway.search_services(&caller, request)?))
    }

    async fn get_service(&self, request: Request<GetServiceRequest>) -> Result<Response<Service>, Status> {
        let (_, request) = self.0.open(request)?;
        Ok(Response::new(self.0.gateway.get_service(&request)?))
    }

    async fn get_weekly_calendar(
        &self,
        request: Request<GetWeeklyCalendarRequest>,
    ) -> Result<Response<WeeklyCalendar>, Status> {
        let (_, request) = self.0.open(request)?;
        Ok(Response::new(self.0.gateway.get_weekly_calendar(&request)?))
    }

    async fn suggest_recipients(
        &self,
        request: Request<SuggestRecipientsRequest>,
    ) -> Result<Response<SuggestRecipientsResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        Ok(Response::new(self.0.gateway.suggest_recipients(&caller, request)?))
    }
}
