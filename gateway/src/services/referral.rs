//! `polku.v1.ReferralService`.

use std::time::Instant;

use polku_proto::Validate;
use polku_proto::v1::referral_service_server::ReferralService;
use polku_proto::v1::{
    AcceptReferralRequest, CancelReferralRequest, CompleteReferralRequest, ConfirmCancellationRequest,
    FailReferralRequest, GetReferralRequest, HoldReferralRequest, ListReferralsRequest,
    ListReferralsResponse, MarkReferralEnteredInErrorRequest, ProvideInformationRequest, Referral,
    ReferralChange, ReferralEvent, RejectReferralRequest, RequestInformationRequest, RerouteReferralRequest,
    SendReferralRequest, SendReferralResponse, StartReferralRequest, WatchReferralsRequest,
};
use prost::Message;
use tonic::{Request, Response, Status};

use super::{Desk, Stream, deadline, stream};
use crate::caller::Caller;
use crate::journey::{Action, Respond, Responded, Sent, name};
use crate::outbox::{Lock, Reading};

#[derive(Debug)]
pub(super) struct Service(pub(super) Desk);

/// The fields that every step of a party has.
struct Fields {
    request_id: String,
    name: String,
    etag: String,
    action: Action,
}

impl Service {
    /// One step of a party, whatever its message is called.
    async fn step<X: Validate + Message + Clone>(
        &self,
        request: Request<X>,
        method: &'static str,
        fields: impl FnOnce(X) -> Fields,
    ) -> Result<Response<ReferralChange>, Status> {
        let gateway = &self.0.gateway;
        let (caller, request) = self.0.open(request)?;
        let message = request.into_inner();
        let Fields { request_id, name: text, etag, action } = fields(message.clone());
        let call = gateway.call(&caller, method, &request_id, &message)?;
        let respond = Respond { name: name(&text, "name")?, etag, action };
        let referral = respond.name;
        let Responded { change, told } = gateway.respond(&call, respond).await?;
        // The answer shows the referral too.
        let name = referral.to_string();
        let reading = Reading { caller: &caller, youth: referral.youth, name: &name, lock: Lock::Free };
        gateway.note_telling(&reading, &change, told).await?;
        Ok(gateway.answer(change, &caller).await?)
    }

    /// The answer at once, or after the delivery has come to its end.
    async fn sent(
        &self,
        caller: &Caller,
        sent: Sent,
        until: Option<Instant>,
    ) -> Result<Response<SendReferralResponse>, Status> {
        let gateway = &self.0.gateway;
        let authorised = gateway.answer_sender(caller, sent, until.map(deadline::patience)).await?;
        Ok(gateway.answer(authorised, caller).await?)
    }
}

#[tonic::async_trait]
impl ReferralService for Service {
    async fn send_referral(
        &self,
        request: Request<SendReferralRequest>,
    ) -> Result<Response<SendReferralResponse>, Status> {
        let until = request.get_ref().wait_for_delivery.then(|| deadline::until(&request));
        let (caller, request) = self.0.open(request)?;
        let sent = self.0.gateway.send_referral(&caller, request).await?;
        self.sent(&caller, sent, until).await
    }

    async fn reroute_referral(
        &self,
        request: Request<RerouteReferralRequest>,
    ) -> Result<Response<SendReferralResponse>, Status> {
        let until = request.get_ref().wait_for_delivery.then(|| deadline::until(&request));
        let (caller, request) = self.0.open(request)?;
        let sent = self.0.gateway.reroute_referral(&caller, request).await?;
        self.sent(&caller, sent, until).await
    }

    async fn get_referral(&self, request: Request<GetReferralRequest>) -> Result<Response<Referral>, Status> {
        let (caller, request) = self.0.open(request)?;
        let referral = self.0.gateway.get_referral(&caller, request).await?;
        Ok(self.0.gateway.answer(referral, &caller).await?)
    }

