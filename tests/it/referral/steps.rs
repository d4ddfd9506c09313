//! How does a party take one step?

use polku_proto::v1::{
    AcceptReferralRequest, CancelReferralRequest, CompleteReferralRequest, ConfirmCancellationRequest,
    FailReferralRequest, HoldReferralRequest, MarkReferralEnteredInErrorRequest, Outcome,
    ProvideInformationRequest, Referral, ReferralChange, RejectReferralRequest, RejectionReason,
    RequestInformationRequest, RerouteReferralRequest, StartReferralRequest,
};
use polku_tests::world::{Client, TE, request_id};
use tonic::{Response, Status};

use crate::stage::{brief_content, purpose_of};

/// The steps that parties take by a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Accept,
    Reject,
    Ask,
    Provide,
    Start,
    Hold,
    Complete,
    Fail,
    Cancel,
    Confirm,
    MarkError,
    Reroute,
}

pub(super) const STEPS: [Step; 12] = [
    Step::Accept,
    Step::Reject,
    Step::Ask,
    Step::Provide,
    Step::Start,
    Step::Hold,
    Step::Complete,
    Step::Fail,
    Step::Cancel,
    Step::Confirm,
    Step::MarkError,
    Step::Reroute,
];

/// Takes the step whatever the version is; answers the referral, for a reroute the new one.
pub(super) async fn take(client: &Client, step: Step, name: &str) -> Result<Referral, Status> {
    take_at(client, step, name, "").await
}

/// Takes the step if the referral has this version.
pub(super) async fn take_at(client: &Client, step: Step, name: &str, etag: &str) -> Result<Referral, Status> {
    let mut referral = client.clone().referral;
    let (request_id, name, etag) = (request_id(), name.to_owned(), etag.to_owned());
    let note = format!("kanaria-{step:?}");
    let outcome = Outcome::GotService as i32;
    let changed = match step {
        Step::Accept => {
            referral.accept_referral(AcceptReferralRequest { request_id, name, etag, note }).await
        }
        Step::Reject => {
            let reason = RejectionReason::WrongService as i32;
            referral.reject_referral(RejectReferralRequest { request_id, name, etag, reason, note }).await
        }
        Step::Ask => {
            let question = note;
            referral.request_information(RequestInformationRequest { request_id, name, etag, question }).await
        }
        Step::Provide => {
            let answer = Some(brief_content());
            referral
                .provide_information(ProvideInformationRequest {
                    request_id,
                    name,
                    etag,
                    answer,
                    origin: None,
                })
                .await
        }
        Step::Start => referral.start_referral(StartReferralRequest { request_id, name, etag, note }).await,
        Step::Hold => referral.hold_referral(HoldReferralRequest { request_id, name, etag, note }).await,
        Step::Complete => {
            let request = CompleteReferralRequest { request_id, name, etag, outcome, note };
            referral.complete_referral(request).await
        }
        Step::Fail => {
            referral.fail_referral(FailReferralRequest { request_id, name, etag, outcome, note }).await
        }
        Step::Cancel => {
            referral.cancel_referral(CancelReferralRequest { request_id, name, etag, note }).await
        }
        Step::Confirm => {
            referral.confirm_cancellation(ConfirmCancellationRequest { request_id, name, etag, note }).await
        }
        Step::MarkError => {
            let request = MarkReferralEnteredInErrorRequest { request_id, name, etag, note };
            referral.mark_referral_entered_in_error(request).await
        }
        Step::Reroute => {
            let request = RerouteReferralRequest {
                request_id,
                name,
                recipient: TE.into(),
                purpose: purpose_of(TE) as i32,
                ..RerouteReferralRequest::default()
            };
            return Ok(referral.reroute_referral(request).await?.into_inner().referral.unwrap());
        }
    };
    changed.map(Response::into_inner).map(referral_of)
}

fn referral_of(change: ReferralChange) -> Referral {
    assert!(change.receipt.is_some(), "a change without its leaf");
    change.referral.unwrap()
}
