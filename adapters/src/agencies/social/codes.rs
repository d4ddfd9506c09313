//! Which codes and systems stand in the resources? The tables of README.md.

use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    Achievement, ActionState, DataCategory, DeliveryState, GoalState, LegalGround, MeetingState, Outcome,
    PlanState, Purpose, ReferralState, RejectionReason,
};

/// A message, by its UUID: in identifiers and tags.
pub(super) const MESSAGE: &str = "urn:polku:message";
/// One category of what answers a question: the UUID of the message, a slash and the category with hyphens.
pub(super) const ANSWER: &str = "urn:polku:answer";
/// What a message is about, in `Provenance.activity`.
pub(super) const ACTIVITY: &str = "urn:polku:activity";
/// A told field, in `Observation.component.code`.
pub(super) const FIELD: &str = "urn:polku:field";
/// Status codes of job seekers.
pub(super) const JOB_SEEKER_STATUS: &str = "urn:polku:job-seeker-status";
/// States of a referral, in `Task.businessStatus`.
pub(super) const REFERRAL_STATE: &str = "urn:polku:referral-state";
/// Why a referral was declined, in `Task.statusReason`.
pub(super) const REJECTION_REASON: &str = "urn:polku:rejection-reason";
/// What became of it, in `Task.output`.
pub(super) const OUTCOME: &str = "urn:polku:outcome";
/// How its delivery has ended, in `Task.output`.
pub(super) const DELIVERY_STATE: &str = "urn:polku:delivery-state";
/// What an input or output of a Task is.
pub(super) const TASK_PART: &str = "urn:polku:task-part";
/// Grounds in law, in `ServiceRequest.reasonCode`.
pub(super) const LEGAL_GROUND: &str = "urn:polku:legal-ground";
/// Extension: whether the young person was asked first.
pub(super) const CONSENT_ASKED: &str = "urn:polku:consent-asked";
/// The joint plan, by its name in the gateway.
pub(super) const PLAN: &str = "urn:polku:plan";
/// One agency's part of it: the UUID of the plan, a slash and the agency.
pub(super) const PLAN_PART: &str = "urn:polku:plan-part";
/// The owner's own id of a plan.
pub(super) const PLAN_REFERENCE: &str = "urn:polku:plan-reference";
/// Extension: counts the changes of a plan.
pub(super) const PLAN_REVISION: &str = "urn:polku:plan-revision";
/// Extension: when the plan is looked at again.
pub(super) const NEXT_REVIEW: &str = "urn:polku:next-review";
/// Extension: when the young person accepted the joint plan.
pub(super) const ACCEPTED: &str = "urn:polku:accepted";
/// Extension: the part is not what was accepted.
pub(super) const CHANGED: &str = "urn:polku:changed-since-acceptance";
/// Extension: an action that whoever has undertaken it stands by, and since when.
pub(super) const ACKNOWLEDGED: &str = "urn:polku:acknowledged";
/// Extension: who came to a meeting.
pub(super) const MEETING_RECORD: &str = "urn:polku:meeting-record";
/// Extension: the step of the joint plan that comes next.
pub(super) const NEXT_STEP: &str = "urn:polku:next-step";
/// Extension: two items of the joint plan that belong together.
pub(super) const PLAN_LINK: &str = "urn:polku:plan-link";
/// A need or goal, by its id in the plan.
pub(super) const PLAN_ITEM: &str = "urn:polku:plan-item";
/// What an Observation in a plan is, beside those by category.
pub(super) const PLAN_ITEM_KIND: &str = "urn:polku:plan-item-kind";
/// How far a goal has been reached: FHIR's own list.
pub(super) const ACHIEVEMENT: &str = "http://terminology.hl7.org/CodeSystem/goal-achievement";
/// Extension: service task (palvelutehtävä); its value has the code list.
pub(super) const SERVICE_TASK: &str = "urn:polku:service-task";
/// Code list of service tasks.
pub(super) const SERVICE_TASKS: &str = "urn:oid:1.2.246.537.6.1221";
/// Extension: a document that something stems from.
pub(super) const DOCUMENT: &str = "urn:polku:document";
/// Extension: the home municipality (Finnish base profiles).
pub(super) const MUNICIPALITY: &str =
    "https://hl7.fi/fhir/finnish-base-profiles/StructureDefinition/municipality-code";
