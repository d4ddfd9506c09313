//! Does the gateway read the contract's rules as Protovalidate does, which others check their messages with?

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use polku_proto::{Valid, Validate, Violations, v1};
use prost::Message;
use serde::Deserialize;
use tempfile::TempDir;

use super::{contract, program};

/// A message, and what Protovalidate says of it.
#[derive(Deserialize)]
struct Example {
    message: String,
    field: String,
    bytes: String,
    broken: Vec<String>,
}

/// Checks the bytes as the message of this name: one of the list.
macro_rules! check_as {
    ($name:expr, $bytes:expr; $($message:ident)*) => {
        match $name {
            $(stringify!($message) => broken::<v1::$message>($bytes),)*
            other => panic!("{other} is not in the list of messages here"),
        }
    };
}

fn broken_of(example: &Example) -> Vec<String> {
    let bytes = STANDARD.decode(&example.bytes).unwrap();
    check_as!(example.message.as_str(), &bytes;
        AcceptPlanRequest AcceptReferralRequest AcknowledgePlanRequest Actor AddJourneyEntryRequest
        AddJourneyEntryResponse AddPlanPartyRequest AddressProtection AgencyFacts AreaScore Attainment
        AuditReceipt Background Basis BatchVerifyConsentsRequest BatchVerifyConsentsResponse CalendarDay CalendarEntry
        CancelReferralRequest CapacityAssessment CategoryExplanation CommentPlanItemRequest CompletePlanRequest
        CompleteReferralRequest ConfirmCancellationRequest ConflictResolution Consent ConsentChange
        ConsentDocument ConsentEvent ConsentEvidence ConsentNotice ConsentReceipt ConsentSource ConsentTerms ContactDetails
        CountWalkInRequest CountWalkInResponse CreatePlanRequest CurrentWorker Decision Delivery DeliveryAct Disclosure
        DisclosureActor DisclosureExplanation DisclosureNotice DuplicateResolution EducationWork Encounter
        EndLegalStatusRequest EscortedHandover ExplainDisclosureRequest ExportConsentRequest Fact FactsQuery
        FailReferralRequest Feedback Figure Figures FlagPlanStepRequest FollowUp FollowUpResolution
        GetConsentReceiptRequest GetConsentRequest GetDeliveryRequest GetFiguresRequest GetJourneyRequest GetNextStepRequest
        GetPlanRequest GetReferralRequest GetServiceRequest GetWeeklyCalendarRequest GiveFeedbackRequest
        GiveFeedbackResponse HoldPlanRequest HoldReferralRequest IdentifyYouthRequest IdentifyYouthResponse
        ImportConsentRequest ImportConsentResponse ImportPlanRequest InformationExchange
        InvalidateConsentRequest Journey JourneyEntry JourneyLeaving JourneyOpening LegalClaim LegalStatus
        LegalStatusChange LegalStatusTerms LiftProhibitionRequest LinkIdentityRequest LinkIdentityResponse
        LinkPlanItemsRequest ListConsentsRequest ListConsentsResponse ListDeliveriesRequest ListDeliveriesResponse ListDisclosuresRequest
        ListDisclosuresResponse ListLegalStatusesRequest ListLegalStatusesResponse ListPlanRevisionsRequest
        ListPlanRevisionsResponse ListPlansRequest ListPlansResponse ListReferralsRequest
        ListReferralsResponse ListTasksRequest ListTasksResponse LocalizedText Mandate
        MarkPlanEnteredInErrorRequest MarkReferralEnteredInErrorRequest MeetingRecord MergePlanRequest
        MergePlanResponse MethodCallers MissingGround MultiSectorSupport NextStep OpeningHour Origin Plan PlanAction
        PlanActivity PlanAround PlanChange PlanComment PlanCommitment PlanConflict PlanDuplicate PlanEvent PlanFieldChange PlanGoal
        PlanItem PlanLink PlanMeeting PlanNeed PlanPart PlanRevision PlanSection PlanSource PlanStanding Professional
        ProfileAssessment Prohibition ProhibitionChange ProhibitionTerms ProvideInformationRequest QueuedDelivery
        RecipientSuggestion RecordChange RecordConsentRequest RecordLegalStatusRequest RecordMeasureRequest
        RecordMeetingRequest RecordProhibitionRequest Referral ReferralChange ReferralContent ReferralEvent
        ReferralHandover ReferralNotice RefuseConsentRequest RejectReferralRequest RemovePlanPartyRequest
        RenewConsentRequest RepresentativeActor RequestConsentRequest RequestInformationRequest
        RerouteReferralRequest ResolveDeliveryRequest ResolveTaskRequest ResolveTaskResponse ResumePlanRequest RetentionAnswer RetryDeliveryRequest
        RevokeConsentRequest RevokePlanRequest SearchServicesRequest SearchServicesResponse
        SendReferralRequest SendReferralResponse Service ServiceAddress ServiceArea ServiceChannel
        ServiceHour ServiceOrganization ServicePhone ServiceWebPage StarReading StartReferralRequest
        SubjectActor SuggestRecipientsRequest SuggestRecipientsResponse Task TaskEvent TransferPlanRequest
        UnlinkIdentityRequest UnlinkIdentityResponse UnlinkPlanItemsRequest VerifyConsentError VerifyConsentRequest VerifyConsentResponse
        VerifyConsentResult WatchConsentsRequest WatchPlansRequest WatchReferralsRequest WatchTasksRequest
        WeeklyCalendar WhoqolAnswer WhoqolReading WhoqolScores WithdrawConsentRequest WorkSpent Worker
        WorkerAssignment
    )
}

/// The rules that the message breaks, as `field.path[0] rule.name`, in order.
fn broken<X: Message + Default + Validate>(bytes: &[u8]) -> Vec<String> {
    let Err(violations) = Valid::check(X::decode(bytes).unwrap()) else {
        return Vec::new();
    };
    let mut found: Vec<String> =
        violations.iter().map(|violation| format!("{} {}", violation.field, violation.rule)).collect();
    found.sort();
    found
}

/// The Python program makes the examples anew from the .proto files, so a new rule or message is in them at once.
#[tokio::test]
async fn every_rule_of_the_contract_means_what_protovalidate_says() {
    let folder = TempDir::new().unwrap();
    let corpus = folder.path().join("corpus.jsonl");
    let output = program("rules.py")
        .args([&contract(), &folder.path().join("stubs"), &corpus])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));

    let mut verdicts: BTreeMap<String, [u32; 2]> = BTreeMap::new();
    for example in examples(&corpus) {
        let Example { message, field, broken, .. } = &example;
        let ours = broken_of(&example);
        assert_eq!(
            ours.is_empty(),
            broken.is_empty(),
            "{message}, example about {field:?}: {ours:?}, {broken:?}"
        );
        verdicts.entry(message.clone()).or_default()[usize::from(ours.is_empty())] += 1;
        if ours.len() < Violations::MAX {
            assert_eq!(&ours, broken, "{message}, example about {field:?}");
        }
    }
    assert!(verdicts["SendReferralRequest"].iter().all(|count| *count > 20), "{verdicts:?}");
}

fn examples(corpus: &Path) -> Vec<Example> {
    let text = std::fs::read_to_string(corpus).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
