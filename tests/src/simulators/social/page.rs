//! Which codes does the page of social services have, and where do they stand?

use super::tables::{GROUNDS, STATES};
use crate::simulators::codes::{CATEGORIES, Coded, PageCodes};

/// From `adapters/src/agencies/social/README.md`.
pub(super) fn codes() -> Vec<PageCodes> {
    vec![
        (
            Coded::Purpose,
            "urn:polku:purpose",
            vec![
                "guidance",
                "employment_services",
                "multi_sector_support",
                "social_services",
                "rehabilitation",
                "outreach_youth_work",
                "workshop_coaching",
            ],
        ),
        (Coded::Ground, "urn:polku:legal-ground", GROUNDS.map(|(_, code, _)| code).to_vec()),
        (Coded::ConsentAsked, "urn:polku:consent-asked", vec!["not-given", "not-reached", "no"]),
        (
            Coded::Notice,
            "urn:polku:activity",
            vec!["state-changed", "information-provided", "consent-withdrawn"],
        ),
        (Coded::State, "urn:polku:referral-state", STATES.map(|(code, _)| code).to_vec()),
        (
            Coded::Delivery,
            "urn:polku:delivery-state",
            vec!["delivered", "in-doubt", "rejected", "stopped", "expired"],
        ),
        (
            Coded::Reason,
            "urn:polku:rejection-reason",
            vec![
                "no-capacity",
                "not-eligible",
                "wrong-service",
                "outside-area",
                "insufficient-information",
                "other",
            ],
        ),
        (
            Coded::Outcome,
            "urn:polku:outcome",
            vec![
                "got-service",
                "referred-elsewhere",
                "could-not-contact",
                "not-eligible",
                "no-capacity",
                "no-longer-interested",
                "withdrew-consent",
                "unknown",
            ],
        ),
        (
            Coded::Plan,
            "resource.status",
            vec!["draft", "active", "on-hold", "revoked", "completed", "entered-in-error"],
        ),
        (
            Coded::Goal,
            "lifecycleStatus",
            vec![
                "proposed",
                "planned",
                "accepted",
                "active",
                "on-hold",
                "completed",
                "cancelled",
                "entered-in-error",
                "rejected",
            ],
        ),
        (
            Coded::Achievement,
            "http://terminology.hl7.org/CodeSystem/goal-achievement",
            vec![
                "in-progress",
                "improving",
                "worsening",
                "no-change",
                "achieved",
                "sustaining",
                "not-achieved",
                "no-progress",
                "not-attainable",
            ],
        ),
        (
            Coded::Action,
            "activity.detail.status",
            vec!["not-started", "scheduled", "in-progress", "completed", "stopped", "cancelled"],
        ),
        (Coded::Meeting, "activity.detail.status", vec!["scheduled", "completed", "cancelled"]),
        (Coded::Category, "urn:polku:data-category", CATEGORIES.to_vec()),
        (Coded::Record, "resource.extension.extension.valueCode", vec!["four-party", "other"]),
        (Coded::Seat, "missing", vec!["employment-services", "municipality", "social-work", "client"]),
        (Coded::Item, "resource.extension.extension.valueCode", vec!["need", "goal", "action", "meeting"]),
        (Coded::Link, "resource.extension.extension.valueCode", vec!["same-as", "serves", "found-in"]),
    ]
}