/// Code list of municipalities.
pub(super) const MUNICIPALITIES: &str = "urn:oid:1.2.246.537.6.21";
/// Languages.
pub(super) const LANGUAGES: &str = "urn:ietf:bcp:47";
/// What a Task asks for.
pub(super) const TASK_CODE: &str = "http://hl7.org/fhir/CodeSystem/task-code";
/// Life of a record (ISO 21089), for the type of a disclosure.
pub(super) const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
/// What an entity of an AuditEvent is.
pub(super) const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
/// What part an entity has in an AuditEvent.
pub(super) const ENTITY_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
/// Extension: the message that told what a disclosure notice is about.
pub(super) const DISCLOSED_MESSAGE: &str = "urn:polku:disclosed-message";
/// Extension: the referral with which something was told.
pub(super) const REFERRAL: &str = "urn:polku:referral";
/// Extension: the consent that a disclosure rests on.
pub(super) const CONSENT: &str = "urn:polku:consent";
/// One version of a consent: its UUID, a slash and the version. Tag: of whoever recorded it.
pub(super) const CONSENT_AT: &str = "urn:polku:consent-at-version";
/// `outcomeDesc` of an AuditEvent about what may have arrived.
pub(super) const IN_DOUBT: &str = "arrival unknown";
/// Extension: which version of it.
pub(super) const CONSENT_VERSION: &str = "urn:polku:consent-version";
/// Extension: the section of law that a disclosure rests on.
pub(super) const STATUTE: &str = "urn:polku:statute";
/// Before the id of a rule, in `policy`.
pub(super) const RULE: &str = "urn:polku:rule:";
/// Reasons of the gateway, in `OperationOutcome.issue.details`.
pub(super) const REASON: &str = "urn:polku:reason";
/// Places in the gateway's audit log, in `OperationOutcome.issue.details`.
pub(super) const AUDIT_SEQUENCE: &str = "urn:polku:audit-sequence";

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    ReferralSent,
    StateChanged,
    InformationProvided,
    ConsentWithdrawn,
    PlanTold,
    DataDisclosed,
}

impl Activity {
    const ALL: [Activity; 6] = [
        Activity::ReferralSent,
        Activity::StateChanged,
        Activity::InformationProvided,
        Activity::ConsentWithdrawn,
        Activity::PlanTold,
        Activity::DataDisclosed,
    ];

    pub(super) fn code(self) -> &'static str {
        match self {
            Activity::ReferralSent => "referral-sent",
            Activity::StateChanged => "state-changed",
            Activity::InformationProvided => "information-provided",
            Activity::ConsentWithdrawn => "consent-withdrawn",
            Activity::PlanTold => "plan-told",
            Activity::DataDisclosed => "data-disclosed",
        }
    }

    pub(super) fn read(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|activity| activity.code() == code)
    }
}

