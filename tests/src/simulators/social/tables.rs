//! Which members and codes does the document of social services know?

use polku_proto::v1::LegalGround;

/// The members that a resource may have.
pub(super) const MEMBERS: [(&str, &[&str]); 10] = [
    ("Patient", &["identifier", "name", "telecom", "address", "extension", "communication"]),
    (
        "Observation",
        &["id", "identifier", "status", "category", "code", "subject", "component", "valueString"],
    ),
    (
        "ServiceRequest",
        &[
            "meta",
            "contained",
            "identifier",
            "status",
            "intent",
            "category",
            "priority",
            "subject",
            "authoredOn",
            "requester",
            "performer",
            "reasonCode",
            "supportingInfo",
        ],
    ),
    (
        "Task",
        &[
            "contained",
            "identifier",
            "status",
            "statusReason",
            "businessStatus",
            "intent",
            "priority",
            "code",
            "focus",
            "for",
            "authoredOn",
            "lastModified",
            "requester",
            "owner",
            "restriction",
            "input",
            "output",
        ],
    ),
    (
        "CarePlan",
        &[
            "meta",
            "contained",
            "extension",
            "identifier",
            "status",
            "intent",
            "subject",
            "author",
            "contributor",
            "supportingInfo",
            "goal",
            "activity",
            "note",
        ],
    ),
    (
        "Goal",
        &[
            "id",
            "identifier",
            "lifecycleStatus",
            "achievementStatus",
            "category",
            "description",
            "subject",
            "target",
            "addresses",
        ],
    ),
    ("PractitionerRole", &["id", "practitioner", "organization", "telecom"]),
    (
        "AuditEvent",
        &[
            "meta",
            "extension",
            "type",
            "action",
            "period",
            "recorded",
            "outcome",
            "purposeOfEvent",
            "agent",
            "source",
            "entity",
        ],
    ),
    ("Provenance", &["meta", "target", "occurredDateTime", "recorded", "policy", "activity", "agent"]),
    ("Bundle", &["identifier", "type", "timestamp", "entry"]),
];

/// What `Task.status` is for each state.
pub(super) const STATES: [(&str, &str); 13] = [
    ("requested", "requested"),
    ("info-requested", "requested"),
    ("accepted", "accepted"),
    ("rejected", "rejected"),
    ("in-progress", "in-progress"),
    ("on-hold", "on-hold"),
    ("completed", "completed"),
    ("failed", "failed"),
    ("cancel-requested", "on-hold"),
    ("cancelled", "cancelled"),
    ("expired", "cancelled"),
    ("consent-withdrawn", "cancelled"),
    ("entered-in-error", "entered-in-error"),
];

/// The grounds in law, and how urgent each makes a referral.
pub(super) const GROUNDS: [(LegalGround, &str, &str); 10] = [
    (LegalGround::OutreachNotice, "outreach-notice", "routine"),
    (LegalGround::SocialCareInability, "social-care-inability", "asap"),
    (LegalGround::SocialCareChildInterest, "social-care-child-interest", "asap"),
    (LegalGround::ChildWelfareNotice, "child-welfare-notice", "stat"),
    (LegalGround::AssistanceSocialWork, "assistance-social-work", "stat"),
    (LegalGround::AssistanceSupplementary, "assistance-supplementary", "stat"),
    (LegalGround::AssistanceLowered, "assistance-lowered", "routine"),
    (LegalGround::AssistanceUnemployedYoung, "assistance-unemployed-young", "urgent"),
    (LegalGround::AssistanceUnemployed, "assistance-unemployed", "urgent"),
    (LegalGround::AssistanceImmigrant, "assistance-immigrant", "urgent"),
];
