//! What may a caller send as a request, and what is always true of it?

use std::fmt::Debug;

use polku_proto::codec::LARGEST_LISTS;
use polku_proto::{Valid, Validate, Violation, Violations, Weigh, fits, v1};
use prost::Message;

use crate::{Led, body_behind, oracle};

/// The name of a request of the contract, and what reads it.
pub type Request = (&'static str, fn(&[u8]) -> Led);

macro_rules! requests {
    ($($name:ident)*) => {
        /// Every request of the contract.
        pub const REQUESTS: &[Request] = &[$((stringify!($name), read::<v1::$name>)),*];
    };
}

requests! {
    AcceptPlanRequest AcceptReferralRequest AcknowledgePlanRequest AddJourneyEntryRequest
    AddPlanPartyRequest BatchVerifyConsentsRequest CancelReferralRequest CommentPlanItemRequest
    CompletePlanRequest CompleteReferralRequest ConfirmCancellationRequest CountWalkInRequest
    CreatePlanRequest EndLegalStatusRequest ExplainDisclosureRequest ExportConsentRequest
    FailReferralRequest FlagPlanStepRequest GetConsentReceiptRequest GetConsentRequest
    GetDeliveryRequest GetFiguresRequest GetJourneyRequest GetNextStepRequest GetPlanRequest
    GetReferralRequest GetServiceRequest GetWeeklyCalendarRequest GiveFeedbackRequest HoldPlanRequest
    HoldReferralRequest IdentifyYouthRequest ImportConsentRequest ImportPlanRequest
    InvalidateConsentRequest LiftProhibitionRequest LinkIdentityRequest LinkPlanItemsRequest
    ListConsentsRequest ListDeliveriesRequest ListDisclosuresRequest ListLegalStatusesRequest
    ListPlanRevisionsRequest ListPlansRequest ListReferralsRequest ListTasksRequest
    MarkPlanEnteredInErrorRequest MarkReferralEnteredInErrorRequest MergePlanRequest
    ProvideInformationRequest RecordConsentRequest RecordLegalStatusRequest RecordMeasureRequest
    RecordMeetingRequest RecordProhibitionRequest RefuseConsentRequest RejectReferralRequest
    RemovePlanPartyRequest RenewConsentRequest RequestConsentRequest RequestInformationRequest
    RerouteReferralRequest ResolveDeliveryRequest ResolveTaskRequest ResumePlanRequest
    RetryDeliveryRequest RevokeConsentRequest RevokePlanRequest SearchServicesRequest
    SendReferralRequest StartReferralRequest SuggestRecipientsRequest TransferPlanRequest
    UnlinkIdentityRequest UnlinkPlanItemsRequest VerifyConsentRequest WatchConsentsRequest
    WatchPlansRequest WatchReferralsRequest WatchTasksRequest WithdrawConsentRequest
}

/// Tries an input: a line with the name of a request, and its bytes.
///
/// # Panics
/// Something is true of what was read that must never be. Says what, and nothing of the input.
pub fn try_input(input: &[u8]) -> Led {
    let request = REQUESTS.iter().find_map(|(name, read)| Some((read, body_behind(input, name)?)));
    request.map_or(Led::Nowhere, |(read, bytes)| read(bytes))
}

/// Reads and checks a request as the gateway does.
fn read<X: Message + Debug + Default + PartialEq + Validate + Weigh>(bytes: &[u8]) -> Led {
    if !fits::<X>(bytes, LARGEST_LISTS) {
        return Led::ToRefusal;
    }
    let Ok(message) = X::decode(bytes) else { return Led::ToRefusal };
    let shown = format!("{message:?}");
    assert!(!oracle::has_identity_code(&shown), "a request is shown with a personal identity code in it");
    let again = X::decode(message.encode_to_vec().as_slice());
    assert!(
        again.is_ok_and(|again| again == message),
        "a request is another one when it is written and read"
    );
    match Valid::check(message) {
        Ok(_) => Led::Inside,
        Err(violations) => {
            check(&violations);
            Led::ToRefusal
        }
    }
}

/// A refusal says where and what was expected, in the words of the contract.
fn check(violations: &Violations) {
    let count = violations.iter().count();
    assert!((1..=Violations::MAX).contains(&count), "a request is refused for {count} reasons");
    for Violation { field, rule, expected } in violations.iter() {
        let is_path = |letter: char| letter.is_ascii_alphanumeric() || "_.[]".contains(letter);
        assert!(field.chars().all(is_path), "a place in a request that is no path");
        assert!(!rule.is_empty() && !expected.is_empty(), "a reason that says nothing");
        assert!(!oracle::has_identity_code(expected), "a reason repeats a personal identity code");
    }
}