    async fn list_referrals(
        &self,
        request: Request<ListReferralsRequest>,
    ) -> Result<Response<ListReferralsResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        let list = self.0.gateway.list_referrals(&caller, request).await?;
        Ok(self.0.gateway.answer(list, &caller).await?)
    }

    async fn accept_referral(
        &self,
        request: Request<AcceptReferralRequest>,
    ) -> Result<Response<ReferralChange>, Status> {
        self.step(request, "AcceptReferral", |message| {
            let AcceptReferralRequest { request_id, name, etag, note } = message;
            Fields { request_id, name, etag, action: Action::Accept { note } }
        })
        .await
    }

    async fn reject_referral(
        &self,
        request: Request<RejectReferralRequest>,
    ) -> Result<Response<ReferralChange>, Status> {
        self.step(request, "RejectReferral", |message| {
            let reason = message.reason();
            let RejectReferralRequest { request_id, name, etag, reason: _, note } = message;
            Fields { request_id, name, etag, action: Action::Reject { reason, note } }
        })
        .await
    }

    async fn request_information(
        &self,
        request: Request<RequestInformationRequest>,
    ) -> Result<Response<ReferralChange>, Status> {
        self.step(request, "RequestInformation", |message| {
            let RequestInformationRequest { request_id, name, etag, question } = message;
            Fields { request_id, name, etag, action: Action::RequestInformation { question } }
        })
        .await
    }

    async fn provide_information(
        &self,
        request: Request<ProvideInformationRequest>,
    ) -> Result<Response<ReferralChange>, Status> {
        self.step(request, "ProvideInformation", |message| {
            let ProvideInformationRequest { request_id, name, etag, answer, origin } = message;
            let answer = Box::new(answer.unwrap_or_default());
            Fields { request_id, name, etag, action: Action::ProvideInformation { answer, origin } }
        })
        .await
    }

    async fn start_referral(
        &self,
        request: Request<StartReferralRequest>,
    ) -> Result<Response<ReferralChange>, Status> {
        self.step(request, "StartReferral", |message| {
            let StartReferralRequest { request_id, name, etag, note } = message;
            Fields { request_id, name, etag, action: Action::Start { note } }
        })
        .await
    }

    async fn hold_referral(
        &self,
        request: Request<HoldReferralRequest>,
    ) -> Result<Response<ReferralChange>, Status> {
        self.step(request, "HoldReferral", |message| {
            let HoldReferralRequest { request_id, name, etag, note } = message;
            Fields { request_id, name, etag, action: Action::Hold { note } }
        })
        .await
    }

    async fn complete_referral(
        &self,
        request: Request<CompleteReferralRequest>,
    ) -> Result<Response<ReferralChange>, Status> {
        self.step(request, "CompleteReferral", |message| {
            let outcome = message.outcome();
            let CompleteReferralRequest { request_id, name, etag, outcome: _, note } = message;
            Fields { request_id, name, etag, action: Action::Complete { outcome, note } }
        })
        .await
    }

    async fn fail_referral(
        &self,
        request: Request<FailReferralRequest>,
    ) -> Result<Response<ReferralChange>, Status> {
        self.step(request, "FailReferral", |message| {
            let outcome = message.outcome();
            let FailReferralRequest { request_id, name, etag, outcome: _, note } = message;
            Fields { request_id, name, etag, action: Action::Fail { outcome, note } }
        })
        .await
    }

    async fn cancel_referral(
        &self,
        request: Request<CancelReferralRequest>,
    ) -> Result<Response<ReferralChange>, Status> {
        self.step(request, "CancelReferral", |message| {
            let CancelReferralRequest { request_id, name, etag, note } = message;
            Fields { request_id, name, etag, action: Action::Cancel { note } }
        })
        .await
    }

    async fn confirm_cancellation(
        &self,
        request: Request<ConfirmCancellationRequest>,
    ) -> Result<Response<ReferralChange>, Status> {
        self.step(request, "ConfirmCancellation", |message| {
            let ConfirmCancellationRequest { request_id, name, etag, note } = message;
            Fields { request_id, name, etag, action: Action::ConfirmCancellation { note } }
        })
        .await
    }

    async fn mark_referral_entered_in_error(
        &self,
        request: Request<MarkReferralEnteredInErrorRequest>,
    ) -> Result<Response<ReferralChange>, Status> {
        self.step(request, "MarkReferralEnteredInError", |message| {
            let MarkReferralEnteredInErrorRequest { request_id, name, etag, note } = message;
            Fields { request_id, name, etag, action: Action::MarkEnteredInError { note } }
        })
        .await
    }

    type WatchReferralsStream = Stream<ReferralEvent>;

    async fn watch_referrals(
        &self,
        request: Request<WatchReferralsRequest>,
    ) -> Result<Response<Self::WatchReferralsStream>, Status> {
        let (caller, request) = self.0.open(request)?;
        let watch = self.0.gateway.watch_referrals(caller.clone(), request).await?;
        Ok(stream(watch, caller, self.0.gateway.clone()))
    }
}