/// One table for each enum of the contract: every value and its code.
macro_rules! codes {
    ($($(#[$comment:meta])* $name:ident: $enum:ty { $($value:ident => $code:literal,)* })*) => {$(
        $(#[$comment])*
        pub(super) fn $name(value: $enum) -> Option<&'static str> {
            Some(match value {
                <$enum>::Unspecified => return None,
                $(<$enum>::$value => $code,)*
            })
        }
    )*};
}

codes! {
    /// `Task.businessStatus`.
    state: ReferralState {
        Requested => "requested",
        InfoRequested => "info-requested",
        Accepted => "accepted",
        Rejected => "rejected",
        InProgress => "in-progress",
        OnHold => "on-hold",
        Completed => "completed",
        Failed => "failed",
        CancelRequested => "cancel-requested",
        Cancelled => "cancelled",
        Expired => "expired",
        ConsentWithdrawn => "consent-withdrawn",
        EnteredInError => "entered-in-error",
    }
    /// `Task.status`: FHIR has fewer. What a state is precisely, `businessStatus` says.
    task_status: ReferralState {
        Requested => "requested",
        InfoRequested => "requested",
        Accepted => "accepted",
        Rejected => "rejected",
        InProgress => "in-progress",
        OnHold => "on-hold",
        Completed => "completed",
        Failed => "failed",
        CancelRequested => "on-hold",
        Cancelled => "cancelled",
        Expired => "cancelled",
        ConsentWithdrawn => "cancelled",
        EnteredInError => "entered-in-error",
    }
    /// `Task.statusReason`.
    reason: RejectionReason {
        NoCapacity => "no-capacity",
        NotEligible => "not-eligible",
        WrongService => "wrong-service",
        OutsideArea => "outside-area",
        InsufficientInformation => "insufficient-information",
        Other => "other",
    }
    /// `Task.output` of type `outcome`.
    outcome: Outcome {
        GotService => "got-service",
        ReferredElsewhere => "referred-elsewhere",
        CouldNotContact => "could-not-contact",
        NotEligible => "not-eligible",
        NoCapacity => "no-capacity",
        NoLongerInterested => "no-longer-interested",
        WithdrewConsent => "withdrew-consent",
        Unknown => "unknown",
    }
    /// `ServiceRequest.reasonCode`.
    ground: LegalGround {
        OutreachNotice => "outreach-notice",
        SocialCareInability => "social-care-inability",
        SocialCareChildInterest => "social-care-child-interest",
        ChildWelfareNotice => "child-welfare-notice",
        AssistanceSocialWork => "assistance-social-work",
        AssistanceSupplementary => "assistance-supplementary",
        AssistanceLowered => "assistance-lowered",
        AssistanceUnemployedYoung => "assistance-unemployed-young",
        AssistanceUnemployed => "assistance-unemployed",
        AssistanceImmigrant => "assistance-immigrant",
    }
    /// `ServiceRequest.priority` that goes with a ground: what the law says about time.
    priority: LegalGround {
        OutreachNotice => "routine",
        SocialCareInability => "asap",
        SocialCareChildInterest => "asap",
        ChildWelfareNotice => "stat",
        AssistanceSocialWork => "stat",
        AssistanceSupplementary => "stat",
        AssistanceLowered => "routine",
        AssistanceUnemployedYoung => "urgent",
        AssistanceUnemployed => "urgent",
        AssistanceImmigrant => "urgent",
    }
    /// The extension `consent-asked`.
    consent_asked: ConsentAsked {
        NotGiven => "not-given",
        NotReached => "not-reached",
        No => "no",
    }
    /// `CarePlan.status`.
    plan_state: PlanState {
        Draft => "draft",
        Active => "active",
        OnHold => "on-hold",
        Revoked => "revoked",
        Completed => "completed",
        EnteredInError => "entered-in-error",
    }
    /// `Goal.lifecycleStatus`.
    goal_state: GoalState {
        Proposed => "proposed",
        Planned => "planned",
        Accepted => "accepted",
        Active => "active",
        OnHold => "on-hold",
        Completed => "completed",
        Cancelled => "cancelled",
        EnteredInError => "entered-in-error",
        Rejected => "rejected",
    }
    /// `Goal.achievementStatus`.
    achievement: Achievement {
        InProgress => "in-progress",
        Improving => "improving",
        Worsening => "worsening",
        NoChange => "no-change",
        Achieved => "achieved",
        Sustaining => "sustaining",
        NotAchieved => "not-achieved",
        NoProgress => "no-progress",
        NotAttainable => "not-attainable",
    }
    /// `CarePlan.activity.detail.status` of an action.
    action_state: ActionState {
        Proposed => "not-started",
        Agreed => "scheduled",
        InProgress => "in-progress",
        Done => "completed",
        NotDone => "stopped",
        Dropped => "cancelled",
    }
    /// `CarePlan.activity.detail.status` of a meeting.
    meeting_state: MeetingState {
        Planned => "scheduled",
        Held => "completed",
        Cancelled => "cancelled",
    }
}

/// `Task.output` of type `delivery`: only what a delivery can end in.
pub(super) fn delivery(state: DeliveryState) -> Option<&'static str> {
    Some(match state {
        DeliveryState::Unspecified
        | DeliveryState::Queued
        | DeliveryState::Sending
        | DeliveryState::Retrying => return None,
        DeliveryState::Delivered => "delivered",
        DeliveryState::InDoubt => "in-doubt",
        DeliveryState::Rejected => "rejected",
        DeliveryState::Stopped => "stopped",
        DeliveryState::Expired => "expired",
    })
}

/// A purpose.
pub(super) fn purpose(purpose: Purpose) -> Option<&'static str> {
    (purpose != Purpose::Unspecified).then(|| polku_policy::purpose_name(purpose))
}

/// A data category that may stand in a resource.
pub(super) fn category(number: i32) -> Option<DataCategory> {
    let known = DataCategory::try_from(number).ok()?;
    (!matches!(known, DataCategory::Unspecified | DataCategory::Envelope)).then_some(known)
}

/// A data category, read.
pub(super) fn read_category(code: &str) -> Option<DataCategory> {
    polku_proto::named(code).filter(|found| *found != DataCategory::Envelope)
}

/// The id that a resource about a category has inside of another one: FHIR's ids have no underscores.
pub(super) fn local_id(category: DataCategory) -> String {
    polku_proto::name(category).replace('_', "-")
}
