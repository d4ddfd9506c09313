//! `polku.v1.PlanService`.

use polku_proto::v1::plan_service_server::PlanService;
use polku_proto::v1::{
    AcceptPlanRequest, AcknowledgePlanRequest, AddPlanPartyRequest, CommentPlanItemRequest,
    CompletePlanRequest, CreatePlanRequest, FlagPlanStepRequest, GetPlanRequest, HoldPlanRequest,
    ImportPlanRequest, LinkPlanItemsRequest, ListPlanRevisionsRequest, ListPlanRevisionsResponse,
    ListPlansRequest, ListPlansResponse, MarkPlanEnteredInErrorRequest, MergePlanRequest, MergePlanResponse,
    Plan, PlanChange, PlanEvent, RecordMeasureRequest, RecordMeetingRequest, RemovePlanPartyRequest,
    ResumePlanRequest, RevokePlanRequest, TransferPlanRequest, UnlinkPlanItemsRequest, WatchPlansRequest,
};
use tonic::{Request, Response, Status};

use super::{Desk, Stream, stream};

#[derive(Debug)]
pub(super) struct Service(pub(super) Desk);

/// Each method asks its use case and spends the permit of the answer.
macro_rules! methods {
    ($($method:ident($request:ident) -> $answer:ident;)*) => {
        #[tonic::async_trait]
        impl PlanService for Service {
            $(async fn $method(&self, request: Request<$request>) -> Result<Response<$answer>, Status> {
                let (caller, request) = self.0.open(request)?;
                let authorised = self.0.gateway.$method(&caller, request).await?;
                Ok(self.0.gateway.answer(authorised, &caller).await?)
            })*

            type WatchPlansStream = Stream<PlanEvent>;

            async fn watch_plans(
                &self,
                request: Request<WatchPlansRequest>,
            ) -> Result<Response<Self::WatchPlansStream>, Status> {
                let (caller, request) = self.0.open(request)?;
                let watch = self.0.gateway.watch_plans(caller.clone(), request).await?;
                Ok(stream(watch, caller, self.0.gateway.clone()))
            }
        }
    };
}

methods! {
    create_plan(CreatePlanRequest) -> PlanChange;
    get_plan(GetPlanRequest) -> Plan;
    list_plans(ListPlansRequest) -> ListPlansResponse;
    add_plan_party(AddPlanPartyRequest) -> PlanChange;
    remove_plan_party(RemovePlanPartyRequest) -> PlanChange;
    transfer_plan(TransferPlanRequest) -> PlanChange;
    merge_plan(MergePlanRequest) -> MergePlanResponse;
    import_plan(ImportPlanRequest) -> MergePlanResponse;
    accept_plan(AcceptPlanRequest) -> PlanChange;
    acknowledge_plan(AcknowledgePlanRequest) -> PlanChange;
    hold_plan(HoldPlanRequest) -> PlanChange;
    resume_plan(ResumePlanRequest) -> PlanChange;
    complete_plan(CompletePlanRequest) -> PlanChange;
    revoke_plan(RevokePlanRequest) -> PlanChange;
    mark_plan_entered_in_error(MarkPlanEnteredInErrorRequest) -> PlanChange;
    flag_plan_step(FlagPlanStepRequest) -> PlanChange;
    comment_plan_item(CommentPlanItemRequest) -> PlanChange;
    link_plan_items(LinkPlanItemsRequest) -> PlanChange;
    unlink_plan_items(UnlinkPlanItemsRequest) -> PlanChange;
    record_meeting(RecordMeetingRequest) -> PlanChange;
    record_measure(RecordMeasureRequest) -> PlanChange;
    list_plan_revisions(ListPlanRevisionsRequest) -> ListPlanRevisionsResponse;
}
